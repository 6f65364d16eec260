"""The match modules of iptables as guards. Source: iptables-extensions(8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.model.conditions import Axis, Condition, ConditionKind
from parsers.model.rules import ANYTHING, Match, State
from parsers.model.services import ServiceSet
from parsers.platforms._netfilter import expressions as ex
from parsers.platforms._netfilter import values as va
from parsers.platforms._netfilter.guards import EVERYTHING, NOTHING, Guard, exotic, perhaps, unknown
from parsers.platforms._netfilter.ipset import Lookup
from parsers.platforms._netfilter.marks import Mark

if TYPE_CHECKING:
    from collections.abc import Callable

    from parsers.model.capture import Span
    from parsers.platforms._netfilter.expressions import Place
    from parsers.platforms._netfilter.ipset import IpSets
    from parsers.platforms._netfilter.iptables_save import Option, SaveRule
    from parsers.platforms._netfilter.notes import Notes

__all__ = ["MatchScope", "demands"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchScope:
    """Where a rule stands: IP version, hook, sets; `native` where the nf_tables back end compiled it."""

    version: int
    place: Place
    sets: IpSets
    notes: Notes
    span: Span
    native: bool
    protocol: str = ""


def demands(rule: SaveRule, scope: MatchScope) -> Guard:
    """Give the packets that a rule matches; raises ValueError for an option that is not understood."""
    basic = rule.matches[0][1]
    protocol = next((option.argument for option in basic if option.name == "-p" and not option.negated), "")
    inner = MatchScope(
        version=scope.version,
        place=scope.place,
        sets=scope.sets,
        notes=scope.notes,
        span=scope.span,
        native=scope.native,
        protocol=protocol,
    )
    guard = EVERYTHING
    for module, options in rule.matches:
        guard &= _module(module, options, inner)
    return guard


def _module(module: str, options: tuple[Option, ...], scope: MatchScope) -> Guard:
    if module in _WHOLE:
        surplus = next((option for option in options if len(option.arguments) > 1), None)
        if surplus is not None and module not in {"set", "geoip", *_EXTENSIONS}:  # whose options take several words
            raise ValueError(f"-m {module} {surplus.name} {' '.join(surplus.arguments)}")
        return _WHOLE[module](options, scope)
    readers = _BASIC if not module else _MODULES.get(module)
    if readers is None:
        raise ValueError(f"-m {module}")
    guard = EVERYTHING
    rest = options
    if module in {"", *_PORTED}:
        guard, rest = _ports(options, scope, module)
    for option in rest:
        reader = readers.get(option.name) or (_of_protocol(scope.protocol).get(option.name) if not module else None)
        if reader is None:
            raise ValueError(f"-m {module} {option.name}" if module else option.name)
        found = reader(option, scope)
        guard &= _negated(found, option, scope) if option.negated else found
    return guard


def _negated(found: Guard, option: Option, scope: MatchScope) -> Guard:
    domain = ANYTHING
    if option.name in _SERVICE_OPTIONS:
        number = _number(scope.protocol, scope)
        domain = Match(services=ServiceSet.protocol(number)) if number is not None else ANYTHING
    elif option.name in {"-s", "-d", "--src-range", "--dst-range"}:
        axis = "source" if option.name in {"-s", "--src-range"} else "destination"
        domain = _version(axis, scope)
    return ex.negate(found, domain, scope.place.network.names)


_SERVICE_OPTIONS = {
    "--sport", "--dport", "--sports", "--dports", "--ports", "--icmp-type", "--icmpv6-type", "--tcp-flags", "--syn",
}  # fmt: skip
_PORTED = {"tcp": 6, "udp": 17, "udplite": 136, "sctp": 132, "dccp": 33}


def _version(axis: str, scope: MatchScope) -> Match:
    from parsers.model.addresses import ANY4, ANY6

    everything = ANY4 if scope.version == 4 else ANY6
    return Match(source=everything) if axis == "source" else Match(destination=everything)


def _number(protocol: str, _: MatchScope) -> int | None:
    if protocol in {"", "all"}:
        return None
    low, high = va.protocol_range(protocol)
    return low if low == high else None


# -- -s -d -i -o -p -f --------------------------------------------------------------------------------


def _address(axis: str) -> Callable[[Option, MatchScope], Guard]:
    def read(option: Option, scope: MatchScope) -> Guard:
        words = [word for argument in option.arguments for word in argument.split(",")]
        try:
            return ex.address(axis, va.addresses(words, scope.version))
        except ValueError as error:
            if "falls apart" in str(error):
                return perhaps(Guard.of(_version(axis, scope)), ConditionKind.UNKNOWN, str(error))
            raise

    return read


def _interface(direction: str) -> Callable[[Option, MatchScope], Guard]:
    def read(option: Option, scope: MatchScope) -> Guard:
        name = option.argument
        pattern = f"{name[:-1]}*" if name.endswith("+") else name
        return ex.interface(scope.place, direction, [pattern])

    return read


def _protocol(option: Option, _: MatchScope) -> Guard:
    if option.argument in {"all", "0"}:
        return EVERYTHING
    return ex.protocol([va.protocol_range(option.argument)])


def _fragment(option: Option, _: MatchScope) -> Guard:
    if option.arguments:
        raise ValueError(f"-f {' '.join(option.arguments)}")
    return NOTHING  # a fragment behind the first opens no connection, and conntrack puts fragments together


_BASIC: dict[str, Callable[[Option, MatchScope], Guard]] = {
    "-s": _address("source"), "-d": _address("destination"), "-i": _interface("ingress"),
    "-o": _interface("egress"), "-p": _protocol, "-f": _fragment,
}  # fmt: skip


# -- ports and ICMP -----------------------------------------------------------------------------------


def _ports(options: tuple[Option, ...], scope: MatchScope, module: str) -> tuple[Guard, tuple[Option, ...]]:
    """Take --sport and --dport together: two negated single ports may be in force as "not this pair"."""
    mine = [option for option in options if option.name in {"--sport", "--dport"}]
    if not mine:
        return EVERYTHING, options
    name = module or scope.protocol
    number = _PORTED.get(name) or _number(name, scope)
    if number is None:
        raise ValueError(f"{mine[0].name} without a protocol")
    rest = tuple(option for option in options if option not in mine)
    plain = [ex.port(option.name[2:], (number,), va.ports([option.argument])) for option in mine]
    domain = Match(services=ServiceSet.protocol(number))
    single = all(low == high for option in mine for low, high in va.ports([option.argument]))
    if len(mine) == 2 and all(option.negated for option in mine) and single and scope.native:
        return ex.not_both(plain[0], plain[1], domain), rest
    guard = Guard.of(domain)
    for option, found in zip(mine, plain, strict=True):
        guard &= ex.negate(found, domain) if option.negated else found
    return guard, rest


def _flags(option: Option, _: MatchScope) -> Guard:
    mask, wanted = (va.tcp_flags(argument.split(",")) for argument in option.arguments)
    return ex.tcp_flag_test(lambda flags: flags & mask == wanted, "--tcp-flags")


def _syn(_: Option, __: MatchScope) -> Guard:
    return ex.tcp_flag_test(lambda flags: flags & 0x17 == 2, "--syn")


def _icmp(version: int) -> Callable[[Option, MatchScope], Guard]:
    def read(option: Option, _: MatchScope) -> Guard:
        kind, slash, code = option.argument.partition("/")
        if kind in {"any", "255"} and version == 4:
            return ex.icmp(version)
        named = _ICMP_CODES.get(kind) if version == 4 else _ICMP6_CODES.get(kind)
        if named:
            return ex.icmp(version, (named[0], named[0]), (named[1], named[1]))
        types = va.icmp_number(kind, version)
        return (
            ex.icmp(version, types, va.code_number(code.replace(":", "-"), version))
            if slash
            else ex.icmp(version, types)
        )

    return read


_ICMP_CODES = {
    "network-unreachable": (3, 0), "host-unreachable": (3, 1), "protocol-unreachable": (3, 2),
    "port-unreachable": (3, 3), "fragmentation-needed": (3, 4), "source-route-failed": (3, 5),
    "network-unknown": (3, 6), "host-unknown": (3, 7), "network-prohibited": (3, 9), "host-prohibited": (3, 10),
    "TOS-network-unreachable": (3, 11), "TOS-host-unreachable": (3, 12), "communication-prohibited": (3, 13),
    "host-precedence-violation": (3, 14), "precedence-cutoff": (3, 15), "network-redirect": (5, 0),
    "host-redirect": (5, 1), "TOS-network-redirect": (5, 2), "TOS-host-redirect": (5, 3),
    "ttl-zero-during-transit": (11, 0), "ttl-zero-during-reassembly": (11, 1), "ip-header-bad": (12, 0),
    "required-option-missing": (12, 1),
}  # fmt: skip
_ICMP6_CODES = {
    "no-route": (1, 0), "communication-prohibited": (1, 1), "beyond-scope": (1, 2), "address-unreachable": (1, 3),
    "port-unreachable": (1, 4), "failed-policy": (1, 5), "reject-route": (1, 6), "ttl-zero-during-transit": (3, 0),
    "ttl-zero-during-reassembly": (3, 1), "bad-header": (4, 0), "unknown-header-type": (4, 1), "unknown-option": (4, 2),
}  # fmt: skip
"""Type and code by the names of libxt_icmp.h."""


def _of_protocol(protocol: str) -> dict[str, Callable[[Option, MatchScope], Guard]]:
    """Give the options that -p alone allows; people leave out the -m that iptables-save prints."""
    module = {"icmpv6": "icmp6", "ipv6-icmp": "icmp6"}.get(protocol, protocol)
    return _MODULES.get(module, {})


def _multiport(side: str) -> Callable[[Option, MatchScope], Guard]:
    def read(option: Option, scope: MatchScope) -> Guard:
        number = _number(scope.protocol, scope)
        protocols = ex.PORTED if number is None else (number,)
        ranges = va.ports(option.argument.split(","))
        if side != "both":
            return ex.port(side, protocols, ranges)
        boxes = (*ex.port("sport", protocols, ranges).possible, *ex.port("dport", protocols, ranges).possible)
        return Guard.of(*boxes)

    return read


# -- connection tracking, marks, sets -------------------------------------------------------------------


def _state(option: Option, scope: MatchScope) -> Guard:
    words = [word for word in option.argument.split(",") if word]
    translated = [word for word in words if word in {"SNAT", "DNAT"}]
    found = ex.states(scope.place, [word for word in words if word not in translated])
    if not translated:
        return found
    if found.excluded:
        return unknown(f"connection state {option.argument}")
    return Guard.of(*found.possible, *ex.status(translated).possible)


def _status(option: Option, _: MatchScope) -> Guard:
    return ex.status(option.argument.split(","))


def _direction(option: Option, _: MatchScope) -> Guard:
    later = frozenset({State.ESTABLISHED, State.RELATED})
    why = Condition(kind=ConditionKind.UNKNOWN, text=f"direction {option.argument} of the connection")
    if option.argument == "REPLY":
        return Guard(possible=(Match(states=later),), sure=(), conditions=(why,))
    return Guard(possible=(ANYTHING,), sure=(Match(states=frozenset({State.NEW})),), conditions=(why,))


def _tracked_protocol(option: Option, _: MatchScope) -> Guard:
    return ex.protocol([va.protocol_range(option.argument)])


def _mark(mark: Mark) -> Callable[[Option, MatchScope], Guard]:
    def read(option: Option, scope: MatchScope) -> Guard:
        value, slash, mask = option.argument.partition("/")
        return scope.place.marks.test(mark, va.integer(value), va.integer(mask) if slash else 0xFFFFFFFF)

    return read


def _set(options: tuple[Option, ...], scope: MatchScope) -> Guard:
    guard = EVERYTHING
    lookup = Lookup(version=scope.version, place=scope.place, notes=scope.notes, span=scope.span)
    for option in options:
        if option.name == "--match-set" and len(option.arguments) == 2:
            name, directions = option.arguments
            found = scope.sets.guard(name, tuple(directions.split(",")), lookup)
            guard &= ex.negate(found, _set_domain(found, scope), scope.place.network.names) if option.negated else found
        elif option.name in {"--return-nomatch", "--packets-eq", "--packets-lt", "--packets-gt", "--bytes-eq",
                             "--bytes-lt", "--bytes-gt"}:  # fmt: skip
            guard &= unknown(f"-m set {option.name}")
        elif option.name not in {"--update-counters", "--update-subcounters"}:
            raise ValueError(f"-m set {option.name}")
    return guard


def _set_domain(found: Guard, scope: MatchScope) -> Match:
    """Give what a negated set of addresses leaves: all addresses of the rule's IP version, not of both."""
    if found.possible and all(box.source != ANYTHING.source for box in found.possible):
        return _version("source", scope)
    if found.possible and all(box.destination != ANYTHING.destination for box in found.possible):
        return _version("destination", scope)
    return ANYTHING


