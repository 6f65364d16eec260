"""Baseline files with their meaning: one merged vocabulary, and rows that use nothing but it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from auditor.baseline.conditions import Term
from auditor.baseline.document import Document, Path, Problems
from auditor.baseline.fields import ports_of
from auditor.baseline.language import (
    Balancer,
    Baseline,
    Case,
    Contradiction,
    GroupTerm,
    Inspection,
    Note,
    OptionKind,
    OptionTerm,
    Preset,
    RegionTerm,
    Role,
    Row,
    ServiceTerm,
    SetUpQuestion,
    Source,
    Use,
    Vocabulary,
)
from auditor.baseline.rows import Requirement, Runs
from auditor.baseline.schema import FileShape, OptionShape, RowShape, VocabularyShape
from auditor.baseline.shape import validated
from auditor.baseline.terms import Reader, Scope
from auditor.errors import BaselineError

__all__ = ["Part", "build"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One baseline: its id and SHA-256, and its files."""

    id: str
    sha256: str
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    part: Part
    shape: FileShape
    problems: Problems


def build(parts: Sequence[Part], free_groups: Iterable[str] = ()) -> Baseline:
    """Merge baselines in order; `free_groups` are names that the deployment lists without any vocabulary.

    Raises BaselineError with everything that is wrong in any of the files.
    """
    problems: list[Problems] = []
    files: list[_File] = []
    for part in parts:
        for document in part.documents:
            noted = Problems(document=document, error=BaselineError)
            problems.append(noted)
            shape, _ = validated(FileShape, document.data, noted)
            if shape is not None:
                files.append(_File(part=part, shape=shape, problems=noted))
    vocabulary, named = _vocabulary(files)
    scope = Scope.of(vocabulary, named, frozenset(free_groups))
    vocabulary = _conditional(files, vocabulary, scope)
    rows = _rows(files, scope)
    found = [error for noted in problems for error in noted.found]
    if found:
        raise BaselineError(
            found[0].message, hint=found[0].hint, file=found[0].file, line=found[0].line, key=found[0].key,
            others=tuple(found[1:]),
        )  # fmt: skip
    titles = {file.part.id: file.shape.title or file.part.id for file in reversed(files)}
    return Baseline(
        parts=tuple((part.id, part.sha256) for part in parts),
        titles=tuple(titles[part.id] for part in parts),
        vocabulary=vocabulary,
        rows=rows,
    )


def _vocabulary(files: Sequence[_File]) -> tuple[Vocabulary, dict[str, Any]]:
    """Merge what needs no condition; conditions are read once all names are known."""
    named: dict[str, Any] = {}
    groups: dict[str, GroupTerm] = {}
    topology: dict[str, OptionTerm] = {}
    services: dict[str, ServiceTerm] = {}
    roles: dict[str, Role] = {}
    presets: dict[str, Preset] = {}
    for file, words in _worded(files):
        add = _once(file.problems)
        for name, raw in words.conditions.items():
            add(named, name, raw, ("vocabulary", "conditions", name))
        for name, group in words.groups.items():
            term = GroupTerm(name=name, title=group.title, protected=group.protected)
            add(groups, name, term, ("vocabulary", "groups", name))
        for name, option in words.topology.items():
            path = ("vocabulary", "topology", name)
            add(topology, name, _option(f"topology.{name}", option, file.problems, path), path)
        for name, service in words.services.items():
            options = [OptionTerm(path=f"services.{name}.enabled", kind=OptionKind.FLAG, title=service.title)]
            for key, option in service.options.items():
                at: Path = ("vocabulary", "services", name, "options", key)
                options.append(_option(f"services.{name}.{key}", option, file.problems, at))
            term_ = ServiceTerm(name=name, title=service.title, options=tuple(options))
            add(services, name, term_, ("vocabulary", "services", name))
        for name in words.roles:
            add(roles, name, Role(name=name, cases=()), ("vocabulary", "roles", name))
        for name, preset in words.presets.items():
            term__ = Preset(name=name, add=preset.add, below=preset.below, title=preset.title)
            add(presets, name, term__, ("vocabulary", "presets", name))
    vocabulary = Vocabulary(
        groups=tuple(groups.values()), topology=tuple(topology.values()), services=tuple(services.values()),
        roles=tuple(roles.values()), presets=tuple(presets.values()),
    )  # fmt: skip
    return vocabulary, named


def _worded(files: Sequence[_File]) -> Iterable[tuple[_File, VocabularyShape]]:
    return [(file, file.shape.vocabulary) for file in files if file.shape.vocabulary is not None]


