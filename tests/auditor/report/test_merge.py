"""Parts of a run merged: the report that one run over all of them would have given."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from auditor.errors import UsageError
from auditor.report.merge import merge, path_verdict
from auditor.report.status import exit_code
from auditor.report.values import (
    FirewallReport,
    Hop,
    PathRow,
    Report,
    RowVerdictKind,
    Status,
    WaiverUse,
    WaiverWarning,
    WaiverWarningKind,
)
from tests.auditor import sample_report


def named(name: str, verdict: RowVerdictKind = RowVerdictKind.PRESENT) -> FirewallReport:
    """Make the audit of one firewall with one row."""
    return replace(sample_report.firewall(rows=(sample_report.row("5", verdict),)), name=name)


def part(*firewalls: FirewallReport, hops: tuple[tuple[str, str], ...], verdict: str) -> Report:
    """Make a shard's report whose only row has these hops; without hops it has no row."""
    row = PathRow(
        id="5",
        title="HTTPS from clients",
        verdict=verdict,
        hops=tuple(Hop(firewall=name, verdict=word) for name, word in hops),
    )
    return replace(sample_report.report(*firewalls), rows=(row,) if hops else ())


def test_shards_make_the_whole_whatever_their_order() -> None:
    """Firewalls stand sorted by name, and a row is end to end what all parts together say of it."""
    down = replace(sample_report.failed(), name="c")
    parts = [
        part(named("b"), hops=(("b", "open"),), verdict="open"),
        part(named("a", RowVerdictKind.MISSING), hops=(("a", "blocked"),), verdict="blocked"),
        part(down, hops=(), verdict=""),
    ]
    whole = part(
        named("a", RowVerdictKind.MISSING),
        named("b"),
        down,
        hops=(("a", "blocked"), ("b", "open"), ("c", "unknown")),
        verdict="blocked",
    )

    assert all(merge(order) == whole for order in permutations(parts))


def test_declared_path_takes_each_hop_from_the_part_that_audited_it() -> None:
    """What a part does not know of a path's other hops does not count."""
    outer = part(named("outer"), hops=(("outer", "open"), ("inner", "unknown")), verdict="unknown")
    inner = part(named("inner"), hops=(("outer", "unknown"), ("inner", "open")), verdict="unknown")
    merged = merge([inner, outer])

    assert merged.rows[0].verdict == "open"
    assert merged.rows[0].hops == (Hop(firewall="outer", verdict="open"), Hop(firewall="inner", verdict="open"))


def test_empty_parts_change_nothing() -> None:
    """A shard over no firewall adds nothing, and the latest moment stands."""
    full = part(named("a"), hops=(("a", "open"),), verdict="open")
    empty = replace(part(hops=(), verdict=""), as_of="2026-11-25T00:00:00Z")

    assert merge([empty, full]) == replace(full, as_of="2026-11-25T00:00:00Z")
    assert merge([empty]) == empty


def test_warnings_of_waivers_are_said_once() -> None:
    """What every part says of the same waiver stands once in the whole."""
    expiring = WaiverWarning(
        kind=WaiverWarningKind.EXPIRING, waiver="SEC-1", line=3, firewall="a, b", text="expires in 3 days"
    )
    unused = replace(expiring, kind=WaiverWarningKind.UNUSED, line=2, text="no finding needs it")
    one = replace(part(named("a"), hops=(), verdict=""), waivers=WaiverUse(sha256="0" * 64, warnings=(expiring,)))
    two = replace(
        part(named("b"), hops=(), verdict=""), waivers=WaiverUse(sha256="0" * 64, warnings=(expiring, unused))
    )

    assert merge([one, two]).waivers == WaiverUse(sha256="0" * 64, warnings=(unused, expiring))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"tool_version": "9.9.9"}, id="version"),
        pytest.param({"deployment": ("acme-mft", "3" * 64)}, id="deployment"),
        pytest.param({"baselines": (("other", "1" * 64),)}, id="baseline"),
        pytest.param({"waivers": WaiverUse(sha256="0" * 64)}, id="waivers"),
        pytest.param({"firewalls": (named("a"),)}, id="same firewall"),
    ],
)
def test_what_does_not_belong_together_is_refused(other: dict[str, object]) -> None:
    """Parts of different runs, or one part twice, are no whole."""
    one = part(named("a"), hops=(("a", "open"),), verdict="open")
    two = replace(part(named("b"), hops=(("b", "open"),), verdict="open"), **other)  # type: ignore[arg-type]

    with pytest.raises(UsageError):
        merge([one, two])


