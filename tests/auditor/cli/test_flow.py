"""`flow`: verdicts, exit codes, the walk through the stages, tables and their errors."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.auditor.cli.conftest import Ran

Run = Callable[..., Ran]
CLIENT, VIP = "203.0.113.7", "192.0.2.10"


@pytest.mark.parametrize(
    ("case", "words", "code", "verdict"),
    [
        ("compliant", (CLIENT, VIP, "tcp/443"), 0, "PERMIT"),
        ("compliant", (CLIENT, VIP, "tcp/80"), 1, "DENY"),
        ("compliant", (CLIENT, VIP, "6/443"), 0, "PERMIT"),
        ("time-range", (CLIENT, VIP, "tcp/22"), 3, "UNKNOWN"),
        ("icmp-types", (CLIENT, VIP, "icmp/8"), 0, "PERMIT"),
        ("icmp-types", (CLIENT, VIP, "icmp/5/1"), 1, "DENY"),
        ("port-forward", (CLIENT, "198.51.100.10", "tcp/8443"), 0, "PERMIT"),
    ],
)
def test_verdicts(run: Run, asa: Path, case: str, words: tuple[str, ...], code: int, verdict: str) -> None:
    """A flow ends in 0, 1 or 3, and says the verdict last."""
    ran = run("flow", asa / case / "config.txt", *words)

    assert (ran.code, ran.out.splitlines()[-1]) == (code, verdict)


def test_walk_names_the_deciding_line(run: Run, asa: Path) -> None:
    """The walk shows each stage with its decision, and the line of the configuration in full."""
    ran = run("flow", asa / "compliant" / "config.txt", CLIENT, VIP, "tcp/22")

    assert "tcp 203.0.113.7:50000 -> 192.0.2.10:22" in ran.out
    assert "arrives on outside" in ran.out
    assert ran.out.splitlines()[1] == f"in {asa / 'compliant' / 'config.txt'}"
    assert "  line 33  access-list OUTSIDE_IN extended permit tcp any host 192.0.2.10 eq ssh" in ran.out
    assert "leaves by dmz" in ran.out


def test_walk_shows_translation(run: Run, asa: Path) -> None:
    """A translated packet is shown as it leaves."""
    ran = run("flow", asa / "port-forward" / "config.txt", CLIENT, "198.51.100.10", "tcp/8443")

    assert "as tcp 203.0.113.7:50000 -> 10.1.1.10:443" in ran.out


def test_unknown_shows_every_possibility(run: Run, asa: Path) -> None:
    """Where a condition decides, each possibility is walked and the condition is named."""
    ran = run("flow", asa / "time-range" / "config.txt", CLIENT, VIP, "tcp/22")

    assert "possibility 1 of 2" in ran.out
    assert "possibility 2 of 2" in ran.out
    assert "depends on " in ran.out


def test_json_names_lines_and_path(run: Run, asa: Path) -> None:
    """A program gets verdict, deciding lines and interfaces."""
    file = asa / "compliant" / "config.txt"
    ran = run("flow", file, CLIENT, VIP, "tcp/443", "-f", "json")

    assert json.loads(ran.out) == [
        {
            "id": "1",
            "verdict": "permit",
            "decided_by": [
                {
                    "file": str(file),
                    "line": 32,
                    "end_line": 32,
                    "text": "access-list OUTSIDE_IN extended permit tcp any host 192.0.2.10 eq https ",
                    "role": "permits",
                }
            ],
            "path": {"in": "outside", "out": "dmz"},
        }
    ]


def test_ingress_can_be_named(run: Run, asa: Path) -> None:
    """A given interface overrides the routes: the same packet from the inside meets another list."""
    file = asa / "compliant" / "config.txt"

    assert run("flow", file, CLIENT, VIP, "tcp/443", "--in", "inside").code == 1
    assert run("flow", file, CLIENT, VIP, "tcp/443", "--in", "GigabitEthernet1/1").code == 0


def test_reply(run: Run, asa: Path) -> None:
    """The reply of a permitted connection passes, of a refused one there is none."""
    file = asa / "compliant" / "config.txt"
    permitted = run("flow", file, CLIENT, VIP, "tcp/443", "--established")
    refused = run("flow", file, CLIENT, VIP, "tcp/80", "--established")

    assert (permitted.code, permitted.out.splitlines()[-1]) == (0, "the reply: PERMIT")
    assert "the reply passes as tcp 192.0.2.10:443 -> 203.0.113.7:50000" in permitted.out
    assert (refused.code, refused.out.splitlines()[-1]) == (1, "the reply: DENY")


def test_firewall_itself_is_not_judged(run: Run, asa: Path) -> None:
    """A packet to the firewall's own address is not called permitted for want of a rule."""
    ran = run("flow", asa / "compliant" / "config.txt", CLIENT, "198.51.100.1", "tcp/22")

    assert ran.code == 3
    assert "the firewall itself" in ran.out


