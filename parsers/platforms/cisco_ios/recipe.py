"""Collecting from IOS: what is sent, what proves a capture whole, and what of it is secret.

Source: Cisco IOS Configuration Fundamentals Command Reference, `show running-config`, `terminal length`, `enable`,
`show privilege`. Below level 15, and in a parser view, `show running-config` leaves out what the account may not see.
"""

from __future__ import annotations

from parsers.contract import Channel, Command, Recipe, Right
from parsers.platforms._cisco_acl.recipe import REFUSALS, ROUTER_SECRETS, proof

__all__ = ["RECIPE", "SECRETS", "VERSION", "prove"]

CONFIGURATION = "running-config"
VERSION = "version"

RECIPE = Recipe(
    channel=Channel.SHELL,
    driver="cisco_ios",
    prompt=r"[\w./:()-]+[>#]",
    enable=True,
    privilege="#$",
    preparation=("terminal length 0", "terminal width 511"),
    commands=(
        Command(text="show running-config", name=CONFIGURATION),
        Command(text="show version", name=VERSION, optional=True, beside=True),
    ),
    rights=(Right(command="show privilege", needed=(("privilege level 15", r"^Current privilege level is 15\b"),)),),
    sentinel="show {nonce}",
    pager="--More--",
    allowed=(
        "enable",
        "terminal length 0",
        "terminal width 511",
        "show privilege",
        "show running-config",
        "show version",
        "show [0-9a-f]{12}",
    ),
    refusals=REFUSALS,
)

SECRETS = ROUTER_SECRETS
prove = proof(
    VERSION, ("Building configuration...", "Current configuration", "version ", "! Last configuration change", "!")
)
"""`show running-config` ends in the line `end`, which stands nowhere else at the start of a line."""
