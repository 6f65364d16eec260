"""Base chains in the order of hooks and priorities, as the stages of a firewall.

A packet passes every base chain of every back end at its hook, lowest priority first (nft(8), "Base chains"). `accept`
ends its own base chain only. A chain of type nat sees the first packet of a connection, and one translation of each
kind is all that a connection gets (net/netfilter/nf_nat_core.c).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.capture import Span
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.rules import (
    Call,
    Chain,
    Deny,
    Do,
    Goto,
    Match,
    Permit,
    Rewrite,
    Rule,
    RulesBuilder,
    Side,
    Stage,
    State,
    Traffic,
)
from parsers.platforms._netfilter.expressions import DNAT, SNAT, Hook, family
from parsers.platforms._netfilter.guards import EXOTIC, Guard
from parsers.platforms._netfilter.runs import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from parsers.platforms._netfilter.notes import Notes

__all__ = ["BaseChain", "Entry", "Undecided", "stages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """A verdict that the capture cannot tell (a queue to user space, an absent chain): permit or deny."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that a rule does to the packets of a guard."""

    guard: Guard
    do: Do | Undecided
    span: Span
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseChain:
    """A chain that the kernel calls: where, when, for which IP versions, and what it does.

    `label` is what reports call its stage. `entries` gives the entries of a chain of its table by name, None for a
    chain that there is not.
    """

    label: str
    hook: Hook
    priority: int
    name: str
    kind: str
    permits: bool
    span: Span | None
    entries: Callable[[str, Hook], Sequence[Entry | Run] | None]
    versions: frozenset[int] = frozenset({4, 6})
    devices: frozenset[str] | None = None
    order: int = 0


_TRAFFIC = {
    Hook.INGRESS: (Traffic.THROUGH, Traffic.TO_DEVICE),
    Hook.PREROUTING: (Traffic.THROUGH, Traffic.TO_DEVICE),
    Hook.INPUT: (Traffic.TO_DEVICE,),
    Hook.FORWARD: (Traffic.THROUGH,),
    Hook.OUTPUT: (Traffic.FROM_DEVICE,),
    Hook.POSTROUTING: (Traffic.THROUGH, Traffic.FROM_DEVICE),
    Hook.EGRESS: (Traffic.THROUGH, Traffic.FROM_DEVICE),
}
_TRANSLATED = {Hook.PREROUTING: DNAT, Hook.OUTPUT: DNAT, Hook.POSTROUTING: SNAT, Hook.INPUT: SNAT}


def stages(bases: Iterable[BaseChain], notes: Notes, routing: tuple[Stage, ...] = ()) -> tuple[Stage, ...]:
    """Give the pipeline; `routing` are the stages of the host's own routing, between prerouting and what follows."""
    hooks = list(Hook)
    every = list(bases)
    if any(base.kind == "nat" for base in every):
        every += _UNDOING
    ordered = sorted(every, key=lambda base: (hooks.index(base.hook), base.priority, base.order))
    found: list[Stage] = []
    translated: set[Hook] = set()
    routed = False
    for base in ordered:
        if not routed and base.hook not in {Hook.INGRESS, Hook.PREROUTING}:
            found.extend(routing)
            routed = True
        again = base.kind == "nat" and base.hook in translated
        if base.kind == "nat":
            translated.add(base.hook)
        stage = _Builder(base, notes).stage(again=again)
        if base.permits and base.priority != 0 and not _rules_of(stage):
            continue  # an empty chain that lets everything on: iptables has a dozen of them
        found.extend(replace(stage, traffic=traffic) for traffic in _TRAFFIC[base.hook])
    return tuple(found) if routed else (*found, *routing)


def _undo(hook: Hook, priority: int, side: Side) -> BaseChain:
    """Give the place where connection tracking undoes translations for replies, whatever chains there are."""
    guard = Guard.of(Match(states=frozenset({State.ESTABLISHED})))
    entry = Entry(guard=guard, do=Rewrite(side=side), span=Span(first=0, last=0), name="undone for replies")
    return BaseChain(
        label="connection tracking",
        hook=hook,
        priority=priority,
        name="nat",
        kind="undo",
        permits=True,
        span=None,
        entries=lambda _, __: [entry],
        order=-1_000_000,
    )


_UNDOING = (
    _undo(Hook.PREROUTING, -100, Side.DESTINATION),
    _undo(Hook.POSTROUTING, 100, Side.SOURCE),
)


def _rules_of(stage: Stage) -> bool:
    return any(rule.span is not None or isinstance(rule.do, Rewrite) for chain in stage.chains for rule in chain.rules)


def _implicit(match: Match, name: str) -> Rule:
    return Rule(do=Permit(), possible=match, name=name)


