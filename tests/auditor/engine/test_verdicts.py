"""The verdict of a row, one case of semantics section 2 at a time."""

from __future__ import annotations

from dataclasses import replace

from auditor.baseline.rows import Requirement
from auditor.engine.examine import examine
from auditor.report.values import Confidence, RowVerdictKind
from parsers.model.addresses import ANY, ANY4, AddressSet
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.firewall import Helper
from parsers.model.rules import Match, Stage
from parsers.model.services import PORTS, Service, ServiceSet
from tests.auditor.engine.hand import CAPTURE, ask, deny, firewall, packets_of, permit, tcp
from tests.auditor.engine.tiny import EDGE, INTERNET, PARTNER, SERVER, TRUSTED, VIP, asked, row

CLIENTS = 65535 - 1024 + 1
SCHEDULE = (Condition(kind=ConditionKind.SCHEDULE, text="time-range nights"),)
ADMIN = row("admin", Requirement.REQUIRED, TRUSTED, EDGE, (22, 22))
STREAM = row("stream", Requirement.REQUIRED, SERVER, EDGE | VIP, (443, 443))
HTTPS = row("https", Requirement.REQUIRED, INTERNET, VIP, (443, 443))


def test_present() -> None:
    """A permit of all that is required, whatever else it permits, makes the row present for sure."""
    judged = ask(firewall(inside=[permit(1, TRUSTED, EDGE, tcp((1, 1024)))]), ADMIN).row("admin")

    assert (judged.verdict, judged.confidence) == (RowVerdictKind.PRESENT, Confidence.SURE)
    assert judged.holes == {}


def test_client_ports_above_1023_suffice() -> None:
    """Clients use the ports 1024-65535: a permit of just those is enough, one of half of them is not."""
    enough = permit(1, TRUSTED, EDGE, tcp(22) & _clients(1024, 65535))
    half = permit(1, TRUSTED, EDGE, tcp(22) & _clients(32768, 65535))

    assert ask(firewall(inside=[enough]), ADMIN).row("admin").verdict is RowVerdictKind.PRESENT
    judged = ask(firewall(inside=[half]), ADMIN).row("admin")
    assert judged.verdict is RowVerdictKind.PARTIAL
    assert packets_of(cell for cells in judged.holes.values() for cell in cells) == 4 * (32768 - 1024)


def _clients(low: int, high: int) -> ServiceSet:
    return ServiceSet.of(Service(protocols=(0, 255), source_ports=(low, high)))


def test_missing_behind_a_deny() -> None:
    """A deny above the permit takes all of the row: it is missing, on the way there."""
    rules = [deny(1, ANY, EDGE, tcp(22)), permit(2, TRUSTED, EDGE, tcp(22))]

    judged = ask(firewall(inside=rules), ADMIN).row("admin")

    assert (judged.verdict, judged.blocked_direction) == (RowVerdictKind.MISSING, "forward")
    assert packets_of(cell for cells in judged.holes.values() for cell in cells) == 4 * CLIENTS


def test_partial() -> None:
    """One of two hosts is not served: half of the row is a hole."""
    judged = ask(firewall(inside=[permit(1, SERVER, VIP, tcp(443))]), STREAM).row("stream")

    assert judged.verdict is RowVerdictKind.PARTIAL
    assert packets_of(cell for cells in judged.holes.values() for cell in cells) == CLIENTS


def test_condition_of_a_permit() -> None:
    """A permit that holds at night only leaves the row open: not assessable, all of it."""
    judged = ask(firewall(inside=[permit(1, TRUSTED, EDGE, tcp(22), SCHEDULE)]), ADMIN).row("admin")

    assert judged.verdict is RowVerdictKind.NOT_ASSESSABLE
    assert packets_of(cell for cells in judged.holes.values() for cell in cells) == 4 * CLIENTS


def test_condition_of_a_deny() -> None:
    """A deny that perhaps takes a part leaves just that part open."""
    part = AddressSet.of("10.20.0.12/31")
    rules = [deny(1, part, ANY, tcp(PORTS), SCHEDULE), permit(2, TRUSTED, EDGE, tcp(22))]

    judged = ask(firewall(inside=rules), ADMIN).row("admin")

    assert judged.verdict is RowVerdictKind.NOT_ASSESSABLE
    assert packets_of(cell for cells in judged.holes.values() for cell in cells) == 2 * CLIENTS


def test_accepted_condition() -> None:
    """A permit whose kind of condition the site accepts counts as met, a deny's condition never does."""
    question = asked((ADMIN,), accept=frozenset({ConditionKind.SCHEDULE}))
    nightly = firewall(inside=[permit(1, TRUSTED, EDGE, tcp(22), SCHEDULE)])
    denied = firewall(inside=[deny(1, TRUSTED, EDGE, tcp(22), SCHEDULE), permit(2, TRUSTED, EDGE, tcp(22))])

    (present,) = examine(nightly, question, CAPTURE).rows
    (unknown,) = examine(denied, question, CAPTURE).rows

    assert (present.verdict, present.confidence) == (RowVerdictKind.PRESENT, Confidence.POSSIBLE)
    assert unknown.verdict is RowVerdictKind.NOT_ASSESSABLE


def test_sure_hole_beside_an_open_part() -> None:
    """Where one host is surely shut and the other perhaps open, the row is partial."""
    judged = ask(firewall(inside=[permit(1, SERVER, VIP, tcp(443), SCHEDULE)]), STREAM).row("stream")

    assert judged.verdict is RowVerdictKind.PARTIAL


