"""Which platforms there are: a platform's id is the name of its module, found without importing it.

A family of platforms is a package whose name begins with an underscore. It may have a module `recognition` whose
MEMBERS are their ids and whose `recognised` gives those that recognise a capture: then none of them is imported to be
asked.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from parsers import platforms
from parsers.contract import Platform
from parsers.errors import DetectionError

if TYPE_CHECKING:
    from parsers.model.capture import Capture

__all__ = ["detect", "ids", "platform"]


def ids() -> tuple[str, ...]:
    """Give every platform's id, sorted; modules whose name begins with an underscore are no platforms."""
    return tuple(sorted(item.name for item in iter_modules(platforms.__path__) if not item.name.startswith("_")))


def platform(name: str) -> Platform:
    """Give the platform of an id, importing its one module; raises DetectionError for an id that there is not."""
    if name not in ids():
        near = get_close_matches(name.lower().replace("-", "_"), ids(), n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(ids())}"
        raise DetectionError(f"there is no platform {name!r}", candidates=ids(), hint=hint)
    found = import_module(f"{platforms.__name__}.{name}").PLATFORM
    if not isinstance(found, Platform) or found.id != name:
        raise TypeError(f"PLATFORM of {platforms.__name__}.{name} is not the platform {name!r}: {found!r}")
    return found


def detect(capture: Capture) -> Platform:
    """Give the one platform that recognises a capture, or that the capture itself names.

    Raises DetectionError where none does, or several do.
    """
    if capture.platform is not None:
        return platform(capture.platform)
    found = _recognising(capture)
    if len(found) == 1:
        return platform(found[0])
    name = capture.documents[0].name if capture.documents else "an empty capture"
    if not found:
        raise DetectionError(
            f"no platform recognises {name}",
            candidates=ids(),
            hint=f"name one of {', '.join(ids())}, and check that the file is the device's whole configuration",
        )
    candidates = tuple(found)
    raise DetectionError(
        f"{name} could be {' or '.join(candidates)}", candidates=candidates, hint="name the platform that it is"
    )


def _recognising(capture: Capture) -> list[str]:
    """Give the ids of the platforms that recognise a capture."""
    if not capture.documents:
        return []
    members: set[str] = set()
    found: set[str] = set()
    for item in iter_modules(platforms.__path__):
        name = f"{platforms.__name__}.{item.name}.recognition"
        if item.ispkg and item.name.startswith("_") and find_spec(name) is not None:
            family = import_module(name)
            members |= family.MEMBERS
            found |= family.recognised(capture)
    return [name for name in ids() if (name in found if name in members else platform(name).recognises(capture))]
