"""How a running configuration begins and ends: what is in between is not looked at, however much it is."""

from __future__ import annotations

import re

__all__ = ["begins", "ends"]

_ANY = re.compile(r"\S")
_LONGEST = 64
"""Nobody begins with a longer mark."""
_CHECKSUM = "Cryptochecksum:"
_END = re.compile(rf"^{_CHECKSUM}[0-9a-f]{{32}}\s*\n: end\s*\Z", re.MULTILINE)


def begins(text: str, marks: tuple[str, ...]) -> bool:
    """Tell whether the first line that is not blank begins with one of some marks."""
    found = _ANY.search(text)
    if found is None:
        return False
    lines = text[: found.start() + _LONGEST].splitlines()
    return next(line for line in lines if line.strip()).startswith(marks)


def ends(text: str) -> bool:
    """Tell whether a text ends as the device ends it: in its checksum and the line `: end`."""
    last = text.rfind(_CHECKSUM)
    return last >= 0 and _END.match(text, last) is not None
