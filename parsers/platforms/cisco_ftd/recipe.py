"""Collecting from Threat Defense: what is sent, and what proves a capture whole.

Source: Cisco Secure Firewall Threat Defense Command Reference, `show running-config` (keys are masked as on an ASA),
`show failover`. Its command line has no way to turn the pager off for a session, so the pager is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import Channel, Command, Completeness, Recipe
from parsers.platforms._cisco_lina.ends import begins, ends
from parsers.platforms._cisco_lina.units import FAILOVER, unsettled

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

_HINT = "collect it again, or name the file with --assume-complete if it is known to be whole"
_STARTS = (": Saved", ": Serial Number", "NGFW Version ")


def prove(capture: Capture) -> Completeness:
    """Tell whether each configuration of a capture begins and ends as the device begins and ends it."""
    documents = [document for document in capture.documents if document.name not in BESIDE]
    if not documents:
        return Completeness(complete=False, reason="there is no running configuration in it", hint=_HINT)
    for document in documents:
        if not begins(document.text, _STARTS):
            reason = f"{document.name} does not begin with `: Saved`, `: Serial Number` or `NGFW Version`"
            return Completeness(complete=False, reason=reason, hint=_HINT)
        if not ends(document.text):
            reason = f"{document.name} does not end in `Cryptochecksum:` and `: end`"
            return Completeness(complete=False, reason=reason, hint=_HINT)
    state = unsettled([document.text for document in capture.documents if document.name == FAILOVER])
    if state:
        reason = f"this unit is just being given its configuration by the other one (failover state {state})"
        return Completeness(complete=False, reason=reason, hint="collect it again once `show failover` has settled")
    return Completeness(complete=True)
