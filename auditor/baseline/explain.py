"""A baseline in words: its rows as a table, one row explained, a file checked. Values and lines; nothing is printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.baseline.conditions import All, AnyOf, Is, Not, Term
from auditor.baseline.document import nearest
from auditor.baseline.language import Baseline, Endpoint, PortTerm, RegionTerm, Row, Use
from auditor.baseline.load import load, shipped
from auditor.baseline.rows import ResolvedRow
from auditor.errors import BaselineError

__all__ = ["Checked", "Explanation", "Shipped", "TableLine", "check_file", "explain", "listing", "printed", "table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """A baseline that ships with st-audit, as `baseline list` shows it."""

    name: str
    title: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLine:
    """One row as `baseline show` prints it; `requirement` and `because` are empty without a deployment."""

    id: str
    title: str
    source: str
    destination: str
    protocol: str
    ports: str
    requirement: str = ""
    because: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One row explained: what it is, who opens it, what is asked here and why, and where the source errs."""

    id: str
    title: str
    meaning: str
    opener: str
    flow: str
    when: str
    requirement: str
    because: str
    citation: str
    printed: str
    oddities: tuple[str, ...]
    notes: tuple[str, ...]
    stand_ins: tuple[str, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """Give the explanation as plain text, one paragraph a line."""
        out = [f"{self.id}  {self.title}", f"Flow: {self.flow}"]
        out += [self.meaning] if self.meaning else []
        out += [f"Opened by: {self.opener}."] if self.opener else []
        if self.requirement:
            out.append(f"Here: {self.requirement}, because {self.because}.")
        else:
            out += [f"Switched: {self.when}.", *self.stand_ins]
        out += [f"Printed as: {self.printed}."] if self.printed else []
        out += [f"Oddity: {text}" for text in self.oddities]
        out += [f"Note: {text}" for text in self.notes]
        return (*out, f"Source: {self.citation}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A baseline file that is in order: what it declares."""

    id: str
    title: str
    rows: tuple[str, ...]
    groups: tuple[str, ...]
    services: tuple[str, ...]
    sha256: str

    def lines(self) -> tuple[str, ...]:
        """Give the outcome as plain text."""
        counts = f"{len(self.rows)} rows, {len(self.groups)} groups, {len(self.services)} services"
        return (f"{self.title} ({self.id}) is in order: {counts}", f"rows: {', '.join(self.rows)}")


def listing() -> tuple[Shipped, ...]:
    """Give the baselines that ship with st-audit."""
    out = []
    for name in shipped():
        found = load([name])
        out.append(Shipped(name=name, title=found.titles[0], rows=len(found.rows), sha256=found.parts[0][1]))
    return tuple(out)


def check_file(path: str | Path, beside: Sequence[str] = ()) -> Checked:
    """Check a baseline file or folder, read after the baselines `beside` whose words it uses.

    Raises BaselineError with everything that is wrong in it.
    """
    found = load([*beside, str(Path(path).absolute())])
    before = load(list(beside)) if beside else None
    known = {row.id for row in before.rows} if before else set()
    words = before.vocabulary if before else None
    old_groups = {group.name for group in words.groups} if words else set()
    old_services = {service.name for service in words.services} if words else set()
    return Checked(
        id=found.parts[-1][0],
        title=found.titles[-1],
        rows=tuple(row.id for row in found.rows if row.id not in known),
        groups=tuple(group.name for group in found.vocabulary.groups if group.name not in old_groups),
        services=tuple(item.name for item in found.vocabulary.services if item.name not in old_services),
        sha256=found.parts[-1][1],
    )


def printed(baseline: Baseline) -> tuple[TableLine, ...]:
    """Give the rows as the baseline has them, without a deployment, each with the condition that switches it on."""
    return tuple(
        TableLine(
            id=row.id, title=row.title, source=_ends(baseline, row, "source"),
            destination=_ends(baseline, row, "destination"), protocol="/".join(row.protocols), ports=_ports(row),
            when=_when(row),
        )
        for row in baseline.rows
    )  # fmt: skip


def table(rows: Sequence[ResolvedRow]) -> tuple[TableLine, ...]:
    """Give a deployment's rows, or one firewall's, as a table."""
    return tuple(
        TableLine(
            id=row.id, title=row.title, source=row.source, destination=row.destination, protocol=row.protocol,
            ports=row.ports, requirement=row.requirement.value, because=row.because,
        )
        for row in rows
    )  # fmt: skip


def explain(baseline: Baseline, row_id: str, resolved: Sequence[ResolvedRow] = ()) -> Explanation:
    """Explain a row of a baseline and, with the rows of a deployment, what it asks there.

    Raises BaselineError for an id that there is not.
    """
    here = next((row for row in resolved if row.id == row_id), None)
    row = baseline.row(here.leg_of if here is not None and here.leg_of else row_id)
    if row is None:
        known = [item.id for item in baseline.rows] + [item.id for item in resolved]
        raise BaselineError(f"there is no row {row_id}", hint=nearest(row_id, known), key="ROW")
    source, destination, ports = _ends(baseline, row, "source"), _ends(baseline, row, "destination"), _ports(row)
    if here is not None:
        source, destination, ports = here.source, here.destination, here.ports
    protocol = "/".join(row.protocols)
    return Explanation(
        id=row_id,
        title=here.title if here is not None else row.title,
        meaning=row.meaning,
        opener=row.opener,
        flow=f"{source or 'nobody named'} -> {destination or 'nobody named'}, {protocol} {ports}",
        when=_when(row),
        requirement=here.requirement.value if here is not None else "",
        because=here.because if here is not None else "",
        citation=row.citation,
        printed=row.printed,
        oddities=row.oddities,
        notes=here.notes if here is not None else (),
        stand_ins=tuple(_stand_ins(baseline, row)),
    )


def _ends(baseline: Baseline, row: Row, end: str) -> str:
    terms: list[Endpoint] = [getattr(region, end) for region in _shown(row)]
    return ", ".join(dict.fromkeys(_usual(baseline, name) for term in terms for name in term.defaults)) or "per site"


def _usual(baseline: Baseline, name: str) -> str:
    """Give the group that a role stands for where nothing special holds."""
    role = baseline.vocabulary.role(name)
    return role.cases[-1][1] if role is not None and role.cases else name


def _stand_ins(baseline: Baseline, row: Row) -> Iterator[str]:
    names = dict.fromkeys(
        name for region in row.regions for end in (region.source, region.destination) for name in end.defaults
    )
    for role in filter(None, map(baseline.vocabulary.role, names)):
        for when, group in role.cases[:-1]:
            yield f"In the place of {role.cases[-1][1]}: {group} when {in_words(when)}."


def _shown(row: Row) -> tuple[RegionTerm, ...]:
    required = tuple(region for region in row.regions if region.use is Use.REQUIRED)
    return required[:1] if all(region.when for region in required) else required


def _ports(row: Row) -> str:
    if row.icmp:
        return f"type {','.join(map(str, row.icmp))}"
    if not {"tcp", "udp"} & set(row.protocols):
        return "any"
    terms: list[PortTerm] = [
        term for region in _shown(row)[:1] for term in region.ports if not term.default or not term.when
    ]
    words = [
        "any" if pair == (0, 65535) else str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}-{pair[1]}"
        for term in terms
        for pair in term.default
    ]
    words += [f"as row {', '.join(term.same_as)}" for term in terms if term.same_as]
    words += ["per site" for term in terms if not term.default and not term.same_as]
    return ",".join(dict.fromkeys(words)) or "per site"


def _when(row: Row) -> str:
    words: list[str] = []
    for case in row.cases:
        always = f"always {case.requirement.value}" if not words else f"else {case.requirement.value}"
        words.append(f"{case.requirement.value} when {in_words(case.when)}" if case.when is not None else always)
    return "; ".join(words)


def in_words(term: Term | None) -> str:
    """Write a condition as people read it: `services.http is on and topology.edge is single or load-balanced`."""
    if term is None:
        return "always"
    if isinstance(term, Is):
        if term.path.endswith(".enabled"):
            return f"{term.path.split('.')[1]} is {'on' if term.words == ('true',) else 'off'}"
        return f"{term.path} is {' or '.join(term.words)}"
    if isinstance(term, Not):
        return f"not ({in_words(term.term)})"
    if isinstance(term, All):
        return " and ".join(_bracketed(item) for item in term.terms)
    return " or ".join(_bracketed(item) for item in term.terms)


def _bracketed(term: Term) -> str:
    return f"({in_words(term)})" if isinstance(term, AnyOf | All) and len(term.terms) > 1 else in_words(term)
