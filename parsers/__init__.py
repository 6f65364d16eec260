"""Firewall configurations into one common rule model: pure parsers, useful alone.

`parse("cisco_asa", capture)` gives what a configuration means; `detect(capture)` says which platform it is of. Every
name in `__all__` is imported when it is first used, so that `import parsers` stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parsers.contract import LineState, Parsed, Platform, Remark, RemarkKind
    from parsers.errors import DetectionError, NotationError, ParserError, UnsupportedError
    from parsers.model.addresses import AddressSet
    from parsers.model.capture import Capture, Document, Span
    from parsers.model.conditions import Bounds, Condition, ConditionKind
    from parsers.model.firewall import (
        Assumption,
        Bypass,
        Device,
        Firewall,
        Helper,
        Interface,
        ManagementNote,
        NamedObject,
        Route,
    )
    from parsers.model.interpreter import Judgement, Verdict, judge, judge_reply
    from parsers.model.json import to_json
    from parsers.model.lookup import judge_many
    from parsers.model.notation import read, render
    from parsers.model.packets import Packet
    from parsers.model.rules import (
        Call,
        Chain,
        Deny,
        Goto,
        Mark,
        Match,
        Permit,
        Return,
        Rewrite,
        Rule,
        Rules,
        Side,
        Stage,
        State,
        Traffic,
        View,
    )
    from parsers.model.services import Service, ServiceSet
    from parsers.registry import ids

__all__ = [
    "AddressSet", "Assumption", "Bounds", "Bypass", "Call", "Capture", "Chain", "Condition", "ConditionKind", "Deny",
    "DetectionError", "Device", "Document", "Firewall", "Goto", "Helper", "Interface", "Judgement", "LineState",
    "ManagementNote", "Mark", "Match", "NamedObject", "NotationError", "Packet", "Parsed", "ParserError", "Permit",
    "Platform", "Remark", "RemarkKind", "Return", "Rewrite", "Route", "Rule", "Rules", "Service", "ServiceSet", "Side",
    "Span", "Stage", "State", "Traffic", "UnsupportedError", "Verdict", "View", "detect", "ids", "judge", "judge_many",
    "judge_reply", "parse", "read", "render", "to_json",
]  # fmt: skip

_HOMES = {
    "contract": "LineState Parsed Platform Remark RemarkKind",
    "errors": "DetectionError NotationError ParserError UnsupportedError",
    "model.addresses": "AddressSet",
    "model.capture": "Capture Document Span",
    "model.conditions": "Bounds Condition ConditionKind",
    "model.firewall": "Assumption Bypass Device Firewall Helper Interface ManagementNote NamedObject Route",
    "model.interpreter": "Judgement Verdict judge judge_reply",
    "model.json": "to_json",
    "model.lookup": "judge_many",
    "model.notation": "read render",
    "model.packets": "Packet",
    "model.rules": "Call Chain Deny Goto Mark Match Permit Return Rewrite Rule Rules Side Stage State Traffic View",
    "model.services": "Service ServiceSet",
    "registry": "ids",
}
_HOME = {name: f"{__name__}.{module}" for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """Import a public name from the module that defines it."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    """List what there is without importing it."""
    return sorted({*globals(), *__all__})


def parse(platform: str, capture: Capture) -> Parsed:
    """Give the meaning of a capture of a platform (`cisco_asa`); raises ParserError."""
    from parsers.registry import platform as find

    return find(platform).parse(capture)


def detect(capture: Capture) -> Platform:
    """Give the platform that recognises a capture; raises DetectionError where none does, or several do."""
    from parsers.registry import detect as find

    return find(capture)
