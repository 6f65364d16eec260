"""What is open beyond the rows: kinds, owners and sizes, counted by hand (semantics section 3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.baseline.rows import Region, Requirement
from auditor.engine import firstmatch
from auditor.engine.examine import examine
from auditor.report.values import Confidence, Finding, Kind, LineRole
from parsers.model.addresses import ANY, NONE, AddressSet
from parsers.model.capture import Span
from parsers.model.conditions import Bounds, Condition, ConditionKind
from parsers.model.firewall import Bypass, Firewall, NamedObject
from parsers.model.rules import Match, Permit
from parsers.model.services import ANY_SERVICE, PORTS, ServiceSet
from tests.auditor.engine.hand import CAPTURE, ask, deny, firewall, permit, tcp
from tests.auditor.engine.tiny import (
    DMZ,
    EDGE,
    INSIDE,
    INTERNAL,
    INTERNET,
    PARTNER,
    SERVER,
    TRUSTED,
    VIP,
    asked,
    row,
)

PARTNERS = 128
SOURCE_PORTS = 65536
HTTPS = row("https", Requirement.REQUIRED, INTERNET, VIP, (443, 443))
HTTP = row("http", Requirement.OFF, INTERNET, VIP, (80, 80))
ADMIN = row("admin", Requirement.REQUIRED, TRUSTED, EDGE, (22, 22))
INWARDS = replace(
    row("inwards", Requirement.FORBIDDEN, NONE, NONE, PORTS),
    off=(Region(source=EDGE, destination=INTERNAL, services=ANY_SERVICE),),
)


def test_one_line_that_serves_a_row_and_opens_one_that_is_off() -> None:
    """A range 80-443 gives an extra for 80, naming the row that is off, and an over-broad for 81-442."""
    rules = [permit(1, PARTNER, VIP, tcp((80, 443)))]

    found = ask(firewall(outside=rules), HTTPS, HTTP)

    assert found.open() == {
        ("extra", 1, "http"): PARTNERS * SOURCE_PORTS,
        ("over-broad", 1, ""): PARTNERS * 362 * SOURCE_PORTS,
    }
    assert {item.kind: item.rows for item in found.surplus} == {Kind.EXTRA: ("http",), Kind.OVER_BROAD: ("https",)}
    assert {item.confidence for item in found.surplus} == {Confidence.SURE}


def test_line_that_serves_nothing() -> None:
    """A line that owns no required traffic is extra, also where another line before it serves the row."""
    rules = [permit(1, PARTNER, VIP, tcp(443)), permit(2, PARTNER, VIP, tcp((440, 445)))]

    assert ask(firewall(outside=rules), HTTPS).open() == {("extra", 2, ""): PARTNERS * 5 * SOURCE_PORTS}


def test_prohibited_comes_before_extra() -> None:
    """What is prohibited is cut first: the row that is off, and the rest, get what is left of the line."""
    off = row("mail", Requirement.OFF, EDGE, SERVER | PARTNER, (25, 25))
    rules = [permit(1, EDGE, SERVER | PARTNER, tcp((25, 26)))]

    assert ask(firewall(dmz=rules), INWARDS, off).open() == {
        ("forbidden", 1, "inwards"): 2 * SOURCE_PORTS,
        ("extra", 1, "mail"): PARTNERS * SOURCE_PORTS,
        ("extra", 1, ""): PARTNERS * SOURCE_PORTS,
    }


def test_two_rows_that_are_off() -> None:
    """No packet is in two findings: of two rows that are off the first takes what both would open."""
    wide = row("wide", Requirement.OFF, INTERNET, VIP, (80, 81))
    rules = [permit(1, PARTNER, VIP, tcp((80, 81)))]

    assert ask(firewall(outside=rules), HTTP, wide).open() == {
        ("extra", 1, "http"): PARTNERS * SOURCE_PORTS,
        ("extra", 1, "wide"): PARTNERS * SOURCE_PORTS,
    }


def test_any_source_port_is_allowed() -> None:
    """A permit of the row's port from any source port, or from unreal senders, is just present."""
    rules = [permit(1, ANY, VIP, tcp(443))]

    assert ask(firewall(outside=rules), HTTPS).open() == {}


def test_service_from_a_source_port() -> None:
    """A permit by source port opens every port of the host (the classic hole of active FTP)."""
    classic = ServiceSet.protocol(6, (1024, 65535), source_ports=(20, 20))
    rules = [permit(1, PARTNER, EDGE, classic)]

    assert ask(firewall(outside=rules), ADMIN).open() == {("extra", 1, ""): PARTNERS * (65535 - 1024 + 1)}


def test_only_protected_hosts_are_judged() -> None:
    """What concerns no protected host is nobody's surplus; a neighbour may reach a protected host, and is one."""
    rules = [permit(1, DMZ, INSIDE, tcp(3306))]

    found = ask(firewall(dmz=rules), ADMIN, declared=False)

    everyone, protected, servers = 256, 2, 1
    assert found.open() == {
        ("extra", 1, ""): (protected * 256 + (everyone - protected) * servers) * SOURCE_PORTS,
    }
    assert {item.pair.destination for item in found.surplus} == {"unassigned:inside"}


