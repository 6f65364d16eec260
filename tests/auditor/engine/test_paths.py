"""Several firewalls in a row: what hop n + 1 is asked, and what a row comes to end to end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from auditor.audit import audit_firewall, compose, models
from auditor.deployment.load import load
from auditor.deployment.question import question
from auditor.deployment.site import Deployment
from auditor.engine.paths import asked
from auditor.report.values import Report
from parsers.model.capture import Capture, Document
from parsers.registry import platform

OUTER = """\
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 198.51.100.1 255.255.255.0
interface GigabitEthernet0/1
 nameif dmz
 security-level 50
 ip address 192.0.2.1 255.255.255.0
access-list OUTSIDE_IN extended permit tcp any host 192.0.2.11 eq https
access-list OUTSIDE_IN extended permit tcp any host 192.0.2.11 eq ssh
access-list DMZ_IN extended deny ip any any
access-group OUTSIDE_IN in interface outside
access-group DMZ_IN in interface dmz
route outside 0.0.0.0 0.0.0.0 198.51.100.254 1
"""
MIDDLE = """\
interface GigabitEthernet0/0
 nameif dmz
 security-level 0
 ip address 192.0.2.2 255.255.255.0
interface GigabitEthernet0/1
 nameif core
 security-level 50
 ip address 10.30.0.1 255.255.255.0
access-list CORE_IN extended permit tcp host {sender} host 192.0.2.11 eq 20080
access-list CORE_IN extended {action} tcp host {sender} host 192.0.2.11 eq 20022
access-list CORE_IN extended permit tcp host {sender} host 192.0.2.11 eq 20444
access-list CORE_IN extended deny ip any any
access-list DMZ_IN extended deny ip any any
access-group CORE_IN in interface core
access-group DMZ_IN in interface dmz
route dmz 0.0.0.0 0.0.0.0 192.0.2.254 1
route core 10.0.0.0 255.0.0.0 10.30.0.254 1
"""
INNER = """\
interface GigabitEthernet0/0
 nameif core
 security-level 50
 ip address 10.30.0.2 255.255.255.0
interface GigabitEthernet0/1
 nameif inside
 security-level 100
 ip address 10.20.0.1 255.255.255.0
{objects}access-list INSIDE_IN extended permit tcp host 10.20.0.11 host 192.0.2.11 eq 20080
access-list INSIDE_IN extended permit tcp host 10.20.0.11 host 192.0.2.11 eq 20022
access-list INSIDE_IN extended permit tcp host 10.20.0.11 host 192.0.2.11 eq 20444
access-list INSIDE_IN extended deny ip any any
access-group INSIDE_IN in interface inside
route core 0.0.0.0 0.0.0.0 10.30.0.1 1
{nat}"""
TRANSLATED = {
    "objects": "object network SERVER\n host 10.20.0.11\n",
    "nat": "object network SERVER\n nat (inside,core) static 10.30.0.11\n",
}
SITE = """\
version: 1
name: three
groups:
  edge: [192.0.2.11]
  server: [10.20.0.11]
  trusted: [10.20.0.0/24]
internal: [10.0.0.0/8]
topology: {edge: single, streaming: true}
services: {https: true, ssh: true, internal_users: {access: none}}
paths: [[outer, middle, inner]]
firewalls:
  outer: {platform: cisco_asa, sides: {outside: [internet], dmz: [edge]}}
  middle: {platform: cisco_asa, sides: {dmz: [edge], core: [server, trusted]}}
  inner: {platform: cisco_asa, sides: {core: [edge], inside: [server, trusted]}}
"""


def _capture(text: str) -> Capture:
    whole = f": Saved\nASA Version 9.16(4)\nhostname fw\n{text}Cryptochecksum:{'0' * 32}\n: end\n"
    return Capture(documents=(Document(name="running-config", text=whole),))


def _audited(folder: Path, texts: dict[str, str], site: str = SITE) -> tuple[Deployment, Report]:
    file = folder / "deployment.yaml"
    file.write_text(site)
    deployment = load(file)
    asa = platform("cisco_asa")
    captures = {name: (_capture(text), asa) for name, text in texts.items()}
    known = models(captures, deployment)
    reports = tuple(
        audit_firewall(
            capture,
            asa,
            deployment,
            deployment.firewall(name),
            others={other: model for other, model in known.items() if other != name},
        )
        for name, (capture, asa) in captures.items()
    )
    return deployment, compose(deployment, reports, "2026-01-01T00:00:00Z")


def _row(report: Report, row_id: str) -> tuple[str, dict[str, str]]:
    row = next(row for row in report.rows if row.id == row_id)
    return row.verdict, {hop.firewall: hop.verdict for hop in row.hops}


PLAIN = {
    "outer": OUTER,
    "middle": MIDDLE.format(sender="10.20.0.11", action="permit"),
    "inner": INNER.format(objects="", nat=""),
}


def test_row_is_open_where_each_hop_lets_it_pass(tmp_path: Path) -> None:
    """A row that crosses two of three firewalls is open when both permit it; the third is not on its way."""
    _, report = _audited(tmp_path, PLAIN)

    assert _row(report, "23") == ("open", {"inner": "open", "middle": "open", "outer": "not-applicable"})
    assert _row(report, "6") == ("open", {"outer": "open", "middle": "not-applicable", "inner": "not-applicable"})
    assert _row(report, "4")[0] == "not-required"


def test_row_blocked_at_hop_two_names_the_line(tmp_path: Path) -> None:
    """The summary says at which hop a row is blocked, and that firewall's finding cites the deny."""
    texts = {**PLAIN, "middle": MIDDLE.format(sender="10.20.0.11", action="deny")}

    _, report = _audited(tmp_path, texts)

    assert _row(report, "25") == ("blocked", {"inner": "open", "middle": "blocked", "outer": "not-applicable"})
    middle = next(item for item in report.firewalls if item.name == "middle")
    finding = next(item for item in middle.findings if item.rows == ("25",))
    assert "deny tcp host 10.20.0.11 host 192.0.2.11 eq 20022" in finding.lines[0].text


