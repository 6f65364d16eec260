"""What proves a capture of the family whole: how each configuration begins and ends, and that its unit is settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import Completeness
from parsers.platforms._cisco_lina.ends import begins, ends
from parsers.platforms._cisco_lina.units import unsettled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parsers.model.capture import Document

__all__ = ["proof"]

_HINT = "collect it again, or name the file with --assume-complete if it is known to be whole"


def proof(configurations: Iterable[Document], pair: Iterable[Document], marks: tuple[str, str, str]) -> Completeness:
    """Tell whether each configuration begins with one of the device's marks and ends as it ends it.

    `pair` are the answers about failover: a unit that is being given its configuration has none to judge yet.
    """
    documents = list(configurations)
    if not documents:
        return Completeness(complete=False, reason="there is no running configuration in it", hint=_HINT)
    for document in documents:
        if not begins(document.text, marks):
            named = [f"`{mark.rstrip()}`" for mark in marks]
            reason = f"{document.name} does not begin with {', '.join(named[:-1])} or {named[-1]}"
            return Completeness(complete=False, reason=reason, hint=_HINT)
        if not ends(document.text):
            reason = f"{document.name} does not end in `Cryptochecksum:` and `: end`"
            return Completeness(complete=False, reason=reason, hint=_HINT)
    state = unsettled([document.text for document in pair])
    if state:
        reason = f"this unit is just being given its configuration by the other one (failover state {state})"
        return Completeness(complete=False, reason=reason, hint="collect it again once `show failover` has settled")
    return Completeness(complete=True)
