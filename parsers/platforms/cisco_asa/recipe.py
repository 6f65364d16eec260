"""Collecting from an ASA: what is sent, and what proves a capture whole.

Source: Cisco ASA Series Command Reference, `show running-config` (it masks keys; `more system:running-config`, which
does not, is never sent), `terminal pager`, `enable`, `changeto`, `show failover`, `show access-list`. `changeto` is a
move of the session, as `cd` is one of a shell's: it is in privileged mode, not in configuration mode, and writes
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import Channel, Command, Completeness, Contexts, Recipe
from parsers.platforms._cisco_lina.proof import proof
from parsers.platforms._cisco_lina.units import FAILOVER

if TYPE_CHECKING:
    from parsers.model.capture import Capture, Document

__all__ = ["ACCESS_LISTS", "CONFIGURATION", "RECIPE", "VERSION", "is_beside", "prove"]

CONFIGURATION = "running-config"
VERSION = "version"
ACCESS_LISTS = "access-list"
"""The access lists with their hit counts: evidence of use. Each context has its own."""
_BESIDE = frozenset({VERSION, FAILOVER, ACCESS_LISTS})

RECIPE = Recipe(
    channel=Channel.SHELL,
    driver="cisco_asa",
    prompt=r"[\w./-]+[>#]",
    enable=True,
    privilege="#$",
    preparation=("terminal pager 0",),
    commands=(
        Command(text="show running-config", name=CONFIGURATION),
        Command(text="show version", name=VERSION, optional=True, beside=True, once=True),
        Command(text="show failover", name=FAILOVER, optional=True, beside=True, once=True),
        Command(text="show access-list", name=ACCESS_LISTS, optional=True, beside=True),
    ),
    contexts=Contexts(
        inside=r"^ASA Version \S+ <context>",
        outside=r"^ASA Version \S+ <system>",
        own=r"/(?P<name>[\w.-]+)[>#]$",
        leave="changeto system",
        names=r"^context (?P<name>[\w.-]+)\s*$",
        enter="changeto context {name}",
    ),
    sentinel="show {nonce}",
    pager="<--- More --->",
    allowed=(
        "show curpriv",
        "enable",
        "terminal pager 0",
        "show running-config",
        "show version",
        "show failover",
        "show access-list",
        "changeto system",
        r"changeto context [\w.-]{1,32}",
        "show [0-9a-f]{12}",
    ),
    refusals=("ERROR: ", "% Invalid input", "Command authorization failed"),
)

_STARTS = (": Saved", ": Serial Number", "ASA Version ")


def is_beside(document: Document) -> bool:
    """Tell whether a document of a capture is no configuration."""
    return document.name.partition("/")[0] in _BESIDE


def prove(capture: Capture) -> Completeness:
    """Tell whether each configuration of a capture begins and ends as the device begins and ends it."""
    configurations = [document for document in capture.documents if not is_beside(document)]
    pair = [document for document in capture.documents if document.name == FAILOVER]
    return proof(configurations, pair, _STARTS)
