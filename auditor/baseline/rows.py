"""Rows as one deployment gives them: what must be permitted, what may be, and what must stay shut."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from parsers.model.addresses import ANY4, ANY6, AddressSet
from parsers.model.conditions import ConditionKind, Facts
from parsers.model.services import ServiceSet

__all__ = ["Region", "Requirement", "ResolvedRow", "Runs"]


class Requirement(StrEnum):
    """What a row asks of a firewall; `allowed` is never missing and never surplus."""

    REQUIRED = "required"
    ALLOWED = "allowed"
    OFF = "off"
    FORBIDDEN = "forbidden"


class Runs(StrEnum):
    """Which way a row's connections run through several firewalls in a row."""

    INWARDS = "inwards"
    OUTWARDS = "outwards"
    BETWEEN = "between"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A product of sources, destinations and services, in the hosts' own addresses.

    `names` holds the FQDNs that source or destination is limited to (`fqdn:name` members of a group): the addresses are
    then those that the names may stand for, and only a rule that names them is meant.
    """

    source: AddressSet
    destination: AddressSet
    services: ServiceSet
    names: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Tell whether any packet is in the region; none mixes IPv4 and IPv6."""
        return bool(self.services) and any(
            self.source & family and self.destination & family for family in (ANY4, ANY6)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedRow:
    """One row id of the baseline for one deployment, before it is cut to a firewall's sides.

    `required` must surely be permitted as a whole and is empty unless the requirement is `required`; where
    `alternatives` is not empty, any one of them suffices in its place (`required` is then the first). `allowed`
    contains every required region, but for a row opened by inspection whose ports nobody states. `off` is what the row
    would open if it were on, as far as its ports are known, or the prohibited traffic of a `forbidden` row; a row that
    is on in one network zone and off in another has both.
    `undecided` names the options that the requirement hangs on and that the deployment leaves open. A row that is
    `opened_by_inspection` is present when `control_row` is and the firewall's `helper` (ftp) surely applies to it.
    """

    id: str
    title: str
    requirement: Requirement
    because: str
    source: str
    destination: str
    protocol: str
    ports: str
    required: tuple[Region, ...] = ()
    alternatives: tuple[tuple[Region, ...], ...] = ()
    allowed: tuple[Region, ...] = ()
    off: tuple[Region, ...] = ()
    cleartext: bool = False
    administration: bool = False
    facts: tuple[tuple[str, frozenset[str]], ...] = ()
    citation: str = ""
    oddities: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    opened_by_inspection: bool = False
    undecided: tuple[str, ...] = ()
    opener: str = ""
    runs: Runs = Runs.BETWEEN
    leg_of: str = ""
    control_row: str = ""
    helper: str = ""

    def facts_on(self, platform: str) -> Facts:
        """Give the conditions that hold for this row's traffic on a platform: the applications it is."""
        found = frozenset(name for owner, names in self.facts if owner in {platform, "*"} for name in names)
        return {ConditionKind.APPLICATION: found} if found else {}
