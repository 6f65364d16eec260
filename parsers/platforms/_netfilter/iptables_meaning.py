"""What iptables rules do: tables, chains and targets of one iptables-save document as base chains."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.addresses import ANY, ANY4, ANY6, AddressSet
from parsers.model.firewall import Helper
from parsers.model.rules import Call, Deny, Goto, Mark, Match, Permit, Return, Side
from parsers.platforms._netfilter import values as va
from parsers.platforms._netfilter.expressions import UNTRACKED, Hook, Place
from parsers.platforms._netfilter.guards import Guard, unknown
from parsers.platforms._netfilter.iptables_matches import MatchScope, demands
from parsers.platforms._netfilter.marks import Mark as MarkName
from parsers.platforms._netfilter.marks import MarkChange
from parsers.platforms._netfilter.nft_rule import combine
from parsers.platforms._netfilter.pipeline import BaseChain, Entry, Undecided
from parsers.platforms._netfilter.plain_rules import PlainRules, plain_address
from parsers.platforms._netfilter.translation import masquerade, redirect, translate, untold

if TYPE_CHECKING:
    from parsers.model.rules import Do
    from parsers.platforms._netfilter.ipset import IpSets
    from parsers.platforms._netfilter.iptables_save import Option, Save, SaveRule, SaveTable
    from parsers.platforms._netfilter.notes import Notes
    from parsers.platforms._netfilter.runs import Run

__all__ = ["SaveMeaning", "mark_changes", "updated_sets"]

_PRIORITIES = {"raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50}
_HOOKS = {
    "PREROUTING": Hook.PREROUTING, "INPUT": Hook.INPUT, "FORWARD": Hook.FORWARD, "OUTPUT": Hook.OUTPUT,
    "POSTROUTING": Hook.POSTROUTING,
}  # fmt: skip
LEGACY_ORDER = 1
"""Legacy tables are taken to be registered before all others, so that they come last at equal priority."""
_SOURCE_NAT = 100
"""Where nat POSTROUTING and INPUT stand; the other chains of nat stand at -100 (linux/netfilter_ipv4.h)."""

_HARMLESS = {
    "LOG", "NFLOG", "ULOG", "TRACE", "AUDIT", "TCPMSS", "DSCP", "TOS", "TTL", "HL", "CLASSIFY", "CHECKSUM",
    "IDLETIMER", "LED", "RATEEST", "SECMARK", "CONNSECMARK", "TCPOPTSTRIP", "ECN", "TEE", "NFACCT", "ACCOUNT", "SET",
}  # fmt: skip
_NAT = {"DNAT", "REDIRECT", "NETMAP", "SNAT", "MASQUERADE"}
_OPAQUE = {
    "QUEUE": "a program in user space decides", "NFQUEUE": "a program in user space decides",
    "TPROXY": "a transparent proxy takes the packet", "SYNPROXY": "a SYN proxy answers first",
    "CLUSTERIP": "the nodes of a cluster share the address", "TARPIT": "the connection is held",
    "DELUDE": "the firewall answers itself", "HMARK": "the mark is a hash",
}  # fmt: skip


def _options(rule: SaveRule) -> dict[str, Option]:
    return {option.name: option for option in rule.options}


def _value_mask(option: Option) -> tuple[int, int]:
    value, slash, mask = option.argument.partition("/")
    return va.integer(value), va.integer(mask) if slash else 0xFFFFFFFF


def _mark_of(rule: SaveRule) -> MarkChange | None:
    """Give the change of a MARK or CONNMARK target, None for another target; raises ValueError."""
    if rule.target == "HMARK":
        return MarkChange(mark=MarkName.PACKET)
    if rule.target not in {"MARK", "CONNMARK"}:
        return None
    options = _options(rule)
    name = MarkName.PACKET if rule.target == "MARK" else MarkName.CONNECTION
    if "--restore-mark" in options:
        return MarkChange(mark=MarkName.PACKET)
    if "--save-mark" in options:
        return MarkChange(mark=MarkName.CONNECTION)
    for word, option in options.items():
        if word in {"--set-xmark", "--set-mark"}:
            value, mask = _value_mask(option)
            operations = [("&", 0xFFFFFFFF & ~mask), ("^" if word == "--set-xmark" else "|", value)]
        elif word in {"--and-mark", "--or-mark", "--xor-mark"}:
            operations = [({"--and-mark": "&", "--or-mark": "|", "--xor-mark": "^"}[word], va.integer(option.argument))]
        else:
            continue
        return MarkChange.from_bits(name, *combine(operations))
    raise ValueError(f"-j {rule.target}")


def mark_changes(save: Save) -> set[MarkChange]:
    """Give every change of a mark that a document's rules may make."""
    found: set[MarkChange] = set()
    for rule in _rules(save):
        try:
            change = _mark_of(rule)
        except ValueError:
            change = MarkChange(mark=MarkName.PACKET)
        if change is not None:
            found.add(change)
    return found