# -- the rest -------------------------------------------------------------------------------------------


def _range(axis: str) -> Callable[[Option, MatchScope], Guard]:
    return lambda option, scope: ex.address(axis, va.addresses([option.argument], scope.version))


def _type(axis: str) -> Callable[[Option, MatchScope], Guard]:
    return lambda option, scope: ex.address_type(scope.place, axis, option.argument.split(","))


def _limited_type(_: Option, __: MatchScope) -> Guard:
    return unknown("the address type at one interface")


def _packet_type(option: Option, scope: MatchScope) -> Guard:
    return ex.packet_type(scope.place, [option.argument])


def _reverse(options: tuple[Option, ...], scope: MatchScope) -> Guard:
    names = {option.name for option in options}
    if names - {"--invert", "--loose", "--validmark", "--accept-local"}:
        raise ValueError(f"-m rpfilter {' '.join(sorted(names))}")
    return ex.reverse_path(scope.place, by_ingress="--loose" not in names, missing="--invert" in names)


def _recent(options: tuple[Option, ...], _: MatchScope) -> Guard:
    names = {option.name: option for option in options}
    if "--set" in names and not names["--set"].negated:
        return EVERYTHING
    listed = names["--name"].arguments if "--name" in names else ("DEFAULT",)
    axis = Axis.DESTINATION if "--rdest" in names else Axis.SOURCE
    return perhaps(EVERYTHING, ConditionKind.DYNAMIC_LIST, f"recent list {listed[0]}", listed, axis)


