"""A bundle put to the test: its files are what they were, and the same report comes out of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from auditor.errors import UsageError
from auditor.export.bundle.archive import damage, unpack
from auditor.export.bundle.contents import REPORT, evidence_of
from auditor.export.bundle.replay import replay
from auditor.export.json import render
from auditor.export.json_reader import fail_on, loads
from auditor.export.options import RenderOptions
from auditor.report.status import FailOn
from auditor.report.values import Report
from auditor.version import VERSION

__all__ = ["Difference", "Verified", "differences", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place of the report where the replay says something else; None where a side has nothing there."""

    place: str
    stored: str | None
    replayed: str | None

    def __str__(self) -> str:
        """Give it in a line."""
        return f"{self.place} was {self.stored or 'nothing'}, is {self.replayed or 'nothing'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a verification found: `sha256` is the bundle's own, `written_by` the version that wrote it."""

    sha256: str
    written_by: str
    version: str
    damage: tuple[str, ...]
    not_replayed: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Tell whether the files are unharmed and the report came out the same, to the byte."""
        return not self.damage and not self.differences


def verify(content: bytes, file: str = "") -> Verified:
    """Verify a bundle; raises UsageError for what is none, and whatever an audit raises.

    One whose files are harmed so that nothing can be audited again is not the same, which is all that can be told.
    """
    manifest, files = unpack(content, file, harmed=True)
    if REPORT not in files:
        raise UsageError(f"the bundle holds no {REPORT}", file=file or None, hint="name a bundle that is whole")
    harm = tuple(damage(manifest, files))
    try:
        return _replayed(content, manifest, files, harm, file)
    except UsageError:
        if not harm:
            raise
    return Verified(
        sha256=hashlib.sha256(content).hexdigest(),
        written_by="",
        version=VERSION,
        damage=(*harm, "nothing can be audited again"),
        not_replayed=(),
        differences=(),
    )


def _replayed(
    content: bytes, manifest: dict[str, Any], files: dict[str, bytes], harm: tuple[str, ...], file: str
) -> Verified:
    text = files[REPORT].decode("utf-8", "backslashreplace")
    stored = loads(text, f"{file}/{REPORT}")
    evidence = evidence_of(manifest, files, file)
    again = render(replay(evidence, stored), RenderOptions(fail_on=fail_on(text)))
    return Verified(
        sha256=hashlib.sha256(content).hexdigest(),
        written_by=stored.tool_version,
        version=VERSION,
        damage=harm,
        not_replayed=tuple(item.firewall for item in evidence.audited if item.capture is None),
        differences=_differences(text, again),
    )


def differences(stored: Report, replayed: Report, fail_on: FailOn) -> tuple[Difference, ...]:
    """Give where two reports differ, as JSON tells them."""
    options = RenderOptions(fail_on=fail_on)
    return _differences(render(stored, options), render(replayed, options))


def _differences(stored: str, replayed: str) -> tuple[Difference, ...]:
    if stored == replayed:
        return ()
    return tuple(_compare(json.loads(stored), json.loads(replayed), "")) or (
        Difference(place="the layout of the file", stored=None, replayed=None),
    )


def _compare(stored: Any, replayed: Any, place: str) -> Iterator[Difference]:
    if isinstance(stored, dict) and isinstance(replayed, dict):
        for key in sorted(stored.keys() | replayed.keys()):
            inner = f"{place}.{key}" if place else key
            if key not in stored or key not in replayed:
                yield Difference(place=inner, stored=_shown(stored.get(key)), replayed=_shown(replayed.get(key)))
            else:
                yield from _compare(stored[key], replayed[key], inner)
        return
    if isinstance(stored, list) and isinstance(replayed, list):
        by_id = _by_id(stored), _by_id(replayed)
        if by_id[0] is not None and by_id[1] is not None:
            # Things with a name are compared by it, so that one more does not make all that follow differ.
            yield from _compare(by_id[0], by_id[1], place)
            return
        for index in range(max(len(stored), len(replayed))):
            old = stored[index] if index < len(stored) else None
            new = replayed[index] if index < len(replayed) else None
            yield from _compare(old, new, f"{place}[{index}]")
        return
    if stored != replayed:
        yield Difference(place=place, stored=_shown(stored), replayed=_shown(replayed))


def _by_id(items: list[Any]) -> dict[str, Any] | None:
    keys = [item.get("id") or item.get("name") if isinstance(item, dict) else None for item in items]
    if not items or None in keys or len(set(keys)) != len(keys):
        return {} if not items else None
    return dict(zip(map(str, keys), items, strict=True))


def _shown(value: Any) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True)
