"""The fault matrix: every platform's own recipe and proof against its emulated device, one fault at a time.

Each ends complete and byte-equal, or is refused with the cause named; and the device records no change either way.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from auditor.audit import audit_firewall
from auditor.capture.completeness import demand
from auditor.capture.redaction import redact
from auditor.collect.credentials import SecretText
from auditor.demo.terminal import Device, Faults
from auditor.deployment.load import from_options
from auditor.deployment.site import Deployment, FirewallEntry
from auditor.errors import CollectionError, FailureKind, NotAssessableError
from parsers.contract import RemarkKind
from parsers.model.capture import Capture, Document
from parsers.model.firewall import HaRole
from tests.auditor.collect.bed import IMPATIENT
from tests.auditor.collect.systems import RUNNING, SYSTEMS, Bench, shell_platforms

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"


@pytest.fixture(params=shell_platforms())
def bench(request: pytest.FixtureRequest) -> Bench:
    """Each platform in turn; one without an emulated system here is a gap in this matrix."""
    return Bench(name=request.param, system=SYSTEMS[request.param])


# -- whole ----------------------------------------------------------------------------------------------------------


def test_prompts_wherever_people_may_write_them(bench: Bench) -> None:
    """In remark, description, banner and comment, with pagers, refusals, escapes and carriage returns: byte-equal."""
    prompt = bench.system.prompt
    text = bench.system.text(
        150,
        inside=(
            f"access-list IN remark see {prompt}for details",
            f" description uplink to {prompt}gi0/1",
            f"banner motd {prompt}{RUNNING}",
            f"! {prompt} comment",
            prompt,
            f"{prompt}{RUNNING}",
            f"{prompt}exit",
            "Logoff",
            "access-list IN remark \x1b[2J\x1b[31mred\x1b[0m a\rb \x1b[K",
            "access-list IN remark --More-- <--- More --->",
            "access-list IN remark ERROR: % Invalid input detected",
            "access-list IN remark Password: ",
        ),
    )
    bench.whole(text, banner=f"# > $ Password: {prompt}\n{prompt}\n")


def test_characters_cut_across_packets(bench: Bench) -> None:
    """Bytes come in pieces of seven, characters of two to four bytes among them: byte-equal."""
    lines = tuple(f" description é€漢字 😀 Ελλάδα {n}" for n in range(40))
    bench.whole(bench.system.text(40, inside=lines), Faults(packet=7))


def test_the_prompt_alone_on_a_line_before_a_pause(bench: Bench) -> None:
    """The device prints its own prompt and thinks for a while: it is waited for."""
    text = bench.system.text(60, inside=(bench.system.prompt,))
    line = text.split("\n").index(bench.system.prompt) + 1
    bench.whole(text, Faults(pause=(line, 0.4)))


def test_two_megabytes(bench: Bench) -> None:
    """Size does not matter."""
    text = bench.system.text(30_000, inside=(bench.system.prompt,))
    assert len(text) > 1_900_000
    bench.whole(text)


def test_the_largest_fixture(bench: Bench) -> None:
    """The platform's own configurations come back redacted and otherwise as they were, and are proven complete."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((FIXTURES / bench.name).glob("*/config.txt"))]
    proven = [text for text in texts if bench.platform.prove(_capture(text)).complete]
    text = max(proven or texts, key=len)
    collected, _ = bench.fetch(Device(configuration=text))

    assert (
        collected.capture.documents[0].text
        == bench.system.stamp + redact(bench.platform, _capture(text)).documents[0].text
    )
    assert demand(bench.platform, collected.capture) is None


def _capture(text: str) -> Capture:
    return Capture(documents=(Document(name="config", text=text),))


# -- refused --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["first line", "middle", "last line"])
def test_a_connection_cut(bench: Bench, place: str) -> None:
    """TCP is reset at the start, in the middle, and after the last line, before the prompt."""
    text = bench.system.text()
    line = {"first line": 1, "middle": 30, "last line": text.count("\n")}[place]
    error = bench.refuse(Device(configuration=text, faults=Faults(abort=line)), "connection ended within")
    assert (error.kind, error.transient) == (FailureKind.INCOMPLETE, True)


def test_a_session_that_the_device_ends(bench: Bench) -> None:
    """A close in good order is no end of the text."""
    bench.refuse(Device(configuration=bench.system.text(), faults=Faults(close=30)), "connection ended within")


