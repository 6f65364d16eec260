"""Which unit of a failover pair `show failover` says it is."""

from __future__ import annotations

import pytest

from parsers.model.firewall import HaRole
from parsers.platforms._cisco_lina.units import role, standby, unsettled

PAIR = """\
Failover On
Failover unit Primary
Failover LAN Interface: folink GigabitEthernet1/8 (up)
Last Failover at: 03:05:15 UTC Nov 1 2026
{}
"""
GROUPS = """\
  This host:    Primary
  Group 1       State:          Active
                Active time:    2896 (sec)
  Group 2       State:          {}
  Other host:   Secondary
  Group 1       State:          Standby Ready
"""


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("  This host: Primary - Active\n  Other host: Secondary - Standby Ready", HaRole.ACTIVE),
        ("  This host: Secondary - Standby Ready\n  Other host: Primary - Active", HaRole.STANDBY),
        ("  This host: Primary - Failed\n  Other host: Secondary - Active", HaRole.UNKNOWN),
        ("  This context: Active\n    Active time: 1 (sec)\n  Peer context: Standby Ready", HaRole.ACTIVE),
        (GROUPS.format("Active"), HaRole.ACTIVE),
        (GROUPS.format("Standby Ready"), HaRole.UNKNOWN),
    ],
)
def test_the_role_is_this_units_own(said: str, expected: HaRole) -> None:
    """The other unit's state is not taken for it, and neither is one group's for all."""
    assert role([PAIR.format(said)], HaRole.UNKNOWN) is expected
    assert bool(standby([PAIR.format(said)])) is (expected is not HaRole.ACTIVE)


def test_a_device_without_a_pair_has_no_role() -> None:
    """Failover that is off says so, whatever is configured; a device that was not asked is as it is configured."""
    assert role(["Failover Off (pseudo-Standby)\nFailover unit Primary\n"], HaRole.UNKNOWN) is HaRole.NONE
    assert role([], HaRole.UNKNOWN) is HaRole.UNKNOWN
    assert role(["ERROR: Command authorization failed"], HaRole.NONE) is HaRole.NONE
    assert standby(["Failover Off\n  This host: Primary - Disabled"]) == ()


@pytest.mark.parametrize("state", ["Sync Config", "Bulk Sync", "Negotiation", "Active Applying Config"])
def test_a_unit_that_is_being_synchronised_is_unsettled(state: str) -> None:
    """Such a unit shows a configuration that is neither its own nor the other's."""
    assert unsettled([PAIR.format(f"  This host: Secondary - {state}\n  Other host: Primary - Active")]) == state
    assert unsettled([PAIR.format("  This host: Primary - Active\n  Other host: Secondary - Bulk Sync")]) == ""