def expected(table: Path) -> dict[str, str]:
    """Give the hand-written verdicts of a fixture by packet id."""
    header, *lines = table.read_text("utf-8").splitlines()
    place = header.split("\t").index("verdict")
    return {line.split("\t")[0]: line.split("\t")[place] for line in lines if line.strip()}


@pytest.mark.parametrize(
    "case",
    ["compliant", "http-in-range", "port-forward", "global-acl-only", "icmp-types", "ipv6-dual-stack", "time-range"],
)
def test_tables_agree_with_the_hand_written_verdicts(run: Run, asa: Path, case: str) -> None:
    """A table comes back with the verdicts that were written by hand, and ends in 0 whatever they are."""
    table = asa / case / "verdicts.txt"
    ran = run("flow", asa / case / "config.txt", "--packets", table, "-f", "tsv")
    header, *lines = ran.out.splitlines()

    assert ran.code == 0
    assert header == "id\tverdict"
    assert dict(line.split("\t") for line in lines) == expected(table)


def test_table_forms(run: Run, asa: Path) -> None:
    """The same table as JSON and as text names each packet once, in order."""
    table, file = asa / "compliant" / "verdicts.txt", asa / "compliant" / "config.txt"
    ids = list(expected(table))

    assert [entry["id"] for entry in json.loads(run("flow", file, "--packets", table, "-f", "json").out)] == ids
    assert [line.split()[0] for line in run("flow", file, "--packets", table).out.splitlines()] == ids


def test_table_from_stdin(run: Run, asa: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table comes from standard input too."""
    monkeypatch.setattr("sys.stdin", io.StringIO((asa / "compliant" / "verdicts.txt").read_text("utf-8")))
    ran = run("flow", asa / "compliant" / "config.txt", "--packets", "-", "-f", "tsv")

    assert ran.out.splitlines()[1] == "p1\tpermit"


HEAD = "id\tsrc\tdst\tproto\tsport\tdport"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("id\tsrc\tdst\n", "packets.tsv:1: the header lacks proto, sport, dport"),
        ("", "packets.tsv:1: the header lacks"),
        (f"{HEAD}\np1\t1.2.3\t192.0.2.10\ttcp\t\t443\n", "packets.tsv:2: src: '1.2.3' is no IP"),
        (f"{HEAD}\np1\t192.0.2.1\t2001:db8::1\ttcp\t\t443\n", "not of one address family"),
        (f"{HEAD}\np1\t192.0.2.1\t192.0.2.10\tquic\t\t443\n", "'quic' is no protocol"),
        (f"{HEAD}\np1\t192.0.2.1\t192.0.2.10\ttcp\t\t70000\n", "no number from 0 to 65535"),
        (
            f"{HEAD}\tin\np1\t192.0.2.1\t192.0.2.10\ttcp\t\t443\tnowhere\n",
            "there is no interface or zone 'nowhere'",
        ),
    ],
)  # fmt: skip
def test_table_errors(run: Run, asa: Path, tmp_path: Path, table: str, message: str) -> None:
    """A wrong cell is named with file, line and column, and the run ends in 2."""
    file = tmp_path / "packets.tsv"
    file.write_text(table, "utf-8")
    ran = run("flow", asa / "compliant" / "config.txt", "--packets", file)

    assert ran.code == 2
    assert message in ran.err


@pytest.mark.parametrize(
    "words",
    [
        (),
        (CLIENT, VIP),
        (CLIENT, VIP, "tcp"),
        (CLIENT, VIP, "esp/50"),
        (CLIENT, "sftp.example.com", "tcp/22"),
        (CLIENT, VIP, "tcp/22", "--packets", "x.tsv"),
        (CLIENT, VIP, "tcp/22", "--in", "nowhere"),
        (CLIENT, VIP, "tcp/22", "--context", "admin"),
    ],
)
def test_usage_errors(run: Run, asa: Path, words: tuple[str, ...]) -> None:
    """A question that is none ends in 2."""
    assert run("flow", asa / "compliant" / "config.txt", *words).code == 2


@pytest.mark.parametrize(
    ("content", "code"), [(b"", 3), (b"\x00\x01", 3), (b"hello\n", 3), (b"hostname \xff\n", 3), (None, 2)]
)
def test_unreadable_configurations(run: Run, tmp_path: Path, content: bytes | None, code: int) -> None:
    """What is empty, binary or no configuration cannot be assessed; what is not there is the user's error."""
    file = tmp_path / "config.txt"
    if content is not None:
        file.write_bytes(content)

    assert run("flow", file, CLIENT, VIP, "tcp/443").code == code
