"""What the site states of named lists (`assume:` in the deployment), put into the model (semantics: section 10).

A list whose addresses are stated makes its rules exact. A list that is a blocklist holds Internet senders and none of
the site's groups: a deny of it leaves rows present and is told of as a restriction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from parsers.model.addresses import NONE, AddressSet
from parsers.model.conditions import Axis
from parsers.model.rules import Chain, Deny, Rules

if TYPE_CHECKING:
    from auditor.deployment.site import Assumed, Question
    from parsers.model.capture import Span
    from parsers.model.conditions import Condition
    from parsers.model.firewall import Firewall
    from parsers.model.rules import Match, Rule, Stage

__all__ = ["Stated", "state"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A firewall with the site's statements put in: which were used, which no rule names, where blocklists deny."""

    firewall: Firewall
    used: tuple[Assumed, ...] = ()
    unused: tuple[str, ...] = ()
    blocklists: tuple[tuple[str, Span | None], ...] = ()


def state(firewall: Firewall, question: Question) -> Stated:
    """Put a question's assumptions into a firewall; without any it is left as it is."""
    by_name = {item.name: item for item in question.assume}
    if not by_name:
        return Stated(firewall=firewall)
    used: dict[str, Assumed] = {}
    blocklists: dict[tuple[str, Span | None], None] = {}
    stages = tuple(_stage(stage, by_name, used, blocklists) for stage in firewall.stages)
    return Stated(
        firewall=replace(firewall, stages=stages),
        used=tuple(used.values()),
        unused=tuple(name for name in by_name if name not in used),
        blocklists=tuple(blocklists),
    )


def _stage(
    stage: Stage,
    by_name: dict[str, Assumed],
    used: dict[str, Assumed],
    blocklists: dict[tuple[str, Span | None], None],
) -> Stage:
    chains = []
    for chain in stage.chains:
        named = [
            index
            for index, (_, conditions) in chain.rules.conditional().items()
            if any(_assumed(item, by_name) for item in conditions)
        ]
        if not named:
            chains.append(chain)
            continue
        rules = list(chain.rules)
        for index in named:
            rules[index] = _rule(rules[index], by_name, used, blocklists)
        chains.append(Chain(name=chain.name, rules=Rules.of(*rules)))
    return replace(stage, chains=tuple(chains))


def _assumed(condition: Condition, by_name: dict[str, Assumed]) -> Assumed | None:
    if condition.axis not in {Axis.SOURCE, Axis.DESTINATION}:
        return None
    return next((by_name[value] for value in condition.values if value in by_name), None)


def _rule(
    rule: Rule,
    by_name: dict[str, Assumed],
    used: dict[str, Assumed],
    blocklists: dict[tuple[str, Span | None], None],
) -> Rule:
    left: list[Condition] = []
    possible = rule.possible
    for condition in rule.conditions:
        found = _assumed(condition, by_name)
        if found is None:
            left.append(condition)
            continue
        used[found.name] = found
        if found.addresses is not None:
            possible = _narrowed(possible, rule.sure, condition.axis, found.addresses)
        elif isinstance(rule.do, Deny):
            blocklists[found.name, rule.span] = None
            possible = _narrowed(possible, rule.sure, condition.axis, NONE)
        else:
            left.append(condition)  # a permit from a blocklist: still open, and surely no row's
    sure = rule.sure if left else None
    return replace(rule, possible=possible, sure=sure, conditions=tuple(left))


def _narrowed(possible: Match, sure: Match | None, axis: Axis, stated: AddressSet) -> Match:
    """Give a match whose unknown addresses are the stated ones; what was sure stays."""
    if axis is Axis.SOURCE:
        known = sure.source if sure is not None else NONE
        return replace(possible, source=(possible.source & stated) | known)
    known = sure.destination if sure is not None else NONE
    return replace(possible, destination=(possible.destination & stated) | known)
