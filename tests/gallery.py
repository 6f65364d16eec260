"""Makes docs/gallery and docs/tour.md from the product itself: `make docs`, or `python -m tests.gallery`.

Texts are what the commands print, so a test can tell whether they are fresh. Pictures depend on a browser and its
fonts: with each set stands the hash of the page that it shows, and only that is checked.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from auditor.cli.main import main
from auditor.demo.run import configuration, deployment

__all__ = ["DOCS", "PICTURES", "RECORD", "generate", "photograph"]

ROOT: Final = Path(__file__).resolve().parent.parent
DOCS: Final = ROOT / "docs"
RECORD: Final = Path("gallery/pictures.json")
PICTURES: Final = {
    "report.png": (1280, 1240, "light"),
    "report-dark.png": (1280, 1240, "dark"),
    "report-phone.png": (390, 1400, "light"),
    "finding.png": (1280, 800, "light"),
}
"""Each picture's width, height and colour scheme; `finding` is cut out of the page."""
AS_OF: Final = ("--as-of", "2026-11-24T10:00:00Z")
SAMPLES: Final = {
    "text": ("report.txt", "the terminal report: one screen for the common case, `-v` for everything"),
    "html": ("report.html", "one self-contained file for a reviewer, as shown above; `pdf` is the same on paper"),
    "json": ("report.json", "everything, for programs: schema by `st-audit schema report`"),
    "markdown": ("report.md", "for a ticket or a pull request"),
    "csv": ("report.csv", "for a spreadsheet: no cell is ever a formula"),
    "xlsx": ("report.xlsx", "a workbook for a change board: summary, rows, findings, waivers, coverage, evidence"),
    "sarif": ("report.sarif", "SARIF 2.1.0 for code scanning"),
    "junit": ("report.junit.xml", "JUnit for a pipeline: a case per row and firewall"),
    "oscal": ("report.oscal.json", "OSCAL assessment-results for governance tools"),
    "ocsf": ("report.ocsf.json", "OCSF compliance findings (class 2003) for a SIEM"),
}  # fmt: skip
"""Each format, its sample and who wants it."""


def generate() -> dict[Path, bytes]:
    """Give every text of the gallery and the tour, by its path below docs."""
    with tempfile.TemporaryDirectory() as folder, _inside(Path(folder)):
        Path("asa.txt").write_text(configuration(), "utf-8")
        Path("deployment.yaml").write_text(deployment(), "utf-8")
        outputs = [word for name, (file, _) in SAMPLES.items() for word in ("-o", f"{name}={file}")]
        _run("config", "asa.txt", *AS_OF, *outputs, "-o", "bundle=run.zip")
        found = {Path("gallery") / file: Path(file).read_bytes() for file, _ in SAMPLES.values()}
        found[Path("gallery/README.md")] = _gallery(Path("run.zip")).encode()
        found[Path("tour.md")] = _tour().encode()
    return found


def photograph(page: Path, folder: Path, chromium: str) -> None:
    """Write the pictures of a page into a folder."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=flags)
        for name, (width, height, scheme) in PICTURES.items():
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light"
            )
            tab = context.new_page()
            tab.goto(page.as_uri())
            if name == "finding.png":
                tab.locator("article.finding.surplus").first.screenshot(path=folder / name)
            else:
                tab.screenshot(path=folder / name)
            context.close()
        browser.close()


def _gallery(bundle: Path) -> str:
    with zipfile.ZipFile(bundle) as archive:
        held = "\n".join(name for name in archive.namelist() if not name.startswith("site/baselines/1"))
    rows = "\n".join(f"| `{name}` | [{file}]({file}) | {what} |" for name, (file, what) in SAMPLES.items())
    return f"""\
# Gallery

Made by `make docs` from the firewall of `st-audit demo`; a test checks that it is fresh.

## The HTML report

Summary first, then the site as a picture: zones as columns, the firewall across them, and an arrow per row.

![The report of a firewall with findings](report.png)

A finding shows the lines that cause it, what is open beside what is needed, a packet that proves it, and the source.

![A finding: lines, ports and addresses as bars, witness packet](finding.png)

In the dark and on a telephone:

![The same report in the dark](report-dark.png)
![The same report on a telephone](report-phone.png)

## Every format

All of them in one run: `st-audit config asa.txt -o json=report.json -o html=report.html -o sarif=report.sarif …`

| format | sample | for |
|---|---|---|
{rows}

## The evidence bundle

`st-audit config asa.txt -o bundle=run.zip` keeps what the report rests on, in an archive that is the same bytes for the
same audit. It holds, beside the baseline's own files:

```
{held}
```

`st-audit verify run.zip` audits it again, offline:

