"""What a deployment file may hold under a baseline: pydantic models made from its vocabulary, and their JSON Schema."""

from __future__ import annotations

import functools
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, create_model

from auditor.baseline.fields import (
    Addresses,
    Flag,
    Name,
    Names,
    OpenFlag,
    PortList,
    RowId,
    Shape,
    Text,
    Texts,
    Version,
    choice,
    ports_of,
    refuse,
)
from auditor.baseline.language import OptionKind, OptionTerm, ServiceTerm, Vocabulary
from auditor.baseline.terms import POLICIES
from parsers.model.conditions import ConditionKind

__all__ = [
    "BLOCKLIST",
    "DEFAULT_BASELINES",
    "PRESET",
    "BaselineShape",
    "FileShape",
    "FirewallShape",
    "ZoneShape",
    "file_shape",
    "json_schema",
]

BLOCKLIST = "blocklist"
DEFAULT_BASELINES = ("securetransport-5.5", "hygiene")
"""What a deployment that names no baseline is audited against."""
PRESET = "preset"


class BaselineShape(Shape, extra="ignore"):
    """The one key that must be read before the rest can be: it names the vocabulary."""

    baseline: Texts = DEFAULT_BASELINES
    groups: dict[str, Any] = Field(default_factory=dict)


class LoadBalancerShape(Shape):
    """A balancer between virtual and own addresses."""

    snat: Addresses = ()
    edge_ports: dict[RowId, int] = Field(default_factory=dict)
    dsr: Flag = False


def _port(value: Any) -> int:
    pairs = ports_of(value)
    if len(pairs) != 1 or pairs[0][0] != pairs[0][1]:
        raise refuse(f"{value} is not one port", "write one port number")
    return pairs[0][0]


def _mapping_of_ports(value: Any) -> dict[int, int]:
    if not isinstance(value, dict):
        raise refuse("ports maps outside ports to inside ones", "write {22: 10022}")
    for key, inside in value.items():
        if inside is None and ":" in key:
            raise refuse(f"{key} is one word to YAML", f"write a space after the colon: {key.replace(':', ': ')}")
    return {_port(key): _port(inside) for key, inside in value.items()}


PortMap = Annotated[
    dict[int, int],
    PlainValidator(_mapping_of_ports),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "integer"}}),
]


class PublishedShape(Shape):
    """A translation in front of the audited firewalls."""

    address: Addresses
    host: Addresses
    ports: PortMap = Field(default_factory=dict)
    at: str = ""


class SshShape(Shape):
    """How a firewall is reached over SSH."""

    port: Annotated[int, PlainValidator(_port), WithJsonSchema({"type": "integer"})] = 22
    user: str = ""
    fingerprint: str = ""
    jump: str = ""
    legacy: Flag = False


class PeerShape(Shape):
    """The other device of a pair."""

    address: Text
    fingerprint: str = ""


def _peer(value: Any) -> Any:
    return {"address": value} if isinstance(value, str) else value


def _members(value: Any) -> list[Any]:
    if value is None:
        raise refuse("nothing stands on this side", "write [internet], or name it under ignore_interfaces")
    return [{key: item} for key, item in value.items()] if isinstance(value, dict) else _as_list(value)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _member(value: Any) -> str | dict[str, Any]:
    if isinstance(value, dict) and len(value) == 1:
        key, networks = next(iter(value.items()))
        if networks is None:
            raise refuse(f"{key}: ends in a colon, which YAML reads as a key", f'write it in quotes: "{key}:"')
        return {key: [str(item) for item in _as_list(networks)]}
    if isinstance(value, str) and value:
        return value
    raise refuse("a side's member is a group, a network, or group: [networks]", "write [internet, partners]")


Members = Annotated[
    list[Annotated[Any, PlainValidator(_member)]],
    BeforeValidator(_members),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array"}, {"type": "object"}]}),
]


class FirewallShape(Shape):
    """One firewall."""

    platform: str = ""
    address: str = ""
    ssh: SshShape = Field(default_factory=SshShape)
    peer: Annotated[PeerShape, BeforeValidator(_peer, json_schema_input_type=str | PeerShape)] | None = None
    context: str = ""
    vdom: str = ""
    vsys: str = ""
    hostname: str = ""
    sides: dict[str, Members] = Field(default_factory=dict)
    ignore_interfaces: Texts = ()
    local: Addresses = ()


def _assumed(value: Any) -> Any:
    if value == BLOCKLIST:
        return value
    return value if isinstance(value, list) else [value]


def _kinds(value: Any) -> tuple[str, ...]:
    known = [kind.value for kind in ConditionKind if kind is not ConditionKind.UNKNOWN]
    for item in _as_list(value):
        if item not in known:
            raise refuse(f"{item} is no kind of condition", f"known here: {', '.join(known)}")
    return tuple(_as_list(value))


