"""Collecting from Threat Defense: what is sent, and what proves a capture whole.

Source: Cisco Secure Firewall Threat Defense Command Reference, `show running-config` (keys are masked as on an ASA),
`show failover`. Its command line has no way to turn the pager off for a session, so the pager is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import Channel, Command, Completeness, Recipe
from parsers.platforms._cisco_lina.proof import proof
from parsers.platforms._cisco_lina.units import FAILOVER

if TYPE_CHECKING:
    from parsers.model.capture import Capture

__all__ = ["BESIDE", "RECIPE", "VERSION", "prove"]

CONFIGURATION = "running-config"
VERSION = "version"
BESIDE = frozenset({VERSION, FAILOVER})
"""Documents of a capture that are no configuration."""

RECIPE = Recipe(
    channel=Channel.SHELL,
    driver="cisco_ftd",
    prompt=r"(?:[\w./-]+)?[>#]",
    privilege="[>#]$",
    commands=(
        Command(text="show running-config", name=CONFIGURATION),
        Command(text="show version", name=VERSION, optional=True, beside=True),
        Command(text="show failover", name=FAILOVER, optional=True, beside=True),
    ),
    sentinel="show {nonce}",
    pager="<--- More --->",
    pager_answer=" ",
    pager_erase=r"\r {14}\r",
    allowed=("show running-config", "show version", "show failover", "show [0-9a-f]{12}"),
    refusals=("ERROR: ", "% ?Invalid", "Syntax error", "Command authorization failed", "You do not have permission"),
)

_STARTS = (": Saved", ": Serial Number", "NGFW Version ")


def prove(capture: Capture) -> Completeness:
    """Tell whether each configuration of a capture begins and ends as the device begins and ends it."""
    configurations = [document for document in capture.documents if document.name not in BESIDE]
    pair = [document for document in capture.documents if document.name == FAILOVER]
    return proof(configurations, pair, _STARTS)
