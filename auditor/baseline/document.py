"""YAML that people write, read strictly: YAML 1.2, no tags, no duplicate keys, every value with its line.

Numbers other than plain decimal integers stay text, mapping keys are always text (6 and "6" are one key), and every
error of a reading is raised at once.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.errors import UsageError

__all__ = ["Document", "Path", "Problems", "decode", "dotted", "nearest", "parse", "parse_shipped"]

Path = tuple[str | int, ...]
"""Where a value stands: keys and list positions from the top."""

_NODES = 200_000
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_YAML = "tag:yaml.org,2002:"
_TAGS = {_YAML + name for name in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp", "merge", "value")}
_NULL = {"", "~", "null", "Null", "NULL"}
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_TRAILING_COLONS = re.compile(r"([0-9A-Fa-f:]*[0-9A-Fa-f]::)(?=\s*(?:#.*|[,\]}].*)?$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A YAML text as plain data, with the line (from 1; 0: set by an option) of every key and list item."""

    file: str
    data: Any
    lines: Mapping[Path, int] = field(default_factory=dict)
    sha256: str = ""

    def line(self, path: Path) -> int | None:
        """Give the line of a path, or of the nearest thing above it that stands in the text."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]] or None
        return None

    def is_option(self, path: Path) -> bool:
        """Tell whether a path was set by an option of the command line (line 0) rather than in the file."""
        return any(self.lines.get(path[:length]) == 0 for length in range(len(path) + 1))


@dataclass(slots=True, kw_only=True)
class Problems:
    """The errors of one reading, collected so that a person sees all of them at once."""

    document: Document
    error: type[UsageError]
    found: list[UsageError] = field(default_factory=list)

    def add(self, path: Path, message: str, hint: str = "", *, line: int | None = None) -> None:
        """Note an error at a path; its line is looked up unless given."""
        line = line or self.document.line(path)
        key = dotted(path) or None
        if any((item.message, item.line, item.key) == (message, line, key) for item in self.found):
            return
        file = None if self.document.is_option(path) else self.document.file or None
        self.found.append(self.error(message, hint=hint, file=file, line=line if file else None, key=key))

    def raise_any(self) -> None:
        """Raise the first error in file order with all the others, if there is any."""
        if not self.found:
            return
        first, *others = sorted(self.found, key=lambda item: item.line or 0)
        raise self.error(
            first.message, hint=first.hint, file=first.file, line=first.line, key=first.key, others=tuple(others)
        )


def dotted(path: Path) -> str:
    """Write a path as people do: `services.ssh.from[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def nearest(word: str, known: Iterable[str]) -> str:
    """Give a hint that names the nearest right spelling, or what there is to choose from."""
    names = sorted(set(known))
    close = difflib.get_close_matches(word.lower(), [name.lower() for name in names], n=1, cutoff=0.6)
    if close:
        return f"did you mean {next(name for name in names if name.lower() == close[0])}?"
    return f"known here: {', '.join(names)}" if names else ""


def decode(raw: bytes, file: str, error: type[UsageError]) -> str:
    """Decode a file's bytes as UTF-8; raises `error`."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = raw[: exc.start].count(b"\n") + 1
        raise error("this is not UTF-8 text", hint="save the file as UTF-8", file=file, line=line) from exc


def parse(text: str, *, file: str, error: type[UsageError], ignored: Collection[str] = ()) -> Document:
    """Read a YAML text into plain data with lines; raises `error` with everything that is wrong in it.

    A value with one of the tags `ignored` (other programs' own, such as `!vault`) is read as none.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = mark.line + 1 if mark else None
        message, hint = _syntax(text, line, exc)
        raise error(message, hint=hint, file=file, line=line) from exc
    except YAMLError as exc:
        raise error(f"this is not YAML: {' '.join(str(exc).split())}", file=file) from exc
    return _document(root, text, file=file, error=error, ignored=ignored)


def parse_shipped(text: str, *, file: str, error: type[UsageError]) -> Document:
    """Read a YAML text that ships with st-audit, as `parse` does.

    libyaml reads it, where it is there, in a twentieth of the time. It is not asked to read what people write: it
    knows YAML 1.1 only, and its errors are others. What ships is held to be the same to both by a test.
    """
    import yaml

    if not yaml.__with_libyaml__:
        return parse(text, file=file, error=error)
    return _document(yaml.compose(text, Loader=yaml.CSafeLoader), text, file=file, error=error)


def _document(root: Any, text: str, *, file: str, error: type[UsageError], ignored: Collection[str] = ()) -> Document:
    problems = Problems(document=Document(file=file, data=None), error=error)
    if root is None:
        raise error("the file is empty", hint="`st-audit init` writes a commented one", file=file, line=1)
    reader = _Reader(problems, frozenset(ignored))
    data = reader.value(root, ())
    problems.raise_any()
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Document(file=file, data=data, lines=reader.lines, sha256=digest)


def _syntax(text: str, line: int | None, exc: Exception) -> tuple[str, str]:
    written = text.splitlines()[line - 1] if line and line <= len(text.splitlines()) else ""
    if found := _TRAILING_COLONS.search(written):
        return f"{found[1]} ends in a colon, which YAML reads as a key", f'write it in quotes: "{found[1]}"'
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return "a tab indents this line", "YAML is indented by spaces only"
    problem = getattr(exc, "problem", None) or "it cannot be read"
    context = getattr(exc, "context", None)
    return f"not YAML: {problem}" + (f" ({context})" if context else ""), ""


class _Reader:
    """Turns nodes into plain data; aliases are expanded within a budget."""

    def __init__(self, problems: Problems, ignored: frozenset[str]) -> None:
        self._problems = problems
        self._ignored = ignored
        self.lines: dict[Path, int] = {}
        self._open: list[Any] = []
        self._count = 0

    def value(self, node: Any, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self._count += 1
        if self._count > _NODES or node in self._open:
            self._endless(path, line)
            return None
        kind = node.id
        tag = str(node.tag) if node.tag else ""
        if tag in self._ignored:
            return None
        if tag and tag not in _TAGS:
            short = tag.replace(_YAML, "!!")
            self._problems.add(path, f"the tag {short} is not allowed", "write a plain value", line=line)
            return None
        self._open.append(node)
        try:
            if kind == "mapping":
                return self._mapping(node, path)
            if kind == "sequence":
                return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
            return _scalar(node)
        finally:
            self._open.pop()

    def _mapping(self, node: Any, path: Path) -> dict[str, Any]:
        out: dict[str, Any] = {}
        written: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.id != "scalar":
                self._problems.add(path, "a key must be a plain word", line=line)
                continue
            key = str(key_node.value)
            if key in written:
                first = written[key]
                self._problems.add((*path, key), *_duplicate(key, first, key_node), line=line)
                continue
            written[key] = key_node
            self.lines[*path, key] = line
            out[key] = self.value(value_node, (*path, key))
        return out

    def _endless(self, path: Path, line: int) -> None:
        if self._count <= _NODES + 1:
            self._problems.add(path, "aliases make this text endless or far too large", "write it out", line=line)


def _duplicate(key: str, first: Any, second: Any) -> tuple[str, str]:
    line = first.start_mark.line + 1
    if bool(first.style) != bool(second.style):
        quoted = f'{key} and "{key}"'
        return f"{quoted} are the same key; it stands in line {line} already", "keep one of the two"
    return f"the key {key} stands in line {line} already", "keep one of the two"


def _scalar(node: Any) -> bool | int | str | None:
    text = str(node.value)
    if node.style:
        return text
    if text in _NULL:
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    return int(text) if _INTEGER.fullmatch(text) else text
