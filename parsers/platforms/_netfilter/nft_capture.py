"""nftables documents of a capture, in either form, and the proof that both say the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.platforms._netfilter.expressions import Hook, Place
from parsers.platforms._netfilter.nft_json import json_ruleset
from parsers.platforms._netfilter.nft_meaning import TableMeaning, exempted, mark_changes
from parsers.platforms._netfilter.nft_syntax import (
    ChainBlock,
    Relation,
    RuleLine,
    Ruleset,
    SetBlock,
    Statement,
    TableBlock,
    Unread,
    VerdictStatement,
)
from parsers.platforms._netfilter.nft_text import ruleset

if TYPE_CHECKING:
    from parsers.model.capture import Document
    from parsers.platforms._netfilter.documents import Documents
    from parsers.platforms._netfilter.notes import Notes

__all__ = ["account", "differences", "ip_tables", "quiet", "read_document", "read_nft"]

_IP_FAMILIES = {"ip", "ip6", "inet", "netdev"}


def read_document(index: int, document: Document) -> Ruleset:
    """Read nft text or JSON, told apart by its first character; raises ParserError."""
    read = json_ruleset if document.text.lstrip().startswith("{") else ruleset
    return read(document.text, document.name, index)


def read_nft(documents: Documents) -> Ruleset:
    """Read the text where there is one, else the JSON."""
    name = "nft" if "nft" in documents else "nft-json"
    return read_document(*documents[name])


def ip_tables(found: Ruleset) -> list[TableBlock]:
    """Give the tables that IP packets pass."""
    return [table for table in found.tables if table.family in _IP_FAMILIES]


def quiet(index: int, document: Document, notes: Notes) -> None:
    """Note empty lines and comments of a text."""
    lines = enumerate(document.lines(), 1)
    notes.ledgers[index].irrelevant(number for number, line in lines if not line.strip() or line.lstrip()[0] == "#")


def account(found: Ruleset, notes: Notes, *, bridged: bool | None) -> None:
    """Note the lines that are no rules: frames of tables, chains and sets, and families that IP does not pass."""
    for span in found.irrelevant:
        notes.irrelevant(span)
    for span in found.frames:
        notes.modelled(span)
    for span, text in found.unread:
        notes.remark(RemarkKind.NOT_UNDERSTOOD, f"not understood: {text}", span, decides=True)
    for table in found.tables:
        if table.family in _IP_FAMILIES:
            _frames(table, notes)
        else:
            _foreign(table, notes, bridged=bridged)


def _frames(table: TableBlock, notes: Notes) -> None:
    """Note every line of a table but its rules, which are noted as they are read."""
    if table.span is None:
        return
    rules: set[int] = set()
    for chain in table.chains:
        for line in chain.rules:
            rules.update(range(line.span.first, line.span.last + 1))
    frame = [line for line in range(table.span.first, table.span.last + 1) if line not in rules]
    ledger = notes.ledgers[table.span.document]
    ledger.modelled(frame)
    for item in table.objects:
        if item.span:
            notes.irrelevant(item.span)
    if table.dormant:
        notes.irrelevant(table.span)


def _foreign(table: TableBlock, notes: Notes, *, bridged: bool | None) -> None:
    """Tables of bridges and ARP are not judged: they matter where there is a bridge, or where they drop."""
    drops = any(chain.base is not None and not chain.base.permits for chain in table.chains) or any(
        isinstance(item, VerdictStatement) and item.kind != "accept"
        for chain in table.chains
        for line in chain.rules
        for item in line.statements
    )
    decides = drops and (table.family != "bridge" or bridged is not False)
    notes.remark(
        RemarkKind.NOT_UNDERSTOOD,
        f"table {table.family} {table.name}: the family {table.family} is not judged",
        table.span,
        decides=decides,
    )


def meanings(tables: list[TableBlock], place: Place, notes: Notes) -> list[TableMeaning]:
    """Give the meaning of tables, once every table's marks are known to the place."""
    return [TableMeaning(table=table, place=place, notes=notes) for table in tables]