def _once(problems: Problems) -> Any:
    def add(table: dict[str, Any], name: str, value: Any, path: Path) -> None:
        if name in table:
            problems.add(path, f"{name} is declared already, here or by an earlier baseline", "choose another name")
        else:
            table[name] = value

    return add


def _option(path: str, shape: OptionShape, problems: Problems, at: Path) -> OptionTerm:
    kind = OptionKind(shape.type)
    term = OptionTerm(
        path=path, kind=kind, title=shape.title, choices=shape.choices, any_word=shape.any,
        entry_ports=shape.entry_ports,
    )  # fmt: skip
    if kind is OptionKind.CHOICE and not shape.choices:
        problems.add(at, "a choice needs choices", "write choices: [a, b]")
    if shape.default is None:
        return term
    return replace(term, defaults=((None, _default(term, shape.default, problems, (*at, "default"))),))


def _default(term: OptionTerm, value: Any, problems: Problems, at: Path) -> Any:
    if term.kind is OptionKind.FLAG and isinstance(value, bool):
        return value
    if term.kind is OptionKind.CHOICE and value in term.choices:
        return value
    if term.kind is OptionKind.GROUPS and value:
        return tuple(value) if isinstance(value, list) else (str(value),)
    if term.kind is OptionKind.PORTS and isinstance(value, int | str | list):
        return ports_of(value)
    problems.add(at, f"{value} is no value of a {term.kind.value} option")
    return None


def _conditional(files: Sequence[_File], vocabulary: Vocabulary, scope: Scope) -> Vocabulary:
    """Add defaults by condition, roles, contradictions, the balancer and the questions."""
    defaults: dict[str, tuple[tuple[Term | None, Any], ...]] = {}
    roles: list[Role] = []
    contradictions: list[Contradiction] = []
    questions: list[SetUpQuestion] = []
    balancer: Balancer | None = None
    for file, words in _worded(files):
        read = Reader(scope=scope, problems=file.problems)
        for name, option in words.topology.items():
            path: Path = ("vocabulary", "topology", name, "defaults")
            defaults |= _defaults(scope.options[f"topology.{name}"], option, read, path)
        for name, service in words.services.items():
            for key, option in service.options.items():
                path = ("vocabulary", "services", name, "options", key, "defaults")
                defaults |= _defaults(scope.options[f"services.{name}.{key}"], option, read, path)
        for name, cases in words.roles.items():
            path = ("vocabulary", "roles", name)
            found = [
                (read.condition(case.when, (*path, index, "when")), case.group) for index, case in enumerate(cases)
            ]
            for index, case in enumerate(cases):
                read.endpoint(case.group, (*path, index, "group"))
            roles.append(Role(name=name, cases=tuple(found)))
        for index, item in enumerate(words.contradictions):
            path = ("vocabulary", "contradictions", index)
            when = read.condition(item.when, (*path, "when"))
            if when is not None:
                contradictions.append(Contradiction(when=when, key=item.key, because=item.because, write=item.write))
        for index, ask in enumerate(words.questions):
            when = read.condition(ask.when, ("vocabulary", "questions", index, "when"))
            questions.append(
                SetUpQuestion(key=ask.key, ask=ask.ask, comment=ask.comment, example=ask.example, when=when)
            )
        if words.balancer is not None:
            stands = words.balancer
            when = read.condition(stands.when, ("vocabulary", "balancer", "when"))
            balancer = Balancer(front=stands.front, behind=stands.behind, rows=stands.rows, when=when)
    topology = tuple(replace(item, defaults=defaults.get(item.path, item.defaults)) for item in vocabulary.topology)
    services = tuple(
        replace(
            service,
            options=tuple(replace(item, defaults=defaults.get(item.path, item.defaults)) for item in service.options),
        )
        for service in vocabulary.services
    )
    return replace(
        vocabulary, topology=topology, services=services, roles=tuple(roles), contradictions=tuple(contradictions),
        balancer=balancer, questions=tuple(questions),
    )  # fmt: skip


def _defaults(term: OptionTerm, shape: OptionShape, read: Reader, at: Path) -> dict[str, Any]:
    if not shape.defaults:
        return {}
    found: list[tuple[Term | None, Any]] = []
    for index, case in enumerate(shape.defaults):
        if set(case) - {"when", "value"} or "value" not in case:
            read.problems.add(
                (*at, index), "a default by condition has when and value", "write {when: ..., value: ...}"
            )
            continue
        when = read.condition(case.get("when"), (*at, index, "when"))
        found.append((when, _default(term, case["value"], read.problems, (*at, index, "value"))))
    return {term.path: tuple(found)}


