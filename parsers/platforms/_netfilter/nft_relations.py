"""Comparisons, sets and maps of nft as guards."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.addresses import AddressSet
from parsers.model.capture import Span
from parsers.model.conditions import Axis, Bounds, ConditionKind
from parsers.model.firewall import NamedObject
from parsers.model.rules import ANYTHING, Match
from parsers.model.services import ServiceSet
from parsers.platforms._netfilter import expressions as ex
from parsers.platforms._netfilter import values as va
from parsers.platforms._netfilter.guards import EVERYTHING, NOTHING, Guard, compact, exotic, meet, perhaps, unknown
from parsers.platforms._netfilter.marks import Mark
from parsers.platforms._netfilter.nft_fields import Field, condition_of, field_of
from parsers.platforms._netfilter.nft_syntax import (
    AnonymousSet,
    Element,
    Relation,
    SetBlock,
    SetReference,
    Statement,
    TableBlock,
    Values,
    VerdictStatement,
)

if TYPE_CHECKING:
    from parsers.platforms._netfilter.expressions import Hook, Place
    from parsers.platforms._netfilter.notes import Notes

__all__ = ["Scope", "Sets", "map_parts", "merged", "merged_pair", "relation"]

Data = VerdictStatement | tuple[str, ...] | None


@dataclass(slots=True)
class Sets:
    """The named sets of a table; `updated` are those that rules change as packets pass."""

    table: TableBlock
    updated: frozenset[str]
    notes: Notes
    objects: dict[str, NamedObject] = field(default_factory=dict)
    _known: dict[tuple[str, tuple[str, ...], Hook], Guard] = field(default_factory=dict)

    def block(self, name: str, span: Span) -> SetBlock | None:
        """Give a set by name; notes one that there is not."""
        found = next((item for item in self.table.sets if item.name == name), None)
        if found is None:
            self.notes.remark(RemarkKind.UNDEFINED, f"there is no set @{name}", span, decides=True)
        return found

    def open(self, block: SetBlock) -> bool:
        """Tell whether a set holds other elements at another time."""
        return block.timed or block.name in self.updated

    def guard(self, name: str, left: tuple[str, ...], place: Place, span: Span) -> Guard:
        """Give the packets whose selectors have a value in a named set."""
        key = name, left, place.hook
        if key not in self._known:
            self._known[key] = self._guard(name, left, place, span)
        return self._known[key]

    def _guard(self, name: str, left: tuple[str, ...], place: Place, span: Span) -> Guard:
        block = self.block(name, span)
        domain = _domain(left, place)
        if block is None:
            text = f"there is no set @{name}"
            return perhaps(Guard.of(domain), ConditionKind.UNKNOWN, text, (name,), _axis(left))
        if self.open(block):
            text = f"@{name} changes over time"
            return perhaps(Guard.of(domain), ConditionKind.DYNAMIC_LIST, text, (name,), _axis(left))
        found = _members(left, block.elements, place)
        self._object(block, left, place)
        return replace(found, possible=_named(found.possible, name), sure=_named(found.sure, name))

    def _object(self, block: SetBlock, left: tuple[str, ...], place: Place) -> None:
        """Keep the set's members with their lines, so that a report can name the line that opens something."""
        name = f"@{block.name}"
        if len(left) != 1 or name in self.objects:
            return
        part = left[0].rpartition(" ")[2]
        if part not in {"saddr", "daddr", "sport", "dport"}:
            return
        document = block.span.document if block.span else 0
        members: list[tuple[Bounds[AddressSet] | Bounds[ServiceSet], Span]] = []
        for element in block.elements:
            box = _members(left, (element,), place).possible[0]
            where = Span(document=document, first=element.first, last=element.last)
            if part in {"sport", "dport"}:
                members.append((Bounds.exact(box.services), where))
            else:
                members.append((Bounds.exact(box.source if part == "saddr" else box.destination), where))
        self.objects[name] = NamedObject(name=name, members=tuple(members), span=block.span)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where an expression stands: the place of its rule, the sets of its table, its lines."""

    place: Place
    sets: Sets
    span: Span


def _named(boxes: tuple[Match, ...], name: str) -> tuple[Match, ...]:
    return tuple(replace(box, objects=(f"@{name}",)) for box in boxes)


def _axis(left: tuple[str, ...]) -> Axis:
    """Give what a set of addresses narrows, so that a site can state its content by name."""
    key = left[0].rpartition(" ")[2] if len(left) == 1 else ""
    return {"saddr": Axis.SOURCE, "daddr": Axis.DESTINATION}.get(key, Axis.WHOLE)


def _domain(left: tuple[str, ...], place: Place) -> Match:
    domain = ANYTHING
    for selector in left:
        found = field_of(selector, place)
        met = meet(domain, found.domain) if found else domain
        domain = met or domain
    return domain


def _members(left: tuple[str, ...], elements: tuple[Element, ...], place: Place) -> Guard:
    """Give the packets whose selectors have the value of some element."""
    fields = [field_of(selector, place) for selector in left]
    if any(element.key == ("*",) for element in elements):
        return Guard.of(_domain(left, place))
    if len(left) == 1:
        (only,) = fields
        if only is None:
            return _condition(left, " or ".join(element.key[0] for element in elements))
        return only.of([element.key[0] for element in elements])
    found: list[Guard] = [_tuple(left, fields, element.key) for element in elements]
    if any(guard.excluded for guard in found):
        return perhaps(Guard.of(_domain(left, place)), ConditionKind.UNKNOWN, " . ".join(left))
    conditions = tuple(dict.fromkeys(why for guard in found for why in guard.conditions))
    return Guard(
        possible=compact(box for guard in found for box in guard.possible),
        sure=compact(box for guard in found for box in guard.sure),
        conditions=conditions,
    )


def _tuple(left: tuple[str, ...], fields: list[Field | None], key: tuple[str, ...]) -> Guard:
    if len(key) != len(left):
        raise ValueError(f"{' . '.join(key)} does not fit {' . '.join(left)}")
    guard = EVERYTHING
    for selector, item, word in zip(left, fields, key, strict=True):
        guard &= item.of([word]) if item else _condition((selector,), word)
    return guard


def _condition(left: tuple[str, ...], words: str) -> Guard:
    text = f"{' . '.join(left)} {words}"
    return perhaps(EVERYTHING, condition_of(left[0]), text)


# -- comparisons ----------------------------------------------------------------------------------


def relation(item: Relation, scope: Scope) -> Guard:
    """Give the packets that pass a comparison; raises ValueError for one that is not understood."""
    if len(item.left) == 1:
        if item.left[0].startswith(_EXTENSIONS):
            return _extension(item)
        special = _SPECIAL.get(item.left[0])
        if special is not None:
            return special(item, scope)
    if item.mask:
        return _masked(item, scope.place)
    negative = item.operator in {"!=", "!"}
    if item.operator in {"<", ">", "<=", ">="}:
        return _ordered(item, scope.place)
    guard = _positive(item, scope)
    if not negative:
        return guard
    only = field_of(item.left[0], scope.place) if len(item.left) == 1 else None
    return ex.negate(guard, _domain(item.left, scope.place), only.names if only else None)


_EXTENSIONS = ("exthdr ", "ip option ", "ip frag-off")


def _extension(item: Relation) -> Guard:
    """Options, extension headers and fragments: an ordinary packet has none of them."""
    words = item.right.parts[0] if isinstance(item.right, Values) else ("",)
    absent = words in {("missing",), ("0",)}
    if absent is (item.operator in {"==", "in"}):
        return EVERYTHING
    return exotic(f"only packets with {item.left[0]}")


def merged(statements: tuple[Statement, ...]) -> dict[int, int]:
    """Give pairs of places of negated single values in fields side by side, which nft may have merged (testbed.md)."""
    single = {
        item.left[0]: place
        for place, item in enumerate(statements)
        if isinstance(item, Relation) and item.operator == "!=" and not item.mask and _is_single(item)
    }
    found: dict[int, int] = {}
    for field_name, place in single.items():
        head, _, key = field_name.partition(" ")
        other = {"sport": "dport", "type": "code"}.get(key)
        if other and f"{head} {other}" in single:
            found[place] = single[f"{head} {other}"]
    return found


def _is_single(item: Relation) -> bool:
    if len(item.left) != 1:
        return False
    match item.right:
        case Values(parts=((word,),)):
            return "-" not in word or not word[0].isdigit()
        case AnonymousSet(elements=(element,)):
            return element.key != ("*",) and ("-" not in element.key[0] or not element.key[0][0].isdigit())
        case _:
            return False


def merged_pair(one: Relation, two: Relation, scope: Scope) -> Guard:
    """Give the bounds of two negated values that nft may have merged."""
    first, second = (_positive(replace(item, operator="=="), scope) for item in (one, two))
    return ex.not_both(first, second, _domain(one.left, scope.place))


def _positive(item: Relation, scope: Scope) -> Guard:
    match item.right:
        case SetReference(name=name):
            return scope.sets.guard(name, item.left, scope.place, scope.span)
        case AnonymousSet(elements=elements):
            return _members(item.left, elements, scope.place)
        case Values(parts=parts):
            words = tuple(part[0] for part in parts if len(part) == 1)
            if len(words) != len(parts):
                raise ValueError(f"{' . '.join(item.left)} {parts}")
            return _members(item.left, (Element(key=words),), scope.place)


def _one_word(item: Relation) -> str:
    if isinstance(item.right, Values) and len(item.right.parts) == len(item.right.parts[0]) == 1:
        return item.right.parts[0][0]
    raise ValueError(f"{' . '.join(item.left)} {item.operator} ...")


def _ordered(item: Relation, place: Place) -> Guard:
    found = field_of(item.left[0], place)
    word = _one_word(item)
    if len(item.left) != 1:
        raise ValueError(f"{' . '.join(item.left)} {item.operator} {word}")
    if found is None:
        return _condition(item.left, f"{item.operator} {word}")
    if found.span_of is None:
        raise ValueError(f"{item.left[0]} {item.operator} {word}")
    reach = found.span_of(item.operator, word)
    return NOTHING if reach is None else found.of([reach])


def _masked(item: Relation, place: Place) -> Guard:
    """Give the packets with `selector & mask` equal to a value."""
    selector, word = item.left[0], _one_word(item)
    if item.operator not in {"==", "!="} or len(item.mask) != 1 or len(item.left) != 1:
        raise ValueError(f"{selector} & {','.join(item.mask)} {item.operator} {word}")
    head, _, key = selector.partition(" ")
    if key in {"saddr", "daddr"} and head in {"ip", "ip6"}:
        axis = "source" if key == "saddr" else "destination"
        domain = _domain(item.left, place)
        try:
            found = ex.address(axis, AddressSet(va.masked(word, item.mask[0])))
        except ValueError as error:
            return perhaps(Guard.of(domain), ConditionKind.UNKNOWN, str(error))
        return found if item.operator == "==" else ex.negate(found, domain)
    if field_of(selector, place) is None:
        return _condition(item.left, f"& {item.mask[0]} {item.operator} {word}")
    raise ValueError(f"{selector} & {item.mask[0]} {item.operator} {word}")


def _marks(item: Relation, scope: Scope) -> Guard:
    name = Mark.CONNECTION if item.left[0] == "ct mark" else Mark.PACKET
    if not isinstance(item.right, Values) or item.operator not in {"==", "!=", "in", "!"}:
        plain = replace(item, operator="==")
        guard = _positive(plain, scope)
        return ex.negate(guard) if item.operator == "!=" else guard
    value = va.integer(_one_word(item))
    mask = va.integer(item.mask[0]) if item.mask else 0xFFFFFFFF
    test = scope.place.marks.test if item.operator in {"==", "in"} else scope.place.marks.negated
    return test(name, value, mask)


def _status(item: Relation, _: Scope) -> Guard:
    """`ct status dnat`: some bit; `& dnat == dnat` the same; an exact comparison looks at bits that change."""
    if not isinstance(item.right, Values):
        return unknown("ct status compared with whole values")
    words = item.right.parts[0]
    if item.mask:
        bits = ex.status(item.mask)
        if len(item.mask) != 1 or words not in {item.mask, ("0",)}:
            return unknown(f"ct status & {','.join(item.mask)}")
        positive = (words == item.mask) == (item.operator == "==")
        return bits if positive else ex.negate(bits)
    if item.operator in {"in", "!"}:
        found = ex.status(words)
        return found if item.operator == "in" else ex.negate(found)
    return unknown(f"ct status {item.operator} {','.join(words)}")


def _flags(item: Relation, _: Scope) -> Guard:
    mask = va.tcp_flags(item.mask) if item.mask else 0xFF
    text = "tcp flags"
    if isinstance(item.right, AnonymousSet):
        numbers = {va.tcp_flags(element.key) for element in item.right.elements}
        wanted = item.operator != "!="
        return ex.tcp_flag_test(lambda flags: (flags & mask in numbers) == wanted, text)
    if not isinstance(item.right, Values):
        return unknown("tcp flags of a named set")
    value = va.tcp_flags(item.right.parts[0])
    match item.operator:
        case "in":
            return ex.tcp_flag_test(lambda flags: bool(flags & value), text)
        case "!":
            return ex.tcp_flag_test(lambda flags: not flags & value, text)
        case "==":
            return ex.tcp_flag_test(lambda flags: flags & mask == value, text)
        case "!=":
            return ex.tcp_flag_test(lambda flags: flags & mask != value, text)
        case _:
            raise ValueError(f"tcp flags {item.operator}")


def _states(item: Relation, scope: Scope) -> Guard:
    if isinstance(item.right, Values):
        guard = ex.states(scope.place, item.right.parts[0])
        if item.operator in {"==", "!="} and len(item.right.parts[0]) > 1:
            return unknown("ct state compared with several at once")
    else:
        guard = _positive(item, scope)
    return ex.negate(guard) if item.operator in {"!=", "!"} else guard


def _generic_names(item: Relation, scope: Scope) -> Guard:
    """Interfaces: a pattern in a negation, and hooks without one, are the interface function's business."""
    guard = _positive(item, scope)
    return ex.negate(guard, ANYTHING, scope.place.network.names) if item.operator in {"!=", "!"} else guard


