"""Collecting from an emulated ASA over real SSH: whole and byte-equal, or refused with the cause."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.collect.credentials import Credentials, SecretText
from auditor.collect.known_hosts import HostKeys
from auditor.collect.session import collect
from auditor.collect.target import Budget, Target
from auditor.demo.asa import Asa
from auditor.demo.server import Options, serve
from auditor.demo.terminal import Device, Faults
from auditor.errors import BugError, FailureKind, NotAssessableError
from parsers.contract import Command
from tests.auditor.collect.bed import ASA_ALLOWED, IMPATIENT, QUICK, asa_platform, configuration, credentials, fetch

RUNNING = "show running-config"


def test_a_configuration_comes_back_byte_equal_and_the_device_unchanged() -> None:
    """The text is the device's own, every line sent is on the allowlist, nothing was changed."""
    device = Device(configuration=configuration())
    with serve(Asa, device) as emulator:
        collected = collect(
            Target(host=emulator.host, port=emulator.port, fingerprint=emulator.key.fingerprint),
            credentials(device),
            platform=asa_platform(),
            host_keys=HostKeys(own=Path("/nonexistent")),
            budget=QUICK,
            now=lambda: datetime(2026, 11, 2, tzinfo=UTC),
        )
        record = emulator.record

    assert collected.capture.documents[0].text == device.configuration
    assert collected.capture.platform == "cisco_asa"
    assert collected.address == f"[127.0.0.1]:{emulator.port}"
    assert collected.collected_at == datetime(2026, 11, 2, tzinfo=UTC)
    assert collected.host_key == emulator.key.fingerprint
    assert collected.weak_algorithms == ()
    assert record.changes == []
    assert all(any(re.fullmatch(pattern, line) for pattern in ASA_ALLOWED) for line in record.commands)
    told = [re.sub(r"[0-9a-f]{12}", "<nonce>", line) for line in record.commands]
    assert [line for line in collected.commands if line != "<secret>"] == told
    assert collected.commands.count("<secret>") == record.secrets_received == 1
    assert record.connections == 1


def test_a_pager_that_stays_on_is_named() -> None:
    """A recipe that forgets the pager gets the pager as the cause, not a part of the text."""
    device = Device(configuration=configuration(200), faults=Faults(refused=("terminal pager 0",)))
    with serve(Asa, device) as emulator, pytest.raises(NotAssessableError, match=r"pager after 2\d lines") as caught:
        fetch(emulator, device, platform=asa_platform(preparation=()), budget=IMPATIENT)
    assert caught.value.kind is FailureKind.INCOMPLETE


def test_a_pager_that_may_not_be_turned_off_is_answered() -> None:
    """Page after page is asked for and the pager's traces are taken out: the text is whole and byte-equal."""
    text = configuration(400, inside=("access-list IN remark <--- More --->", "access-list IN remark fw1# "))
    device = Device(configuration=text)
    platform = asa_platform(preparation=(), pager_answer=" ", pager_erase=r"\r {14}\r")
    with serve(Asa, device) as emulator:
        collected = fetch(emulator, device, platform=platform)

    assert collected.capture.documents[0].text == text
    assert "terminal pager 0" not in emulator.record.commands


def test_a_device_that_drips_is_given_up_at_the_deadline() -> None:
    """Never silent, never done: the overall deadline ends it."""
    device = Device(configuration=configuration(4000), faults=Faults(packet=1))
    with serve(Asa, device) as emulator, pytest.raises(NotAssessableError, match=r"longer than 1\.5 s") as caught:
        fetch(emulator, device, budget=Budget(total=1.5))
    assert caught.value.kind is FailureKind.INCOMPLETE


def test_a_device_that_prints_without_end_is_given_up_at_the_size() -> None:
    """The byte budget ends it."""
    device = Device(configuration=configuration(4000))
    with serve(Asa, device) as emulator, pytest.raises(NotAssessableError, match="more than 50000 bytes"):
        fetch(emulator, device, budget=Budget(size=50_000))