def test_a_device_that_falls_silent(bench: Bench) -> None:
    """A pause beyond the longest silence is the end, and no success."""
    device = Device(configuration=bench.system.text(), faults=Faults(pause=(30, 3.0)))
    assert bench.refuse(device, "fell silent", budget=IMPATIENT).kind is FailureKind.INCOMPLETE


def test_a_device_that_stops_early(bench: Bench) -> None:
    """It prompts as if all had been said: only the platform's proof tells."""
    device = Device(configuration=bench.system.text(), faults=Faults(stop=30))
    assert bench.refuse(device, "no proof that the configuration is complete").kind is FailureKind.INCOMPLETE


def test_a_command_that_may_not_be_given(bench: Bench) -> None:
    """The command and the device's own words are named; so is where the rights are written down."""
    device = Device(configuration=bench.system.text(), faults=Faults(unauthorized=(RUNNING,)))
    error = bench.refuse(device, f"refused '{RUNNING}': .*(?i:authoriz|permission)")
    assert "docs/accounts.md" in error.hint


def test_a_pager_that_cannot_be_turned_off(bench: Bench) -> None:
    """Refused preparation ends the collection before anything is read; where there is none, pages are turned."""
    if not bench.system.pager:
        bench.whole(bench.system.text(200))
        return
    text = bench.system.text(200)
    error = bench.refuse(
        Device(configuration=text, faults=Faults(refused=(bench.system.pager,))), f"refused '{bench.system.pager}'"
    )
    assert RUNNING not in error.commands


def test_a_wrong_enable_secret(bench: Bench) -> None:
    """It is sent once; where the system knows no such thing, it is never sent at all."""
    device = Device(configuration=bench.system.text())
    if not bench.system.enable:
        _, emulator = bench.fetch(device, enable_secret=SecretText("wrong"))
        assert emulator.record.secrets_received == 0
        return
    error = bench.refuse(
        device, "refused the enable secret|did not enter privileged", enable_secret=SecretText("wrong")
    )
    assert error.kind is FailureKind.AUTHENTICATION
    assert error.commands.count("<secret>") == 1


@cache
def _site() -> Deployment:
    return from_options(groups={"edge": ("192.0.2.11",), "server": ("10.20.0.11",)}, firewall="edge-1")


def test_a_wrong_hostname(bench: Bench) -> None:
    """The configuration says whose it is; the deployment says whose it must be."""
    collected = bench.whole(bench.system.text())
    report = audit_firewall(collected.capture, bench.platform, _site(), FirewallEntry(name="edge-1", hostname="fw2"))

    assert report.error is not None
    assert "'fw1', not of 'fw2'" in report.error.message


# -- what only some have --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cisco_asa", "cisco_ftd"])
@pytest.mark.parametrize(
    ("state", "role"),
    [
        ("Primary - Active", HaRole.ACTIVE),
        ("Secondary - Standby Ready", HaRole.STANDBY),
        (
            "Secondary\n        Group 1 State:          Active\n        Group 2 State:          Standby Ready",
            HaRole.UNKNOWN,
        ),
        ("Secondary - Failed", HaRole.UNKNOWN),
    ],
)
def test_the_unit_of_a_failover_pair(name: str, state: str, role: HaRole) -> None:
    """Which unit it is is said; of one that passes no traffic, that too."""
    bench = Bench(name=name, system=SYSTEMS[name])
    collected, _ = bench.fetch(Device(configuration=bench.system.text(), failover=state))
    (firewall,) = bench.platform.parse(collected.capture).firewalls

    assert firewall.device.ha_role is role
    assert any("does not pass this traffic" in item.text for item in firewall.assumptions) is (
        role is not HaRole.ACTIVE
    )


@pytest.mark.parametrize("name", ["cisco_asa", "cisco_ftd"])
@pytest.mark.parametrize("state", ["Secondary - Sync Config", "Secondary - Bulk Sync", "Primary - Negotiation"])
def test_a_unit_that_is_just_being_synchronised(name: str, state: str) -> None:
    """What it shows is half its own and half the other's: refused, with the state."""
    bench = Bench(name=name, system=SYSTEMS[name])
    bench.refuse(Device(configuration=bench.system.text(), failover=state), state.partition(" - ")[2])


