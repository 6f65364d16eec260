"""The HTML report in a real browser: no error, no overflow, readable in the dark, usable by keyboard and filter."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from auditor.export.evidence import Evidence, Trend
from auditor.export.formats import render
from auditor.export.options import RenderOptions
from auditor.report.values import Kind, RowVerdictKind, Severity, SideView
from tests.auditor.sample_report import failed, finding, firewall, report, row, sample

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: tests/setup.sh installs it (as root on Debian)"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give a headless Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report of three firewalls, with every kind of finding, and a course."""
    findings = tuple(
        replace(finding(kind, severity, waived=kind is Kind.NOTE), id=kind.value, title=f"title of {kind.value}")
        for kind, severity in zip(Kind, [*Severity, *Severity], strict=True)
    )
    verdicts = [kind for kind in RowVerdictKind for _ in range(3)]
    outer = firewall(
        rows=tuple(row(str(number), kind) for number, kind in enumerate(verdicts, start=1)), findings=findings
    )
    inner = replace(
        firewall(rows=(row("5"), row("6"))),
        name="core",
        sides=(
            SideView(name="outer", members=("internet", "edge", "edge_vip")),
            SideView(name="inner", members=("server",)),
        ),
    )
    course = tuple(Trend(as_of=f"2026-0{month}-01", findings=(("high", month), ("low", 2))) for month in range(1, 6))
    options = RenderOptions(evidence=Evidence(groups=(("edge", ("192.0.2.11", "192.0.2.12")),)), trend=course)
    path = tmp_path_factory.mktemp("html") / "report.html"
    content = render(report(outer, inner, failed()), "html", options)
    assert isinstance(content, str)
    path.write_text(content, "utf-8")
    return path


def opened(browser: Browser, path: Path, *, width: int = 1280, scheme: str = "light", script: bool = True) -> Page:
    """Open a file in a fresh context; a message on the console or a request outside the file fails the test."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=script,
    )
    tab = context.new_page()
    trouble: list[str] = []
    tab.on("console", lambda message: trouble.append(message.text))
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("request", lambda request: None if request.url == path.as_uri() else trouble.append(request.url))
    tab.goto(path.as_uri())
    assert trouble == []
    return tab


@pytest.mark.parametrize("width", [1280, 390])
def test_opens_without_error_or_overflow(browser: Browser, file: Path, width: int) -> None:
    """From a file, with no network: nothing on the console, and no line sticks out at either width."""
    tab = opened(browser, file, width=width)

    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert tab.locator("article.finding").count() == len(Kind)
    assert tab.locator("svg.site:visible").count() == 1
    tab.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_is_accessible(browser: Browser, file: Path, width: int, scheme: str) -> None:
    """axe-core finds nothing serious or critical, contrast included, in either scheme and width."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,  # axe is injected, which the page's policy rightly forbids
    )
    tab = context.new_page()
    tab.goto(file.as_uri())
    found = Axe().run(tab).response["violations"]
    context.close()

    assert [item["id"] for item in found if item["impact"] in {"serious", "critical"}] == []


def test_filter_and_search(browser: Browser, file: Path) -> None:
    """Unticking a severity hides its findings, words narrow rows and findings, and the page says how many are left."""
    tab = opened(browser, file)
    visible = tab.locator("article.finding:visible")
    tab.get_by_label("critical", exact=True).uncheck()
    assert visible.count() == len(Kind) - 2
    tab.get_by_label("critical", exact=True).check()
    tab.get_by_label("waived").uncheck()
    assert visible.count() == len(Kind) - 1
    tab.get_by_label("Search rows and findings").fill("title of over-broad")
    assert visible.count() == 1
    assert tab.locator("#shown").text_content() == "0 of 18 rows, 1 of 10 findings"
    tab.get_by_label("Search rows and findings").fill("")
    tab.get_by_label("only rows that differ").check()
    assert tab.locator("tr.row:visible").count() == 9
    tab.context.close()


def test_works_without_a_script(browser: Browser, file: Path) -> None:
    """Without JavaScript everything is there and readable, and the filter, which could not work, is not."""
    tab = opened(browser, file, script=False)

    assert tab.locator("article.finding:visible").count() == len(Kind)
    assert tab.locator("#filter:visible").count() == 0
    tab.locator("#quiet summary").click()
    assert tab.locator("tr.row:visible").count() == 18
    tab.context.close()


def test_keyboard_alone(browser: Browser, file: Path) -> None:
    """The first Tab offers to skip to the report, and an arrow of the picture leads to its finding."""
    tab = opened(browser, file)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    arrow = tab.locator("svg.site.wide a.a-open").first
    arrow.focus()
    tab.keyboard.press("Enter")
    assert tab.evaluate("location.hash").startswith("#f1-")
    assert tab.locator("article.finding:target").count() == 1
    tab.context.close()


def test_prints(browser: Browser, file: Path) -> None:
    """Printed, it is a PDF of several pages, without its controls."""
    tab = opened(browser, file)
    tab.emulate_media(media="print")
    assert tab.locator("#filter:visible, nav:visible").count() == 0
    content = tab.pdf()
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page\n") >= 2
    tab.context.close()


def test_hostile_text_runs_nothing(browser: Browser, tmp_path: Path) -> None:
    """Markup in names, lines and remarks is text to the browser: no dialog, no element, no request."""
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'><svg onload=alert(3)>"
    bad = replace(finding(), title=attack, remedy=attack, source_side=attack)
    entry = replace(
        firewall(rows=(replace(row(), title=attack, because=attack),), findings=(bad,)),
        name=attack,
        sides=(SideView(name=attack, members=(attack, "internet")), SideView(name="dmz", members=("edge_vip",))),
    )
    path = tmp_path / "hostile.html"
    content = render(report(entry), "html")
    assert isinstance(content, str)
    path.write_text(content, "utf-8")
    tab = opened(browser, path)

    assert tab.locator("img, script:not(body > script)").count() == 0
    assert attack[:20] in (tab.locator("article.finding h3").first.text_content() or "")
    tab.context.close()


def test_the_sample_fits_too(browser: Browser, tmp_path: Path) -> None:
    """The usual report, of a firewall and one that could not be reached, opens alike on a telephone."""
    path = tmp_path / "sample.html"
    content = render(sample(), "html")
    assert isinstance(content, str)
    path.write_text(content, "utf-8")
    tab = opened(browser, path, width=390)

    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    tab.context.close()
