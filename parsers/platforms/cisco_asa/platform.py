"""The platform `cisco_asa`: from a capture to its firewalls."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from parsers.contract import Parsed, Platform, RuleUse
from parsers.errors import ParserError, UnsupportedError
from parsers.model.addresses import ANY, ANY4
from parsers.model.capture import Span
from parsers.model.firewall import Firewall
from parsers.platforms._cisco_lina.acl import AccessLists
from parsers.platforms._cisco_lina.assembly import assemble, with_pair
from parsers.platforms._cisco_lina.configuration import Configuration, read
from parsers.platforms._cisco_lina.device import (
    UNIFIED,
    context_names,
    describe,
    read_names,
    refuse,
    unread_contexts,
    version_of,
)
from parsers.platforms._cisco_lina.hits import counts_by_line
from parsers.platforms._cisco_lina.recognition import is_asa
from parsers.platforms._cisco_lina.secrets import SECRETS
from parsers.platforms._cisco_lina.units import FAILOVER
from parsers.platforms._cisco_lina.vocabulary import settle
from parsers.platforms.cisco_asa.recipe import ACCESS_LISTS, CONFIGURATION, RECIPE, VERSION, is_beside, prove

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.model.capture import Capture, Document

__all__ = ["PLATFORM", "parse", "recognises"]


def recognises(capture: Capture) -> bool:
    """Tell whether a capture is the configuration of an ASA, one that is refused included."""
    return is_asa(capture)


def parse(capture: Capture) -> Parsed:
    """Give the firewalls of a capture: one, or one per context whose configuration is in it.

    Raises UnsupportedError for a version before 8.3, PIX, FWSM and transparent mode, ParserError for an empty capture.
    """
    configurations = [document for document in capture.documents if not is_beside(document)]
    if all(not document.text or document.text.isspace() for document in configurations):
        name = configurations[0].name if configurations else None
        raise ParserError("there is no configuration in it", document=name, hint="collect `show running-config`")
    others = tuple(document.text for document in capture.documents if document.name == VERSION)
    pair = tuple(document.text for document in capture.documents if document.name == FAILOVER)
    texts = [_extract(document, index) for index, document in enumerate(capture.documents)]
    for text, document in zip(texts, capture.documents, strict=True):
        if not is_beside(document):
            refuse(text, document.name)
    known = frozenset(
        context
        for text, document in zip(texts, capture.documents, strict=True)
        for context in [_context(document, text)]
        if context
    )
    firewalls = []
    for text, document in zip(texts, capture.documents, strict=True):
        if is_beside(document):
            text.ledger.modelled(range(1, len(text.lines) + 1))
        elif context_names(text):
            unread_contexts(text, known)
            describe(text, others)
            settle(text)
        else:
            firewalls.append(with_pair(_convert(text, _context(document, text), others), pair))
    if not firewalls:
        raise UnsupportedError(
            "multiple context mode, and the capture holds only the system execution space, which passes no traffic",
            document=configurations[0].name,
            line=min(number for text in texts for number in context_names(text).values()),
            hint="collect `show running-config` within each context, and audit those",
        )
    return Parsed(
        firewalls=tuple(firewalls),
        ledger=tuple(text.ledger.finish() for text in texts),
        remarks=tuple(remark for text in texts for remark in text.remarks),
        uses=tuple(_uses(capture)),
    )


def _uses(capture: Capture) -> Iterator[RuleUse]:
    """Give the hit counts of each configuration's lines from the access lists that were shown with it."""
    shown = {document.name: document for document in capture.documents}
    for index, document in enumerate(capture.documents):
        evidence = shown.get(document.name.replace(CONFIGURATION, ACCESS_LISTS, 1))
        if evidence is None or evidence is document or is_beside(document):
            continue
        for line, item in counts_by_line(document, evidence).items():
            yield RuleUse(span=Span(document=index, first=line, last=line), count=item.count)


def _extract(document: Document, index: int) -> Configuration:
    """Sort a document's lines, still in the vendor's words."""
    return read(document, index)


def _context(document: Document, text: Configuration) -> str:
    """Give the name of the context that a configuration is of; empty in single context mode."""
    if not any("<context>" in node.words for node in text.find("ASA", "Version")):
        return ""
    hostname = next((node.words[1] for node in text.find("hostname") if len(node.words) == 2), document.name)
    named = document.name.removeprefix(f"{CONFIGURATION}/")
    return named if named != document.name else hostname


def _convert(text: Configuration, context: str, others: Sequence[str]) -> Firewall:
    """Give the words their meaning."""
    read_names(text)
    device, assumptions = describe(text, others)
    version = version_of((text.head, *others))
    every = ANY if version is None or version >= UNIFIED else ANY4
    firewall, _ = assemble(text, device, "cisco_asa", AccessLists, every=every)
    settle(text)
    return replace(firewall, context=context, assumptions=(*assumptions, *firewall.assumptions))


PLATFORM = Platform(
    id="cisco_asa",
    title="Cisco ASA",
    recognises=recognises,
    parse=parse,
    prove=prove,
    recipe=RECIPE,
    secrets=SECRETS,
)
