"""Collecting from NX-OS: what is sent, what proves a capture whole, and what of it is secret.

Source: Cisco Nexus NX-OS Fundamentals Configuration Guide, `show running-config`, filters `count` and `last`. A running
configuration of NX-OS has no last line of its own. It is whole where the number of its lines and its last line are
those that the switch counts itself.
"""

from __future__ import annotations

from parsers.contract import Channel, Command, Completeness, Recipe
from parsers.model.capture import Capture
from parsers.platforms._cisco_acl.recipe import HINT, REFUSALS, ROUTER_SECRETS

__all__ = ["BESIDE", "RECIPE", "SECRETS", "prove"]

CONFIGURATION = "running-config"
VERSION = "version"
COUNT = "line-count"
LAST = "last-line"
BESIDE = frozenset({VERSION, COUNT, LAST})
"""Documents of a capture that are no configuration."""
_SLACK = 3
"""The head of the output (command, time) is counted on some releases and not on others."""

RECIPE = Recipe(
    channel=Channel.SHELL,
    driver="cisco_nxos",
    prompt=r"[\w./:()-]+[>#]",
    privilege="#$",
    preparation=("terminal length 0", "terminal width 511"),
    commands=(
        Command(text="show running-config", name=CONFIGURATION),
        Command(text="show running-config | count", name=COUNT, beside=True),
        Command(text="show running-config | last 1", name=LAST, beside=True),
        Command(text="show version", name=VERSION, optional=True, beside=True),
    ),
    sentinel="show {nonce}",
    pager="--More--",
    allowed=(
        "terminal length 0",
        "terminal width 511",
        "show running-config",
        r"show running-config \| count",
        r"show running-config \| last 1",
        "show version",
        "show [0-9a-f]{12}",
    ),
    refusals=REFUSALS,
)
SECRETS = ROUTER_SECRETS


def prove(capture: Capture) -> Completeness:
    """Tell whether a configuration has as many lines, and the last line, that the switch itself counted."""
    named = {document.name: document for document in capture.documents}
    configurations = [document for document in capture.documents if document.name not in BESIDE]
    if len(configurations) != 1:
        return Completeness(complete=False, reason="there is not one running configuration in it", hint=HINT)
    lines = [line.rstrip() for line in configurations[0].lines()]
    while lines and not lines[-1]:
        lines.pop()
    count = named[COUNT].text.strip() if COUNT in named else ""
    last = named[LAST].text.rstrip() if LAST in named else ""
    if not count.isdecimal() or not last:
        reason = "NX-OS marks no end of a configuration, and the switch's own count of its lines is not in the capture"
        return Completeness(complete=False, reason=reason, hint=HINT)
    total = len(configurations[0].lines())
    if abs(int(count) - total) > _SLACK or not lines or lines[-1] != last.splitlines()[-1].rstrip():
        reason = f"{configurations[0].name} has {total} lines, the switch counts {count}, or another last line"
        return Completeness(complete=False, reason=reason, hint=HINT, changed=True)
    return Completeness(complete=True)
