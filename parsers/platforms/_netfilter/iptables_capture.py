"""iptables documents of a capture: which back end they speak for, and whether they are whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import Completeness
from parsers.platforms._netfilter.documents import SAVES, ip_version
from parsers.platforms._netfilter.ipset import IpSets, read_ipset
from parsers.platforms._netfilter.iptables_meaning import (
    SaveMeaning,
    mark_changes,
    updated_sets,
)
from parsers.platforms._netfilter.iptables_save import read_save

if TYPE_CHECKING:
    from parsers.model.capture import Document
    from parsers.platforms._netfilter.documents import Documents
    from parsers.platforms._netfilter.expressions import Place
    from parsers.platforms._netfilter.iptables_save import Save
    from parsers.platforms._netfilter.notes import Notes

__all__ = [
    "LEGACY_WARNING",
    "broken",
    "in_force",
    "legacy_hidden",
    "note_exempt",
    "note_marks",
    "read_saves",
    "read_sets",
]

LEGACY_WARNING = "legacy tables present"


def read_saves(documents: Documents) -> dict[str, Save]:
    """Read the documents of iptables-save by name; raises ParserError."""
    return {name: read_save(*documents[name]) for name in SAVES if name in documents}


def in_force(saves: dict[str, Save]) -> dict[str, Save]:
    """Leave out a legacy document that says again what iptables-save itself, being the legacy one, said."""
    kept = dict(saves)
    for name in ("iptables", "ip6tables"):
        plain, legacy = f"{name}-save", f"{name}-legacy-save"
        if plain in kept and legacy in kept and kept[plain].native is False and kept[plain].tables:
            del kept[legacy]
    return kept


def read_sets(documents: Documents, saves: dict[str, Save], notes: Notes) -> IpSets:
    """Read the ipsets, and which of them rules change."""
    sets = IpSets(collected="ipset" in documents)
    if "ipset" in documents:
        sets.sets = read_ipset(*documents["ipset"], notes)
    for save in saves.values():
        sets.updated |= updated_sets(save)
    return sets


def note_marks(saves: dict[str, Save], place: Place) -> None:
    """Add the marks that documents set."""
    for save in saves.values():
        place.marks.changes |= mark_changes(save)


def note_exempt(read: list[SaveMeaning], place: Place) -> None:
    """Add the packets that documents take out of connection tracking, once all marks are known."""
    for meaning in read:
        place.exempt += tuple(meaning.exempted())


def meanings(saves: dict[str, Save], place: Place, sets: IpSets, notes: Notes) -> list[SaveMeaning]:
    """Give the meaning of documents, once every document's marks are known to the place."""
    return [
        SaveMeaning(
            save=save, title=name.removesuffix("-save"), version=ip_version(name), place=place, sets=sets, notes=notes
        )
        for name, save in saves.items()
    ]


def account(documents: Documents, saves: dict[str, Save], notes: Notes) -> None:
    """Note comments, empty lines, COMMIT, and whole documents that are not in force."""
    for name in SAVES:
        if name not in documents:
            continue
        index, document = documents[name]
        if name not in saves:
            notes.whole(index, modelled=False)
            continue
        lines = document.lines()
        quiet = [number for number, line in enumerate(lines, 1) if not line.strip() or line.lstrip().startswith("#")]
        notes.ledgers[index].irrelevant(quiet)
        notes.ledgers[index].modelled(number for number, line in enumerate(lines, 1) if line.strip() == "COMMIT")


def broken(name: str, save: Save) -> Completeness | None:
    """Give why a document is not whole, None where each table has its end."""
    for table in save.tables:
        if not table.whole:
            return Completeness(
                complete=False, reason=f"table {table.name} of {name} has no COMMIT", hint="collect it again"
            )
    if save.native is not None and save.ends < len(save.tables):
        return Completeness(
            complete=False, reason=f"{name} ends before its last table is completed", hint="collect it again"
        )
    return None


def legacy_hidden(documents: Documents) -> str | None:
    """Give the document that warns of legacy tables which were not collected, None where there is none."""
    for name in ("iptables-save", "ip6tables-save"):
        legacy = name.replace("-save", "-legacy-save")
        if name in documents and legacy not in documents and _warns(documents[name][1]):
            return name
    return None


def _warns(document: Document) -> bool:
    return LEGACY_WARNING in document.stderr or LEGACY_WARNING in document.text