def test_latin_1_is_refused_unless_said() -> None:
    """A byte that is not UTF-8 is not guessed at; the encoding can be named."""
    text = configuration(inside=("access-list IN remark für Partner",))
    device = Device(configuration=text.encode("latin-1"))
    with serve(Asa, device) as emulator:
        with pytest.raises(NotAssessableError, match="not utf-8"):
            fetch(emulator, device)
        target = Target(
            host=emulator.host, port=emulator.port, fingerprint=emulator.key.fingerprint, encoding="latin-1"
        )
        assert fetch(emulator, device, target=target).capture.documents[0].text == text


def test_a_wrong_enable_secret_is_an_authentication_failure_after_one_try() -> None:
    """The device's second question is the answer; no second secret is sent."""
    device = Device(configuration=configuration())
    with serve(Asa, device) as emulator, pytest.raises(NotAssessableError, match="refused the enable secret") as caught:
        fetch(emulator, device, given=credentials(device, enable_secret=SecretText("wrong-secret")))

    assert caught.value.kind is FailureKind.AUTHENTICATION
    assert emulator.record.secrets_received == 1
    assert "wrong-secret" not in str(caught.value)


def test_a_missing_enable_secret_is_named_and_login_never_tried() -> None:
    """Without a secret the collector stops at the unprivileged prompt; the driver's `login` loop does not run."""
    device = Device(configuration=configuration())
    with serve(Asa, device) as emulator, pytest.raises(NotAssessableError, match="unprivileged") as caught:
        fetch(emulator, device, given=credentials(device, enable_secret=None))

    assert caught.value.kind is FailureKind.AUTHENTICATION
    assert "ST_AUDIT_ENABLE_SECRET" in caught.value.hint
    assert "login" not in emulator.record.commands
    assert emulator.record.secrets_received == 0


def test_the_enable_secret_is_asked_for_when_the_device_turns_out_to_want_one() -> None:
    """One question, after the login; the answer leads to privileged mode."""
    device = Device(configuration=configuration())
    questions: list[str] = []

    def ask(question: str) -> str:
        questions.append(question)
        return device.enable_secret

    with serve(Asa, device) as emulator:
        collected = fetch(emulator, device, given=credentials(device, enable_secret=None, ask=ask))

    assert questions == [f"Enable secret of [127.0.0.1]:{emulator.port}: "]
    assert collected.capture.documents[0].text == device.configuration
    assert emulator.record.secrets_received == 1


def test_no_answer_to_the_question_leaves_the_device_unprivileged() -> None:
    """An empty answer is no secret."""
    device = Device(configuration=configuration())
    given = credentials(device, enable_secret=None, ask=lambda _: "")
    with serve(Asa, device) as emulator, pytest.raises(NotAssessableError, match="unprivileged"):
        fetch(emulator, device, given=given)

    assert emulator.record.secrets_received == 0


def test_a_secret_keeps_its_blanks_and_its_letters() -> None:
    """Blanks at the ends and characters beyond ASCII arrive as they are."""
    device = Device(configuration=configuration(), enable_secret=" Ünable secret ")
    with serve(Asa, device) as emulator:
        assert fetch(emulator, device).capture.documents[0].text == device.configuration


@pytest.mark.parametrize("secret", [SecretText("enable-secret"), None])
def test_an_account_that_logs_in_privileged_needs_no_secret(secret: SecretText | None) -> None:
    """At the privileged prompt no secret is sent, given or not."""
    device = Device(configuration=configuration(), privileged=True)
    with serve(Asa, device) as emulator:
        fetch(emulator, device, given=credentials(device, enable_secret=secret))

    assert emulator.record.secrets_received == 0


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
def test_the_password_is_given_in_the_way_that_the_server_takes(method: str) -> None:
    """Password and keyboard-interactive authentication both work, with one attempt."""
    device = Device(configuration=configuration(), methods=(method,))
    with serve(Asa, device) as emulator:
        fetch(emulator, device)

    assert (method, True) in emulator.record.authentications
    assert (method, False) not in emulator.record.authentications


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
def test_a_wrong_password_is_tried_once(method: str) -> None:
    """A refused password is an authentication failure at once: no second try locks the account."""
    device = Device(configuration=configuration(), methods=(method,))
    with serve(Asa, device) as emulator, pytest.raises(NotAssessableError, match="refused 'audit'") as caught:
        fetch(emulator, device, given=credentials(device, password=SecretText("wrong-password")))

    assert caught.value.kind is FailureKind.AUTHENTICATION
    assert emulator.record.authentications.count((method, False)) == 1


