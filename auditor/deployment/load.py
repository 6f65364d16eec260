"""From a deployment file, a mapping or the command line's options to a checked Deployment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from auditor.baseline.document import Document, Path, Problems, decode, parse
from auditor.baseline.language import Baseline, OptionKind, OptionTerm
from auditor.baseline.load import load as load_baselines
from auditor.baseline.shape import validated
from auditor.deployment.checks import check
from auditor.deployment.firewalls import read_firewalls
from auditor.deployment.schema import BLOCKLIST, DEFAULT_BASELINES, PRESET, BaselineShape, FileShape, file_shape
from auditor.deployment.site import Assumed, Deployment, Group, LoadBalancer, Ports, Published, Transfer, Value, Variant
from auditor.errors import DeploymentError
from parsers.model.addresses import AddressSet
from parsers.model.conditions import ConditionKind

__all__ = ["Overrides", "from_options", "load"]

AD_HOC = "firewall"
"""The name of the one firewall that options alone describe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What options say besides or instead of a file.

    `groups` are lists of addresses by group (--edge, --server, ...); `services` are NAME or NAME=on|off; `sets` are
    PATH=VALUE with a YAML value; `sides` are SIDE=MEMBER,MEMBER of `firewall` (empty: the only one).
    """

    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    services: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    sides: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    firewall: str = ""
    platform: str = ""
    address: str = ""


def load(source: str | FilePath | Mapping[str, Any], overrides: Overrides | None = None) -> Deployment:
    """Load a deployment file (or the mapping that one would hold), changed by options.

    Baselines named by path are sought beside the file. Raises DeploymentError or BaselineError with everything that is
    wrong, each with file, line and key.
    """
    if isinstance(source, Mapping):
        text = json.dumps(source, sort_keys=True, default=str)
        document = Document(file="", data=_plain(source), sha256=hashlib.sha256(text.encode()).hexdigest())
        base = None
    else:
        path = FilePath(source)
        try:
            raw = path.read_bytes()
        except OSError as exc:
            hint = "name one with --deployment, or write one with `st-audit init`"
            raise DeploymentError(f"cannot be read: {exc.strerror}", hint=hint, file=path) from exc
        document = parse(decode(raw, str(path), DeploymentError), file=str(path), error=DeploymentError)
        base = path.parent
    if overrides is not None:
        document = _overlaid(document, overrides)
    return _deployment(document, base)


def from_options(
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    services: Sequence[str] = (),
    sets: Sequence[str] = (),
    sides: Sequence[str] = (),
    baselines: Sequence[str] = (),
    firewall: str = "",
    platform: str = "",
    address: str = "",
) -> Deployment:
    """Make a deployment of the command line's options alone; it has one firewall. Raises DeploymentError."""
    overrides = Overrides(
        groups=tuple((name, tuple(items)) for name, items in (groups or {}).items()), services=tuple(services),
        sets=tuple(sets), sides=tuple(sides), baselines=tuple(baselines), firewall=firewall, platform=platform,
        address=address,
    )  # fmt: skip
    return load({"version": 1, "name": "ad-hoc", "firewalls": {firewall or AD_HOC: {}}}, overrides)


