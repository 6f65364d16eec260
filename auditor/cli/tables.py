"""Plain tables for stdout: as wide as the terminal, and harmless whatever their cells hold."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from auditor.cli.options import Common
from auditor.cli.output import colored, width
from auditor.export.escape import shortened, visible

__all__ = ["table"]

_CELL = 2_000


def table(header: Sequence[str], rows: Iterable[Sequence[str]], common: Common, *, wide: Sequence[str] = ()) -> str:
    """Give a table as text; only the columns named in `wide` are ever broken."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in header:
        made.add_column(name, overflow="fold", no_wrap=name not in wide)
    for row in rows:
        made.add_row(*(Text(visible(shortened(cell, _CELL))) for cell in row))
    out = io.StringIO()
    color = colored(common)
    console = Console(
        file=out, width=width(), force_terminal=color, color_system="standard" if color else None, no_color=not color,
        highlight=False, markup=False, emoji=False, legacy_windows=False, _environ={},
    )  # fmt: skip
    console.print(made)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
