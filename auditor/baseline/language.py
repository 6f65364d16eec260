"""A baseline as values: its vocabulary (what a deployment may say) and its rows (what follows from it)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from auditor.baseline.conditions import Term
from auditor.baseline.rows import Requirement, Runs

__all__ = [
    "ANY_PEER", "INTERNAL", "INTERNET", "PROTECTED", "WORDS", "Balancer", "Baseline", "Case", "Contradiction",
    "Endpoint", "GroupTerm", "Inspection", "Note", "OptionKind", "OptionTerm", "PortTerm", "Ports", "Preset",
    "RegionTerm", "Role", "Row", "ServiceTerm", "SetUpQuestion", "Source", "Use", "Vocabulary",
]  # fmt: skip

INTERNET = "internet"
INTERNAL = "internal"
PROTECTED = "protected"
ANY_PEER = "any"
WORDS = frozenset({INTERNET, INTERNAL, PROTECTED, ANY_PEER})
"""Endpoints that every deployment has: the Internet, its internal networks, its protected hosts, any address."""

Ports = tuple[tuple[int, int], ...]
"""Closed port ranges, as written."""


class OptionKind(StrEnum):
    """What an option holds."""

    FLAG = "flag"
    CHOICE = "choice"
    PORTS = "ports"
    GROUPS = "groups"
    TRANSFERS = "transfers"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionTerm:
    """One option: its dotted path, type, and defaults (the first whose condition holds; none: not given).

    `any_word` lets a port list be `any`; `entry_ports` are the port keys of a transfer list's entries.
    """

    path: str
    kind: OptionKind
    title: str = ""
    choices: tuple[str, ...] = ()
    defaults: tuple[tuple[Term | None, bool | str | Ports | tuple[str, ...]], ...] = ()
    any_word: bool = False
    entry_ports: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Give the last part of the path."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTerm:
    """A group of hosts that rows name; `protected` hosts are those whose surplus is judged."""

    name: str
    title: str
    protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTerm:
    """A service that a site runs or not, with its options; `enabled` is always one of them."""

    name: str
    title: str
    options: tuple[OptionTerm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A name that stands for a group that depends on the topology: the first whose condition holds."""

    name: str
    cases: tuple[tuple[Term | None, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A shift of default ports: `add` to every port below `below` of the rows that name it."""

    name: str
    add: int
    below: int
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A combination of options that cannot be: which key to blame, why, and what to write instead."""

    when: Term
    key: str
    because: str
    write: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Balancer:
    """Between which groups a load balancer stands, when, and which rows it carries on."""

    front: str
    behind: str
    rows: tuple[str, ...]
    when: Term | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpQuestion:
    """One question of `st-audit init`: the key it fills, when it is asked, and what an answer switches on."""

    key: str
    ask: str
    comment: str = ""
    when: Term | None = None
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What a deployment may say under a baseline."""

    groups: tuple[GroupTerm, ...] = ()
    topology: tuple[OptionTerm, ...] = ()
    services: tuple[ServiceTerm, ...] = ()
    roles: tuple[Role, ...] = ()
    presets: tuple[Preset, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    balancer: Balancer | None = None
    questions: tuple[SetUpQuestion, ...] = ()

    @property
    def options(self) -> tuple[OptionTerm, ...]:
        """Give every option, the topology's first."""
        return self.topology + tuple(option for service in self.services for option in service.options)

    def role(self, name: str) -> Role | None:
        """Give a role by name, None where there is none."""
        return next((role for role in self.roles if role.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Who is at one end: groups, roles, words or literal addresses, which an option's or entry's groups replace.

    `option` is a path of kind groups, `entry` the key of a transfer's groups; `sides_of` adds, on a firewall, every
    address on the sides of these groups.
    """

    defaults: tuple[str, ...] = ()
    option: str = ""
    entry: str = ""
    sides_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PortTerm:
    """Ports by default, replaced by (first that is given) an option, an entry's list, or the site's list for the row.

    `same_as` takes another row's ports; `any_of` makes each range an alternative, `any_ranges` are the alternatives
    that the word `any` stands for; `presets` names the shifts that apply to the defaults.
    """

    default: Ports = ()
    option: str = ""
    entry: str = ""
    same_as: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()
    any_of: bool = False
    any_ranges: Ports = ()
    when: Term | None = None


class Use(StrEnum):
    """What a region of a row is for; `alternative` replaces the required ones, `allowed` only widens."""

    REQUIRED = "required"
    ALTERNATIVE = "alternative"
    ALLOWED = "allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionTerm:
    """One product of endpoints and ports of a row, there when its condition holds."""

    source: Endpoint
    destination: Endpoint
    ports: tuple[PortTerm, ...] = ()
    source_ports: PortTerm | None = None
    use: Use = Use.REQUIRED
    when: Term | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One possible requirement of a row; the first whose condition holds counts."""

    requirement: Requirement
    when: Term | None = None
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence that a report adds to a row when its condition holds."""

    text: str
    when: Term | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """When a row's connections are opened by a firewall's helper that reads the control row's."""

    when: Term
    control_row: str
    helper: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a row is written: for messages, not for meaning."""

    file: str
    line: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a baseline. `protocols` are IP protocol names; `icmp` types stand for ports where they are given.

    `cleartext` may depend on a condition. `printed` says what the vendor's table prints where we depart from it.
    """

    id: str
    title: str
    protocols: tuple[str, ...]
    cases: tuple[Case, ...]
    regions: tuple[RegionTerm, ...]
    for_each: str = ""
    icmp: tuple[int, ...] = ()
    cleartext: Term | bool = False
    administration: bool = False
    applications: tuple[tuple[str, frozenset[str]], ...] = ()
    opener: str = ""
    runs: Runs = Runs.BETWEEN
    meaning: str = ""
    printed: str = ""
    citation: str = ""
    oddities: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    inspection: Inspection | None = None
    source: Source = field(default=Source(file="", line=None), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """One or several baselines, merged: `parts` are their ids with the SHA-256 of their text, in order."""

    parts: tuple[tuple[str, str], ...]
    titles: tuple[str, ...]
    vocabulary: Vocabulary
    rows: tuple[Row, ...]

    def row(self, row_id: str) -> Row | None:
        """Give a row by id, None where there is none."""
        return next((row for row in self.rows if row.id == row_id), None)
