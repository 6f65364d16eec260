"""Linux nftables: one saved ruleset, as text (with or without -a and -s) or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import Completeness, Parsed, Platform
from parsers.errors import ParserError
from parsers.platforms._netfilter.documents import classify
from parsers.platforms._netfilter.expressions import Place
from parsers.platforms._netfilter.host import alone, build
from parsers.platforms._netfilter.nft_capture import (
    account,
    differences,
    ip_tables,
    meanings,
    note_marks,
    quiet,
    read_document,
    read_nft,
    visit_unreached,
)
from parsers.platforms._netfilter.notes import Notes
from parsers.platforms._netfilter.recognition import is_nftables

if TYPE_CHECKING:
    from parsers.model.capture import Capture

__all__ = ["PLATFORM"]

_DOCUMENTS = {"nft", "nft-json"}


def _parse(capture: Capture) -> Parsed:
    documents = classify(capture)
    if not _DOCUMENTS & set(documents):
        raise ParserError(
            "this is no nftables ruleset",
            document=capture.documents[0].name if capture.documents else None,
            hint="save one with: nft -a list ruleset",
        )
    notes = Notes(capture)
    found = read_nft(documents)
    for index, document in documents.values():
        quiet(index, document, notes)
    place = Place()
    tables = ip_tables(found)
    note_marks(tables, place, notes)
    account(found, notes, bridged=None)
    read = meanings(tables, place, notes)
    bases = [base for order, meaning in enumerate(read) for base in meaning.bases(-order)]
    for meaning in read:
        visit_unreached(meaning)
    if "nft" in documents and "nft-json" in documents:
        notes.whole(documents["nft-json"][0])
    return build(
        "linux_nftables",
        bases,
        place.network,
        notes,
        helpers=tuple(helper for meaning in read for helper in meaning.helpers),
        objects=tuple(item for meaning in read for item in meaning.sets.objects.values()),
        assumptions=(alone("nftables", "iptables-legacy tables"),),
    )


def _prove(capture: Capture) -> Completeness:
    documents = classify(capture)
    try:
        read = {name: read_document(*documents[name]) for name in ("nft", "nft-json") if name in documents}
    except ParserError as error:
        return Completeness(complete=False, reason=str(error), hint="collect the ruleset again")
    if not read:
        return Completeness(complete=False, reason="there is no nftables ruleset", hint="nft -a list ruleset")
    if len(read) == 2:
        found = differences(read["nft"], read["nft-json"])
        if found:
            reason = f"text and JSON of the ruleset differ: {found[0]}"
            return Completeness(complete=False, reason=reason, hint="the ruleset changed meanwhile: collect it again")
        return Completeness(complete=True)
    ((_, document),) = [documents[name] for name in read]
    if document.exit_status == 0:
        return Completeness(complete=True)
    return Completeness(
        complete=False,
        reason="a saved ruleset carries no proof that it is whole: a table may be missing",
        hint="collect it with st-audit, keep `nft -js list ruleset` beside `nft -as list ruleset`, or name the file "
        "with --assume-complete if it is known to be whole",
    )


PLATFORM = Platform(
    id="linux_nftables",
    title="Linux nftables (saved ruleset)",
    recognises=is_nftables,
    parse=_parse,
    prove=_prove,
)