def _plain(value: Any) -> Any:
    """Copy a mapping as a YAML reading would give it: text keys, lists, no tuples."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value


def _overlaid(document: Document, overrides: Overrides) -> Document:
    data = _plain(document.data) if isinstance(document.data, Mapping) else document.data
    if not isinstance(data, dict):
        return document
    lines = dict(document.lines)

    def put(path: Path, value: Any) -> None:
        place = data
        for part in path[:-1]:
            if not isinstance(place.get(part), dict):
                place[part] = {"enabled": place[part]} if isinstance(place.get(part), bool) else {}
            place = place[part]
        place[path[-1]] = value
        lines[path] = 0

    if overrides.baselines:
        put(("baseline",), list(overrides.baselines))
    for name, items in overrides.groups:
        put(("groups", name), [word for item in items for word in item.split(",") if word])
    for text in overrides.services:
        name, _, state = text.partition("=")
        put(("services", name, "enabled"), _state(text, state))
    for text in overrides.sets:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise DeploymentError(f"--set {text} has no value", hint="write --set path=value", key="--set")
        put(tuple(key.split(".")), _set_value(key, value))
    if overrides.sides or overrides.platform or overrides.address:
        _put_firewall(data, overrides, put)
    return Document(file=document.file, data=data, lines=lines, sha256=document.sha256)


def _state(text: str, state: str) -> bool:
    words = {"": True, "on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
    if state not in words:
        hint = "write --service ssh, --service http=off"
        raise DeploymentError(f"--service {text} is neither on nor off", hint=hint, key="--service")
    return words[state]


def _set_value(key: str, value: str) -> Any:
    if value in {"on", "off"}:
        return value == "on"
    if not value:
        raise DeploymentError(f"--set {key}= has no value", hint="write --set path=value", key="--set")
    return parse(value, file=f"--set {key}", error=DeploymentError).data


def _put_firewall(data: dict[str, Any], overrides: Overrides, put: Any) -> None:
    firewalls = data.get("firewalls") or {}
    name = overrides.firewall or (next(iter(firewalls)) if isinstance(firewalls, dict) and len(firewalls) == 1 else "")
    if not name and firewalls:
        listed = ", ".join(firewalls)
        raise DeploymentError(f"--side is for one of {listed}", hint="say which with --firewall NAME", key="--side")
    name = name or AD_HOC
    if overrides.platform and overrides.platform != "auto":
        put(("firewalls", name, "platform"), overrides.platform)
    if overrides.address:
        put(("firewalls", name, "address"), overrides.address)
    for text in overrides.sides:
        side, equals, members = text.partition("=")
        if not equals or not side or not members:
            raise DeploymentError(f"--side {text} names nobody", hint="write --side dmz=edge,edge_vip", key="--side")
        put(("firewalls", name, "sides", side), members.split(","))


def _deployment(document: Document, base: FilePath | None) -> Deployment:
    problems = Problems(document=document, error=DeploymentError)
    if not isinstance(document.data, dict):
        raise DeploymentError(
            "a deployment is a mapping", hint="`st-audit init` writes one", file=document.file or None, line=1
        )
    first, _ = validated(BaselineShape, document.data, Problems(document=document, error=DeploymentError))
    names = first.baseline if first else DEFAULT_BASELINES
    baseline = load_baselines(
        names, base=base, free_groups=_names(document.data, "groups"), file=document.file,
        line=document.line(("baseline",)),
    )  # fmt: skip
    shape, whole = validated(
        file_shape(baseline.vocabulary, _names(document.data, "services")), document.data, problems
    )
    if shape is None:
        problems.raise_any()
        raise DeploymentError("this is no deployment", file=document.file or None)
    deployment = _values(shape, baseline, document, problems)
    check(deployment, problems, whole=whole)
    problems.raise_any()
    return deployment


def _names(data: dict[str, Any], key: str) -> frozenset[str]:
    """Give the names in the mappings under a key, the file's own and those of its zones."""
    zones = data.get("zones")
    places = [data, *(zones.values() if isinstance(zones, dict) else [])]
    return frozenset(
        str(name)
        for place in places
        if isinstance(place, dict) and isinstance(place.get(key), dict)
        for name in place[key]
    )


def _values(shape: FileShape, baseline: Baseline, document: Document, problems: Problems) -> Deployment:
    return Deployment(
        name=shape.name,
        baseline=baseline,
        variants=_variants(shape, baseline, document, problems),
        internal=AddressSet.of(*shape.internal),
        policy=shape.policy or "standard",
        presets=tuple(dict.fromkeys((*shape.preset, *_preset_beside(shape.ports)))),
        load_balancer=None
        if shape.load_balancer is None
        else LoadBalancer(
            snat=AddressSet.of(*shape.load_balancer.snat),
            ports=tuple(shape.load_balancer.edge_ports.items()),
            direct_return=shape.load_balancer.dsr,
        ),
        published=tuple(
            Published(
                address=AddressSet.of(*item.address), host=AddressSet.of(*item.host), ports=tuple(item.ports.items()),
                at=item.at,
            )
            for item in shape.published
        ),
        accept=frozenset(map(ConditionKind, shape.accept)),
        assume=_assumed(shape, problems),
        ipv6=shape.ipv6 or "judge",
        firewalls=read_firewalls(shape.firewalls, document),
        paths=tuple(tuple(names) for names in shape.paths),
        file=document.file,
        sha256=document.sha256,
    )  # fmt: skip


