"""What nft statements do: each rule becomes entries of its chain, each base chain a stage."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.addresses import ANY, ANY4
from parsers.model.conditions import ConditionKind
from parsers.model.firewall import Helper
from parsers.model.rules import Call, Deny, Goto, Mark, Match, Permit, Return
from parsers.model.services import PROTOCOL_NUMBERS, ServiceSet
from parsers.platforms._netfilter.expressions import UNTRACKED, Hook, Place
from parsers.platforms._netfilter.guards import EVERYTHING, Guard, perhaps, unknown
from parsers.platforms._netfilter.marks import Mark as MarkName
from parsers.platforms._netfilter.marks import MarkChange
from parsers.platforms._netfilter.nft_lines import numbers, plain_rules
from parsers.platforms._netfilter.nft_nat import nat_entries
from parsers.platforms._netfilter.nft_relations import Scope, Sets, map_parts, merged, merged_pair, relation
from parsers.platforms._netfilter.nft_syntax import (
    ChainBlock,
    Conditional,
    Harmless,
    MarkStatement,
    Nat,
    NoTrack,
    PlainLine,
    Relation,
    RuleLine,
    SetHelper,
    SetUpdate,
    Statement,
    TableBlock,
    Unread,
    VerdictMap,
    VerdictStatement,
)
from parsers.platforms._netfilter.pipeline import BaseChain, Entry, Undecided
from parsers.platforms._netfilter.translation import untold

if TYPE_CHECKING:
    from parsers.model.rules import Do
    from parsers.platforms._netfilter.notes import Notes
    from parsers.platforms._netfilter.plain_rules import PlainRules
    from parsers.platforms._netfilter.runs import Run

__all__ = ["TableMeaning", "exempted", "mark_changes"]

_OPAQUE_VERDICTS = {
    "queue": "a program in user space decides",
    "synproxy": "a SYN proxy answers first",
    "tproxy": "a transparent proxy takes the packet",
    "fwd": "the packet leaves by another device",
    "unread": "the rule is not understood",
}


def mark_changes(table: TableBlock) -> set[MarkChange]:
    """Give every change of a mark that a table's rules may make."""
    found: set[MarkChange] = set()
    for chain in table.chains:
        for line in chain.rules:
            for item in line.common:
                if isinstance(item, MarkStatement):
                    found.add(_change(item))
                elif isinstance(item, Unread) and "mark" in item.text:
                    found |= {MarkChange(mark=name) for name in MarkName}
    return found


def _change(item: MarkStatement) -> MarkChange:
    name = MarkName.CONNECTION if item.connection else MarkName.PACKET
    return MarkChange.from_bits(name, item.keep, item.flip) if item.told else MarkChange(mark=name)


def exempted(table: TableBlock, place: Place, notes: Notes) -> list[Match]:
    """Give the packets that some `notrack` of a table takes out of connection tracking, at most."""
    meaning = TableMeaning(table=table, place=place, notes=notes)
    return [
        box
        for chain in table.chains
        for line in chain.rules
        if any(isinstance(item, NoTrack) for item in line.common)
        for box in meaning.reach(line)
    ]