Kinds = Annotated[
    tuple[str, ...],
    PlainValidator(_kinds),
    WithJsonSchema({"type": "array", "items": {"enum": [k.value for k in ConditionKind if k.value != "unknown"]}}),
]


class FileShape(Shape):
    """A deployment file; `groups`, `topology`, `services` and `ports` are filled in from the vocabulary."""

    version: Version
    name: Text = "unnamed"
    baseline: Texts = DEFAULT_BASELINES
    groups: dict[Name, Addresses] = Field(default_factory=dict)
    internal: Addresses = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
    policy: choice(POLICIES) = "standard"  # type: ignore[valid-type]
    topology: Any = None
    load_balancer: LoadBalancerShape | None = None
    published: list[PublishedShape] = Field(default_factory=list)
    services: Any = None
    ports: dict[RowId, Any] = Field(default_factory=dict)
    preset: Texts = ()
    accept: Kinds = ()
    assume: dict[str, Annotated[Any, BeforeValidator(_assumed)]] = Field(default_factory=dict)
    ipv6: choice(["judge", "none"]) = "judge"  # type: ignore[valid-type]
    zones: Any = None
    firewalls: dict[str, FirewallShape] = Field(default_factory=dict)
    paths: list[list[Text]] = Field(default_factory=list)


class ZoneShape(Shape):
    """What differs in one network zone."""

    groups: dict[Name, Addresses] = Field(default_factory=dict)
    services: Any = None
    ports: dict[RowId, Any] = Field(default_factory=dict)


def _switch(value: Any) -> Any:
    if isinstance(value, bool):
        return {"enabled": value}
    if value is None:
        return {"enabled": None}
    if isinstance(value, str):
        words = {"on": "true", "yes": "true", "off": "false", "no": "false"}
        if value.lower() in words:
            right = words[value.lower()]
            raise refuse(f"{value} is a word in YAML 1.2, not a truth value", f"write {right} instead of {value}")
    if not isinstance(value, dict):
        raise refuse(f"{value} does not say whether the service runs", "write true, false or {enabled: true, ...}")
    return value


def _many(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _field(option: OptionTerm) -> tuple[Any, Any]:
    described: Any = Field(default=None, description=option.title or None)
    if option.kind is OptionKind.FLAG:
        return OpenFlag, described
    if option.kind is OptionKind.CHOICE:
        return choice(option.choices), described
    if option.kind is OptionKind.GROUPS:
        return Names | None, described
    if option.kind is OptionKind.TRANSFERS:
        entry: dict[str, Any] = dict.fromkeys(option.entry_ports, (PortList | None, None))
        shape = create_model(f"Transfer_{option.path}", __base__=Shape, to=(Names, ()), **entry)
        return Annotated[list[shape], BeforeValidator(_many)] | None, described
    if option.any_word:
        return Annotated[Any, PlainValidator(_ports_or_any), WithJsonSchema({})], described
    return PortList | None, described


def _ports_or_any(value: Any) -> Any:
    return value if value == "any" or value is None else ports_of(value)


def _service(service: ServiceTerm) -> Any:
    fields: dict[str, Any] = {option.name: _field(option) for option in service.options}
    shape = create_model(f"Service_{service.name}", __base__=Shape, __doc__=service.title, **fields)
    return Annotated[shape, BeforeValidator(_switch, json_schema_input_type=bool | shape | None)]


@functools.lru_cache(maxsize=32)
def file_shape(vocabulary: Vocabulary, named: frozenset[str] | None = None) -> type[FileShape]:
    """Make the model of a deployment file under a vocabulary.

    Making the model of a service takes longer than reading a file: `named` are those that the file speaks of.
    """
    topology: dict[str, Any] = {option.name: _field(option) for option in vocabulary.topology}
    services: dict[str, Any] = {
        service.name: (_service(service) if named is None or service.name in named else Any, None)
        for service in vocabulary.services
    }
    topology_shape = create_model("Topology", __base__=Shape, **topology)
    services_shape = create_model("Services", __base__=Shape, **services)
    zone_shape = create_model(
        "Zone", __base__=ZoneShape, services=(services_shape, Field(default_factory=services_shape))
    )
    return create_model(
        "Deployment",
        __base__=FileShape,
        topology=(topology_shape, Field(default_factory=topology_shape)),
        services=(services_shape, Field(default_factory=services_shape)),
        zones=(dict[Name, zone_shape], Field(default_factory=dict)),
    )


def json_schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of a deployment file under a vocabulary, for editors."""
    schema = file_shape(vocabulary).model_json_schema(mode="validation")
    groups = {group.name: {"description": group.title} for group in vocabulary.groups}
    described = schema["properties"]["groups"]
    inner = described.get("additionalProperties", {})
    described["properties"] = {name: {**inner, **words} for name, words in groups.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "st-audit deployment, version 1",
        **{key: value for key, value in schema.items() if key != "title"},
    }
