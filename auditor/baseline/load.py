"""Where baselines come from: those that ship with st-audit by name, and files and folders of the user's own."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from auditor.baseline.build import Part, build
from auditor.baseline.document import Document, decode, nearest, parse, parse_shipped
from auditor.baseline.language import Baseline
from auditor.errors import BaselineError

__all__ = ["load", "shipped", "sources"]


def shipped() -> tuple[str, ...]:
    """Give the names of the baselines that ship with st-audit."""
    root = resources.files("baselines")
    names = [item.name.removesuffix(".yaml") for item in root.iterdir() if item.name.endswith(".yaml")]
    names += [item.name for item in root.iterdir() if item.is_dir() and (item / "baseline.yaml").is_file()]
    return tuple(sorted(names))


def load(
    names: Sequence[str],
    *,
    base: Path | None = None,
    free_groups: Iterable[str] = (),
    file: str = "",
    line: int | None = None,
) -> Baseline:
    """Load baselines by name or path and merge them; a path is relative to `base`.

    `free_groups` are groups that only the deployment lists. Raises BaselineError; an unknown name is blamed on `file`.
    """
    if names and all(_shipped(name) for name in names) and len(set(names)) == len(names):
        return _all_shipped(tuple(names), frozenset(free_groups))
    parts = []
    for name in names:
        source = _shipped(name)
        if source is not None:
            parts.append(_shipped_part(name))
            continue
        path = (base or Path()) / name
        if path.exists():
            parts.append(_part(path, str(path)))
            continue
        raise BaselineError(
            f"there is no baseline {name}", hint=nearest(name, shipped()), file=file or None, line=line, key="baseline"
        )
    ids = [part.id for part in parts]
    for name in ids:
        if ids.count(name) > 1:
            raise BaselineError(
                f"the baseline {name} is listed twice", hint="list it once", file=file or None, line=line
            )
    return build(parts, free_groups)


def sources(name: str, *, base: Path | None = None) -> tuple[tuple[str, bytes], ...]:
    """Give the files of a baseline as `load` reads them, by name: one, or those of a folder; raises BaselineError."""
    found = _shipped(name)
    place = found if found is not None else (base or Path()) / name
    if place.is_dir():
        items = sorted((item for item in place.iterdir() if item.name.endswith(".yaml")), key=_order)
        return tuple((item.name, _bytes(item, name)) for item in items)
    return ((place.name, _bytes(place, name)),)


@functools.lru_cache(maxsize=32)
def _all_shipped(names: tuple[str, ...], free_groups: frozenset[str]) -> Baseline:
    return build([_shipped_part(name) for name in names], free_groups)


def _shipped(name: str) -> Traversable | None:
    if "/" in name or os.sep in name or name.startswith("."):
        return None
    root = resources.files("baselines")
    if (root / name / "baseline.yaml").is_file():
        return root / name
    return root / f"{name}.yaml" if (root / f"{name}.yaml").is_file() else None


@functools.lru_cache
def _shipped_part(name: str) -> Part:
    source = _shipped(name)
    if source is None:
        raise BaselineError(f"there is no baseline {name}", hint=nearest(name, shipped()))
    return _part(source, f"baselines/{source.name}", parse_shipped)


def _part(source: Traversable, shown: str, read: Callable[..., Document] = parse) -> Part:
    if source.is_dir():
        files = sorted((item for item in source.iterdir() if item.name.endswith(".yaml")), key=_order)
        if not files:
            raise BaselineError("no .yaml file is in this folder", file=shown, hint="name a baseline's file or folder")
        texts = [(f"{shown}/{item.name}", decode(_bytes(item, shown), shown, BaselineError)) for item in files]
    else:
        texts = [(shown, decode(_bytes(source, shown), shown, BaselineError))]
    documents = tuple(read(text, file=name, error=BaselineError) for name, text in texts)
    first = documents[0].data
    own = first.get("id") if isinstance(first, dict) else None
    digest = hashlib.sha256(b"".join(text.encode() for _, text in texts)).hexdigest()
    return Part(id=str(own or Path(shown).stem), sha256=digest, documents=documents)


def _bytes(source: Traversable, shown: str) -> bytes:
    try:
        return source.read_bytes()
    except OSError as exc:
        raise BaselineError(f"cannot be read: {exc.strerror}", file=shown) from exc


def _order(item: Traversable) -> tuple[bool, str]:
    return item.name != "baseline.yaml", item.name
