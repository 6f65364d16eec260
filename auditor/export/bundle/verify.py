"""A bundle put to the test: its files are what they were, and the same report comes out of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from auditor.errors import UsageError
from auditor.export.bundle.archive import MANIFEST, damage, unpack
from auditor.export.bundle.contents import REPORT, evidence_of
from auditor.export.bundle.contents import render as write
from auditor.export.bundle.replay import groups_of, replay
from auditor.export.evidence import Evidence
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
    found = _differences(text, again)
    harm = (*harm, *_unproved(evidence, stored))
    if not harm and not found:
        harm = tuple(_added(content, manifest, files, evidence, stored, fail_on(text)))
    return Verified(
        sha256=hashlib.sha256(content).hexdigest(),
        written_by=stored.tool_version,
        version=VERSION,
        damage=harm,
        not_replayed=tuple(item.firewall for item in evidence.audited if item.capture is None),
        differences=found,
    )


def _unproved(evidence: Evidence, stored: Report) -> Iterator[str]:
    """Say of which firewalls the report tells more than that they could not be collected, without a configuration."""
    judged = {firewall.name for firewall in stored.firewalls if firewall.error is None}
    for item in evidence.audited:
        if item.capture is None and item.firewall in judged:
            yield f"the configuration of {item.firewall} is missing, although the report judges it"


def _added(  # noqa: PLR0917 - the parts of a bundle
    content: bytes,
    manifest: dict[str, Any],
    files: dict[str, bytes],
    evidence: Evidence,
    stored: Report,
    threshold: FailOn,
) -> Iterator[str]:
    """Say where the bundle is not, to the byte, the one that an audit would write of what it holds.

    The hashes are of its files alone: what the manifest claims beside them, and the archive's own directory, are not.
    """
    site = evidence.site
    if site is not None and evidence.groups != groups_of(site):
        yield f"{MANIFEST} was changed: its groups are not those of the site's files"
    again = write(stored, RenderOptions(fail_on=threshold, evidence=evidence))
    if again == content:
        return
    claims, others = unpack(again)
    keys = sorted(key for key in claims.keys() | manifest.keys() if claims.get(key) != manifest.get(key))
    told = [f"{MANIFEST} was changed: {key} is not what an audit writes" for key in keys if key != "files"]
    told += [
        f"{name} is not what an audit writes"
        for name in sorted(others.keys() | files.keys())
        if others.get(name) != files.get(name)
    ]
    yield from told or ["the archive itself was changed, or written anew by another program"]


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
