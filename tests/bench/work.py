"""What one process of a benchmark does, as JSON on standard output: `python -m tests.bench.work TASK ...`.

The process that compares starts these, so that its own size is in no measurement.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.engine.linear import decide
from auditor.engine.survey import Survey
from parsers.model.packets import Packet
from tests.bench.bdd import Diagrams
from tests.bench.cases import Case, parse
from tests.bench.measure import timed
from tests.bench.policy import NAME, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from parsers.model.rules import Rules

_PACKETS = 20
_IPV4_BITS = 32
Result = dict[str, object]


def parses(config: Path, times: int) -> Result:
    """Parse a file in turns with ciscoconfparse2, imports not counted, each as it is run.

    The command line turns garbage collection off for a run; whoever calls ciscoconfparse2 leaves it on.
    """
    from ciscoconfparse2 import CiscoConfParse

    text = config.read_text().splitlines()
    CiscoConfParse(text[:50], syntax="asa")
    parse(config)
    ours, theirs = [], []
    for _ in range(times):
        gc.disable()
        seconds, parsed = timed(lambda: parse(config))
        gc.enable()
        ours.append(seconds)
        del parsed
        gc.collect()
        seconds, other = timed(lambda: CiscoConfParse(str(config), syntax="asa"))
        theirs.append(seconds)
        del other
        gc.collect()
    return {"ours": ours, "theirs": theirs}


def regions(config: Path, deployment: Path, times: int) -> Result:
    """Find the surplus of each rule in turns with CUDD, and compare every size."""
    case = Case.of(parse(config).firewalls[0], deployment)
    ours, theirs = [], []
    sizes: dict[tuple[int, str, int], int] = {}
    counted: dict[tuple[int, str, int], int] = {}
    for number in range(times):
        gc.collect()
        gc.disable()
        seconds, found = timed(case.ours)
        gc.enable()
        ours.append(seconds)
        del found
        diagrams = Diagrams(_IPV4_BITS)
        seconds, other = timed(lambda: case.theirs(diagrams))  # noqa: B023 - called at once
        theirs.append(seconds)
        if number == 0:
            sizes = case.sizes()
            counted = {owner: diagrams.count(node) for owner, node in other.items()}
        other.clear()
        diagrams.close()
    return {
        "ours": ours,
        "theirs": theirs,
        "relevant": sum(len(entries) for entries in {task.entries for task in case.tasks}),
        "owners": len(sizes),
        "size": sum(sizes.values()),
        "equal": sizes == counted,
    }


def packets(config: Path, deployment: Path, times: int) -> Result:
    """Decide the whole region of the audited hosts in turns with one packet of aerleon's aclcheck."""
    logging.disable(logging.CRITICAL)
    firewall = parse(config).firewalls[0]
    case = Case.of(firewall, deployment)
    task = max(case.tasks, key=lambda item: len(item.entries))
    rules = _list(case, NAME)
    policy = Policy([(rule.possible, type(rule.do).__name__ == "Permit") for rule in rules])
    pick = random.Random(1)
    asked = [_packet(case, pick) for _ in range(_PACKETS)]

    def region() -> object:
        fresh = Survey.of(firewall, case.survey.question)
        return fresh.scope, decide(task.entries, task.cell, lambda _: None)

    def one() -> list[bool]:
        return [policy.permits(packet) for packet in asked]

    ours, theirs = [], []
    for _ in range(times):
        gc.collect()
        ours.append(timed(region)[0])
        theirs.append(timed(one)[0] / len(asked))
    return {"ours": ours, "theirs": theirs, "rules": len(rules)}


def _list(case: Case, name: str) -> Rules:
    return next(chain.rules for stage in case.firewall.stages for chain in stage.chains if chain.name == name)


def _packet(case: Case, pick: random.Random) -> Packet:
    """Give a packet from an Internet host to a protected one."""
    internet = pick.choice(case.survey.question.internet.intervals[:20])
    hosts = pick.choice(case.survey.question.protected.intervals)
    return Packet(
        source=pick.randint(*internet),
        destination=pick.randint(*hosts),
        protocol=6,
        source_port=40000,
        port=pick.randrange(1, 65536),
    )


def imports(config: Path, deployment: Path, _times: int) -> Result:
    """Audit a file and tell which of the libraries that talk to devices were imported for it."""
    from auditor.cli.main import main

    devnull = os.open(os.devnull, os.O_WRONLY)
    kept = os.dup(1)
    os.dup2(devnull, 1)
    try:
        main(["config", str(config), "--deployment", str(deployment), "--format", "json"])
    except SystemExit:
        pass
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
    return {"imported": [name for name in ("netmiko", "paramiko") if name in sys.modules]}


TASKS: dict[str, Callable[..., Result]] = {
    "parses": parses,
    "regions": regions,
    "packets": packets,
    "imports": imports,
}

if __name__ == "__main__":
    task, *paths, times = sys.argv[1:]
    result = TASKS[task](*map(Path, paths), int(times))
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()
    os._exit(0)  # CUDD checks its references at exit, after Python has given up on order