def _rows(files: Sequence[_File], scope: Scope) -> tuple[Row, ...]:
    """Read all rows; within each baseline numbered ones come first, by number."""
    rows: dict[str, Row] = {}
    order: dict[str, tuple[int, bool, int]] = {}
    parts = [file.part.id for file in files]
    for file in files:
        read = Reader(scope=scope, problems=file.problems)
        add = _once(file.problems)
        for index, shape in enumerate(file.shape.rows):
            add(rows, shape.id, _row(file, shape, read, ("rows", index)), ("rows", index, "id"))
            number = int(shape.id) if shape.id.isdecimal() else len(order)
            order.setdefault(shape.id, (parts.index(file.part.id), not shape.id.isdecimal(), number))
    for file in files:
        for index, shape in enumerate(file.shape.rows):
            _references(rows, shape.id, file.problems, ("rows", index))
    return tuple(rows[row_id] for row_id in sorted(rows, key=order.__getitem__))


def _references(rows: dict[str, Row], row_id: str, problems: Problems, path: Path) -> None:
    row = rows[row_id]
    named = [other for region in row.regions for term in region.ports for other in term.same_as]
    if row.inspection:
        named.append(row.inspection.control_row)
    for other in named:
        if other not in rows:
            problems.add(path, f"row {row_id} names the row {other}, which there is not")
        elif any(term.same_as for region in rows[other].regions for term in region.ports):
            problems.add(path, f"row {row_id} takes the ports of row {other}, which takes them from another row itself")


def _row(file: _File, shape: RowShape, read: Reader, path: Path) -> Row:
    cases = [
        Case(
            requirement=Requirement(case.requirement),
            when=read.condition(case.when, (*path, "cases", index, "when")),
            because=case.because,
        )
        for index, case in enumerate(shape.cases)
    ]
    if shape.when is not None or not cases:
        cases.append(Case(requirement=Requirement.REQUIRED, when=read.condition(shape.when, (*path, "when"))))
    if shape.for_each and shape.for_each not in read.scope.options:
        read.problems.add((*path, "for_each"), f"no option is called {shape.for_each}")
    inspection = None
    if shape.inspection is not None:
        when = read.condition(shape.inspection.when, (*path, "inspection", "when"))
        if when is not None:
            control, helper = shape.inspection.control_row, shape.inspection.helper
            inspection = Inspection(when=when, control_row=control, helper=helper)
    cleartext: Term | bool = bool(shape.cleartext)
    if isinstance(shape.cleartext, dict):
        cleartext = read.condition(shape.cleartext, (*path, "cleartext")) or False
    return Row(
        id=shape.id, title=shape.title, protocols=tuple(str(shape.protocol).split("/")), cases=tuple(cases),
        regions=_regions(shape, read, path), for_each=shape.for_each, icmp=shape.icmp, cleartext=cleartext,
        administration=shape.administration,
        applications=tuple((owner, frozenset(names)) for owner, names in shape.applications.items()),
        opener=shape.opener, runs=Runs(shape.runs), meaning=shape.meaning, printed=shape.printed,
        citation=_citation(file, shape), oddities=shape.oddities,
        notes=tuple(
            Note(text=note.text, when=read.condition(note.when, (*path, "notes", index, "when")))
            for index, note in enumerate(shape.notes)
        ),
        inspection=inspection,
        source=Source(file=file.problems.document.file, line=file.problems.document.line(path)),
    )  # fmt: skip


def _citation(file: _File, shape: RowShape) -> str:
    if shape.citation:
        return shape.citation
    if file.shape.citation:
        return file.shape.citation.format(rule=shape.rule or shape.id, page=file.shape.page)
    return ", ".join(word for word in (file.shape.title or file.part.id, file.shape.page, f"row {shape.id}") if word)


def _regions(shape: RowShape, read: Reader, path: Path) -> tuple[RegionTerm, ...]:
    found = []
    whole: list[tuple[Any, Path]] = [(part, (*path, "regions", index)) for index, part in enumerate(shape.regions)]
    for part, at in whole or [(None, path)]:
        picked = {
            key: (getattr(part, key), (*at, key))
            if part is not None and getattr(part, key) is not None
            else (getattr(shape, key), (*path, key))
            for key in ("source", "destination", "ports", "source_ports")
        }
        for key in ("source", "destination"):
            if picked[key][0] is None:
                read.problems.add(at, f"row {shape.id} has no {key}", f"write {key}: and a group")
        source_ports = read.ports(*picked["source_ports"])
        found.append(
            RegionTerm(
                source=read.endpoint(*picked["source"]),
                destination=read.endpoint(*picked["destination"]),
                ports=read.ports(*picked["ports"]),
                source_ports=source_ports[0] if source_ports else None,
                use=Use(part.use) if part is not None else Use.REQUIRED,
                when=read.condition(part.when, (*at, "when")) if part is not None else None,
            )
        )
    return tuple(found)