def _always(_: tuple[Option, ...], __: MatchScope) -> Guard:
    return EVERYTHING


def _condition(kind: ConditionKind, module: str) -> Callable[[tuple[Option, ...], MatchScope], Guard]:
    def read(options: tuple[Option, ...], _: MatchScope) -> Guard:
        words = " ".join(" ".join((("! " if item.negated else "") + item.name, *item.arguments)) for item in options)
        return perhaps(EVERYTHING, kind, f"{module} {words}".rstrip())

    return read


def _extension(module: str) -> Callable[[tuple[Option, ...], MatchScope], Guard]:
    def read(options: tuple[Option, ...], _: MatchScope) -> Guard:
        if any(option.negated for option in options):
            return EVERYTHING
        return exotic(f"only packets with what -m {module} looks for")

    return read


_EXTENSIONS = ("dst", "frag", "hbh", "ipv6header", "mh", "rt", "srh", "ipv4options")
_RATES = ("limit", "hashlimit", "connlimit", "quota", "quota2", "rateest", "connbytes", "dst-limit", "dstlimit")
_CLOCKS = ("time",)
_USERS = ("owner", "cgroup")
_UNTOLD = (
    "ah", "bpf", "cluster", "connlabel", "cpu", "devgroup", "dscp", "ecn", "esp", "eui64",
    "helper", "hl", "ipcomp", "ipvs", "l2tp", "length", "mac", "osf", "physdev", "policy",
    "realm", "socket", "statistic", "string", "tcpmss", "tos", "ttl", "u32", "condition", "geoip",
)  # fmt: skip
"""Modules that are understood, but whose answer no capture can tell: a condition of the rule."""
_WHOLE: dict[str, Callable[[tuple[Option, ...], MatchScope], Guard]] = {
    "comment": _always, "nfacct": _always, "recent": _recent, "rpfilter": _reverse, "set": _set,
    **{name: _extension(name) for name in _EXTENSIONS},
    **{name: _condition(ConditionKind.RATE, name) for name in _RATES},
    **{name: _condition(ConditionKind.SCHEDULE, name) for name in _CLOCKS},
    **{name: _condition(ConditionKind.USER, name) for name in _USERS},
    **{name: _condition(ConditionKind.UNKNOWN, name) for name in _UNTOLD},
    "geoip": _condition(ConditionKind.GEOGRAPHY, "geoip"),
}  # fmt: skip


