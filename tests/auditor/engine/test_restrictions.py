"""Denies that keep a part of the Internet out restrict a row and do not break it (semantics section 1)."""

from __future__ import annotations

import pytest

from auditor.baseline.rows import Requirement
from auditor.engine.cells import size
from auditor.engine.examine import examine
from auditor.engine.question import Mode
from auditor.engine.restrictions import blocked, line_of
from auditor.report.values import Kind, LineRole, RowVerdictKind
from parsers.model.addresses import ANY, ANY4, AddressSet
from parsers.model.rules import Rule
from parsers.model.services import ANY_SERVICE, UDP, ServiceSet
from tests.auditor.engine.hand import CAPTURE, Asked, ask, deny, firewall, line, permit, tcp
from tests.auditor.engine.tiny import EDGE, INTERNET, PARTNER, TRUSTED, VIP, asked, row

HTTPS = row("https", Requirement.REQUIRED, INTERNET, VIP, (443, 443))
OPEN = permit(9, ANY, VIP, tcp(443))
CLIENTS = 65535 - 1024 + 1


def _asked(*above: Rule) -> Asked:
    return ask(firewall(outside=[*above, OPEN]), HTTPS)


def test_blocklist_above_the_permit() -> None:
    """A deny of a network for everything leaves the row present, and is named with what it takes."""
    found = _asked(deny(1, PARTNER))

    judged = found.row("https")
    assert judged.verdict is RowVerdictKind.PRESENT
    assert [line(found.survey, item.decision) for item in judged.restrictions] == [1]
    (taken,) = [cells for item in judged.restrictions for cells in item.taken.values()]
    assert size(taken) == 128 * CLIENTS


@pytest.mark.parametrize(
    "services", [ANY_SERVICE, ServiceSet.protocol(6)], ids=["every protocol", "the row's own protocol"]
)
def test_deny_of_the_whole_protocol(services: ServiceSet) -> None:
    """It must be for all protocols, or for all of the row's own."""
    assert _asked(deny(1, PARTNER, ANY, services)).row("https").verdict is RowVerdictKind.PRESENT


@pytest.mark.parametrize("services", [tcp(443), tcp((1, 1023)), ServiceSet.protocol(UDP)], ids=["port", "range", "udp"])
def test_deny_of_some_ports_is_no_blocklist(services: ServiceSet) -> None:
    """A deny of the port leaves a hole in the row; one of another protocol does nothing to it."""
    verdict = _asked(deny(1, PARTNER, ANY, services)).row("https").verdict

    expected = RowVerdictKind.PRESENT if services == ServiceSet.protocol(UDP) else RowVerdictKind.PARTIAL
    assert verdict is expected
    assert _asked(deny(1, PARTNER, ANY, services)).row("https").restrictions == ()


def test_half_of_the_internet_is_too_much() -> None:
    """A deny that takes half of the Internet or more makes the row partial."""
    half = AddressSet.of("0.0.0.0/1")
    quarter = AddressSet.of("0.0.0.0/3")
    upper = AddressSet.of("128.0.0.0/1")

    assert _asked(deny(1, half)).row("https").verdict is RowVerdictKind.PARTIAL
    assert _asked(deny(1, quarter)).row("https").verdict is RowVerdictKind.PRESENT
    # 128/1 holds less of the unicast addresses (128.0.0.0 to 223.255.255.255) than is left below it.
    assert _asked(deny(1, upper)).row("https").verdict is RowVerdictKind.PRESENT


def test_several_blocklists_count_together() -> None:
    """Each deny is named, and it is their sum that must stay below half."""
    three = [deny(n, AddressSet.of(f"{32 * n}.0.0.0/3")) for n in (1, 2, 3)]

    assert len(_asked(three[0], three[1]).row("https").restrictions) == 2
    assert _asked(*three).row("https").verdict is RowVerdictKind.PRESENT
    assert _asked(*three, deny(4, AddressSet.of("0.0.0.0/3"))).row("https").verdict is RowVerdictKind.PARTIAL


