"""Plain tables for stdout: as wide as the terminal, and harmless whatever their cells hold."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from auditor.cli.options import Common
from auditor.cli.output import colored, width
from auditor.export.escape import shortened, visible

__all__ = ["table"]

_CELL = 2_000
_LEAST = 14
"""Columns that a broken cell must have; where there are fewer each row is a block of lines."""


def table(header: Sequence[str], rows: Iterable[Sequence[str]], common: Common, *, wide: Sequence[str] = ()) -> str:
    """Give a table as text; only the columns named in `wide` are ever broken.

    Where the terminal is too narrow for that, each row is a block with a line a cell.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[visible(shortened(cell, _CELL)) for cell in row] for row in rows]
    if width() < _needed(header, cells, wide):
        return _blocks(header, cells)
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in header:
        made.add_column(name, overflow="fold", no_wrap=name not in wide)
    for row in cells:
        made.add_row(*map(Text, row))
    out = io.StringIO()
    color = colored(common)
    console = Console(
        file=out, width=width(), force_terminal=color, color_system="standard" if color else None, no_color=not color,
        highlight=False, markup=False, emoji=False, legacy_windows=False, _environ={},
    )  # fmt: skip
    console.print(made)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _needed(header: Sequence[str], rows: Sequence[Sequence[str]], wide: Sequence[str]) -> int:
    """Give the least columns in which a table can be read."""
    from rich.cells import cell_len

    total = 0
    for index, name in enumerate(header):
        longest = max([cell_len(name), *(cell_len(row[index]) for row in rows)])
        total += 2 + (min(longest, _LEAST) if name in wide else longest)
    return total - 2


def _blocks(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Give each row as a block of `name  value` lines, which a terminal may break as it likes."""
    room = max(map(len, header), default=0)
    blocks = (
        "".join(f"{name:<{room}}  {cell}".rstrip() + "\n" for name, cell in zip(header, row, strict=True) if cell)
        for row in rows
    )
    return "\n".join(blocks)
