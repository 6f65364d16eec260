"""Collecting from an ASA: what is sent, and what proves a capture whole.

Source: Cisco ASA Series Command Reference, `show running-config` (it masks keys; `more system:running-config`, which
does not, is never sent), `terminal pager`, `enable`, `changeto`, `show failover`, `show access-list`. `changeto` is a
move of the session, as `cd` is one of a shell's: it is in privileged mode, not in configuration mode, and writes
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import Channel, Command, Completeness, Contexts, Recipe
from parsers.platforms._cisco_lina.ends import begins, ends
from parsers.platforms._cisco_lina.units import FAILOVER, unsettled

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

_HINT = "collect it again, or name the file with --assume-complete if it is known to be whole"
_STARTS = (": Saved", ": Serial Number", "ASA Version ")


def is_beside(document: Document) -> bool:
    """Tell whether a document of a capture is no configuration."""
    return document.name.partition("/")[0] in _BESIDE


def prove(capture: Capture) -> Completeness:
    """Tell whether each configuration of a capture begins and ends as the device begins and ends it."""
    documents = [document for document in capture.documents if not is_beside(document)]
    if not documents:
        return Completeness(complete=False, reason="there is no running configuration in it", hint=_HINT)
    for document in documents:
        if not begins(document.text, _STARTS):
            reason = f"{document.name} does not begin with `: Saved`, `: Serial Number` or `ASA Version`"
            return Completeness(complete=False, reason=reason, hint=_HINT)
        if not ends(document.text):
            reason = f"{document.name} does not end in `Cryptochecksum:` and `: end`"
            return Completeness(complete=False, reason=reason, hint=_HINT)
    state = unsettled([document.text for document in capture.documents if document.name == FAILOVER])
    if state:
        reason = f"this unit is just being given its configuration by the other one (failover state {state})"
        return Completeness(complete=False, reason=reason, hint="collect it again once `show failover` has settled")
    return Completeness(complete=True)