def test_half_is_counted_host_by_host() -> None:
    """Three quarters of the Internet that are kept from one of two hosts are not outweighed by the other."""
    both = row("https", Requirement.REQUIRED, INTERNET, EDGE | VIP, (443, 443))
    most = [AddressSet.of(f"{32 * n}.0.0.0/3") for n in (1, 2, 3, 4)]
    rules = [permit(9, ANY, EDGE | VIP, tcp(443))]

    judged = ask(firewall(outside=[*(deny(n, part, VIP) for n, part in enumerate(most)), *rules]), both).row("https")

    assert judged.verdict is RowVerdictKind.PARTIAL
    assert judged.restrictions == ()
    assert ask(firewall(outside=[deny(1, most[0], VIP), *rules]), both).row("https").restrictions


def test_deny_of_all_the_internet() -> None:
    """A deny that takes all of the row is no restriction: the row is missing."""
    judged = _asked(deny(1, ANY4)).row("https")

    assert judged.verdict is RowVerdictKind.MISSING
    assert judged.restrictions == ()


def test_blocklist_above_a_missing_permit() -> None:
    """Where no permit follows, the row is missing, with a blocklist above or without."""
    found = ask(firewall(outside=[deny(1, PARTNER)]), HTTPS)

    assert found.row("https").verdict is RowVerdictKind.MISSING


def test_row_without_the_internet() -> None:
    """A deny of part of a group is a hole: only the Internet is so large that parts of it may stay out."""
    admin = row("admin", Requirement.REQUIRED, TRUSTED, EDGE, (22, 22))
    rules = [deny(1, AddressSet.of("10.20.0.12")), permit(2, TRUSTED, EDGE, tcp(22))]

    assert ask(firewall(inside=rules), admin).row("admin").verdict is RowVerdictKind.PARTIAL


def test_one_finding_a_line() -> None:
    """Two rules of one deny line, and two rows, are one info finding with the rows named once."""
    ssh = row("ssh", Requirement.REQUIRED, INTERNET, VIP, (22, 22))
    rules = [deny(1, AddressSet.of("203.0.113.0/26")), deny(1, AddressSet.of("203.0.113.64/26"))]
    device = firewall(outside=[*rules, OPEN, permit(10, ANY, VIP, tcp(22))])

    findings = examine(device, asked((HTTPS, ssh)), CAPTURE).findings

    (finding,) = [item for item in findings if item.kind is Kind.RESTRICTED]
    assert [(item.line, item.role) for item in finding.lines] == [(1, LineRole.DENIES)]
    assert finding.rows == ("https", "ssh")
    assert finding.size == 128 * CLIENTS * 2


def test_blocked_names_who_drops_what() -> None:
    """Each part of what does not pass has the rule that drops it, the implicit deny included."""
    found = ask(firewall(outside=[deny(1, PARTNER), permit(2, ANY4 - PARTNER, VIP, tcp(22))]), HTTPS)
    holes = found.row("https").holes

    dropped = blocked(found.survey, holes, Mode.POSSIBLE)

    sizes: dict[int | None, int] = {}
    for _, decision, cell in dropped:
        number = line(found.survey, decision)
        sizes[number] = sizes.get(number, 0) + cell.size
    assert sizes == {1: 128 * CLIENTS, None: ((INTERNET & ANY4) - PARTNER).size * CLIENTS}


def test_line_of() -> None:
    """Decisions of one line share its place; what has no line stands for itself."""
    found = ask(firewall(outside=[permit(5, PARTNER, VIP, tcp(80)), permit(5, PARTNER, VIP, tcp(81))]), HTTPS)
    lines = {line_of(found.survey, owner) for item in found.surplus for owner in item.owners}

    assert len([owner for item in found.surplus for owner in item.owners]) == 2
    assert len(lines) == 1


def test_one_line_of_several_rules_denies_them_together() -> None:
    """A line whose services became several rules is for the whole protocol if they are so together."""
    low, high = tcp((0, 1023)), ServiceSet.protocol(6) - tcp((0, 1023))

    assert (
        _asked(deny(1, PARTNER, ANY, low), deny(1, PARTNER, ANY, high)).row("https").verdict is RowVerdictKind.PRESENT
    )
    apart = _asked(deny(1, PARTNER, ANY, low), deny(2, PARTNER, ANY, high)).row("https")
    assert apart.verdict is RowVerdictKind.PARTIAL
