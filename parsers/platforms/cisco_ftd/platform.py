"""The platform `cisco_ftd`: from a capture to its firewall."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from parsers.contract import LineState, Parsed, Platform
from parsers.errors import ParserError
from parsers.model.addresses import ANY
from parsers.model.firewall import Assumption
from parsers.platforms._cisco_lina.assembly import assemble, with_pair
from parsers.platforms._cisco_lina.configuration import Configuration, read
from parsers.platforms._cisco_lina.device import describe, read_names, refuse
from parsers.platforms._cisco_lina.filters import Gates
from parsers.platforms._cisco_lina.recognition import is_threat_defense
from parsers.platforms._cisco_lina.secrets import SECRETS
from parsers.platforms._cisco_lina.units import FAILOVER
from parsers.platforms._cisco_lina.vocabulary import settle
from parsers.platforms.cisco_ftd.advanced import AccessPolicies
from parsers.platforms.cisco_ftd.recipe import BESIDE, RECIPE, VERSION, prove

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.model.capture import Capture
    from parsers.model.firewall import Firewall

__all__ = ["PLATFORM", "parse", "recognises"]

_ID = "cisco_ftd"
_VERSION = re.compile(r"^NGFW Version (\S+)", re.MULTILINE | re.IGNORECASE)
_IRRELEVANT = frozenset({
    "app-agent", "asp", "cluster", "dp-tcp-proxy", "event-log", "flow-offload", "ngips", "prefilter", "rest-api",
    "service-module", "snort", "ssl", "snort-preserve", "logging", "object-group-search", "sxp",
})  # fmt: skip
"""First words that only Threat Defense prints, and that decide nothing."""
_OPEN = Gates(inter=True, intra=True)


def recognises(capture: Capture) -> bool:
    """Tell whether a capture is the configuration of a Threat Defense."""
    return is_threat_defense(capture)


def parse(capture: Capture) -> Parsed:
    """Give the firewall of each configuration of a capture.

    Raises UnsupportedError for transparent mode, ParserError for an empty capture.
    """
    configurations = [document for document in capture.documents if document.name not in BESIDE]
    if all(not document.text or document.text.isspace() for document in configurations):
        name = configurations[0].name if configurations else None
        raise ParserError("there is no configuration in it", document=name, hint="collect `show running-config`")
    others = tuple(document.text for document in capture.documents if document.name == VERSION)
    pair = tuple(document.text for document in capture.documents if document.name == FAILOVER)
    texts = [read(document, index) for index, document in enumerate(capture.documents)]
    for text, document in zip(texts, capture.documents, strict=True):
        if document in configurations:
            refuse(text, document.name)
    firewalls = []
    for text, document in zip(texts, capture.documents, strict=True):
        if document.name in BESIDE:
            text.ledger.modelled(range(1, len(text.lines) + 1))
        else:
            firewalls.append(with_pair(_convert(text, others), pair))
    return Parsed(
        firewalls=tuple(firewalls),
        ledger=tuple(text.ledger.finish() for text in texts),
        remarks=tuple(remark for text in texts for remark in text.remarks),
    )


def _convert(text: Configuration, others: Sequence[str]) -> Firewall:
    """Give the words their meaning."""
    read_names(text)
    device, _ = describe(text, others)
    version = _VERSION.search(text.head)
    device = replace(device, version=version[1] if version is not None else "")
    # Interfaces of this system are all of one level.
    firewall, lists = assemble(text, device, _ID, AccessPolicies, every=ANY, gate=_OPEN)
    _account(text)
    settle(text)
    return replace(
        firewall,
        assumptions=(*_assumptions(lists), *firewall.assumptions),
        bypasses=(*lists.fastpaths, *firewall.bypasses),
    )


def _account(text: Configuration) -> None:
    """Account for the commands that only this system prints."""
    for node in text.find("NGFW"):
        text.ledger.modelled((node.number,))
    for node in text.nodes:
        words = node.words[1:] if node.words[0] == "no" and len(node.words) > 1 else node.words
        if words[0] in _IRRELEVANT and text.ledger.states[node.number - 1] == LineState.NOT_UNDERSTOOD:
            text.ledger.irrelevant(node.numbers())


def _assumptions(lists: AccessPolicies) -> tuple[Assumption, ...]:
    why = "its policies are not in this configuration: security intelligence, intrusion and file rules only take away"
    found = [Assumption(text="Snort drops nothing that an L4 rule permits", why=why)]
    if lists.asks_snort:
        why = "LINA permits what Snort must see; whether it passes, an L7 rule of the access control policy says"
        found.append(Assumption(text="what Snort decides is open", why=why))
    if lists.analyses:
        why = "a prefilter rule that analyses hands packets to the access control policy, and tunnels to Snort"
        found.append(Assumption(text="tunnels are judged by their outer header, not by what they carry", why=why))
    return tuple(found)


PLATFORM = Platform(
    id=_ID,
    title="Cisco Firepower Threat Defense",
    recognises=recognises,
    parse=parse,
    prove=prove,
    recipe=RECIPE,
    secrets=SECRETS,
)
