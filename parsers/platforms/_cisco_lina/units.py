"""Which unit of a failover pair a device is, and whether it is in step with the other.

Source: Cisco ASA Series Command Reference, `show failover`: Active/Standby, Active/Active by groups, a context's own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parsers.model.firewall import Assumption, HaRole

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FAILOVER", "role", "standby", "unsettled"]

FAILOVER = "failover"
"""The document that holds `show failover`."""

_OFF = re.compile(r"^Failover Off\b", re.MULTILINE)
_OWN = re.compile(
    r"^\s*This (?:host|context):(?P<own>.*?)(?=^\s*(?:Other host|Peer context):|\Z)", re.MULTILINE | re.DOTALL
)
_STATE = re.compile(r"\A\s*(?:(?:Primary|Secondary)\b[ \t]*)?(?:-[ \t]*)?(?P<state>[^\n]*)")
_GROUP = re.compile(r"^\s*Group \d+\s+State:\s*(?P<state>[^\n]*)", re.MULTILINE)
_UNSETTLED = re.compile(r"Sync|Negotiation|Applying|Drain|Just Active", re.IGNORECASE)


def role(texts: Sequence[str], configured: HaRole) -> HaRole:
    """Give the unit's part in the pair: `configured` where the device was not asked or does not say."""
    if any(_OFF.search(text) for text in texts):
        return HaRole.NONE
    states = _states(texts)
    if states and all(state.startswith("Active") for state in states):
        return HaRole.ACTIVE
    if states and all("Standby" in state for state in states):
        return HaRole.STANDBY
    return HaRole.UNKNOWN if states else configured


def standby(texts: Sequence[str]) -> tuple[Assumption, ...]:
    """Say of a unit that does not pass traffic for all of its contexts what its configuration stands for."""
    states = [state for state in _states(texts) if not state.startswith("Active")]
    if not states or any(_OFF.search(text) for text in texts):
        return ()
    what = "what this unit of a failover pair would enforce is what was judged: it does not pass this traffic now"
    return (Assumption(text=what, why=f"show failover: this host is in the state {', '.join(dict.fromkeys(states))}"),)


def unsettled(texts: Sequence[str]) -> str:
    """Give the state of a unit whose configuration is just being replaced by the other's; empty otherwise."""
    return next((state for state in _states(texts) if _UNSETTLED.search(state)), "")


def _states(texts: Sequence[str]) -> list[str]:
    """Give the states of this host: its own, or one of each failover group."""
    found: list[str] = []
    for text in texts:
        own = _OWN.search(text)
        if own is None:
            continue
        groups = [match["state"].strip() for match in _GROUP.finditer(own["own"])]
        state = _STATE.match(own["own"])
        found += groups or ([state["state"].strip()] if state is not None and state["state"].strip() else [])
    return found