def test_a_password_is_asked_for_when_needed() -> None:
    """Without a password the injected question is put once, after the host key is accepted."""
    device = Device(configuration=configuration())
    questions: list[str] = []

    def ask(question: str) -> str:
        questions.append(question)
        return device.password

    with serve(Asa, device) as emulator:
        given = Credentials(user=device.user, enable_secret=SecretText(device.enable_secret), ask=ask)
        fetch(emulator, device, given=given)

    assert questions == [f"Password of audit on [127.0.0.1]:{emulator.port}: "]


def test_a_banner_full_of_prompts_does_not_matter() -> None:
    """Login banners may hold anything that looks like a prompt or a question."""
    banner = "#" * 70 + "\n# fw1# Password: is secret > #\n" + "#" * 70 + "\nfw1>\nfw1# \n"
    device = Device(configuration=configuration(), banner=banner)
    with serve(Asa, device) as emulator:
        assert fetch(emulator, device).capture.documents[0].text == device.configuration


def test_an_optional_command_may_be_refused() -> None:
    """Its document is empty and says why; a required one refused ends the collection."""
    device = Device(configuration=configuration(), faults=Faults(refused=("show names",)))
    commands = Command(text=RUNNING, name="running-config"), Command(text="show names", name="names", optional=True)
    with serve(Asa, device) as emulator:
        collected = fetch(emulator, device, platform=asa_platform(*commands))

    names = collected.capture.documents[1]
    assert (names.name, names.text) == ("names", "")
    assert "Invalid input" in names.stderr


def test_a_recipe_outside_its_own_allowlist_connects_to_nothing() -> None:
    """A mistake in a recipe is found before a connection is opened."""
    device = Device(configuration=configuration())
    platform = asa_platform(Command(text="write memory", name="oops"))
    with serve(Asa, device) as emulator, pytest.raises(BugError, match="refused to send 'write memory'"):
        fetch(emulator, device, platform=platform)

    assert emulator.record.connections == 0


def test_a_driver_that_sends_more_than_the_recipe_is_stopped_before_a_byte_leaves() -> None:
    """What FortiOS's driver asks first is not on this recipe's allowlist."""
    device = Device(configuration=configuration(), privileged=True)
    with serve(Asa, device) as emulator, pytest.raises(BugError, match="refused to send 'get system status"):
        fetch(emulator, device, platform=asa_platform(driver="fortinet"))

    assert emulator.record.commands == []


def test_paging_is_turned_off_once_and_configuration_mode_never_entered() -> None:
    """The driver's own lines for paging and width are not sent; the recipe's are."""
    device = Device(configuration=configuration())
    with serve(Asa, device) as emulator:
        fetch(emulator, device)

    assert emulator.record.commands.count("terminal pager 0") == 1
    assert "configure terminal" not in emulator.record.commands


def test_weak_algorithms_are_refused_unless_asked_for_and_then_reported() -> None:
    """A device that knows CBC and SHA-1 MACs only is unsupported; with `legacy` it is collected, and named."""
    device = Device(configuration=configuration())
    weak = Options(algorithms=(("encryption_algs", ("aes256-cbc",)), ("mac_algs", ("hmac-sha1",))))
    with serve(Asa, device, options=weak) as emulator:
        with pytest.raises(NotAssessableError, match="share no SSH algorithm") as caught:
            fetch(emulator, device)
        target = Target(host=emulator.host, port=emulator.port, fingerprint=emulator.key.fingerprint, legacy=True)
        collected = fetch(emulator, device, target=target)

    assert caught.value.kind is FailureKind.UNSUPPORTED
    assert "legacy" in caught.value.hint
    assert collected.weak_algorithms == ("aes256-cbc", "hmac-sha1")