def test_next_hop_is_asked_in_translated_addresses(tmp_path: Path) -> None:
    """Behind a firewall that translates the Server, the next one must permit the translated sender."""
    inner = INNER.format(**TRANSLATED)
    for sender, verdict in (("10.30.0.11", "open"), ("10.20.0.11", "blocked")):
        texts = {**PLAIN, "middle": MIDDLE.format(sender=sender, action="permit"), "inner": inner}

        _, report = _audited(tmp_path, texts)

        assert _row(report, "27")[0] == verdict, sender


def test_what_is_allowed_is_translated_too(tmp_path: Path) -> None:
    """Behind a translation a permit of any source port is no more than the row's, and one of another port still is."""
    more = "access-list CORE_IN extended permit tcp host 10.30.0.11 host 192.0.2.11 eq 20021\n"
    middle = MIDDLE.format(sender="10.30.0.11", action="permit")
    first = middle.index("access-list CORE_IN")
    texts = {**PLAIN, "middle": middle[:first] + more + middle[first:], "inner": INNER.format(**TRANSLATED)}

    _, report = _audited(tmp_path, texts)

    found = next(item for item in report.firewalls if item.name == "middle").findings
    assert [(item.kind.value, item.traffic[0].ports) for item in found] == [("extra", "20021")]


def test_rows_that_are_only_allowed_are_translated(tmp_path: Path) -> None:
    """The SOCKS proxy that no transfer needs yet (row 28) may be open behind a translation as before it."""
    middle = MIDDLE.format(sender="10.30.0.11", action="permit").replace("eq 20022", "range 20022 20022")
    first = middle.index("access-list CORE_IN")
    socks = "access-list CORE_IN extended permit tcp host 10.30.0.11 host 192.0.2.11 eq 1080\n"
    inner = INNER.format(**TRANSLATED).replace("deny ip any any", "permit ip any any")
    texts = {**PLAIN, "middle": middle[:first] + socks + middle[first:], "inner": inner}

    _, report = _audited(tmp_path, texts)

    assert next(item for item in report.firewalls if item.name == "middle").findings == ()


def test_alternatives_are_translated_each(tmp_path: Path) -> None:
    """Where any of several ports is enough, each of them is asked in the addresses that the hop before sends."""
    (tmp_path / "deployment.yaml").write_text(SITE)
    deployment = load(tmp_path / "deployment.yaml")
    asa = platform("cisco_asa")
    texts = {"middle": MIDDLE.format(sender="10.30.0.11", action="permit"), "inner": INNER.format(**TRANSLATED)}
    known = models({name: (_capture(text), asa) for name, text in texts.items()}, deployment)
    questions = {name: question(deployment, name, model) for name, model in known.items()}
    row, other = (next(row for row in questions["middle"].rows if row.id == name) for name in ("23", "25"))
    either = replace(row, alternatives=(row.required, other.required))

    own = replace(questions["middle"], rows=(either,))
    (found,) = asked(deployment, "middle", own, {"inner": (known["inner"], questions["inner"])}).rows

    assert [[str(region.source) for region in option] for option in found.alternatives] == [["10.30.0.11"]] * 2
    assert [[region.services for region in option] for option in found.alternatives] == [
        [region.services for region in option] for option in either.alternatives
    ]
    assert found.required == found.alternatives[0]


def test_unaudited_hop_leaves_the_row_unknown(tmp_path: Path) -> None:
    """A firewall of the path that is not in the run is printed as unknown, and so is the row."""
    _, report = _audited(tmp_path, {name: PLAIN[name] for name in ("outer", "inner")})

    assert _row(report, "23") == ("unknown", {"inner": "open", "middle": "unknown", "outer": "not-applicable"})