def test_implicit_permit_is_an_owner() -> None:
    """What a policy lets pass belongs to it, as a line without a number."""
    base = firewall(outside=[deny(1, ANY, ANY - VIP), deny(2, ANY - PARTNER, VIP), deny(3, PARTNER, VIP, ~tcp(8080))])
    first, *others = base.stages
    device = replace(base, stages=(replace(first, default=Permit(replies=True)), *others))

    assert ask(device, HTTPS).open() == {("extra", None, ""): PARTNERS * SOURCE_PORTS}


def test_possible_surplus() -> None:
    """A permit that holds at times is surplus that is only possible."""
    condition = (Condition(kind=ConditionKind.SCHEDULE),)
    rules = [permit(1, PARTNER, VIP, tcp(8080), condition)]

    (item,) = ask(firewall(outside=rules), HTTPS).surplus

    assert item.confidence is Confidence.POSSIBLE


def test_bypass() -> None:
    """What may skip the filters (a tunnel) is possible surplus of the line that lets it, unreal senders included."""
    tunnel = Bypass(
        text="crypto map", source=AddressSet.of("10.99.0.0/24"), destination=VIP, span=Span(first=7, last=7)
    )
    device = replace(firewall(), bypasses=(tunnel,))

    (item,) = ask(device, HTTPS).surplus

    assert (item.kind, item.confidence) == (Kind.EXTRA, Confidence.POSSIBLE)
    assert [part.flow.arrival.source for part in item.parts] == [AddressSet.of("10.99.0.0/24")]


def test_rules_of_one_line_are_one_owner() -> None:
    """Two rules of one line, of which one serves the row, make the other's traffic over-broad in one finding."""
    rules = [permit(1, PARTNER, VIP, tcp(443)), permit(1, PARTNER, VIP, tcp(8080))]

    found = ask(firewall(outside=rules), HTTPS)

    assert found.open() == {("over-broad", 1, ""): PARTNERS * SOURCE_PORTS}


# -- findings -----------------------------------------------------------------------------------------------------


def _findings(device: Firewall) -> list[Finding]:
    question = asked((HTTPS, HTTP))
    return [item for item in examine(device, question, CAPTURE).findings if item.kind is Kind.EXTRA]


def _cited(finding: Finding) -> list[tuple[int | None, str]]:
    return [(item.line, item.role.value) for item in finding.lines]


@pytest.mark.parametrize("short", [24, 0], ids=["rule by rule", "as a list"])
def test_lines_that_would_open_it_too(short: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rule that would still open the traffic if those before were gone is named, and none behind a deny of it."""
    monkeypatch.setattr(firstmatch, "_SHORT", short)
    rules = [
        permit(1, PARTNER, VIP, tcp(80)),
        permit(2, PARTNER, EDGE, tcp(9)),
        permit(3, ANY, VIP, tcp(80)),
        permit(4, PARTNER, VIP, tcp((80, 90))),
        deny(5, ANY, VIP, tcp(80)),
        permit(6, ANY, VIP),
    ]

    first = next(item for item in _findings(firewall(outside=rules)) if (1, "permits") in _cited(item))

    assert _cited(first) == [(1, "permits"), (3, "also"), (4, "also")]


def test_member_that_opens_it() -> None:
    """Of a group's members those are cited that take the traffic of the finding."""
    group = NamedObject(
        name="WEB",
        members=(
            (Bounds.exact(tcp(443)), Span(first=50, last=50)),
            (Bounds.exact(tcp(80)), Span(first=51, last=51)),
        ),
    )
    rule = permit(1, PARTNER, VIP, tcp(80, 443))
    named = replace(rule, possible=Match(source=PARTNER, destination=VIP, services=tcp(80, 443), objects=("WEB",)))
    device = replace(firewall(outside=[named]), objects=(group,))

    (finding,) = _findings(device)

    assert _cited(finding) == [(1, LineRole.PERMITS.value), (51, LineRole.OBJECT.value)]
    assert finding.size == PARTNERS * SOURCE_PORTS


def test_title_says_in_which_respect_a_line_opens_more() -> None:
    """Another service, more senders or more hosts: the reader need not hold the traffic against the row."""
    lines = {
        1: permit(1, PARTNER, VIP, tcp((443, 444))),
        2: permit(1, TRUSTED, EDGE | VIP, tcp(22)),
        3: permit(1, TRUSTED | SERVER, EDGE, tcp(22)),
    }
    question = asked((HTTPS, ADMIN))
    titles = [
        next(item.title for item in examine(device, question, CAPTURE).findings if item.kind is Kind.OVER_BROAD)
        for device in (
            firewall(outside=[lines[1]]),
            firewall(inside=[lines[2]]),
            firewall(inside=[lines[3]]),
        )
    ]

    assert [title.partition(" is open ")[2] for title in titles] == [
        "beside what row https needs",
        "to more hosts than row admin needs",
        "to more senders than row admin needs",
    ]