_SPECIAL = {
    "meta mark": _marks, "ct mark": _marks, "ct status": _status, "tcp flags": _flags, "ct state": _states,
    "meta iif": _generic_names, "meta iifname": _generic_names, "meta oif": _generic_names,
    "meta oifname": _generic_names,
}  # fmt: skip


# -- maps -------------------------------------------------------------------------------------------


def map_parts(left: tuple[str, ...], data: AnonymousSet | SetReference, scope: Scope) -> list[tuple[Guard, Data]]:
    """Give each element of a map with its packets; the catch-all takes what no other element takes."""
    block = scope.sets.block(data.name, scope.span) if isinstance(data, SetReference) else None
    if isinstance(data, SetReference) and (block is None or scope.sets.open(block)):
        text = f"@{data.name} changes over time" if block else f"there is no map @{data.name}"
        kind = ConditionKind.DYNAMIC_LIST if block else ConditionKind.UNKNOWN
        return [(perhaps(Guard.of(_domain(left, scope.place)), kind, text, (data.name,)), None)]
    elements = block.elements if block else data.elements if isinstance(data, AnonymousSet) else ()
    found: list[tuple[Guard, Data]] = []
    groups: dict[Data, list[Element]] = {}
    for element in elements:
        if element.key != ("*",):
            groups.setdefault(element.data, []).append(element)
    for value, members in groups.items():
        found.append((_members(left, tuple(members), scope.place), value))
    for element in elements:
        if element.key == ("*",):
            rest = _members(left, tuple(item for item in elements if item is not element), scope.place)
            only = field_of(left[0], scope.place) if len(left) == 1 else None
            found.append((ex.negate(rest, _domain(left, scope.place), only.names if only else None), element.data))
    return found
