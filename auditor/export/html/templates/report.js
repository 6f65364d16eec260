"use strict";
(() => {
  const form = document.getElementById("filter");
  const query = document.getElementById("q");
  const differing = document.getElementById("differing");
  const shown = document.getElementById("shown");
  const quiet = document.getElementById("quiet");
  const rows = [...document.querySelectorAll("tr.row")];
  const findings = [...document.querySelectorAll("article.finding")];
  const texts = new Map([...rows, ...findings].map((item) => [item, item.textContent.toLowerCase()]));

  const apply = () => {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    const holds = (item) => words.every((word) => texts.get(item).includes(word));
    const wanted = new Set([...form.querySelectorAll("[name=severity]:checked")].map((box) => box.value));
    const waived = form.querySelector("[name=waived]").checked;
    let rowCount = 0;
    let findingCount = 0;
    for (const row of rows) {
      const differs = !["present", "not-required", "not-applicable"].includes(row.dataset.verdict);
      row.hidden = !(holds(row) && (differs || !differing.checked));
      rowCount += row.hidden ? 0 : 1;
    }
    for (const finding of findings) {
      const kept = wanted.has(finding.dataset.severity) && (waived || finding.dataset.waived === "no");
      finding.hidden = !(holds(finding) && kept);
      findingCount += finding.hidden ? 0 : 1;
    }
    if (quiet && words.length) {
      quiet.open = [...quiet.querySelectorAll("tr.row")].some((row) => !row.hidden);
    }
    shown.value = `${rowCount} of ${rows.length} rows, ${findingCount} of ${findings.length} findings`;
  };

  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();

  // What is folded away on the screen belongs on paper.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const item of folded) item.open = true;
  });
  addEventListener("afterprint", () => {
    for (const item of folded) item.open = false;
  });
})();
