"""What a well-formed deployment can still have wrong: names that nobody lists, contradictions, rows without a group."""

from __future__ import annotations

from auditor.baseline.conditions import answer
from auditor.baseline.document import Path, Problems, nearest
from auditor.baseline.language import INTERNAL, INTERNET, WORDS, OptionKind
from auditor.deployment.facts import Facts, Zone
from auditor.deployment.firewalls import check_firewalls
from auditor.deployment.internet import INTERNET_BASE
from auditor.deployment.places import Places, carved
from auditor.deployment.resolve import Gap, gaps
from auditor.deployment.site import Deployment, Transfer, Variant
from parsers.model.addresses import ANY4

__all__ = ["check"]


def check(deployment: Deployment, problems: Problems, *, whole: bool) -> None:
    """Note every error; what only an absence shows is looked for where the whole file was well-formed."""
    for variant in deployment.variants:
        _groups(deployment, variant, problems)
        _references(deployment, variant, problems)
        _row_ids(deployment, variant, problems)
    _presets(deployment, problems)
    _balancer(deployment, problems)
    check_firewalls(deployment, problems)
    if not whole:
        return
    _nobody_left(deployment, problems)
    facts = [Zone.of(deployment, variant).facts for variant in deployment.variants]
    for variant, known in zip(deployment.variants, facts, strict=True):
        _contradictions(deployment, variant, known, problems)
    if not problems.found:
        for gap in gaps(deployment):
            _gap(deployment, gap, problems)


def _at(variant: Variant, *path: str | int) -> Path:
    return ("zones", variant.name, *path) if variant.name else path


def _groups(deployment: Deployment, variant: Variant, problems: Problems) -> None:
    declared = {group.name for group in deployment.baseline.vocabulary.groups}
    roles = {role.name for role in deployment.baseline.vocabulary.roles} - declared
    seen: dict[object, str] = {}
    for group in variant.groups:
        path = _at(variant, "groups", group.name)
        if group.name in (WORDS - {INTERNET}) | roles:
            problems.add(path, f"{group.name} is a word of st-audit's own", "choose another name for the group")
        key = (group.addresses, group.names)
        if key in seen:
            problems.add(
                path, f"the groups {seen[key]} and {group.name} have the same addresses",
                f"leave {group.name} out, or list only what is its own",
            )  # fmt: skip
        seen.setdefault(key, group.name)


def _nobody_left(deployment: Deployment, problems: Problems) -> None:
    """Note groups of which others leave nobody, and an Internet of which little is left: rows would ask nothing."""
    for variant in deployment.variants:
        for group in variant.groups:
            if group.addresses and group.name != INTERNET and not carved(group, deployment):
                problems.add(
                    _at(variant, "groups", group.name), f"other groups inside {group.name} leave nobody of it",
                    "leave them out, or list only what is their own",
                )  # fmt: skip
    public = INTERNET_BASE & ANY4
    if not deployment.addresses(INTERNET) and 2 * (Places.of(deployment).internet & public).size < public.size:
        problems.add(
            ("internal",), "groups and internal addresses leave less than half of the Internet",
            "list only what is your own: no row would be asked for the rest",
        )  # fmt: skip


def _references(deployment: Deployment, variant: Variant, problems: Problems) -> None:
    """Note groups that options name and nobody lists."""
    listed = {group.name for group in variant.groups} | {INTERNET, INTERNAL}
    declared = {group.name for group in deployment.baseline.vocabulary.groups}
    kinds = {option.path: option.kind for option in deployment.baseline.vocabulary.options}
    for path, value in variant.written:
        if not isinstance(value, tuple):
            continue
        named: list[tuple[str, Path]] = []
        if kinds[path] is OptionKind.GROUPS:
            named = [(str(name), ()) for name in value]
        elif kinds[path] is OptionKind.TRANSFERS:
            named = [
                (name, (index, "to"))
                for index, entry in enumerate(value)
                if isinstance(entry, Transfer)
                for name in entry.to
            ]
        for name, inner in named:
            if name not in listed:
                at = (*_at(variant, *path.split(".")), *inner)
                hint = f"write groups: {{{name}: [...]}}" if name in declared else nearest(name, listed)
                problems.add(at, f"the group {name} is not listed under groups", hint)


def _row_ids(deployment: Deployment, variant: Variant, problems: Problems) -> None:
    known = [row.id for row in deployment.baseline.rows]
    for row_id, _ in variant.ports:
        if row_id not in known:
            problems.add(_at(variant, "ports", row_id), f"no row is called {row_id}", nearest(row_id, known))


def _presets(deployment: Deployment, problems: Problems) -> None:
    known = [preset.name for preset in deployment.baseline.vocabulary.presets]
    for name in deployment.presets:
        if name not in known:
            problems.add(("preset",), f"no preset is called {name}", nearest(name, known))


def _balancer(deployment: Deployment, problems: Problems) -> None:
    site = deployment.load_balancer
    if site is None:
        return
    at: Path = ("load_balancer",)
    stands = deployment.baseline.vocabulary.balancer
    if stands is None:
        problems.add(at, "this baseline knows of no load balancer", "leave load_balancer out")
        return
    if all(answer(stands.when, Zone.of(deployment, item).facts.fact).holds is False for item in deployment.variants):
        problems.add(
            at, f"no load balancer stands between {stands.front} and {stands.behind} here",
            "leave load_balancer out, or write the topology that has one",
        )  # fmt: skip
    if site.direct_return and site.snat:
        problems.add(
            (*at, "dsr"), "with direct server return the balancer does not send from addresses of its own",
            "leave out snat, or write dsr: false",
        )  # fmt: skip
    for row_id, _ in site.ports:
        if row_id not in stands.rows:
            problems.add(
                (*at, "edge_ports", row_id),
                f"the load balancer carries no row {row_id} on",
                nearest(row_id, stands.rows),
            )


def _contradictions(deployment: Deployment, variant: Variant, facts: Facts, problems: Problems) -> None:
    for item in deployment.baseline.vocabulary.contradictions:
        if answer(item.when, facts.fact).holds:
            problems.add(_at(variant, *item.key.split(".")), item.because, f"write {item.write}")


def _gap(deployment: Deployment, gap: Gap, problems: Problems) -> None:
    row = deployment.baseline.row(gap.row_id)
    title = f"row {gap.row_id} ({row.title})" if row else f"row {gap.row_id}"
    at: Path = ("zones", gap.zone) if gap.zone else ()
    for name in gap.groups:
        problems.add(
            (*at, "groups"), f"{title} needs the group {name}, which nobody lists",
            f"write groups: {{{name}: [...]}}, or switch off what needs it",
        )  # fmt: skip
    if gap.option:
        problems.add(
            (*at, *gap.option.split(".")), f"{title} needs {gap.option}",
            f"write {gap.option}, or switch off what needs it",
        )  # fmt: skip
