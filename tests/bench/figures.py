"""The figures that the product must reach, each beside its peer in the same run."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import generate
from tests.bench.measure import Command, Run, Series, in_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FIGURES", "Bench", "Figure"]

ROOT = Path(__file__).resolve().parents[2]
_PEER_PARSES = "import sys; from ciscoconfparse2 import CiscoConfParse; CiscoConfParse(sys.argv[1], syntax='asa')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure: ours and the peer's values in `unit`, the quotient that is judged, and its limit.

    `met` is None where the figure has no limit of its own. `at_most` tells which side of the limit is good.
    """

    number: int
    title: str
    unit: str
    ours: Series
    theirs: Series | None
    peer: str
    judged: float
    limit: float | None
    at_most: bool = True
    note: str = ""
    details: dict[str, object] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Tell whether the limit is kept."""
        if self.limit is None:
            return None
        return self.judged <= self.limit if self.at_most else self.judged >= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where a run keeps its configurations, how often it measures, and its sizes in rules."""

    folder: Path
    times: int
    size: int
    largest: int

    def config(self, mode: str, rules: int) -> Path:
        """Give the configuration of a mode and size, made once.

        By a process of its own: the system counts the memory of whoever starts a process as that process's peak.
        """
        path = self.folder / f"{mode}-{rules}.txt"
        if not path.exists():
            subprocess.run(
                [sys.executable, "-m", "tests.bench.generate", mode, str(rules), str(path)], cwd=ROOT, check=True
            )
        return path

    def deployment(self, *, ipv6: bool = False) -> Path:
        """Give the deployment file of the audited site."""
        path = self.folder / ("site6.yaml" if ipv6 else "site.yaml")
        if not path.exists():
            path.write_text(generate.site(ipv6=ipv6))
        return path

    def audit(self, config: Path, *, ipv6: bool = False) -> Command:
        """Give the whole audit of a file, with its JSON report."""
        program = str(Path(sys.executable).with_name("st-audit"))
        argv = (program, "config", str(config), "--deployment", str(self.deployment(ipv6=ipv6)), "--format", "json")
        return Command(name=f"st-audit {config.name}", argv=argv, cwd=ROOT, accepts=frozenset({0, 1}))

    def peer(self, config: Path) -> Command:
        """Give a process in which ciscoconfparse2 does nothing but parse a file."""
        return Command(
            name=f"ciscoconfparse2 {config.name}", argv=(sys.executable, "-c", _PEER_PARSES, str(config)), cwd=ROOT
        )

    def work(self, task: str, *paths: Path) -> dict[str, object]:
        """Give what a process of `tests.bench.work` found."""
        argv = [sys.executable, "-m", "tests.bench.work", task, *map(str, paths), str(self.times)]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{task} ended in {done.returncode}: {done.stderr[-2000:]}")
        found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
        return found


def _seconds(runs: list[Run]) -> Series:
    return Series(tuple(item.seconds for item in runs))


def _megabytes(runs: list[Run]) -> Series:
    return Series(tuple(item.megabytes for item in runs))


def _series(values: object) -> Series:
    assert isinstance(values, list)
    return Series(tuple(float(value) for value in values))


def whole(bench: Bench) -> Iterator[Figure]:
    """Figures 1 and 5: a whole audit, and its memory, beside a process in which ciscoconfparse2 only parses."""
    config = bench.config("real", bench.size)
    ours, theirs = in_turns(bench.times, [bench.audit(config), bench.peer(config)])
    name = f"real, {bench.size:,} rules"
    yield Figure(
        number=1,
        title=f"Whole `st-audit config` ({name})",
        unit="s",
        ours=_seconds(ours),
        theirs=_seconds(theirs),
        peer="ciscoconfparse2, parse only, whole process",
        judged=_seconds(ours).median / _seconds(theirs).median,
        limit=0.4,
        note="stretch 0.3",
    )
    yield Figure(
        number=5,
        title=f"Peak memory of the same ({name})",
        unit="MB",
        ours=_megabytes(ours),
        theirs=_megabytes(theirs),
        peer="ciscoconfparse2, parse only, whole process",
        judged=_megabytes(ours).median / _megabytes(theirs).median,
        limit=1.1,
    )


