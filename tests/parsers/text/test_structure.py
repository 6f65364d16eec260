"""ciscoconfparse2 as it is imported: no slower than it must be, and nobody else notices."""

from __future__ import annotations

import subprocess
import sys

ALONE = """
import inspect, sys
{before}
from parsers.text.structure import conf_parse
parsed = conf_parse()(["interface x", " nameif a"], syntax="asa")
assert [item.parent.linenum for item in parsed.objs] == [0, 0]
checks = "typeguard" in sys.modules
import ciscoconfparse2, typeguard
assert conf_parse() is ciscoconfparse2.CiscoConfParse
print(typeguard.__file__ is not None, typeguard.typechecked.__module__.startswith("typeguard"))
method = inspect.unwrap(ciscoconfparse2.CiscoConfParse.find_objects)
rewritten = "check_argument_types_internal" in method.__code__.co_names
print("rewritten" if rewritten else "as written", checks, file=sys.stderr)
"""


def _alone(before: str) -> tuple[str, str]:
    """Run a program in a process of its own and give what it said."""
    run = subprocess.run(
        [sys.executable, "-c", ALONE.format(before=before)], capture_output=True, text=True, check=True, timeout=60
    )
    return run.stdout.strip(), run.stderr.strip()


def test_it_is_imported_as_it_is_written_and_typeguard_stays_what_it_was() -> None:
    """Its methods are not rewritten, and whoever imports typeguard afterwards gets typeguard."""
    assert _alone("") == ("True True", "as written False")


def test_whoever_has_typeguard_keeps_it() -> None:
    """Typeguard that was imported before is the same module afterwards."""
    before = "import typeguard as kept, atexit; atexit.register(lambda: print(kept is sys.modules['typeguard']))"
    assert _alone(before) == ("True True\nTrue", "as written True")


def test_what_else_it_may_want_of_typeguard_is_there() -> None:
    """Another release may import other names of typeguard, which are then typeguard's own."""
    before = """
import builtins
known = builtins.__import__
def asking(name, *args, **kwargs):
    if name == "ciscoconfparse2" and "ciscoconfparse2" not in sys.modules:
        from typeguard import TypeCheckError, typechecked
        assert issubclass(TypeCheckError, Exception) and typechecked(len) is len and typechecked(x=1)(len) is len
    return known(name, *args, **kwargs)
builtins.__import__ = asking
"""
    assert _alone(before) == ("True True", "as written False")


def test_whoever_has_it_keeps_it() -> None:
    """Where somebody imported it before, that one is used; neither writes a log to stderr."""
    assert _alone("import ciscoconfparse2") == ("True True", "rewritten True")
