"""Every configuration of routers and switches in the corpus: it parses, and each line is accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from parsers.contract import LineState
from parsers.model.capture import Capture, Document
from parsers.registry import detect, platform

OTHERS = {
    "sample_cisco_lab.acl": "cisco_ios", "sample_multitarget.acl": "cisco_ios", "ios_running.conf": "cisco_ios",
    "sample_cisconx.nxacl": "cisco_nxos", "sample_multitarget.nxacl": "cisco_nxos", "nxos_running.conf": "cisco_nxos",
    "sample_multitarget.xacl": "cisco_iosxr", "ios_xr_acl": "cisco_iosxr", "iosxr_running.conf": "cisco_iosxr",
}  # fmt: skip
"""Files that the index lists under another kind (what a generator wrote, snippets of syntax)."""
POLICY = frozenset({
    "access-list", "class", "class-map", "deny", "evaluate", "eq", "group-object", "gt", "host", "inspect",
    "ip access-group", "ip access-list", "ip nat", "ipv4 access-group", "ipv4 access-list", "ipv6 access-group",
    "ipv6 access-list", "ipv6 traffic-filter", "lt", "match", "neq", "object-group", "pass", "permit", "policy-map",
    "range", "zone", "zone-member", "zone-pair",
})  # fmt: skip
FOREIGN = frozenset({
    # Written by Batfish for a grammar of several systems at once: IOS has none of these forms.
    "ios-acl", "ios-object-group-ip-port",
})  # fmt: skip


def configurations(corpus: Path) -> list[tuple[Path, str]]:
    """Give the configurations with the platform that each is of."""
    rows = [line.split("\t")[:2] for line in (corpus / "index.tsv").read_text("utf-8").splitlines()[1:]]
    named = [(corpus / path, OTHERS.get(Path(path).name, kind)) for path, kind in rows]
    known = {"cisco_ios", "cisco_nxos", "cisco_iosxr"}
    return [(path, kind) for path, kind in named if kind in known]


@pytest.mark.corpus
def test_every_configuration_parses(corpus: Path) -> None:
    """Each gives a firewall and a ledger; every policy line is understood, and it is taken for what it is."""
    policy = understood = 0
    found = configurations(corpus)
    assert len(found) >= 35
    for path, kind in found:
        document = Document(name=path.name, text=path.read_bytes().decode("utf-8", "replace"))
        capture = Capture(documents=(document,))
        parsed = platform(kind).parse(capture)
        lines = document.lines()
        assert [len(states) for states in parsed.ledger] == [len(lines)]
        remarked = {item.span.first for item in parsed.remarks if item.span is not None}
        unknown = {n for n, state in enumerate(parsed.ledger[0], 1) if state == LineState.NOT_UNDERSTOOD}
        assert unknown <= remarked, path
        if path.name in FOREIGN:
            continue
        assert detect(capture).id == kind, path
        rules = {n for n, line in enumerate(lines, 1) if set(_heads(line)) & POLICY}
        policy += len(rules)
        understood += len(rules - unknown)
        assert [lines[n - 1] for n in sorted(unknown)] == [], path
    words = f"{len(found)} configurations, {understood} of {policy} policy lines understood: {understood / policy:.1%}"
    print(words)  # noqa: T201 - what a run with -rP is for
    assert understood == policy > 300


def _heads(line: str) -> tuple[str, ...]:
    """Give the first word, the first two, and the first one behind a sequence number."""
    words = line.split()
    words = words[1:] if words[:1] and words[0].isdecimal() else words
    return words[0] if words else "", " ".join(words[:2])