def parsing(bench: Bench) -> Iterator[Figure]:
    """Figure 2: the parse alone."""
    found = bench.work("parses", bench.config("real", bench.size))
    ours, theirs = _series(found["ours"]), _series(found["theirs"])
    yield Figure(
        number=2,
        title=f"Parse (real, {bench.size:,} rules)",
        unit="s",
        ours=ours,
        theirs=theirs,
        peer="ciscoconfparse2's parse",
        judged=theirs.median / ours.median,
        limit=12,
        at_most=False,
    )


def algebra(bench: Bench) -> Iterator[Figure]:
    """Figures 3 and 8: the exact surplus of each rule, beside CUDD on the same rules; every size must be equal."""
    for mode in ("real", "hard"):
        found = bench.work("regions", bench.config(mode, bench.size), bench.deployment())
        ours, theirs = _series(found["ours"]), _series(found["theirs"])
        yield Figure(
            number=3,
            title=f"Exact analysis ({mode}, {bench.size:,} rules, {found['relevant']:,} relevant)",
            unit="s",
            ours=ours,
            theirs=theirs,
            peer="dd.cudd on the same rules",
            judged=theirs.median / ours.median,
            limit=4,
            at_most=False,
            details=found,
        )
        yield Figure(
            number=8,
            title=f"Rules whose exact surplus differs from CUDD's ({mode}, {bench.size:,} rules)",
            unit="rules",
            ours=Series((0 if found["equal"] else 1,)),
            theirs=None,
            peer="dd.cudd",
            judged=0 if found["equal"] else 1,
            limit=0,
            note=f"{found['owners']:,} rules with surplus, {found['size']:,} packets in all",
        )


def packet(bench: Bench) -> Iterator[Figure]:
    """Figure 4: the whole region of the audited hosts beside one packet of aclcheck."""
    for rules in (1_000, 10_000):
        if rules > bench.size:
            continue
        found = bench.work("packets", bench.config("real", rules), bench.deployment())
        ours, theirs = _series(found["ours"]), _series(found["theirs"])
        yield Figure(
            number=4,
            title=f"Whole region decided (real, {rules:,} rules, {found['rules']:,} in the access list)",
            unit="s",
            ours=ours,
            theirs=theirs,
            peer="aerleon aclcheck, one packet (mean of 20)",
            judged=ours.median / theirs.median,
            limit=1,
        )


def growth(bench: Bench) -> Iterator[Figure]:
    """Figures 5 and 6: the same 400 rules touch the hosts while the others grow tenfold.

    Processor time, since what is left once start-up is taken off 10,000 rules is less than a busy machine's noise.
    """
    sizes = [size for size in (10_000, 100_000, 1_000_000) if size <= bench.largest]
    counts = {size: bench.times if size < sizes[-1] or size < 1_000_000 else min(bench.times, 3) for size in sizes}
    small = [size for size in sizes if counts[size] == bench.times]
    commands = [bench.audit(bench.config("fixed", size)) for size in (100, *small)]
    base, *measured = in_turns(bench.times, commands)
    start = Series(tuple(item.processor for item in base)).median
    runs = dict(zip(small, measured, strict=True))
    runs |= {
        size: in_turns(counts[size], [bench.audit(bench.config("fixed", size))])[0] for size in set(sizes) - {*small}
    }
    before: Series | None = None
    for size in sizes:
        net = Series(tuple(item.processor - start for item in runs[size]))
        if before is not None:
            yield Figure(
                number=6,
                title=f"Growth of the audit from {size // 10:,} to {size:,} rules: processor time, start-up taken off",
                unit="s",
                ours=net,
                theirs=before,
                peer="ours, a tenth of the rules",
                judged=net.median / before.median,
                limit=12,
                note=f"start-up and an audit of 100 rules: {start:.2f} s",
            )
        before = net
    if sizes[-1] == 1_000_000:
        memory = _megabytes(runs[1_000_000])
        yield Figure(
            number=5,
            title="Peak memory (fixed, 1,000,000 rules)",
            unit="MB",
            ours=memory,
            theirs=None,
            peer="",
            judged=memory.median,
            limit=1074,
            note="stretch: 1 GiB",
        )


