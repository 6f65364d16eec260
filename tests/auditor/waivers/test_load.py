"""The waivers file: what it may hold, and what it is told that it may not."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from auditor.errors import WaiverError
from auditor.report.values import Box, Kind
from auditor.waivers.load import load, loads
from auditor.waivers.shape import json_schema
from auditor.waivers.values import OPEN_KINDS, WITHOUT_TRAFFIC

ENTRY = """\
version: 1
waivers:
  - firewall: perimeter
    kind: extra
    rows: [4]
    traffic:
      - {source: any4, destination: 192.0.2.10, protocol: tcp, ports: 80}
    reason: partners move to HTTPS by spring
    owner: mft-team
    approver: ciso
    ticket: SEC-1
    expires: 2027-03-31
"""


def changed(old: str, new: str) -> str:
    """Give the entry with a piece replaced."""
    assert old in ENTRY
    return ENTRY.replace(old, new)


def boxes(text: str) -> list[tuple[str, str, str, str]]:
    """Give the traffic of an entry, with other words in the place of its box."""
    found = loads(changed("{source: any4, destination: 192.0.2.10, protocol: tcp, ports: 80}", text))
    return [(box.source, box.destination, box.protocol, box.ports) for box in found.entries[0].traffic]


def test_entry() -> None:
    """An entry comes out as it was written, with its line."""
    found = loads(ENTRY, "waivers.yaml")
    (entry,) = found.entries

    assert (entry.firewalls, entry.context, entry.kinds, entry.rows) == (
        ("perimeter",), None, frozenset({Kind.EXTRA}), frozenset({"4"}),
    )  # fmt: skip
    assert entry.traffic == (
        Box(source="any4", destination="192.0.2.10", protocol="tcp", source_ports="any", ports="80"),
    )
    assert (entry.owner, entry.approver, entry.ticket) == ("mft-team", "ciso", "SEC-1")
    assert (entry.expires, entry.line) == (date(2027, 3, 31), 3)
    assert len(found.sha256) == 64


def test_what_is_left_out() -> None:
    """Without a kind an entry is about open traffic only, and any row."""
    (entry,) = loads(changed("    kind: extra\n    rows: [4]\n", "")).entries

    assert (entry.kinds, entry.rows) == (OPEN_KINDS, None)


def test_finding_without_traffic() -> None:
    """A finding that has no traffic is named by its id."""
    text = changed(
        "    kind: extra\n    rows: [4]\n    traffic:\n"
        "      - {source: any4, destination: 192.0.2.10, protocol: tcp, ports: 80}\n",
        "    finding: management-0123456789ab\n",
    )
    (entry,) = loads(text).entries

    assert (entry.finding, entry.traffic, entry.kinds) == ("management-0123456789ab", (), WITHOUT_TRAFFIC)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (
            "{source: [10.0.0.1, 10.0.0.2], destination: 192.0.2.0/24, protocol: tcp/udp, ports: [53, 100-200]}",
            [
                (source, "192.0.2.0/24", protocol, ports)
                for source in ("10.0.0.1", "10.0.0.2")
                for protocol in ("tcp", "udp")
                for ports in ("53", "100-200")
            ],
        ),
        ("{source: any, destination: 10.0.0.0-10.0.0.7, protocol: esp}", [("any", "10.0.0.0/29", "esp", "any")]),
        (
            "{source: any6, destination: '2001:db8::1', protocol: 6, ports: any}",
            [("any6", "2001:db8::1", "tcp", "any")],
        ),
        ("{source: any4, destination: any4, protocol: icmp, type: 8}", [("any4", "any4", "icmp", "2048-2303")]),
        ("{source: any4, destination: any4, protocol: icmp, type: 3, code: 4}", [("any4", "any4", "icmp", "772")]),
        ("{source: any4, destination: any4, protocol: icmp, type: any}", [("any4", "any4", "icmp", "any")]),
        ("{source: any4, destination: any4, protocol: any, ports: any}", [("any4", "any4", "any", "any")]),
    ],
)
def test_boxes(box: str, expected: list[tuple[str, str, str, str]]) -> None:
    """Traffic is written as the report writes it; lists stand for all combinations."""
    assert boxes(box) == expected


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("    reason: partners move to HTTPS by spring\n", "", 3, "the key reason is missing"),
        ("    owner: mft-team\n", "", 3, "the key owner is missing"),
        ("    approver: ciso\n", "", 3, "the key approver is missing"),
        ("    ticket: SEC-1\n", "", 3, "the key ticket is missing"),
        ("    expires: 2027-03-31\n", "", 3, "the key expires is missing"),
        ("ticket: SEC-1", "ticket: ", 11, "nothing is not a text"),
        ("2027-03-31", "2027/03/31", 12, "no date that everyone reads alike"),
        ("2027-03-31", "31.03.2027", 12, "no date that everyone reads alike"),
        ("2027-03-31", "20270331", 12, "no date that everyone reads alike"),
        ("2027-03-31", "2027-03-31T10:00Z", 12, "no date that everyone reads alike"),
        ("2027-03-31", "2027-02-29", 12, "there is no day 2027-02-29"),
        ("2027-03-31", "never", 12, "no date that everyone reads alike"),
        ("kind: extra", "kind: extar", 4, "extar is no kind of finding"),
        ("firewall: perimeter", "line: 41\n    firewall: perimeter", 3, "the key line is not known here"),
        ("    rows: [4]\n", "    rows: [4]\n    finding: note-1\n", 3, "bound to traffic, or to a finding"),
        ("any4,", "10.0.0.1/8,", 7, "has host bits set"),
        ("any4,", "everyone,", 7, "is not an address"),
        ("protocol: tcp", "protocol: tpc", 7, "tpc is not a protocol"),
        (", ports: 80", "", 7, "the ports are not said"),
        ("tcp, ports: 80", "icmp", 7, "the type is not said"),
        ("tcp, ports: 80", "tcp, ports: 80, type: 8", 7, "type and code are of ICMP only"),
        ("tcp, ports: 80", "icmp, type: 3-4, code: 1", 7, "a code belongs to one type"),
        ("ports: 80", "ports: 90-80", 7, "not within 0-65535"),
        ("version: 1", "version: 2", 1, "version 2 is not known"),
    ],
)
def test_wrong_entry(old: str, new: str, line: int, words: str) -> None:
    """What is wrong is named with file and line, and a hint says what to write instead."""
    with pytest.raises(WaiverError) as caught:
        loads(changed(old, new), "waivers.yaml")
    messages = str(caught.value)

    assert words in messages
    assert f"waivers.yaml:{line}:" in messages
    assert caught.value.hint


def test_all_errors_at_once() -> None:
    """Everything that is wrong is told in one go."""
    with pytest.raises(WaiverError) as caught:
        loads(ENTRY.replace("2027-03-31", "soon").replace("kind: extra", "kind: bad"))
    assert len(caught.value.others) == 1


def test_finding_with_traffic_is_not_bound_by_id() -> None:
    """A finding that has traffic, or that nobody could assess, cannot be waived by its id."""
    text = "version: 1\nwaivers:\n  - {firewall: f, finding: extra-1, reason: r, owner: o, approver: a, ticket: t, "

    with pytest.raises(WaiverError, match="has traffic, or cannot be waived"):
        loads(text + "expires: 2027-01-01}\n")


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is the user's error, with a hint."""
    with pytest.raises(WaiverError, match="cannot be read") as caught:
        load(tmp_path / "none.yaml")
    assert "waivers new" in caught.value.hint


def test_no_entries() -> None:
    """A file may hold no waiver."""
    assert loads("version: 1\nwaivers: []\n").entries == ()


def test_schema() -> None:
    """The JSON Schema takes what the program takes, and refuses an entry without an owner."""
    document: Any = YAML(typ="safe", pure=True).load(ENTRY.replace("2027-03-31", "'2027-03-31'"))
    validator = jsonschema.Draft202012Validator(json_schema())
    validator.check_schema(json_schema())

    assert list(validator.iter_errors(document)) == []
    del document["waivers"][0]["owner"]
    assert [error.validator for error in validator.iter_errors(document)] == ["required"]
