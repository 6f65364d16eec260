"""ciscoconfparse2, imported when it is first used, without what only its import would pay for.

Half of a second goes into its import, nearly all of it into typeguard: every method is read from its source, rewritten
so that it checks the types of what is passed to it, and compiled anew. We pass the types that it asks for, which mypy
checks; so it gets its methods as they are written.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ciscoconfparse2 import CiscoConfParse

__all__ = ["conf_parse"]

_PACKAGE: Final = "ciscoconfparse2"
_CHECKS: Final = "typeguard"
_IMPORTING: Final = threading.Lock()


def conf_parse() -> Callable[..., CiscoConfParse]:
    """Give the class that parses; its log, which goes to stderr, is switched off."""
    from loguru import logger

    logger.disable(_PACKAGE)
    with _IMPORTING, contextlib.nullcontext() if _PACKAGE in sys.modules else _as_written():
        from ciscoconfparse2 import CiscoConfParse

    parser: Callable[..., CiscoConfParse] = CiscoConfParse
    return parser


@contextlib.contextmanager
def _as_written() -> Iterator[None]:
    """Stand in for typeguard: what is marked to be checked is left as it is."""
    before = sys.modules.get(_CHECKS)
    ours = ModuleType(_CHECKS)

    def other(name: str) -> object:
        """Take whatever else is asked for from typeguard itself."""
        if name.startswith("__"):
            raise AttributeError(name)
        del sys.modules[_CHECKS]
        try:
            return getattr(importlib.import_module(_CHECKS), name)
        finally:
            sys.modules[_CHECKS] = ours

    ours.__dict__.update(typechecked=_unchecked, __getattr__=other)
    sys.modules[_CHECKS] = ours
    try:
        yield
    finally:
        if before is not None:
            sys.modules[_CHECKS] = before
        else:
            del sys.modules[_CHECKS]


def _unchecked(target: object = None, **_: object) -> object:
    return _unchecked if target is None else target