def _untold(text: str) -> Callable[[Option, MatchScope], Guard]:
    return lambda option, _: unknown(f"{text} {' '.join(option.arguments)}")


_TCP: dict[str, Callable[[Option, MatchScope], Guard]] = {
    "--tcp-flags": _flags, "--syn": _syn, "--tcp-option": _untold("TCP option"),
}  # fmt: skip
_MODULES: dict[str, dict[str, Callable[[Option, MatchScope], Guard]]] = {
    "tcp": _TCP, "udp": {}, "udplite": {}, "sctp": {"--chunk-types": _untold("SCTP chunks")},
    "dccp": {"--dccp-types": _untold("DCCP types"), "--dccp-option": _untold("DCCP option")},
    "icmp": {"--icmp-type": _icmp(4)}, "icmp6": {"--icmpv6-type": _icmp(6)},
    "icmpv6": {"--icmpv6-type": _icmp(6)},
    "multiport": {"--sports": _multiport("sport"), "--dports": _multiport("dport"), "--ports": _multiport("both")},
    "state": {"--state": _state},
    "conntrack": {
        "--ctstate": _state, "--ctstatus": _status, "--ctdir": _direction, "--ctproto": _tracked_protocol,
        "--ctorigsrc": _untold("original source"), "--ctorigdst": _untold("original destination"),
        "--ctreplsrc": _untold("reply source"), "--ctrepldst": _untold("reply destination"),
        "--ctorigsrcport": _untold("original source port"), "--ctorigdstport": _untold("original port"),
        "--ctreplsrcport": _untold("reply source port"), "--ctrepldstport": _untold("reply port"),
        "--ctexpire": _untold("expiry"),
    },
    "mark": {"--mark": _mark(Mark.PACKET)}, "connmark": {"--mark": _mark(Mark.CONNECTION)},
    "iprange": {"--src-range": _range("source"), "--dst-range": _range("destination")},
    "addrtype": {
        "--src-type": _type("source"), "--dst-type": _type("destination"), "--limit-iface-in": _limited_type,
        "--limit-iface-out": _limited_type,
    },
    "pkttype": {"--pkt-type": _packet_type},
}  # fmt: skip
