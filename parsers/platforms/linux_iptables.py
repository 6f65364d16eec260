"""Linux iptables: saved rules of one back end, as iptables-save and ip6tables-save print them, with ipset save."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import Completeness, Parsed, Platform
from parsers.errors import ParserError
from parsers.platforms._netfilter.documents import classify, ip_version
from parsers.platforms._netfilter.expressions import Place
from parsers.platforms._netfilter.host import alone, build, not_collected
from parsers.platforms._netfilter.iptables_capture import (
    account,
    broken,
    in_force,
    legacy_hidden,
    meanings,
    note_exempt,
    note_marks,
    read_saves,
    read_sets,
)
from parsers.platforms._netfilter.notes import Notes
from parsers.platforms._netfilter.recognition import is_iptables

if TYPE_CHECKING:
    from parsers.model.capture import Capture

__all__ = ["PLATFORM"]


def _parse(capture: Capture) -> Parsed:
    documents = classify(capture)
    notes = Notes(capture)
    saves = in_force(read_saves(documents))
    if not saves:
        raise ParserError(
            "there is no iptables-save document",
            document=capture.documents[0].name if capture.documents else None,
            hint="save one with: iptables-save",
        )
    place = Place()
    note_marks(saves, place)
    sets = read_sets(documents, saves, notes)
    account(documents, saves, notes)
    read = meanings(saves, place, sets, notes)
    note_exempt(read, place)
    bases = [base for meaning in read for base in meaning.bases()]
    collected = {ip_version(name) for name in saves}
    absent = [
        stage
        for version, command in ((4, "iptables-save"), (6, "ip6tables-save"))
        if version not in collected
        for stage in not_collected(version, command)
    ]
    return build(
        "linux_iptables",
        bases,
        place.network,
        notes,
        helpers=tuple(helper for meaning in read for helper in meaning.helpers),
        objects=tuple(sets.objects.values()),
        assumptions=(alone("iptables", "nftables rules or the other iptables back end"),),
        first=tuple(absent),
    )


def _prove(capture: Capture) -> Completeness:
    documents = classify(capture)
    try:
        saves = read_saves(documents)
    except ParserError as error:
        return Completeness(complete=False, reason=str(error), hint="collect the rules again")
    if not saves:
        return Completeness(complete=False, reason="there is no iptables-save document", hint="iptables-save")
    for name, save in saves.items():
        found = broken(name, save)
        if found is not None:
            return found
    hidden = legacy_hidden(documents)
    if hidden is not None:
        return Completeness(
            complete=False,
            reason=f"{hidden} warns of legacy tables that were not collected",
            hint=f"collect {hidden.replace('-save', '-legacy-save')} as well",
        )
    if all(documents[name][1].exit_status == 0 for name in saves):
        return Completeness(complete=True)
    return Completeness(
        complete=False,
        reason="saved rules carry no proof that they are whole: a table may be missing behind the last one",
        hint="collect them with st-audit, or name the file with --assume-complete if it is known to be whole",
    )


PLATFORM = Platform(
    id="linux_iptables",
    title="Linux iptables (saved rules)",
    recognises=is_iptables,
    parse=_parse,
    prove=_prove,
)
