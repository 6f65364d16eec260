"""The fixture folders: each holds one configuration with what was worked out about it by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from parsers.contract import Parsed
from parsers.model.addresses import address_number
from parsers.model.capture import Capture, Document
from parsers.model.firewall import Firewall
from parsers.model.interpreter import Judgement, judge
from parsers.model.packets import Packet
from parsers.model.rules import Traffic
from parsers.model.services import ICMP, ICMP6, PORTED, PROTOCOL_NUMBERS
from parsers.registry import ids, platform

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
COLUMNS = ("id", "src", "dst", "proto", "sport", "dport", "in", "out", "verdict", "rule")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fixture folder of a platform; one whose name begins with `refused` holds what the parser must refuse."""

    platform: str
    folder: Path

    @property
    def refused(self) -> bool:
        """Tell whether the parser must refuse the case."""
        return self.folder.name.startswith("refused")

    @property
    def supported(self) -> bool:
        """Tell whether the platform has a parser."""
        return self.platform in ids()

    def capture(self) -> Capture:
        """Read the documents: `config.txt`, or those that `manifest.json` lists."""
        manifest = self.folder / "manifest.json"
        if not manifest.exists():
            name = "config.txt"
            return Capture(documents=(Document(name=name, text=(self.folder / name).read_text("utf-8")),))
        values = json.loads(manifest.read_text("utf-8"))
        documents = tuple(
            Document(
                name=entry.get("name", entry["file"]),
                command=entry.get("command", ""),
                text=(self.folder / entry["file"]).read_text("utf-8"),
                stderr=entry.get("stderr", ""),
                exit_status=entry.get("exit_status"),
            )
            for entry in values["documents"]
        )
        return Capture(documents=documents, platform=values.get("platform"))

    def parse(self) -> Parsed:
        """Parse the documents; raises ParserError."""
        return platform(self.platform).parse(self.capture())


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A line of `verdicts.txt`."""

    id: str
    packet: Packet
    ingress: str
    egress: str | None
    traffic: Traffic
    verdict: str
    context: str


@cache
def cases() -> tuple[Case, ...]:
    """Give every case that holds a configuration of its own."""
    found = [path.parent for name in ("config.txt", "manifest.json") for path in FIXTURES.glob(f"*/*/{name}")]
    return tuple(Case(platform=folder.parent.name, folder=folder) for folder in sorted(found))


def case_id(case: Case) -> str:
    """Name a case in the list of tests."""
    return f"{case.platform}-{case.folder.name}"


def questions(case: Case, parsed: Parsed, table: str = "verdicts.txt") -> Iterator[tuple[Firewall, Asked]]:
    """Give the lines of a table of verdicts, each with the firewall that it asks about (column `context`, if any)."""
    lines = (case.folder / table).read_text("utf-8").splitlines()
    header = lines[0].split("\t")
    assert set(COLUMNS) <= set(header), f"{case.folder}/{table}: the header lacks columns"
    for line in lines[1:]:
        if line.strip() and not line.startswith("#"):
            row = dict(zip(header, line.split("\t"), strict=True))
            firewall = _firewall(parsed, row.get("context", ""))
            yield firewall, _asked(row, firewall)


def judged(firewall: Firewall, asked: Asked) -> Judgement:
    """Judge a question; what arrives for the device's own address and is translated passes through."""
    through = judge(firewall, asked.packet, asked.ingress, egress=asked.egress)
    moved = any(path.packet.destination != asked.packet.destination for path in through.paths)
    if asked.traffic is Traffic.THROUGH or (asked.traffic is Traffic.TO_DEVICE and moved):
        return through
    return judge(firewall, asked.packet, asked.ingress, egress=asked.egress, traffic=asked.traffic)


def _firewall(parsed: Parsed, context: str) -> Firewall:
    if not context and len(parsed.firewalls) == 1:
        return parsed.firewalls[0]
    return next(firewall for firewall in parsed.firewalls if firewall.context == context)


def _asked(row: dict[str, str], firewall: Firewall) -> Asked:
    name = row["proto"].lower()
    number = int(name) if name.isdecimal() else {"icmpv6": ICMP6}.get(name) or PROTOCOL_NUMBERS[name]
    ported = number in PORTED
    packet = Packet(
        source=address_number(row["src"]),
        destination=address_number(row["dst"]),
        protocol=number,
        source_port=int(row["sport"] or 0) if ported else 0,
        port=int(row["dport"] or 0) * (256 if number in {ICMP, ICMP6} else 1),
    )
    own = [item.addresses for item in firewall.interfaces]
    sends = not row["in"] and any(packet.source in addresses for addresses in own)
    arrives = any(packet.destination in addresses for addresses in own)
    return Asked(
        id=row["id"],
        packet=packet,
        ingress=row["in"],
        egress=row["out"] or None,
        traffic=Traffic.FROM_DEVICE if sends else Traffic.TO_DEVICE if arrives else Traffic.THROUGH,
        verdict=row["verdict"],
        context=firewall.context,
    )