def checkerboard(bench: Bench) -> Iterator[Figure]:
    """Figure 7: interleaved denies and permits, the whole audit."""
    rules = min(10_000, bench.size)
    runs = in_turns(bench.times, [bench.audit(bench.config("checkerboard", rules))])[0]
    for unit, series, limit in (("s", _seconds(runs), 5), ("MB", _megabytes(runs), 150)):
        yield Figure(
            number=7,
            title=f"Whole audit of a checkerboard of {rules:,} rules",
            unit=unit,
            ours=series,
            theirs=None,
            peer="",
            judged=series.median,
            limit=limit,
        )


def mixed(bench: Bench) -> Iterator[Figure]:
    """Beyond the nine: NAT, global and outgoing access lists, source ports and IPv6 among the rules."""
    for rules in (1_000, 10_000, 100_000):
        if rules > bench.size:
            continue
        config = bench.config("mixed", rules)
        ours, theirs = in_turns(bench.times, [bench.audit(config, ipv6=True), bench.peer(config)])
        yield Figure(
            number=10,
            title=f"Whole `st-audit config` (mixed, {rules:,} rules)",
            unit="s",
            ours=_seconds(ours),
            theirs=_seconds(theirs),
            peer="ciscoconfparse2, parse only, whole process",
            judged=_seconds(ours).median / _seconds(theirs).median,
            limit=None,
            note=f"peak memory {_megabytes(ours).median:.0f} MB beside {_megabytes(theirs).median:.0f} MB",
        )


def start(bench: Bench) -> Iterator[Figure]:
    """Figure 9: start-up, and what an offline audit does not import."""
    program = str(Path(sys.executable).with_name("st-audit"))
    version = Command(name="st-audit --version", argv=(program, "--version"), cwd=ROOT)
    bare = Command(name="python", argv=(sys.executable, "-c", "pass"), cwd=ROOT)
    ours, theirs = in_turns(max(bench.times, 5), [version, bare])
    yield Figure(
        number=9,
        title="`st-audit --version`",
        unit="s",
        ours=_seconds(ours),
        theirs=_seconds(theirs),
        peer="bare python",
        judged=_seconds(ours).median / _seconds(theirs).median,
        limit=6,
    )
    found = bench.work("imports", bench.config("real", 1_000), bench.deployment())
    imported = found["imported"]
    assert isinstance(imported, list)
    yield Figure(
        number=9,
        title="Libraries for devices that an offline audit imports",
        unit="libraries",
        ours=Series((len(imported),)),
        theirs=None,
        peer="",
        judged=len(imported),
        limit=0,
        note=", ".join(imported) or "neither netmiko nor paramiko",
    )


def collection(bench: Bench) -> Iterator[Figure]:
    """Figure 10: collecting a fleet beside bare netmiko, and a long ruleset from a real kernel time after time."""
    # Not at the top: it needs the figures of this module.
    from tests.bench.collection import fleet, flood

    yield from fleet(bench)
    yield from flood(bench)


FIGURES: dict[str, Callable[[Bench], Iterator[Figure]]] = {
    "whole": whole,
    "parsing": parsing,
    "algebra": algebra,
    "packet": packet,
    "growth": growth,
    "checkerboard": checkerboard,
    "start": start,
    "mixed": mixed,
    "collection": collection,
}
"""The parts of a benchmark by name."""