@dataclass(slots=True)
class TableMeaning:
    """One table's chains, as entries by chain and hook; `place` says what is known of the host."""

    table: TableBlock
    place: Place
    notes: Notes
    helpers: list[Helper] = field(default_factory=list)
    _known: dict[tuple[str, Hook], list[Entry | Run]] = field(default_factory=dict)
    _plain: PlainRules[RuleLine] | None = field(init=False)
    _sets: Sets = field(init=False)
    _chains: dict[str, ChainBlock] = field(init=False)

    def __post_init__(self) -> None:
        """Index the sets; one that rules themselves change is as open as one whose elements expire."""
        updated = {
            item.set
            for chain in self.table.chains
            for line in chain.rules
            for item in line.common
            if isinstance(item, SetUpdate)
        }
        self._chains = {chain.name: chain for chain in reversed(self.table.chains)}
        self._sets = Sets(table=self.table, updated=frozenset(updated), notes=self.notes)
        lines = (line for chain in self.table.chains for line in chain.rules if isinstance(line, PlainLine))
        plain = next(lines, None)
        self._plain = plain_rules(plain.words, self.notes) if plain is not None else None

    @property
    def sets(self) -> Sets:
        """Give the table's named sets."""
        return self._sets

    def bases(self, order: int) -> list[BaseChain]:
        """Give the table's base chains; `order` says where the table stands in the listing."""
        if self.table.dormant:
            return []
        found: list[BaseChain] = []
        family = self.table.family
        for chain in self.table.chains:
            if chain.base is None:
                continue
            if chain.base.hook not in set(Hook):
                text = f"chain {chain.name}: there is no hook {chain.base.hook}"
                self.notes.remark(RemarkKind.NOT_UNDERSTOOD, text, chain.base.span, decides=True)
                continue
            found.append(
                BaseChain(
                    label=f"nft {family} {self.table.name} {chain.name}",
                    hook=Hook(chain.base.hook),
                    priority=chain.base.priority,
                    name=chain.name,
                    kind=chain.base.kind,
                    permits=chain.base.permits,
                    span=chain.base.span,
                    entries=self.entries,
                    versions=frozenset({"ip": {4}, "ip6": {6}}.get(family, {4, 6})),
                    devices=frozenset(chain.base.devices) or None,
                    order=order,
                )
            )
        return found

    @property
    def versions(self) -> frozenset[int]:
        """Give the IP versions that the table's rules see."""
        return frozenset({"ip": {4}, "ip6": {6}}.get(self.table.family, {4, 6}))

    def entries(self, name: str, hook: Hook) -> list[Entry | Run] | None:
        """Give a chain's entries as seen from a hook, None where there is no such chain."""
        key = name, hook
        if key not in self._known:
            chain = self._chains.get(name)
            if chain is None:
                return None
            place = replace(self.place, hook=hook)
            if self._plain is None:
                self._known[key] = [entry for line in chain.rules for entry in self._rule(line, place)]
            else:
                self._known[key] = self._plain.entries(
                    hook,
                    chain.rules,
                    map(numbers, chain.rules),
                    lambda line: self._decided(line, place),
                    lambda line: self._rule(RuleLine(statements=line.statements, span=line.span), place),
                )
        return self._known[key]

    def _decided(self, line: RuleLine, place: Place) -> tuple[Guard, list[tuple[Guard, Do | Undecided]]]:
        """Give the packets that come to the end of a rule, and what becomes of them; raises ValueError."""
        if merged(line.statements):
            raise ValueError("negated values that may be one")
        guard = EVERYTHING
        for item in line.statements:
            guard &= self._demand(item, place, line)
        entries, _ = self._effects(line.statements[-1], guard, place, line)
        return guard, [(entry.guard, entry.do) for entry in entries]

    def reach(self, line: RuleLine) -> tuple[Match, ...]:
        """Give the packets that come to the `notrack` of a rule, at most."""
        guard = EVERYTHING
        for item in line.statements:
            if isinstance(item, NoTrack):
                break
            try:
                guard &= self._demand(item, replace(self.place, hook=Hook.PREROUTING), line)
            except ValueError as error:
                guard &= unknown(str(error))
        return guard.possible

    def _rule(self, line: RuleLine, place: Place) -> list[Entry]:
        found: list[Entry] = []
        guard = EVERYTHING
        understood = True
        pairs = merged(line.statements)
        for number, item in enumerate(line.statements):
            try:
                if number in pairs and isinstance(item, Relation):
                    guard &= self._pair(item, line.statements[pairs[number]], place, line)
                elif number not in pairs.values():
                    guard &= self._demand(item, place, line)
                entries, ended = self._effects(item, guard, place, line)
            except ValueError as error:
                understood = False
                text = f"not understood: {error}"
                if isinstance(item, Unread) and item.foreign:
                    text = f"{item.text} does not say what it matches; iptables-save of the same table must explain it"
                # What such a rule does besides (a mark, a translation) is not in the model.
                opened = isinstance(item, Nat | VerdictMap) or any(
                    isinstance(other, VerdictStatement) and other.kind in {"unread", "translated"}
                    for other in line.statements
                )
                foreign = isinstance(item, Unread) and item.foreign
                self.notes.remark(RemarkKind.NOT_UNDERSTOOD, text, line.span, decides=opened and not foreign)
                guard &= unknown(str(error))
                ended = isinstance(item, VerdictMap | Nat)
                done = VerdictStatement(kind="translated" if isinstance(item, Nat) else "unread")
                entries = self._effects(done, guard, place, line)[0] if ended else []
            found.extend(entries)
            if ended:
                break
        if understood:
            self.notes.modelled(line.span)
        return found

    def _scope(self, place: Place, line: RuleLine) -> Scope:
        return Scope(place=place, sets=self._sets, span=line.span)

    def _pair(self, one: Relation, two: Statement, place: Place, line: RuleLine) -> Guard:
        """Give the bounds of two statements that nft may have merged."""
        return merged_pair(one, two, self._scope(place, line)) if isinstance(two, Relation) else EVERYTHING

    def _demand(self, item: Statement, place: Place, line: RuleLine) -> Guard:
        """Give the packets that pass a statement; raises ValueError for one that is not understood."""
        match item:
            case Relation():
                return relation(item, self._scope(place, line))
            case Conditional(kind=kind, text=text):
                conditional = ConditionKind.RATE if kind in {"limit", "quota", "ct count"} else ConditionKind.UNKNOWN
                return perhaps(EVERYTHING, conditional, text)
            case SetUpdate(set=name, limited=True):
                return perhaps(EVERYTHING, ConditionKind.RATE, f"a limit by element of @{name}")
            case Unread(text=text):
                raise ValueError(text)
            case _:
                return EVERYTHING

    def _effects(self, item: Statement, guard: Guard, place: Place, line: RuleLine) -> tuple[list[Entry], bool]:
        """Give what a statement does to the packets that reach it, and whether the rule ends there."""

        def entry(do: Do | Undecided, to: Guard = guard) -> Entry:
            return Entry(guard=to, do=do, span=line.span)

        match item:
            case VerdictStatement(kind="translated"):
                anywhere = untold(guard, place, self.versions, "translated to what is not understood")
                return [entry(do, part) for part, do in anywhere] or [entry(Undecided(text="not understood"))], True
            case VerdictStatement():
                if item.kind == "fwd":
                    what = "fwd sends packets out past every rule, and where to was not judged"
                    self.notes.remark(RemarkKind.NOT_UNDERSTOOD, what, line.span, decides=True)
                done = decision(item)
                return ([] if done is None else [entry(done)]), True
            case VerdictMap():
                pairs = map_parts(item.left, item.data, self._scope(place, line))
                decided: list[Entry] = []
                for part, data in pairs:
                    done = (
                        decision(data) if isinstance(data, VerdictStatement) else Undecided(text="a map of no verdicts")
                    )
                    if done is not None:
                        decided.append(entry(done, guard & part))
                return decided, True
            case Nat():
                parts = nat_entries(item, guard, self._scope(place, line), self.versions)
                return [entry(do, part) for part, do in parts], True
            case MarkStatement():
                return [entry(Mark(tag=_change(item).tag))], False
            case NoTrack():
                return [entry(Mark(tag=UNTRACKED))], False
            case SetHelper(name=name):
                self._helper(name, guard, line)
                return [], False
            case Harmless() | _:
                return [], False

    def _helper(self, name: str, guard: Guard, line: RuleLine) -> None:
        known = next((item for item in self.table.helpers if item.name == name), None)
        if known is None:
            self.notes.remark(RemarkKind.UNDEFINED, f"there is no ct helper {name}", line.span)
            return
        if guard.conditions or guard.excluded:
            self.notes.remark(RemarkKind.NOTE, f"the helper {known.type} is assigned under conditions", line.span)
            return
        number = PROTOCOL_NUMBERS.get(known.protocol, 6)
        for box in guard.possible:
            if box.source not in {ANY, ANY4} or box.destination not in {ANY, ANY4}:
                text = f"the helper {known.type} is assigned for some addresses only"
                self.notes.remark(RemarkKind.NOTE, text, line.span)
                continue
            services = box.services & ServiceSet.protocol(number)
            helper = Helper(protocol=known.type, services=services, interfaces=box.ingress, name=name, span=line.span)
            if helper not in self.helpers:
                self.helpers.append(helper)


def decision(item: VerdictStatement) -> Do | Undecided | None:
    """Give what a verdict does; None for one that only ends the rule."""
    match item.kind:
        case "accept":
            return Permit()
        case "drop" | "reject":
            return Deny()
        case "return":
            return Return()
        case "continue":
            return None
        case "jump":
            return Call(chain=item.chain)
        case "goto":
            return Goto(chain=item.chain)
        case _:
            return Undecided(text=_OPAQUE_VERDICTS.get(item.kind, item.kind))