def note_marks(tables: list[TableBlock], place: Place, notes: Notes) -> None:
    """Add the marks that tables set, then the packets that they take out of connection tracking."""
    active = [table for table in tables if not table.dormant]
    for table in active:
        place.marks.changes |= mark_changes(table)
    for table in active:
        place.exempt += tuple(exempted(table, replace(place, exempt=()), notes))


def visit_unreached(meaning: TableMeaning, skip: frozenset[str] = frozenset()) -> None:
    """Read the chains that no base chain reaches as well, so that their lines are accounted for."""
    for chain in meaning.table.chains:
        if chain.name in skip:
            continue
        hook = Hook(chain.base.hook) if chain.base and chain.base.hook in set(Hook) else Hook.FORWARD
        meaning.entries(chain.name, hook)


# -- proof --------------------------------------------------------------------------------------------

_NO_WORDS = ("ct expiration", "@", "meta time", "meta hour", "meta day", "rt ", "exthdr ", "ip option", "tcp option")


def differences(text: Ruleset, proof: Ruleset) -> list[str]:
    """Give where the text and the JSON of one ruleset say different things."""
    found: list[str] = []
    left = {(table.family, table.name): table for table in text.tables}
    right = {(table.family, table.name): table for table in proof.tables}
    for key in [*left, *(key for key in right if key not in left)]:
        name = " ".join(key)
        if key not in left or key not in right:
            found.append(f"table {name} is in {'the JSON' if key in right else 'the text'} only")
        else:
            found.extend(f"table {name}: {item}" for item in _table_differences(left[key], right[key]))
    return found


def _table_differences(left: TableBlock, right: TableBlock) -> list[str]:
    found: list[str] = []
    if left.dormant != right.dormant:
        found.append("its flags differ")
    chains = {chain.name: chain for chain in left.chains if not chain.name.startswith("line ")}
    others = {chain.name: chain for chain in right.chains}
    if set(chains) != set(others):
        found.append(f"chains {', '.join(sorted(set(chains) ^ set(others)))} are in one of them only")
    for name in [name for name in chains if name in others]:
        found.extend(f"chain {name} {item}" for item in _chain_differences(chains[name], others[name]))
    sets = {item.name: item for item in left.sets}
    other_sets = {item.name: item for item in right.sets}
    if set(sets) != set(other_sets):
        found.append(f"sets {', '.join(sorted(set(sets) ^ set(other_sets)))} are in one of them only")
    found.extend(f"set {name} differs" for name in sets if name in other_sets and _differ(sets[name], other_sets[name]))
    if left.helpers != right.helpers:
        found.append("its helpers differ")
    return found


def _chain_differences(left: ChainBlock, right: ChainBlock) -> list[str]:
    if left.base != right.base:
        return ["has another hook, priority or policy"]
    if len(left.rules) != len(right.rules):
        return [f"has {len(left.rules)} rules in the text and {len(right.rules)} in the JSON"]
    return [
        f"rule {number} (line {one.span.first}) differs"
        for number, (one, two) in enumerate(zip(left.rules, right.rules, strict=True), 1)
        if _plain(one) != _plain(two) and not _only_text(two)
    ]


def _only_text(line: RuleLine) -> bool:
    """Tell whether the JSON has no words for a rule (an `xt` extension, an anonymous chain): the text has."""
    return any(isinstance(item, Unread) for item in line.statements)


def _plain(line: RuleLine) -> list[Statement]:
    """Leave out the values that the two forms write differently and that no verdict looks at."""
    return [
        (item.left, item.operator)  # type: ignore[misc]
        if isinstance(item, Relation) and item.left[0].startswith(_NO_WORDS)
        else item
        for item in line.statements
    ]


def _differ(left: SetBlock, right: SetBlock) -> bool:
    if left.timed or right.timed:
        return left.timed != right.timed
    return left != right
