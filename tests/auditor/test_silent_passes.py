"""Small changes to configurations that pass: each breaks a promise of the site, or leaves it open, and none passes.

What each change does was worked out from the vendor's documents (on Linux from the kernel) before it was tried: 1 is a
difference that is found, 3 one that nobody can judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from auditor.audit import audit
from auditor.deployment.load import load
from auditor.deployment.site import Deployment
from auditor.report.status import exit_code
from parsers.model.capture import Capture, Document

FIXTURES = Path(__file__).parents[2] / "fixtures"
Changes = dict[str, tuple[int, tuple[tuple[str, str], ...]]]
"""By what it does, a change's exit code and edits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Texts of a fixture's configuration that become others (`+` in front of a line adds it behind the first text)."""

    fixture: str
    edits: tuple[tuple[str, str], ...]
    code: int


@cache
def _text(fixture: str) -> str:
    return (FIXTURES / fixture / "config.txt").read_text("utf-8")


@cache
def _deployment(fixture: str) -> Deployment:
    return load(FIXTURES / fixture / "deployment.yaml")


def _code(fixture: str, text: str) -> int:
    capture = Capture(documents=(Document(name="config.txt", text=text),))
    return exit_code(audit(capture, _deployment(fixture), as_of="2026-01-01T00:00:00Z", assume_complete=True))


def _changed(change: Change) -> str:
    text = _text(change.fixture)
    for old, new in change.edits:
        assert text.count(old) >= 1, f"{change.fixture} does not hold {old!r}"
        text = text.replace(old, old + new[1:] if new.startswith("+") else new, 1)
    return text


def _cases(fixture: str, changes: Changes) -> list[object]:
    return [
        pytest.param(Change(fixture=fixture, edits=edits, code=code), id=f"{fixture}: {name}")
        for name, (code, edits) in changes.items()
    ]


IPTABLES = "linux_iptables/audit-compliant"
RULE = "-j ACCEPT\nCOMMIT\n"
ON_IPTABLES: Changes = {
    "a second table filter that lets all pass": (
        3,
        ((RULE, "+*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"),),
    ),
    "a chain that is declared behind its rule": (
        3,
        ((":FORWARD DROP [0:0]\n", "+-A FORWARD -p tcp --dport 80 -j ACCEPT\n:FORWARD DROP [0:0]\n"),),
    ),
    "no such policy": (3, ((":FORWARD DROP", ":FORWARD REJECT"),)),
    "two targets in one rule": (3, ((RULE, "-j ACCEPT\n-A FORWARD -p tcp --dport 80 -j DROP -j ACCEPT\nCOMMIT\n"),)),
    "options that hold their values": (3, ((RULE, "-j ACCEPT\n-A FORWARD -ptcp --dport 80 -jACCEPT\nCOMMIT\n"),)),
}

NFT = "linux_nftables/audit-compliant"
NFT_END = "20444 } accept\n\t}\n}\n"
CHAIN = "table inet filter {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n\t}\n}\n"
DROPS = "table ip first {\n\tchain f {\n\t\ttype filter hook forward priority 0; policy drop;\n\t}\n}\n"
ON_NFT: Changes = {
    "a policy that is written again": (3, ((NFT_END, f"+{CHAIN}"),)),
    "a table that is put to sleep": (3, ((NFT_END, "+table inet filter {\n\tflags dormant\n}\n"),)),
    "a flush of another family": (
        1,
        (("table inet filter {\n", f"{DROPS}flush ruleset ip6\ntable inet filter {{\n"),),
    ),
    "an interface by its number": (3, (("related accept\n", "+\t\tiif 2 tcp dport 80 accept\n"),)),
    "ARP that is dropped": (
        3,
        ((NFT_END, "+table arp a {\n\tchain f {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n}\n"),),
    ),
}  # fmt: skip


ASA = "cisco_asa/compliant"
HTTPS = "access-list OUTSIDE_IN extended permit tcp any host 192.0.2.10 eq https \n"
LAST = "service-policy global_policy global\n"
MODE = "ftp mode passive\n"
HTTP = "access-list OUTSIDE_IN line 1 extended permit tcp any any eq www\n"
DMZ = "interface GigabitEthernet1/2\n"
OUT = "access-group OUTSIDE_IN in interface outside\n"
ALL = "access-list ALL extended permit ip any any\n"
DROPS_ALL = "class-map ALL\n match any\npolicy-map global_policy\n class ALL\n  police input 8000 conform-action drop\n"
WRAPPED = "access-list OUTSIDE_IN extended deny tcp any host 192.0.2.11\n eq 23\n"
ON_ASA: Changes = {
    "an interface that is shut": (1, ((DMZ, "+ shutdown\n"),)),
    "a subinterface of one that is shut": (1, ((DMZ, f"+ shutdown\n!\n{DMZ[:-1]}.10\n vlan 10\n"),)),
    "a bundle whose members are shut": (1, ((DMZ, "+ shutdown\n channel-group 7\n!\ninterface Port-channel7\n"),)),
    "users who must log in first": (3, ((LAST, "+aaa authentication match USERS outside LOCAL\n"),)),
    "connections that open others": (3, ((LAST, "+established tcp 443 0 permitto tcp 80\n"),)),
    "a command that nobody knows": (3, ((LAST, "+frobnicate permit all\n"),)),
    "an access list that is cleared": (3, ((LAST, "+clear configure access-list\n"),)),
    "a second list on an interface": (3, ((HTTPS, f"{ALL}{HTTPS}"), (OUT, "+access-group ALL in interface outside\n"))),
    "a line to be put first": (3, (("access-list DMZ_IN remark", f"{HTTP}access-list DMZ_IN remark"),)),
    "a rate limit that drops all": (3, (("policy-map global_policy\n", DROPS_ALL),)),
    "a line that lost its place": (3, ((MODE, f"+ {HTTP}"),)),
    "a pager's rest": (3, ((HTTPS, f"<--- More --->{HTTPS}"),)),
    "the rest of a wrapped line": (3, ((HTTPS, f"+{WRAPPED}"),)),
}


@pytest.mark.parametrize("change", [*_cases(IPTABLES, ON_IPTABLES), *_cases(NFT, ON_NFT), *_cases(ASA, ON_ASA)])
def test_no_change_passes(change: Change) -> None:
    """Each change is found, or makes the audit say that it cannot judge."""
    assert _code(change.fixture, _changed(change)) == change.code


@pytest.mark.parametrize("fixture", [IPTABLES, NFT, ASA])
def test_unchanged_it_passes(fixture: str) -> None:
    """The configurations that are changed pass as they are: else the changes would show nothing."""
    assert _code(fixture, _text(fixture)) == 0
