"""Planted secrets appear nowhere: no capture, transcript, file, log (debug too), message or traceback."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest

from auditor.capture.manifest import Origin
from auditor.capture.writing import write
from auditor.collect.credentials import SecretText
from auditor.collect.session import Collected
from auditor.demo.asa import Asa
from auditor.demo.server import serve
from auditor.demo.terminal import Device, Faults
from auditor.errors import CollectionError, NotAssessableError
from tests.auditor.canaries import planted
from tests.auditor.collect.bed import IMPATIENT, QUICK, asa_platform, configuration, credentials, fetch
from tests.auditor.collect.systems import SYSTEMS, Bench, shell_platforms

PASSWORD = "Canary-login-4711"
ENABLE = "Canary-enable-4712"
PASSPHRASE = "Canary-passphrase-4713"
PLANTED = (
    "enable password Canary-in-config-01 encrypted",
    "username admin password Canary-in-config-02 pbkdf2 privilege 15",
    "snmp-server host inside 10.20.0.162 community Canary-in-config-03 version 2c",
    "aaa-server RADIUS (inside) host 10.20.0.53",
    " key Canary-in-config-04",
    "tunnel-group 203.0.113.5 ipsec-attributes",
    " ikev1 pre-shared-key Canary-in-config-05",
    f"banner motd someone wrote {PASSWORD} into the banner",
)


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Every logger at DEBUG, netmiko's and paramiko's too."""
    caplog.set_level(logging.DEBUG)
    for name in ("netmiko", "paramiko", "paramiko.transport", "auditor"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def _device(faults: Faults | None = None) -> Device:
    return Device(
        password=PASSWORD,
        enable_secret=ENABLE,
        configuration=configuration(inside=PLANTED),
        faults=faults or Faults(),
    )


def _free_of_canaries(*texts: str) -> None:
    for text in texts:
        assert "Canary" not in text


def test_a_collection_shows_no_secret(everything: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Capture, transcript, every saved file and every log record are free of the planted secrets."""
    device = _device()
    with serve(Asa, device) as emulator:
        given = credentials(device, key_passphrase=SecretText(PASSPHRASE))
        collected = fetch(emulator, device, given=given)
    write(tmp_path / "saved", asa_platform(), collected.capture, origin=Origin(commands=collected.commands))

    text = collected.capture.documents[0].text
    assert text.count("<redacted:") == 6
    assert isinstance(device.configuration, str)
    assert text.count("\n") == device.configuration.count("\n")
    _free_of_canaries(repr(collected), *(record.getMessage() for record in everything.records), everything.text)
    _free_of_canaries(*(file.read_text(encoding="utf-8") for file in (tmp_path / "saved").iterdir()))
    assert any("sending show running-config" in record.getMessage() for record in everything.records)


@pytest.mark.parametrize("name", shell_platforms())
@pytest.mark.parametrize("faults", [Faults(), Faults(abort=20), Faults(stop=20)])
def test_no_platform_leaks(everything: pytest.LogCaptureFixture, tmp_path: Path, name: str, faults: Faults) -> None:
    """With each platform's own secrets in its configuration, collected whole, cut or stopped: not even in a log."""
    bench = Bench(name=name, system=SYSTEMS[name])
    text = planted(name, bench.system.text())
    device = Device(password=PASSWORD, enable_secret=ENABLE, configuration=text, faults=faults, banner=f"{PASSWORD}\n")
    try:
        collected, _ = bench.fetch(device)
    except CollectionError as error:
        assert faults != Faults()
        _free_of_canaries("".join(traceback.format_exception(error)), repr(error.commands))
    else:
        assert faults == Faults()
        write(tmp_path / "saved", bench.platform, collected.capture)
        _free_of_canaries(repr(collected), *(file.read_text("utf-8") for file in (tmp_path / "saved").iterdir()))
    assert any("sending show running-config" in record.getMessage() for record in everything.records)
    _free_of_canaries(everything.text)


@pytest.mark.parametrize(
    ("faults", "wrong"),
    [
        (Faults(abort=20), None),
        (Faults(pause=(20, 3.0)), None),
        (Faults(stop=20), None),
        (Faults(), "password"),
        (Faults(), "enable_secret"),
    ],
)
def test_a_failure_shows_no_secret(everything: pytest.LogCaptureFixture, faults: Faults, wrong: str | None) -> None:
    """Whatever goes wrong, message, hint, chained errors and logs hold no secret."""
    device = _device(faults)
    changes = {} if wrong is None else {wrong: SecretText("Canary-wrong-4714")}
    given = credentials(device, **changes)
    with serve(Asa, device) as emulator, pytest.raises(NotAssessableError) as caught:
        fetch(emulator, device, given=given, budget=IMPATIENT if faults.pause else QUICK)

    _free_of_canaries(
        "".join(traceback.format_exception(caught.value)),
        repr(caught.value),
        *(record.getMessage() for record in everything.records),
        everything.text,
    )


def test_a_device_that_repeats_the_password_in_an_error_is_scrubbed() -> None:
    """What a device says in a refusal is shown without the secrets that we sent."""
    device = Device(
        password=PASSWORD,
        configuration=f"\nERROR: {PASSWORD} may not do this, password {PASSWORD}\n",
    )
    with serve(Asa, device) as emulator, pytest.raises(NotAssessableError, match="may not do this") as caught:
        fetch(emulator, device)

    _free_of_canaries("".join(traceback.format_exception(caught.value)))


def test_equal_secrets_are_seen_to_be_equal(tmp_path: Path) -> None:
    """One key for two peers is one token, another key another; two runs give the same text."""
    lines = (" ikev1 pre-shared-key one", " ikev1 pre-shared-key two", " ikev1 pre-shared-key one")
    device = Device(configuration=configuration(2, inside=lines))

    def run() -> Collected:
        with serve(Asa, device) as emulator:
            return fetch(emulator, device)

    first, second = run(), run()
    tokens = [line.split()[-1] for line in first.capture.documents[0].lines() if "pre-shared-key" in line]
    assert tokens == ["<redacted:1>", "<redacted:2>", "<redacted:1>"]
    assert first.capture == second.capture
    assert not list(tmp_path.iterdir())
