"""Every ASA configuration of the corpus: it parses, and each line is accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from parsers.contract import LineState
from parsers.model.capture import Capture, Document
from parsers.platforms.cisco_asa import PLATFORM

POLICY = (
    "access-list", "access-group", "object", "object-group", "nat", "network-object", "group-object", "port-object",
    "service-object", "protocol-object", "icmp-object", "host", "subnet", "range", "fqdn",
)  # fmt: skip
INVALID = {
    # What no ASA accepts, and Batfish's tests hold to see that it is told.
    "asa-nested-network-object-group": {"object-group group network admin"},
    "asa-nested-service-object-group": {
        "object-group group service services tcp-udp", "object-group group service services_undef tcp-udp",
        "port-object eq 4444", "port-object eq 5555",
    },
}  # fmt: skip


def configurations(corpus: Path) -> list[Path]:
    """Give the ASA configurations that the index of the corpus lists."""
    rows = [line.split("\t")[:2] for line in (corpus / "index.tsv").read_text("utf-8").splitlines()[1:]]
    named = [(corpus / path, kind) for path, kind in rows]
    return [
        path
        for path, kind in named
        if kind in {"cisco_asa", "asa"} or (kind == "mixed" and ("asa_" in path.name or "asa-" in path.name))
    ]


@pytest.mark.corpus
def test_every_configuration_parses(corpus: Path) -> None:
    """Each configuration gives a firewall and a ledger, and each line that is not understood is remarked."""
    policy = understood = 0
    found = configurations(corpus)
    assert len(found) > 30
    strange: dict[str, set[str]] = {}
    for path in found:
        document = Document(name=path.name, text=path.read_bytes().decode("utf-8", "replace"))
        parsed = PLATFORM.parse(Capture(documents=(document,)))
        lines = document.lines()
        assert [len(states) for states in parsed.ledger] == [len(lines)]
        assert len(parsed.firewalls) == 1
        remarked = {item.span.first for item in parsed.remarks if item.span is not None}
        unknown = [n for n, state in enumerate(parsed.ledger[0], 1) if state == LineState.NOT_UNDERSTOOD]
        assert set(unknown) <= remarked, path
        rules = [n for n, line in enumerate(lines, 1) if line.split()[:1] and line.split()[0] in POLICY]
        policy += len(rules)
        understood += len(set(rules) - set(unknown))
        texts = {lines[n - 1].strip() for n in unknown if not lines[n - 1].startswith(" group-object")}
        if texts:
            strange[path.name] = texts
    words = f"{len(found)} configurations, {understood} of {policy} policy lines understood: {understood / policy:.1%}"
    print(words)  # noqa: T201 - what a run with -rP is for
    assert strange == INVALID
