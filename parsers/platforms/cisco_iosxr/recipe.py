"""Collecting from IOS XR: what is sent, what proves a capture whole, and what of it is secret.

Source: Cisco IOS XR System Management Command Reference, `show running-config`; `terminal length`, `terminal width`;
System Security Command Reference, `show user tasks`. An account sees only that of the configuration for which it may
read a task.
"""

from __future__ import annotations

from parsers.contract import Channel, Command, Recipe, Right
from parsers.platforms._cisco_acl.recipe import REFUSALS, ROUTER_SECRETS, proof

__all__ = ["BESIDE", "RECIPE", "SECRETS", "prove"]

CONFIGURATION = "running-config"
VERSION = "version"
BESIDE = frozenset({VERSION})
"""Documents of a capture that are no configuration."""

_TASKS = ("acl", "bgp", "bundle", "interface", "ipv4", "ipv6", "isis", "ospf", "static", "vlan")

RECIPE = Recipe(
    channel=Channel.SHELL,
    driver="cisco_xr",
    prompt=r"(?:RP/\d+/(?:RS?P)?\d+/CPU\d+:)?[\w./:()-]+#",
    privilege="#$",
    preparation=("terminal length 0", "terminal width 511"),
    commands=(
        Command(text="show running-config", name=CONFIGURATION),
        Command(text="show version", name=VERSION, optional=True, beside=True),
    ),
    rights=(
        Right(
            command="show user tasks",
            needed=tuple((f"the right to read {task}", rf"^Task: +{task} +:.*\bREAD\b") for task in _TASKS),
        ),
    ),
    sentinel="show {nonce}",
    pager="--More--",
    allowed=(
        "terminal length 0",
        "terminal width 511",
        "show user tasks",
        "show running-config",
        "show version",
        "show [0-9a-f]{12}",
    ),
    refusals=REFUSALS,
)
SECRETS = ROUTER_SECRETS
_DAYS = ("Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun ")
prove = proof(VERSION, ("Building configuration...", "!! IOS XR Configuration", "!! ", "!", *_DAYS))
"""`show running-config` ends in the line `end`, which stands nowhere else at the start of a line."""
