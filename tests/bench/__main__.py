"""Measure the product beside its peers: `python -m tests.bench [--quick]`.

Prints each figure with minimum, median and maximum, and writes `benchmarks.json` and `benchmarks.md`. Ends in 1 where
a figure is not reached.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from tests.bench.figures import FIGURES, ROOT, Bench, Figure

_PREFACE = """\
`make bench` measures st-audit beside other tools on generated configurations (`tests/bench/generate.py`) and writes
this page. Each value is the median of several rounds in which ours and the peer take turns, with the least and the
greatest in brackets. Only the quotients of one run mean anything: times of other machines, or of other runs on this
one, cannot be compared. Memory is the peak resident set of the whole process.

A whole process is measured from start to exit; ciscoconfparse2 then only parses the file, which the audit does too.
What is compared with dd.cudd is the first match and the surplus of each rule that can matter, from parsed rules; making
its diagrams of the rules counts, making its manager does not. The variables stand in the order that was fastest for it.
Each tool runs as its users run it: the command line of st-audit turns garbage collection off, and so do the pieces of
its work that are measured alone.
"""
_PEERS = ("ciscoconfparse2", "dd", "aerleon")


def main() -> int:
    """Run the benchmark as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, three rounds; written to build/")
    parser.add_argument("--size", type=int, help="rules of the main configurations (default: 100000)")
    parser.add_argument("--largest", type=int, help="rules of the largest configuration (default: 1000000)")
    parser.add_argument("--times", type=int, help="rounds of each measurement (default: 5)")
    parser.add_argument("--only", action="append", choices=list(FIGURES), help="a part; may be repeated")
    parser.add_argument("--configs", type=Path, help="keep the generated configurations in this folder")
    parser.add_argument("--output", type=Path, help="folder of the results (default: docs/, with --quick build/)")
    options = parser.parse_args()
    output = options.output or ROOT / ("build" if options.quick or options.only else "docs")
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.configs or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(
            folder=folder,
            times=options.times or (3 if options.quick else 5),
            size=options.size or (10_000 if options.quick else 100_000),
            largest=options.largest or (100_000 if options.quick else 1_000_000),
        )
        figures: list[Figure] = []
        failures: list[str] = []
        for name in options.only or FIGURES:
            try:
                for figure in FIGURES[name](bench):
                    sys.stdout.write(_line(figure) + "\n")
                    sys.stdout.flush()
                    figures.append(figure)
            except RuntimeError as error:
                sys.stderr.write(f"{name}: {error}\n")
                failures.append(f"`{name}` could not be measured: {str(error).splitlines()[0]}")
    machine = _machine()
    described = {
        "machine": machine,
        "rounds": bench.times,
        "failures": failures,
        "figures": [_value(figure) for figure in figures],
    }
    (output / "benchmarks.json").write_text(json.dumps(described, indent=2) + "\n")
    (output / "benchmarks.md").write_text(_document(figures, failures, machine, bench))
    return int(bool(failures) or any(figure.met is False for figure in figures))


def _machine() -> dict[str, str]:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in _text("/proc/cpuinfo").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    memory = next((line.split()[1] for line in _text("/proc/meminfo").splitlines() if line.startswith("MemTotal")), "0")
    found = {
        "processor": f"{model}, {os.cpu_count()} cores",
        "memory": f"{int(memory) / 1e6:.1f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }
    return found | {name: version(name) for name in _PEERS}


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _value(figure: Figure) -> dict[str, object]:
    return {**asdict(figure), "met": figure.met}


def _number(value: float, unit: str) -> str:
    if unit == "s":
        return f"{value:.3f}" if value < 1 else f"{value:.2f}"
    return f"{value:,.0f}"


def _spread(figure: Figure, *, ours: bool) -> str:
    series = figure.ours if ours else figure.theirs
    if series is None:
        return "-"
    low, middle, high = (_number(value, figure.unit) for value in (series.low, series.median, series.high))
    return middle if low == high else f"{middle} ({low} to {high})"


def _judged(figure: Figure) -> str:
    return f"{figure.judged:.2f}" if figure.theirs is not None else _number(figure.judged, figure.unit)


def _limit(figure: Figure) -> str:
    if figure.limit is None:
        return "-"
    return f"{'at most' if figure.at_most else 'at least'} {figure.limit:g}"


def _line(figure: Figure) -> str:
    verdict = {True: "met", False: "NOT MET", None: "no limit"}[figure.met]
    return (
        f"{figure.number:2} {figure.title}: {_spread(figure, ours=True)} {figure.unit}, "
        f"{figure.peer or 'no peer'}: {_spread(figure, ours=False)}; "
        f"{_judged(figure)} ({_limit(figure)}): {verdict}{f' [{figure.note}]' if figure.note else ''}"
    )


def _document(figures: list[Figure], failures: list[str], machine: dict[str, str], bench: Bench) -> str:
    short = [figure for figure in figures if figure.met is False]
    lines = [
        "# Benchmarks",
        "",
        *_PREFACE.splitlines(),
        "",
        f"Rounds: {bench.times} (3 at a million rules). " + "; ".join(f"{k} {v}" for k, v in machine.items()) + ".",
        "",
        "| | figure | ours | peer | judged | limit | |",
        "|---|---|---|---|---|---|---|",
    ]
    for figure in figures:
        verdict = {True: "met", False: "**not met**", None: ""}[figure.met]
        peer = f"{_spread(figure, ours=False)} ({figure.peer})" if figure.theirs is not None else "-"
        number = str(figure.number) if figure.number < 10 else ""
        lines.append(
            f"| {number} | {figure.title}{f'; {figure.note}' if figure.note else ''} | "
            f"{_spread(figure, ours=True)} {figure.unit} | {peer} | {_judged(figure)} | {_limit(figure)} | {verdict} |"
        )
    lines += ["", "## What falls short", ""]
    missed = [
        f"- Figure {figure.number}, {figure.title}: {_judged(figure)}, {_limit(figure)} was wanted." for figure in short
    ]
    missed += [f"- {text}" for text in failures]
    lines += missed or ["Nothing: each figure that has a limit keeps it on this machine."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