def updated_sets(save: Save) -> set[str]:
    """Give the ipsets that a document's rules change as packets pass."""
    return {
        option.arguments[0]
        for rule in _rules(save)
        if rule.target == "SET"
        for option in rule.options
        if option.name in {"--add-set", "--del-set"} and option.arguments
    }


def _rules(save: Save) -> list[SaveRule]:
    """Give the rules of a document; of plain lines, which change nothing for others, only what they have in common."""
    return [rule for table in save.tables for chain in table.chains.values() for rule in chain.rules.distinct()]


@dataclass(slots=True, kw_only=True)
class SaveMeaning:
    """One document's chains, as entries by table, chain and hook; `title` is what reports call it.

    `orders` says, by table, where it stands among chains of the same hook and priority.
    """

    save: Save
    title: str
    version: int
    place: Place
    sets: IpSets
    notes: Notes
    orders: dict[str, int] = field(default_factory=dict)
    helpers: list[Helper] = field(default_factory=list)
    _known: dict[tuple[str, str, Hook], list[Entry | Run]] = field(default_factory=dict)
    _visited: set[tuple[str, str]] = field(default_factory=set)
    _plain: PlainRules[SaveRule] | None = None

    def exempted(self) -> list[Match]:
        """Give the packets that some NOTRACK of the document takes out of connection tracking, at most."""
        found: list[Match] = []
        for rule in _rules(self.save):
            if rule.target == "NOTRACK" or "--notrack" in _options(rule):
                scope = self._scope(rule, replace(self.place, hook=Hook.PREROUTING, exempt=()))
                try:
                    found += demands(rule, scope).possible
                except ValueError as error:
                    found += self._upper(rule, scope, error).possible
        return found

    def bases(self) -> list[BaseChain]:
        """Give the chains that the kernel calls; the document's other lines are noted."""
        found: list[BaseChain] = []
        for span, text in self.save.unread:
            self.notes.remark(RemarkKind.NOT_UNDERSTOOD, f"not understood: {text}", span, decides=True)
        for table in self.save.tables:
            if table.name not in _PRIORITIES:
                text = f"table {table.name} is not understood"
                inner = [rule.span for chain in table.chains.values() for rule in chain.rules]
                inner += [chain.span for chain in table.chains.values()]
                for span in (table.span, *inner):
                    self.notes.remark(RemarkKind.NOT_UNDERSTOOD, text, span, decides=True)
                continue
            self.notes.modelled(table.span)
            for chain in table.chains.values():
                self.notes.modelled(chain.span)
                if chain.policy is not None and chain.name in _HOOKS:
                    found.append(self._base(table, chain.name, permits=chain.policy == "ACCEPT"))
                self._visit(table, chain.name)
        return found

    def _visit(self, table: SaveTable, name: str) -> None:
        """Read a chain once, so that its lines are accounted for even where nothing calls it."""
        if (table.name, name) not in self._visited:
            self.entries(table, name, _HOOKS.get(name, Hook.FORWARD))

    def _base(self, table: SaveTable, name: str, *, permits: bool) -> BaseChain:
        chain = table.chains[name]
        late = table.name == "nat" and name in {"POSTROUTING", "INPUT"}
        return BaseChain(
            label=f"{self.title} {table.name} {name}",
            hook=_HOOKS[name],
            priority=_SOURCE_NAT if late else _PRIORITIES[table.name],
            name=name,
            kind="nat" if table.name == "nat" else "filter",
            permits=permits,
            span=chain.span,
            entries=lambda target, hook: self.entries(table, target, hook),
            versions=frozenset({self.version}),
            order=self.orders.get(table.name, LEGACY_ORDER),
        )

    def entries(self, table: SaveTable, name: str, hook: Hook) -> list[Entry | Run] | None:
        """Give a chain's entries as seen from a hook, None where there is no such chain."""
        key = table.name, name, hook
        if key not in self._known:
            if name not in table.chains:
                return None
            place = replace(self.place, hook=hook)
            if self._plain is None:
                plain, index = self.save.plain, self.save.index
                self._plain = PlainRules(
                    plain.addresses,
                    plain.services,
                    plain.rests,
                    lambda word: plain_address(word, self.version),
                    index,
                    self.notes.ledgers[index].states,
                )

            def decide(rule: SaveRule) -> tuple[Guard, list[tuple[Guard, Do | Undecided]]]:
                guard = demands(rule, self._scope(rule, place))
                return guard, self._decisions(rule, guard, place)

            self._visited.add((table.name, name))
            rules = table.chains[name].rules
            self._known[key] = self._plain.entries(
                hook, rules, rules.rows(), decide, lambda rule: self._rule(rule, place)
            )
        return self._known[key]

    def _rule(self, rule: SaveRule, place: Place) -> list[Entry]:
        scope = self._scope(rule, place)
        understood = True
        try:
            guard = demands(rule, scope)
        except ValueError as error:
            understood = False
            self._not_read(rule, error)
            guard = self._upper(rule, scope, error)
        try:
            entries = [Entry(guard=part, do=do, span=rule.span) for part, do in self._decisions(rule, guard, place)]
            if not (understood or rule.target):  # its target may be among what is strange
                entries = self._open(rule, guard, place)
        except ValueError as error:
            understood = False
            self._not_read(rule, error)
            parts = untold(guard, place, frozenset({self.version}), str(error)) if rule.target in _NAT else []
            entries = [Entry(guard=part, do=do, span=rule.span) for part, do in parts]
            entries = entries or [Entry(guard=guard, do=Undecided(text=str(error)), span=rule.span)]
        if understood:
            self.notes.modelled(rule.span)
        return entries

    def _open(self, rule: SaveRule, guard: Guard, place: Place) -> list[Entry]:
        """Give what a rule may do whose target is not understood: translate, or decide."""
        parts: list[tuple[Guard, Do]] = []
        if any(word.startswith("--to") for word in rule.text.split()):
            parts = untold(guard, place, frozenset({self.version}), "translated to what is not understood")
        found = [Entry(guard=part, do=do, span=rule.span) for part, do in parts]
        return found or [Entry(guard=guard, do=Undecided(text="not understood"), span=rule.span)]

    def _scope(self, rule: SaveRule, place: Place) -> MatchScope:
        return MatchScope(
            version=self.version,
            place=place,
            sets=self.sets,
            notes=self.notes,
            span=rule.span,
            native=bool(self.save.native),
        )

    def _not_read(self, rule: SaveRule, error: ValueError) -> None:
        self.notes.remark(RemarkKind.NOT_UNDERSTOOD, f"not understood: {error}", rule.span)

    def _upper(self, rule: SaveRule, scope: MatchScope, error: ValueError) -> Guard:
        """Give what is understood of a rule's matches, taken together, as an upper bound.

        Of negated options the kernel takes some together; where one is not understood none is a bound by itself.
        """
        kept: list[tuple[str, tuple[Option, ...]]] = []
        for module, options in rule.matches:
            known: tuple[Option, ...] = ()
            for option in options:
                if option.negated or option.doubtful:
                    continue
                if self._reads(rule, (*kept, (module, (*known, option))), scope):
                    known = (*known, option)
            if not module or (known and self._reads(rule, (*kept, (module, known)), scope)):
                kept.append((module, known))
        return demands(replace(rule, matches=tuple(kept)), scope) & unknown(str(error))

    @staticmethod
    def _reads(rule: SaveRule, matches: tuple[tuple[str, tuple[Option, ...]], ...], scope: MatchScope) -> bool:
        try:
            demands(replace(rule, matches=matches), scope)
        except ValueError:
            return False
        return True

    def _decisions(self, rule: SaveRule, guard: Guard, place: Place) -> list[tuple[Guard, Do | Undecided]]:
        """Give what a rule's target does; raises ValueError for a target that is not understood."""
        target = rule.target
        plain: dict[str, Do] = {"ACCEPT": Permit(), "DROP": Deny(), "REJECT": Deny(), "RETURN": Return()}
        if target in plain and not rule.goto:
            return [(guard, plain[target])]
        if not target or target in _HARMLESS:
            return []
        if target in {"MARK", "CONNMARK", "HMARK"}:
            change = _mark_of(rule)
            return [(guard, Mark(tag=change.tag))] if change else []
        if target in {"CT", "NOTRACK"}:
            return self._tracking(rule, guard)
        if target in _NAT:
            return list(self._translation(rule, guard, place))
        if target in _OPAQUE:
            return [(guard, Undecided(text=_OPAQUE[target]))]
        return [(guard, Goto(chain=target) if rule.goto else Call(chain=target))]

    def _tracking(self, rule: SaveRule, guard: Guard) -> list[tuple[Guard, Do | Undecided]]:
        options = _options(rule)
        if rule.target == "NOTRACK" or "--notrack" in options:
            return [(guard, Mark(tag=UNTRACKED))]
        if "--helper" in options:
            self._helper(options["--helper"].argument, guard, rule)
        return []

    def _helper(self, name: str, guard: Guard, rule: SaveRule) -> None:
        if guard.conditions or guard.excluded:
            self.notes.remark(RemarkKind.NOTE, f"the helper {name} is assigned under conditions", rule.span)
            return
        for box in guard.possible:
            if box.source not in {ANY, ANY4, ANY6} or box.destination not in {ANY, ANY4, ANY6}:
                text = f"the helper {name} is assigned for some addresses only"
                self.notes.remark(RemarkKind.NOTE, text, rule.span)
                continue
            helper = Helper(
                protocol=name, services=box.services, interfaces=box.ingress, name=f"CT {name}", span=rule.span
            )
            if helper not in self.helpers:
                self.helpers.append(helper)

    def _translation(self, rule: SaveRule, guard: Guard, place: Place) -> list[tuple[Guard, Do]]:
        options = _options(rule)
        versions = frozenset({self.version})
        match rule.target:
            case "MASQUERADE":
                return masquerade(place, guard, versions)
            case "REDIRECT":
                ports = va.ports([options["--to-ports"].argument])[0] if "--to-ports" in options else None
                return redirect(place, guard, ports, versions)
            case "NETMAP":
                side = Side.SOURCE if place.hook in {Hook.POSTROUTING, Hook.INPUT} else Side.DESTINATION
                to = va.addresses([options["--to"].argument], self.version)
                return translate(guard, side, to, keep_host=True)
            case _:
                word = "--to-destination" if rule.target == "DNAT" else "--to-source"
                if word not in options:
                    raise ValueError(f"-j {rule.target} without {word}")
                side = Side.DESTINATION if rule.target == "DNAT" else Side.SOURCE
                to_set, ports = self._target(options[word].argument)
                return translate(guard, side, to_set, ports)

    def _target(self, text: str) -> tuple[AddressSet | None, tuple[int, int] | None]:
        """Read `a`, `a-b`, `a:p`, `[a]:p-q`, `:p`; a base port behind a slash is not understood."""
        if "/" in text:
            raise ValueError(f"--to-destination {text}")
        end = text.rfind("]") + 1
        if end:
            address, tail = text[:end].replace("[", "").replace("]", ""), text[end:]
        elif text.count(":") > 1:
            address, tail = text, ""
        else:
            address, colon, number = text.partition(":")
            tail = colon + number
        to = va.addresses([address], self.version) if address else None
        return to, va.ports([tail[1:]])[0] if tail else None