@dataclass(slots=True)
class _Builder:
    """Builds the stage of one base chain out of the chains that it reaches."""

    base: BaseChain
    notes: Notes
    chains: dict[str, list[Chain]] = field(default_factory=dict)

    def stage(self, *, again: bool) -> Stage:
        base = self.base
        self._reach(base.name, (), self._preamble(again=again))
        first = self.chains.pop(base.name)
        rest = [*first[1:], *(chain for parts in self.chains.values() for chain in parts)]
        return Stage(
            name=base.label,
            chains=(first[0], *rest),
            default=Permit() if base.permits else Deny(),
            default_name="policy accept" if base.permits else "policy drop",
            default_span=base.span,
            ingress=base.devices if base.hook is Hook.INGRESS else None,
            egress=base.devices if base.hook is Hook.EGRESS else None,
            translates=base.kind in {"nat", "undo"},
            stateful=False,
        )

    def _preamble(self, *, again: bool) -> list[Rule]:
        rules = [
            _implicit(family(10 - version), f"IPv{10 - version} does not pass this table")
            for version in sorted(self.base.versions)
            if len(self.base.versions) == 1
        ]
        if self.base.kind == "nat":
            rules.append(_implicit(Match(states=frozenset({State.ESTABLISHED})), "not the first packet"))
            if again and self.base.hook in _TRANSLATED:
                done = Match(tags=frozenset({_TRANSLATED[self.base.hook]}))
                rules.append(_implicit(done, "already translated"))
        return rules

    def _reach(self, name: str, callers: tuple[str, ...], head: Iterable[Rule] = ()) -> None:
        entries = self.base.entries(name, self.base.hook) or []
        self.chains[name] = []
        checked = [part for entry in entries for part in self._parts(entry, (*callers, name))]
        self.chains[name] = _chains(name, checked, head)

    def _parts(self, entry: Entry | Run, callers: tuple[str, ...]) -> Iterator[Entry | Run]:
        """Reach the chains that an entry, or those of a run, names; a run stays one where all of them are there."""
        if isinstance(entry, Entry):
            yield self._checked(entry, callers)
            return
        targets = [do.chain for do in entry.decisions if isinstance(do, Call | Goto)]
        if any(target in callers or self.base.entries(target, self.base.hook) is None for target in targets):
            for box, do, span in entry.rows():
                yield self._checked(Entry(guard=Guard.of(box), do=do, span=span), callers)
            return
        for target in targets:
            if target not in self.chains:
                self._reach(target, callers)
        yield entry

    def _checked(self, entry: Entry, callers: tuple[str, ...]) -> Entry:
        """Reach the chain that an entry names; one that is absent or calls itself leaves the verdict open."""
        if not isinstance(entry.do, Call | Goto):
            return entry
        target = entry.do.chain
        if target in callers:
            self.notes.remark(RemarkKind.LOOP, f"chain {target} calls itself", entry.span, decides=True)
            return replace(entry, do=Undecided(text=f"chain {target} calls itself"))
        if self.base.entries(target, self.base.hook) is None:
            self.notes.remark(RemarkKind.UNDEFINED, f"there is no chain {target}", entry.span, decides=True)
            return replace(entry, do=Undecided(text=f"there is no chain {target}"))
        if target not in self.chains:
            self._reach(target, callers)
        return entry


def _chains(name: str, entries: list[Entry | Run], head: Iterable[Rule]) -> list[Chain]:
    """Give a chain's rules; where a packet must pass a rule by, the rest of the chain is a chain of its own."""
    run = next((entry for entry in entries if isinstance(entry, Run)), None)
    parts = [_builder(run, head)]
    for entry in entries:
        if isinstance(entry, Run):
            entry.put_in(parts[-1])
            continue
        rules = _rules(entry)
        if not rules:
            continue
        if not entry.guard.excluded:
            _put(parts[-1], rules)
            continue
        beyond = f"{name} +{len(parts)}"
        words = f"not for line {entry.span.first}"
        _put(parts[-1], (Rule(do=Goto(chain=beyond), possible=box, name=words) for box in entry.guard.excluded))
        _put(parts[-1], rules)
        parts[-1].append(Rule(do=Goto(chain=beyond), name=f"on after line {entry.span.first}"))
        parts.append(_builder(run, ()))
    names = [name, *(f"{name} +{number}" for number in range(1, len(parts)))]
    return [Chain(name=part, rules=builder.build()) for part, builder in zip(names, parts, strict=True)]


def _builder(run: Run | None, head: Iterable[Rule]) -> RulesBuilder:
    """Start a chain, on the tables of its runs if it has any."""
    builder = RulesBuilder() if run is None else run.builder()
    _put(builder, head)
    return builder


def _put(builder: RulesBuilder, rules: Iterable[Rule]) -> None:
    for rule in rules:
        builder.append(rule)


def _rules(entry: Entry) -> list[Rule]:
    guard, do = entry.guard, entry.do
    if isinstance(do, Deny) and any(why.values == (EXOTIC,) for why in guard.conditions):
        return []  # a packet that needs none of it passes the rule by
    if isinstance(do, Undecided):
        why = Condition(kind=ConditionKind.UNKNOWN, text=do.text)
        open_guard = replace(guard, sure=(), conditions=(*guard.conditions, why))
        return [*_boxes(open_guard, Permit(), entry), *_boxes(open_guard, Deny(), entry)]
    return _boxes(guard, do, entry)


def _boxes(guard: Guard, do: Do, entry: Entry) -> list[Rule]:
    if not guard.conditions:
        return [Rule(do=do, possible=box, span=entry.span, name=entry.name) for box in guard.possible]
    if len(guard.possible) == 1 and len(guard.sure) <= 1:
        sure = guard.sure[0] if guard.sure else None
        return [
            Rule(
                do=do,
                possible=guard.possible[0],
                sure=sure,
                conditions=guard.conditions,
                span=entry.span,
                name=entry.name,
            )
        ]
    rules = [Rule(do=do, possible=box, span=entry.span, name=entry.name) for box in guard.sure]
    rules += [
        Rule(do=do, possible=box, conditions=guard.conditions, span=entry.span, name=entry.name)
        for box in guard.possible
        if box not in guard.sure
    ]
    return rules