@pytest.mark.parametrize(
    ("name", "command", "answer", "missing"),
    [
        ("cisco_ios", "show privilege", "Current privilege level is 7", "privilege level 15"),
        ("cisco_ios", "show privilege", "Currently in View Context with view 'audit'", "privilege level 15"),
        ("cisco_iosxr", "show user tasks", "Task:                  acl  : READ", "the right to read interface"),
        ("cisco_iosxr", "show user tasks", "Task:            interface  : DEBUG", "the right to read interface"),
    ],
)
def test_an_account_that_would_be_shown_less(name: str, command: str, answer: str, missing: str) -> None:
    """A device that shortens its configuration in silence is not asked for it; the missing right is named."""
    bench = Bench(name=name, system=SYSTEMS[name])
    device = Device(configuration=bench.system.text(), outputs=((command, answer),))
    error = bench.refuse(device, f"lacks .*{missing}")
    assert RUNNING not in error.commands
    assert "docs/accounts.md" in error.hint


def test_a_switch_that_was_changed_while_it_was_read() -> None:
    """The count of lines that the switch gives later is another: it is read once more, and then refused."""
    bench = Bench(name="cisco_nxos", system=SYSTEMS["cisco_nxos"])
    device = Device(configuration=bench.system.text(), outputs=((f"{RUNNING} | count", "4711"),))
    error = bench.refuse(device, "the switch counts 4711")
    assert list(error.commands).count(RUNNING) == 2


CONTEXT = SYSTEMS["cisco_asa"].text().replace("9.16(4) ", "9.16(4) <context>").replace("hostname fw1", "hostname {}")
SPACE = replace(SYSTEMS["cisco_asa"], head=": Saved\n:\nASA Version 9.16(4) <system>\n!\nhostname fw1").text(
    0, inside=("context admin", "  config-url disk0:/admin.cfg", "context mft", "  config-url disk0:/mft.cfg")
)


@pytest.mark.parametrize(
    ("faults", "cause"),
    [
        (Faults(stop=12), "running-config/admin does not end in"),
        (Faults(abort=12), "connection ended within"),
        (Faults(refused=(RUNNING,)), f"refused '{RUNNING}'"),
    ],
)
def test_a_context_that_is_cut_off(faults: Faults, cause: str) -> None:
    """What holds for a whole device holds for each of its contexts."""
    bench = Bench(name="cisco_asa", system=SYSTEMS["cisco_asa"])
    contexts = tuple((name, CONTEXT.format(name)) for name in ("admin", "mft"))
    device = Device(configuration=SPACE, contexts=contexts, faults=faults)
    bench.refuse(device, cause)


def test_a_context_that_may_not_be_entered_is_left_out_and_named() -> None:
    """The others are collected; the parser says which one nobody has seen, and that it decides."""
    bench = Bench(name="cisco_asa", system=SYSTEMS["cisco_asa"])
    contexts = tuple((name, CONTEXT.format(name)) for name in ("admin", "mft"))
    faults = Faults(unauthorized=("changeto context mft",))
    collected, _ = bench.fetch(Device(configuration=SPACE, contexts=contexts, faults=faults))
    parsed = bench.platform.parse(collected.capture)

    assert [firewall.context for firewall in parsed.firewalls] == ["admin"]
    assert [(item.kind.value, item.decides) for item in parsed.remarks if item.decides] == [("unread-context", True)]


def test_other_device_contexts_of_a_switch_are_named() -> None:
    """The first virtual device context lists the others; nobody has seen what they let pass."""
    bench = Bench(name="cisco_nxos", system=SYSTEMS["cisco_nxos"])
    text = bench.system.text(4, inside=("vdc fw1 id 1", "  cpu-share 5", "vdc mft id 2", "  cpu-share 5"))
    parsed = bench.platform.parse(bench.whole(text).capture)
    alone = bench.platform.parse(bench.whole(text.replace("vdc mft id 2\n  cpu-share 5\n", "")).capture)

    assert [item.text.split()[3] for item in parsed.remarks if item.kind is RemarkKind.UNREAD_CONTEXT] == ["mft"]
    assert [item for item in alone.remarks if item.kind is RemarkKind.UNREAD_CONTEXT] == []


def test_an_emulated_device_for_every_platform() -> None:
    """A platform that is collected in a shell has a place in this matrix."""
    assert set(shell_platforms()) <= set(SYSTEMS)


def test_an_error_of_the_proof_keeps_what_was_sent() -> None:
    """Even where only the end is missing, the report can list every line."""
    bench = Bench(name="cisco_asa", system=SYSTEMS["cisco_asa"])
    with pytest.raises(NotAssessableError) as caught:
        bench.fetch(Device(configuration=bench.system.text(), faults=Faults(stop=30)))
    assert isinstance(caught.value, CollectionError)
    assert RUNNING in caught.value.commands