def _preset_beside(ports: Mapping[str, Any]) -> Iterable[str]:
    value = ports.get(PRESET, ())
    return value if isinstance(value, list | tuple) else (str(value),)


def _assumed(shape: FileShape, problems: Problems) -> tuple[Assumed, ...]:
    out = []
    for name, value in shape.assume.items():
        if value == BLOCKLIST:
            out.append(Assumed(name=name))
            continue
        try:
            out.append(Assumed(name=name, addresses=AddressSet.of(*map(str, value))))
        except ValueError as exc:
            problems.add(("assume", name), str(exc), "write blocklist, or a list of addresses")
    return tuple(out)


def _variants(shape: FileShape, baseline: Baseline, document: Document, problems: Problems) -> tuple[Variant, ...]:
    """Give the base and every zone; a base that lists none of the groups that zones list is only what they share."""
    from auditor.baseline.fields import ports_of

    options = {option.path: option for option in baseline.vocabulary.options}
    topology = _written(shape.topology, "topology", options)

    def variant(name: str, part: Any, at: Path, under: Variant | None) -> Variant:
        groups = {group.name: group for group in (under.groups if under else ())}
        groups |= {key: _group(key, value, document.line((*at, "groups", key))) for key, value in part.groups.items()}
        written = dict(under.written) if under else dict(topology)
        for service, raw in part.services:
            if raw is not None:
                written |= _written(raw, f"services.{service}", options)
        ports = dict(under.ports) if under else {}
        for row_id, value in part.ports.items():
            if row_id == PRESET:
                continue
            try:
                ports[row_id] = ports_of(value)
            except Exception as exc:  # noqa: BLE001 - pydantic's error, raised outside of pydantic
                context: Any = getattr(exc, "context", None) or {}
                problems.add((*at, "ports", row_id), context.get("message", str(exc)), context.get("hint", ""))
        return Variant(
            name=name, groups=tuple(groups.values()), written=tuple(written.items()), ports=tuple(ports.items())
        )

    base = variant("", shape, (), None)
    zones = tuple(variant(name, part, ("zones", name), base) for name, part in (shape.zones or {}).items())
    own = {name for part in (shape.zones or {}).values() for name in part.groups}
    shared = bool(zones) and bool(own) and not own & set(shape.groups)
    return zones if shared else (base, *zones)


def _group(name: str, items: Sequence[str], line: int | None) -> Group:
    return Group(
        name=name,
        addresses=AddressSet.of(*(item for item in items if not item.startswith("fqdn:"))),
        names=frozenset(item.removeprefix("fqdn:") for item in items if item.startswith("fqdn:")),
        line=line,
    )


def _written(raw: Any, prefix: str, options: Mapping[str, OptionTerm]) -> dict[str, Value]:
    """Give the options that a part of the file sets, by path."""
    out: dict[str, Value] = {}
    for name in raw.model_fields_set:
        path = f"{prefix}.{name}"
        value = getattr(raw, name)
        option = options[path]
        if option.kind is OptionKind.TRANSFERS and value is not None:
            out[path] = tuple(_transfer(entry, option) for entry in value)
        else:
            out[path] = value
    return dict(sorted(out.items()))


def _transfer(entry: Any, option: OptionTerm) -> Transfer:
    ports: list[tuple[str, Ports]] = [
        (key, getattr(entry, key)) for key in option.entry_ports if getattr(entry, key) is not None
    ]
    return Transfer(to=entry.to, ports=tuple(ports))
