"""What a baseline file may hold: the shapes that pydantic checks, before `build` gives them meaning."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema

from auditor.baseline.fields import Flag, Name, Names, PortList, RowId, RowIds, Shape, Text, Texts, Version, choice
from auditor.baseline.fields import refuse as _refuse

__all__ = ["FileShape", "OptionShape", "RegionShape", "RowShape", "VocabularyShape"]

Condition = Annotated[
    Any, WithJsonSchema({"description": "option path: word, or all/any: [conditions], not: condition, is: its name"})
]
Anything = Annotated[Any, WithJsonSchema({})]


def _types(value: Any) -> tuple[int, ...]:
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, int) and not isinstance(item, bool) and 0 <= item <= 255 for item in items):
        raise _refuse("ICMP types are numbers from 0 to 255", "write icmp: [3, 11]")
    return tuple(items)


IcmpTypes = Annotated[
    tuple[int, ...], PlainValidator(_types), WithJsonSchema({"type": "array", "items": {"type": "integer"}})
]


class GroupShape(Shape):
    """A group of the vocabulary."""

    title: Text
    protected: Flag = False


class OptionShape(Shape):
    """An option: its type and its default, or `defaults` by condition."""

    type: choice(["flag", "choice", "ports", "groups", "transfers"])  # type: ignore[valid-type]
    title: str = ""
    choices: Texts = ()
    default: Anything = None
    defaults: list[dict[str, Any]] = Field(default_factory=list)
    any: Flag = False
    entry_ports: Names = ()


class ServiceShape(Shape):
    """A service with its options; `enabled` needs no mention."""

    title: Text
    options: dict[Name, OptionShape] = Field(default_factory=dict)


class RoleCaseShape(Shape):
    """One case of a role."""

    group: Name
    when: Condition = None


class PresetShape(Shape):
    """A shift of default ports."""

    title: str = ""
    add: int
    below: int


class ContradictionShape(Shape):
    """Options that cannot go together."""

    when: Condition
    key: Text
    because: Text
    write: Text


class BalancerShape(Shape):
    """Where a load balancer stands."""

    front: Name
    behind: Name
    rows: RowIds
    when: Condition = None


class QuestionShape(Shape):
    """One question of `st-audit init`."""

    key: Text
    ask: Text
    comment: str = ""
    example: str = ""
    when: Condition = None


class VocabularyShape(Shape):
    """What a deployment may say."""

    conditions: dict[Name, Condition] = Field(default_factory=dict)
    groups: dict[Name, GroupShape] = Field(default_factory=dict)
    topology: dict[Name, OptionShape] = Field(default_factory=dict)
    services: dict[Name, ServiceShape] = Field(default_factory=dict)
    roles: dict[Name, list[RoleCaseShape]] = Field(default_factory=dict)
    presets: dict[Name, PresetShape] = Field(default_factory=dict)
    contradictions: list[ContradictionShape] = Field(default_factory=list)
    balancer: BalancerShape | None = None
    questions: list[QuestionShape] = Field(default_factory=list)


class EndpointShape(Shape):
    """Who is at one end of a row."""

    default: Texts = ()
    option: str = ""
    entry: str = ""
    sides_of: Names = ()


class PortShape(Shape):
    """Which ports a row uses."""

    default: PortList = ()
    option: str = ""
    entry: str = ""
    same_as: RowIds = ()
    presets: Names = ()
    any_of: Flag = False
    any: PortList = ()
    when: Condition = None


class RegionShape(Shape):
    """One part of a row; what it leaves out is the row's own."""

    use: choice(["required", "alternative", "allowed"]) = "required"  # type: ignore[valid-type]
    when: Condition = None
    source: Anything = None
    destination: Anything = None
    ports: Anything = None
    source_ports: Anything = None


class CaseShape(Shape):
    """One possible requirement of a row."""

    requirement: choice(["required", "allowed", "off", "forbidden"]) = Field(alias="is")  # type: ignore[valid-type]
    when: Condition = None
    because: str = ""


class NoteShape(Shape):
    """A sentence for the report."""

    text: Text
    when: Condition = None


class InspectionShape(Shape):
    """When a firewall's helper opens the row."""

    when: Condition
    control_row: RowId
    helper: Name


class RowShape(Shape):
    """One row."""

    id: RowId
    title: Text
    source: Anything = None
    destination: Anything = None
    protocol: choice(["tcp", "udp", "tcp/udp", "icmp", "icmp6", "esp", "ah", "gre", "any"]) = "tcp"  # type: ignore[valid-type]
    ports: Anything = None
    source_ports: Anything = None
    icmp: IcmpTypes = ()
    when: Condition = None
    cases: list[CaseShape] = Field(default_factory=list)
    regions: list[RegionShape] = Field(default_factory=list)
    for_each: str = ""
    cleartext: Condition = False
    administration: Flag = False
    applications: dict[str, Texts] = Field(default_factory=dict)
    opener: str = ""
    runs: choice(["inwards", "outwards", "between"]) = "between"  # type: ignore[valid-type]
    meaning: str = ""
    printed: str = ""
    rule: RowId = ""
    citation: str = ""
    oddities: Texts = ()
    notes: list[NoteShape] = Field(default_factory=list)
    inspection: InspectionShape | None = None


class FileShape(Shape):
    """One file of a baseline: the vocabulary, the rows of one page, or both."""

    version: Version
    id: str = ""
    title: str = ""
    page: str = ""
    citation: str = ""
    vocabulary: VocabularyShape | None = None
    rows: list[RowShape] = Field(default_factory=list)
