"""Baselines from the package and from files of the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.baseline.explain import check_file, explain, listing, printed
from auditor.baseline.load import load, shipped
from auditor.errors import BaselineError

MINIMAL = """\
version: 1
id: own
title: Own rows
vocabulary:
  groups:
    app: {title: application, protected: true}
  services:
    web:
      title: web
      options:
        from: {type: groups}
rows:
  - id: web
    title: Web
    source: {default: internet, option: services.web.from}
    destination: app
    ports: 443
    when: {services.web: true}
"""


def own(tmp_path: Path, text: str, name: str = "own.yaml") -> str:
    """Write a baseline of the user's own."""
    (tmp_path / name).write_text(text)
    return str(tmp_path / name)


def test_what_ships_is_in_order() -> None:
    """Every shipped baseline loads, and the vendor's 39 rules are all there, in order, each cited."""
    assert set(shipped()) == {"securetransport-5.5", "hygiene", "example-mail-gateway"}

    found = load(["securetransport-5.5"])
    numbered = [row for row in found.rows if row.id.isdecimal()]

    assert [row.id for row in numbered] == [str(number) for number in range(1, 40)]
    assert all(row.citation == f"SecureTransport 5.5, {page(int(row.id))}, rule {row.id}" for row in numbered)
    assert {item.name: item.rows > 0 for item in listing()} == dict.fromkeys(shipped(), True)


def page(number: int) -> str:
    """Name the page of the vendor's chapter that a rule stands on."""
    pages = [
        (16, "Protocol rules"),
        (20, "Authentication rules"),
        (21, "Administration rules"),
        (27, "TM server communication rules"),
        (28, "Server transfer rules"),
        (30, "Standard Cluster rules"),
        (31, "Enterprise Cluster rules"),
        (39, "Protocol rules, outbound from Edge"),
    ]
    return next(name for last, name in pages if number <= last)


def test_baselines_merge_in_order(tmp_path: Path) -> None:
    """A later baseline adds rows and words, and may name the earlier one's groups."""
    rows = "version: 1\nid: site\nrows:\n  - {id: ntp, title: Time, source: server, destination: edge, ports: 123}\n"
    found = load(["securetransport-5.5", own(tmp_path, rows)])

    assert found.rows[-1].id == "ntp"
    assert [name for name, _ in found.parts] == ["securetransport-5.5", "site"]


def test_a_baseline_of_another_product_stands_alone(tmp_path: Path) -> None:
    """Nothing of SecureTransport is needed to describe another product."""
    found = check_file(own(tmp_path, MINIMAL))

    assert (found.id, found.rows, found.groups, found.services) == ("own", ("web",), ("app",), ("web",))
    assert "is in order" in found.lines()[0]


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "hint"),
    [
        ("destination: app", "destination: ap", 16, "no group is called ap", "did you mean app?"),
        (
            "services.web: true}",
            "services.wep: true}",
            18,
            "no option is called services.wep",
            "did you mean services.web",
        ),
        ("services.web: true}", "services.web: maybe}", 18, "services.web is never maybe", "false, true"),
        ("ports: 443", "ports: 443-1", 17, "not within 0-65535", "40000-40099"),
        ("ports: 443", "port: 443", 17, "the key port is not known here", "did you mean ports?"),
        ("option: services.web.from", "option: services.web.form", 15, "no option is called services.web.form", "from"),
        ("protected: true", "protected: yes", 6, "yes is a word in YAML 1.2", "write true instead of yes"),
        ("type: groups", "type: group", 11, "group is none of", "did you mean groups?"),
        ("version: 1", "version: 2", 1, "version 2 is not known", "write version: 1"),
        ("    title: Web\n", "", 13, "the key title is missing", "write title: ..."),
        ("when: {services.web: true}", "when: {is: nothing}", 18, "no condition is called nothing", ""),
    ],
)
def test_errors_name_file_line_and_what_to_write(
    tmp_path: Path, old: str, new: str, line: int, message: str, hint: str
) -> None:
    """Every mistake in a baseline is told with its line and the nearest right spelling."""
    path = own(tmp_path, MINIMAL.replace(old, new, 1))
    with pytest.raises(BaselineError) as caught:
        load([path])

    assert (caught.value.file, caught.value.line) == (path, line)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == 2


def test_all_errors_of_all_files_come_at_once(tmp_path: Path) -> None:
    """Two mistakes in two files are both told."""
    one = own(tmp_path, MINIMAL.replace("destination: app", "destination: ap"), "one.yaml")
    two = own(tmp_path, "version: 1\nid: two\nrows: [{id: web, title: W, source: app, destination: app}]\n", "two.yaml")
    with pytest.raises(BaselineError) as caught:
        load([one, two])

    assert [caught.value.file, *(error.file for error in caught.value.others)] == [one, two]
    assert "web is declared already" in caught.value.others[0].message


def test_a_baseline_that_there_is_not(tmp_path: Path) -> None:
    """An unknown name is told with the nearest, and blamed on the file that named it."""
    with pytest.raises(BaselineError) as caught:
        load(["securetransport-55"], base=tmp_path, file="site.yaml", line=3)

    assert str(caught.value).startswith("site.yaml:3: ")
    assert "did you mean securetransport-5.5?" in str(caught.value)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2", ["Internet as the source", "calls the row outbound", "RFC 959", "source port"]),
        ("3", ["calls the row active mode", "passive"]),
        ("10", ["non-secure", "Transfer CFT"]),
        ("14", ["21", "444 from the Internet is forbidden"]),
        ("27", ["Administration Tool server", "always on"]),
        ("32", ["calls the row inbound", "no proxy"]),
        ("35", ["row 4"]),
        ("38", ["There is no rule 40", "transfer site"]),
    ],
)
def test_odd_rows_tell_their_oddity(row: str, words: list[str]) -> None:
    """Where we depart from print, the explanation says so in plain words."""
    text = "\n".join(explain(load(["securetransport-5.5"]), row).lines())

    for word in words:
        assert word in text


def test_an_explanation_of_no_row() -> None:
    """An unknown id is told with the nearest."""
    with pytest.raises(BaselineError, match="there is no row 1x"):
        explain(load(["hygiene"]), "1x")


def test_the_printed_table_says_what_switches_a_row() -> None:
    """Without a deployment roles read as the group that they stand for, with the condition beside them."""
    lines = {line.id: line for line in printed(load(["securetransport-5.5"]))}

    assert (lines["6"].source, lines["6"].destination, lines["6"].ports) == ("internet", "edge_vip", "22")
    assert lines["23"].when == (
        "required when topology.edge is single or load-balanced and (http is on or https is on)"
    )
    assert lines["N2-https"].ports == "as row 5"
    assert lines["3"].ports == "per site"
