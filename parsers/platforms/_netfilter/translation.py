"""Translations as decisions of the model, for nft's nat statements and iptables' NAT targets alike.

Source: nft(8), "NAT statements"; iptables-extensions(8), DNAT, SNAT, MASQUERADE, REDIRECT, NETMAP.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from parsers.model.addresses import ANY4, ANY6, AddressSet
from parsers.model.conditions import ConditionKind
from parsers.model.rules import Match, Rewrite, Side
from parsers.model.services import PORTS
from parsers.platforms._netfilter.expressions import DNAT, SNAT, Hook, Place, family
from parsers.platforms._netfilter.guards import Guard, perhaps

if TYPE_CHECKING:
    from parsers.model.rules import Do

__all__ = ["masquerade", "redirect", "translate", "untold"]

Ports = tuple[int, int] | None
Decided = list[tuple[Guard, "Do"]]


def translate(
    guard: Guard, side: Side, to: AddressSet | None, ports: Ports = None, *, keep_host: bool = False
) -> Decided:
    """Give what a translation to some addresses and ports does to the packets of a guard.

    `keep_host` maps a network onto another one, host by host.
    """
    tag = DNAT if side is Side.DESTINATION else SNAT
    if keep_host and to is not None:
        return [_mapped(_alone(guard, box), box, side, to, tag) for box in guard.possible]
    if side is Side.SOURCE:
        single = ports if ports and ports[0] == ports[1] else None
        return [(guard, Rewrite(side=side, to=to, ports=single, tag=tag))]
    if ports is None or ports[0] == ports[1]:
        return [(guard, Rewrite(side=side, to=to, ports=ports, tag=tag))]
    decided: Decided = []
    for box in guard.possible:  # a port inside the range stays; one outside becomes some port of it
        ranges = _port_ranges(box)
        part = _alone(guard, box)
        if all(ports[0] <= low and high <= ports[1] for low, high in ranges):
            decided.append((part, Rewrite(side=side, to=to, tag=tag)))
            continue
        if any(high - low == ports[1] - ports[0] for low, high in ranges):  # the model would map these in order
            part = perhaps(part, ConditionKind.UNKNOWN, f"the port becomes one of {ports[0]}-{ports[1]}")
        decided.append((part, Rewrite(side=side, to=to, ports=ports, tag=tag)))
    return decided


def _alone(guard: Guard, box: Match) -> Guard:
    return replace(guard, possible=(box,), sure=(box,) if box in guard.sure else ())


def _port_ranges(box: Match) -> list[tuple[int, int]]:
    return [part.ports for part in box.services.boxes] or [PORTS]


def _mapped(guard: Guard, box: Match, side: Side, to: AddressSet, tag: str) -> tuple[Guard, Do]:
    was = box.source if side is Side.SOURCE else box.destination
    if len(was.intervals) == len(to.intervals) == 1 and was.size == to.size:
        return guard, Rewrite(side=side, to=to, shift=True, tag=tag)
    weak = perhaps(guard, ConditionKind.UNKNOWN, f"a network of another size becomes {to}")
    return weak, Rewrite(side=side, to=to, tag=tag)


def redirect(place: Place, guard: Guard, ports: Ports, versions: frozenset[int]) -> Decided:
    """Give what redirection to the host itself does: to loopback for its own packets, else to the incoming interface.

    Without the host's addresses nothing is sure but that the packet is not forwarded to where it went.
    """
    decided: Decided = []
    for version in sorted(versions):
        part = guard & Guard.of(family(version))
        if place.hook is Hook.OUTPUT:
            loopback = AddressSet.of("127.0.0.1" if version == 4 else "::1")
            decided += translate(part, Side.DESTINATION, loopback, ports)
            continue
        table = place.network.first4 if version == 4 else place.network.first6
        for name, address in sorted(table.items()):
            there = part & Guard.of(Match(ingress=frozenset({name})))
            if not there.never:
                decided += translate(there, Side.DESTINATION, address, ports)
        if place.network.names is None:
            weak = perhaps(part, ConditionKind.UNKNOWN, "redirected to the host: its addresses were not collected")
            decided += translate(weak, Side.DESTINATION, ANY4 if version == 4 else ANY6, ports)
    return decided


def masquerade(place: Place, guard: Guard, versions: frozenset[int]) -> Decided:
    """Give what masquerading does: the source becomes the address of the outgoing interface, where that is known."""
    decided: Decided = []
    for version in sorted(versions):
        part = guard & Guard.of(family(version))
        table = place.network.first4 if version == 4 else place.network.first6
        for name, address in sorted(table.items()):
            there = part & Guard.of(Match(egress=frozenset({name})))
            if not there.never:
                decided += translate(there, Side.SOURCE, address)
        if place.network.names is None and not part.never:
            decided += translate(part, Side.SOURCE, None)
    return decided


def untold(guard: Guard, place: Place, versions: frozenset[int], text: str) -> Decided:
    """Give a translation whose new address is not understood: before routing, the packet may go anywhere."""
    if place.hook not in {Hook.PREROUTING, Hook.OUTPUT}:
        return []
    weak = perhaps(guard, ConditionKind.UNKNOWN, text)
    decided: Decided = []
    for version in sorted(versions):
        to = ANY4 if version == 4 else ANY6
        anything = Rewrite(side=Side.DESTINATION, to=to, ports=(1, PORTS[1]), tag=DNAT)
        decided.append((weak & Guard.of(family(version)), anything))
    return decided