def test_facts_of_the_row_meet_a_condition() -> None:
    """An application that the baseline knows the row to be makes the rule count, as possible."""
    ssh = replace(ADMIN, facts=(("test", frozenset({"ssh"})),))
    condition = (Condition(kind=ConditionKind.APPLICATION, values=("ssh",)),)
    device = firewall(inside=[permit(1, TRUSTED, EDGE, tcp(22), condition)])

    assert ask(device, ADMIN).row("admin").verdict is RowVerdictKind.NOT_ASSESSABLE
    judged = ask(device, ssh).row("admin")
    assert (judged.verdict, judged.confidence) == (RowVerdictKind.PRESENT, Confidence.POSSIBLE)


def test_any_alternative_will_do() -> None:
    """Of alternatives the best counts: LDAPS alone satisfies a row of LDAP or LDAPS."""
    ldap = row("ldap", Requirement.REQUIRED, EDGE, SERVER, (389, 389), ((636, 636),))

    judged = ask(firewall(dmz=[permit(1, EDGE, SERVER, tcp(636))]), ldap).row("ldap")

    assert judged.verdict is RowVerdictKind.PRESENT


def test_row_that_does_not_cross() -> None:
    """A row between two hosts of one side does not apply to this firewall."""
    inner = row("inner", Requirement.REQUIRED, SERVER, TRUSTED, (22, 22))

    assert ask(firewall(), inner).row("inner").verdict is RowVerdictKind.NOT_APPLICABLE


def test_row_that_is_off_or_allowed() -> None:
    """What is off, or only allowed, is not required, whatever the firewall does."""
    rows = [
        replace(ADMIN, id=str(n), requirement=item) for n, item in enumerate((Requirement.OFF, Requirement.ALLOWED))
    ]

    judged = ask(firewall(), *rows).judged

    assert [item.verdict for item in judged] == [RowVerdictKind.NOT_REQUIRED] * 2


def test_private_host_that_nothing_publishes() -> None:
    """From the Internet nobody can send to a private address: a permit alone does not make the row present."""
    inbound = row("inbound", Requirement.REQUIRED, INTERNET, SERVER, (443, 443))

    judged = ask(firewall(outside=[permit(1, ANY, SERVER, tcp(443))]), inbound).row("inbound")

    assert (judged.verdict, judged.blocked_direction) == (RowVerdictKind.MISSING, "forward")


def test_replies_that_are_dropped() -> None:
    """Without connection tracking a row needs its replies permitted too; else the way back is what fails."""
    device = firewall(inside=[permit(1, TRUSTED, EDGE, tcp(22))], dmz=[])
    blind = _stateless(device.stages)
    answered = _stateless(firewall(inside=[permit(1, TRUSTED, EDGE, tcp(22))], dmz=[permit(9, EDGE, TRUSTED)]).stages)

    judged = ask(replace(device, stages=blind), ADMIN).row("admin")
    assert (judged.verdict, judged.blocked_direction) == (RowVerdictKind.MISSING, "return")
    assert ask(replace(device, stages=answered), ADMIN).row("admin").verdict is RowVerdictKind.PRESENT


def _stateless(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    return tuple(replace(stage, stateful=False) for stage in stages)


def test_cuts_are_judged_apart() -> None:
    """A row between three sides has a verdict for each pair, and the union is what counts."""
    both = row("both", Requirement.REQUIRED, SERVER | PARTNER, EDGE, (22, 22))
    device = firewall(inside=[permit(1, SERVER, EDGE, tcp(22))])

    judged = ask(device, both).row("both")

    verdicts = {(pair.source, pair.destination): verdict for pair, verdict in judged.cuts}
    assert verdicts == {("inside", "dmz"): RowVerdictKind.PRESENT, ("outside", "dmz"): RowVerdictKind.MISSING}
    assert judged.verdict is RowVerdictKind.PARTIAL


def test_data_connections_opened_by_inspection() -> None:
    """Where a helper surely inspects the control connection, its data connections are present with that reason."""
    control = row("control", Requirement.REQUIRED, TRUSTED, EDGE, (21, 21))
    data = replace(
        row("data", Requirement.REQUIRED, TRUSTED, EDGE, (1024, 65535)),
        opened_by_inspection=True, control_row="control", helper="ftp",
    )  # fmt: skip
    device = firewall(inside=[permit(1, TRUSTED, EDGE, tcp(21))])
    inspecting = replace(device, helpers=(Helper(protocol="ftp", services=tcp(21), name="inspect ftp"),))

    assert ask(device, control, data).row("data").verdict is RowVerdictKind.MISSING
    judged = ask(inspecting, control, data).row("data")
    assert (judged.verdict, judged.because) == (RowVerdictKind.PRESENT, "opened by inspection")


def test_internet_in_both_families() -> None:
    """The Internet of an IPv4 host is IPv4: a permit of IPv4 alone serves it whole."""
    judged = ask(firewall(outside=[permit(1, ANY4, VIP, tcp(443))]), HTTPS).row("https")

    assert judged.verdict is RowVerdictKind.PRESENT


def test_sure_part_of_a_conditional_permit() -> None:
    """What a conditional permit surely matches is present for sure, and only the rest is open."""
    known = Match(source=TRUSTED, destination=EDGE, services=tcp(22))
    rule = permit(1, ANY, EDGE | VIP, tcp(22), SCHEDULE, known)

    judged = ask(firewall(inside=[rule]), ADMIN).row("admin")

    assert (judged.verdict, judged.confidence) == (RowVerdictKind.PRESENT, Confidence.SURE)