```
{_run("verify", "run.zip")}```
"""


def _tour() -> str:
    shutil.copytree(ROOT / "fixtures" / "cisco_asa" / "vip-object-nat", "case")
    shutil.copyfile("case/config.txt", "asa.txt")
    lines = Path("asa.txt").read_text("utf-8").splitlines()
    shown = "\n".join(
        f"{number:>3}  {lines[number - 1].rstrip()}"
        for first, last in ((15, 18), (20, 23), (31, 34), (54, 56), (59, 59))
        for number in range(first, last + 1)
    )
    model = _run("show", "asa.txt").splitlines()
    stages = [line for line in model if not line.startswith(("firewall", "device"))]
    client, published = "203.0.113.9", "198.51.100.10"
    document = json.loads(_run("config", "asa.txt", "--deployment", "case/deployment.yaml", *AS_OF, "-f", "json"))
    row = next(row for row in document["firewalls"][0]["rows"] if row["id"] == "5")
    decided = "\n".join(
        f"{line['role']:<10}  {'line ' + str(line['line']) if line['line'] else 'implicit':<8}  {line['text'].strip()}"
        for line in row["decided_by"]
    )
    return f"""\
# One packet through one ASA

A client on the Internet opens HTTPS to SecureTransport's published address. This page follows its first packet through
a Cisco ASA stage by stage, as st-audit does. It is made by `make docs` from `fixtures/cisco_asa/vip-object-nat`; a test
checks that it is fresh.

## The configuration

What bears on the packet, with its line numbers:

```
{shown}
```

The access list names 10.1.1.10, the Edges' own virtual address; the client sends to 198.51.100.10, where object NAT
publishes it. Whoever reads the access list alone would say that 198.51.100.10 is closed.

## The walk

```
$ st-audit flow asa.txt {client} {published} tcp/443
{_run("flow", "asa.txt", client, published, "tcp/443")}```

1. **Un-NAT.** From version 8.3 on an ASA translates the destination first. Line 55 turns 198.51.100.10 into 10.1.1.10
   and, since it names both interfaces, picks `dmz` as the way out before any route is asked.
2. **Security levels.** `outside` has level 0, `dmz` 50: the levels differ, so no `same-security-traffic` is needed.
   The configuration has no line for this; the decision is implicit, and is told as such.
3. **The filter of `outside`.** The access list sees the translated destination. Line 33 permits it. Had no line
   matched, the global access list would have been next, and then the implicit deny.
4. **The reverse path.** The ASA drops a packet whose reply would be translated otherwise than the packet was. This one
   came by the published address, so its reply leaves by it again.

## The same access list, another way in

The private address itself is permitted by line 33 too, and is dropped all the same: the reply would leave as
198.51.100.10, which the client never asked.

```
$ st-audit flow asa.txt {client} 10.1.1.10 tcp/443
{_run("flow", "asa.txt", client, "10.1.1.10", "tcp/443")}```

Port 80 is translated, and then no line permits it:

```
$ st-audit flow asa.txt {client} {published} tcp/80
{_run("flow", "asa.txt", client, published, "tcp/80")}```

## The reply

```
$ st-audit flow asa.txt {client} {published} tcp/443 --established
{_run("flow", "asa.txt", client, published, "tcp/443", "--established")}```

## The rules that were walked

Every platform is read into one notation. These are the stages of this ASA, in the order in which a packet meets them;
`@33` is line 33, a name in brackets is an interface.

```
$ st-audit show asa.txt
{chr(10).join(stages)}
```

## What the audit makes of it

Row 5 of the baseline asks for HTTPS from all the Internet to the Edges' virtual address, not for one packet. The engine
answers for every source address and port at once, asks on the published address, and names what decides:

```
row 5  {row["title"]}: {row["source"]} to {row["destination"]} {row["protocol"]} {row["ports"]}: {row["verdict"]}
{decided}
```
"""


def _run(*words: str) -> str:
    """Run a command line in this process and give what it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = main(words)
    if code not in {0, 1}:
        raise SystemExit(f"st-audit {' '.join(words)} ended in {code}")
    return out.getvalue()


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Work in a folder, so that no path of this machine gets into a text."""
    before = Path.cwd()
    known = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("ST_AUDIT_")}
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.update(known)


def _write() -> None:
    for path, content in generate().items():
        (DOCS / path).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / path).write_bytes(content)
    page = DOCS / "gallery" / "report.html"
    digest = hashlib.sha256(page.read_bytes()).hexdigest()
    record = DOCS / RECORD
    if record.exists() and json.loads(record.read_text("utf-8")) == {"page_sha256": digest}:
        return
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.stderr.write("make docs: no chromium, so the pictures stay as they were and are STALE\n")
        return
    photograph(page, DOCS / "gallery", chromium)
    record.write_text(json.dumps({"page_sha256": digest}) + "\n", "utf-8")


if __name__ == "__main__":
    _write()