def test_nothing_to_merge() -> None:
    """No report at all is a mistake of the command line."""
    with pytest.raises(UsageError):
        merge([])


@pytest.mark.parametrize(
    ("hops", "verdict"),
    [
        (("open", "open", "not-applicable"), "open"),
        (("open", "unknown", "blocked"), "blocked"),
        (("open", "unknown"), "unknown"),
        (("not-required", "open"), "open"),
        (("not-required",), "not-required"),
        (("not-applicable",), "not-required"),
        ((), "not-required"),
    ],
)
def test_verdict_of_a_path(hops: tuple[str, ...], verdict: str) -> None:
    """A hop that blocks decides, then one that nobody knows, then one that lets it pass."""
    assert path_verdict(hops) == verdict


def shards(*parts: str, as_of: str = "2026-11-24T02:00:00Z") -> list[Report]:
    """Make parts of a fleet with a firewall each."""
    return [replace(sample_report.report(named(f"fw-{item}")), part=item, as_of=as_of) for item in parts]


@pytest.mark.parametrize("parts", [("1/3", "2/3", "3/3"), ("0/3", "1/3", "2/3")])
def test_all_parts_are_the_whole(parts: tuple[str, ...]) -> None:
    """Parts that are all there make a whole that no longer is a part, whichever way they are counted."""
    whole = merge(shards(*parts))

    assert (len(whole.firewalls), whole.part) == (3, "")
    assert merge(shards("2/3")).part == "2/3"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (("1/3", "3/3"), "part 2/3 is not there"),
        (("1/4", "2/4"), "part 3/4, 4/4 is not there"),
        (("1/2", "2/3"), "another is part 1/2"),
        (("1/2", ""), "part of nothing"),
        (("3/3", "0/3", "1/3"), "two reports are part 0/3"),
    ],
)
def test_no_part_is_lost(parts: tuple[str, ...], message: str) -> None:
    """A part that is missing, of another division, or there twice is an error, not a smaller fleet."""
    with pytest.raises(UsageError, match=message):
        merge(shards(*parts))


def test_a_part_of_the_night_before() -> None:
    """What a failed part left behind the night before does not pass for tonight's; hours between parts do no harm."""
    old = shards("1/2", as_of="2026-11-23T02:00:00Z")

    with pytest.raises(UsageError, match=r"part 1/2 is as of 2026-11-23 02:00, part 2/2 as of 2026-11-24 02:00"):
        merge([*old, *shards("2/2")])
    assert merge([*shards("1/2", as_of="2026-11-23T23:00:00Z"), *shards("2/2")]).as_of == "2026-11-24T02:00:00Z"


def test_a_waiver_that_ended_between_the_parts() -> None:
    """As of the latest part a finding that was waived until the day before counts again."""
    waived = replace(sample_report.finding(), waived=replace(sample_report.WAIVED, expires="2026-11-23"))
    (early,) = shards("1/2", as_of="2026-11-23T23:30:00Z")
    early = replace(early, firewalls=(replace(early.firewalls[0], findings=(waived,)),))
    whole = merge([early, *shards("2/2", as_of="2026-11-24T00:10:00Z")])

    assert (exit_code(early), exit_code(whole)) == (0, 1)
    assert whole.firewalls[0].status is Status.FINDINGS
