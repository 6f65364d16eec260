"""An ASA as a whole: who it is, what is refused, contexts, management, proof of completeness, secrets, recipe."""

from __future__ import annotations

import re

import pytest

from parsers.contract import LineState, RemarkKind
from parsers.errors import ParserError, UnsupportedError
from parsers.model.capture import Capture, Document
from parsers.model.firewall import HaRole
from parsers.platforms.cisco_asa import PLATFORM
from tests.parsers.platforms.cisco_asa.asa import SITE, firewall, parsed, state_of, states

HEADER = """\
: Saved

: 
: Serial Number: JAD0000EX01
: Hardware:   ASA5516, 8192 MB RAM, CPU Atom C2000 series 2416 MHz, 1 CPU (8 cores)
:
"""  # noqa: W291 - as the device prints it
END = "Cryptochecksum:0123456789abcdef0123456789abcdef\n: end\n"


def capture(*documents: tuple[str, str]) -> Capture:
    """Give a capture of named texts."""
    return Capture(documents=tuple(Document(name=name, text=text) for name, text in documents))


def test_who_the_device_is() -> None:
    """Name, version, model and serial number are those of the header and the hostname."""
    device = firewall(HEADER + SITE).device
    assert (device.hostname, device.version, device.model, device.serial) == (
        "fw1", "9.16(4)", "ASA5516", "JAD0000EX01",
    )  # fmt: skip
    assert device.ha_role is HaRole.NONE


@pytest.mark.parametrize(
    ("lines", "role"),
    [("failover\nfailover lan unit primary\n", HaRole.UNKNOWN), ("no failover\n", HaRole.NONE), ("", HaRole.NONE)],
)
def test_high_availability(lines: str, role: HaRole) -> None:
    """A failover pair is told apart from a single unit; which unit is active is not in a configuration."""
    assert firewall(SITE + lines).device.ha_role is role


def test_show_version_fills_in_what_the_header_lacks() -> None:
    """Version, model and serial number may come from `show version`, whose lines are accounted for."""
    version = """\
Cisco Adaptive Security Appliance Software Version 9.16(4)
Hardware:   ASA5516, 8192 MB RAM, CPU Atom C2000 series 2416 MHz, 1 CPU (8 cores)
Serial Number: JAD0000EX01
"""
    found = PLATFORM.parse(capture(("running-config", "hostname fw1\n"), ("version", version)))
    (only,) = found.firewalls
    assert (only.device.model, only.device.serial) == ("ASA5516", "JAD0000EX01")
    assert only.assumptions == ()
    assert set(found.ledger[1]) == {LineState.MODELLED}


def test_a_missing_version_is_an_assumption() -> None:
    """Without a version the rules of current versions are assumed, and the report says so."""
    assert [item.text for item in firewall("hostname fw1\n").assumptions] == ["ASA version 9.0 or later"]


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("\nASA Version 8.2(5)\n", 2, "8.3"),
        ("ASA Version 7.0(1)\n", 1, "8.3"),
        ("PIX Version 6.3(5)\n", 1, "PIX"),
        ("FWSM Version 4.1(5)\n", 1, "FWSM"),
        ("ASA Version 9.1(2)\n!\nfirewall transparent\n", 3, "transparent"),
    ],
)
def test_what_follows_other_rules_is_refused(text: str, line: int, word: str) -> None:
    """Versions before 8.3, PIX, FWSM and transparent mode are refused with the reason and the place."""
    assert PLATFORM.recognises(capture(("running-config", text)))
    with pytest.raises(UnsupportedError, match=word) as caught:
        PLATFORM.parse(capture(("running-config", text)))
    assert (caught.value.document, caught.value.line) == ("running-config", line)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_capture_is_an_error(text: str) -> None:
    """A capture without a configuration is no firewall without rules."""
    with pytest.raises(ParserError):
        PLATFORM.parse(capture(("running-config", text)))


SYSTEM = """\
ASA Version 9.16(4) <system>
hostname fw1
interface GigabitEthernet1/1
context admin
  allocate-interface Management1/1
  config-url disk0:/admin.cfg
context mft
  config-url disk0:/mft.cfg
"""
CONTEXT = SITE.replace("ASA Version 9.16(4)", "ASA Version 9.16(4) <context>").replace("hostname fw1", "hostname mft")


def test_a_system_space_alone_is_refused() -> None:
    """The system execution space passes no traffic: without a context there is nothing to audit."""
    with pytest.raises(UnsupportedError, match="context"):
        PLATFORM.parse(capture(("running-config", SYSTEM)))


def test_contexts_that_were_not_collected_decide() -> None:
    """Each context of the capture is a firewall of its own, and each one that is not there is named."""
    found = PLATFORM.parse(capture(("system", SYSTEM), ("running-config", CONTEXT)))
    assert [item.context for item in found.firewalls] == ["mft"]
    unread = [item for item in found.remarks if item.kind is RemarkKind.UNREAD_CONTEXT]
    assert [(item.decides, item.span and item.span.first) for item in unread] == [(True, 4)]
    assert "admin" in unread[0].text
    assert LineState.NOT_UNDERSTOOD not in found.ledger[0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("telnet 10.20.0.0 255.255.255.0 inside", "telnet"),
        ("ssh version 1", "SSH version 1"),
        ("http 0.0.0.0 0.0.0.0 outside", "HTTPS administration"),
        ("ssh 0.0.0.0 0.0.0.0 outside", "SSH administration"),
        ("snmp-server community public", "'public'"),
        ("snmp-server host inside 10.20.0.9 community public version 2c", "'public'"),
    ],
)
def test_weak_management_is_noted(line: str, words: str) -> None:
    """A weakness of the management plane is noted with its line."""
    text = f"{SITE}{line}\n"
    (note,) = firewall(text).management
    assert words in note.text
    assert note.span
    assert note.span.first == 16
    assert state_of(text, line) is LineState.MODELLED


@pytest.mark.parametrize(
    "line",
    [
        "telnet timeout 5", "ssh version 2", "ssh timeout 10", "http 0.0.0.0 0.0.0.0 inside", "http server enable",
        "ssh 203.0.113.7 255.255.255.255 outside", "snmp-server community *****", "no snmp-server contact",
    ],
)  # fmt: skip
def test_sound_management_is_not_noted(line: str) -> None:
    """What is no weakness is known all the same."""
    text = f"{SITE}{line}\n"
    assert firewall(text).management == ()
    assert state_of(text, line) is not LineState.NOT_UNDERSTOOD


# ------------------------------------------------------------------------------------- ledger


@pytest.mark.parametrize(
    "lines",
    [
        "foo bar\n",
        "foo bar\n deep inside\n",
        "no foo\n",
        "ip frobnicate\n",
        "crypto frobnicate\n",
        "same-security-traffic permit frobnicate\n",
        "static (inside,outside) 192.0.2.1 10.20.0.1\n",
        "access-list\n",
        "access-list A\n",
        "object network\n",
        " orphan\n",
        " nat (dmz,outside) static 198.51.100.9\n",
        "<--- More --->\n",
        "established tcp 443 0 permitto tcp 80\n",
        "filter https 443 0 0 0 0\n",
        "aaa authentication match USERS outside LOCAL\n",
        "aaa authorization include tcp/443 outside 0 0 0 0 SERVERS\n",
        "vpnclient enable\n",
    ],
)
def test_what_is_not_understood_may_decide(lines: str) -> None:
    """Each line that is not understood has a remark, and may decide traffic: nobody knows what it does."""
    text = SITE + lines
    count = lines.count("\n")
    assert states(text)[-count:] == [LineState.NOT_UNDERSTOOD] * count
    remarks = [item for item in parsed(text).remarks if item.kind is RemarkKind.NOT_UNDERSTOOD]
    assert [item.span and item.span.first for item in remarks] == [16 + n for n in range(count)]
    assert all(item.decides for item in remarks)


def test_free_text_is_no_configuration() -> None:
    """Banners, certificates and descriptions may hold what looks like commands; none of it counts."""
    text = f"""\
{SITE}banner login *****
banner login access-list A extended permit ip any any
banner login interface GigabitEthernet1/9
banner login *****
crypto ca certificate chain ID
 certificate 00c0ffee
    30820122 300d0609 2a864886 f70d0101
  quit
object network VIP
 description access-group A global
 host 192.0.2.10
group-policy GP attributes
 banner value access-list A
access-list A remark permit ip any any
access-list A extended deny ip any any
access-group A global
"""
    assert states(text).count(LineState.NOT_UNDERSTOOD) == 0
    assert [stage.name for stage in firewall(text).stages if stage.name.startswith("out")] == []
    assert len(firewall(text).interfaces) == 3
    assert parsed(text).remarks == ()


def test_carriage_returns_change_nothing() -> None:
    """A file that a terminal saved with carriage returns means the same."""
    text = f"{SITE}access-list A extended permit tcp any host 192.0.2.10 eq 443\naccess-group A in interface outside\n"
    assert firewall(text.replace("\n", "\r\n")) == firewall(text)
    assert states(text.replace("\n", "\r\n")) == states(text)


# -------------------------------------------------------------------------- proof, secrets, recipe


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        (HEADER + SITE + END, True),
        (SITE + END, True),
        (": Serial Number: X\n" + SITE + END, True),
        (HEADER + SITE + END.replace("\n", "\r\n"), True),
        (HEADER + SITE, False),
        (HEADER + SITE + ": end\n", False),
        (HEADER + SITE + END.replace(": end\n", ""), False),
        (HEADER + SITE + END.replace("cdef\n", "\n"), False),
        (HEADER + SITE + END + "hostname more\n", False),
        (SITE.removeprefix("ASA Version 9.16(4)\n") + END, False),
        (END, False),
    ],
)
def test_proof_of_completeness(text: str, complete: bool) -> None:
    """A configuration is whole if it begins and ends as the device begins and ends it; the reason says what lacks."""
    proof = PLATFORM.prove(capture(("running-config", text), ("version", "whatever")))
    assert proof.complete is complete
    assert bool(proof.reason) is not complete


def test_no_proof_without_a_configuration() -> None:
    """A capture of `show version` alone proves nothing."""
    assert not PLATFORM.prove(capture(("version", "x"))).complete


SECRET_LINES = [
    "enable password S3cret!x pbkdf2",
    "enable password 8 S3cret!x",
    "passwd S3cret!x encrypted",
    "username ann password S3cret!x pbkdf2 privilege 15",
    " ikev1 pre-shared-key S3cret!x",
    " ikev2 remote-authentication pre-shared-key S3cret!x",
    " ikev2 local-authentication pre-shared-key 0 S3cret!x",
    "isakmp key S3cret!x address 192.0.2.9",
    " key S3cret!x",
    " ldap-login-password S3cret!x",
    "snmp-server community S3cret!x",
    "snmp-server host inside 10.20.0.9 poll community S3cret!x version 2c",
    "snmp-server user nms G v3 encrypted auth sha S3cret!x priv aes 128 *****",
    "snmp-server user nms G v3 encrypted auth sha ***** priv aes 128 S3cret!x",
    "failover key S3cret!x",
    "failover key hex S3cret!x",
    "failover ipsec pre-shared-key S3cret!x",
    "ntp authentication-key 1 md5 S3cret!x",
    " ospf message-digest-key 1 md5 S3cret!x",
    " ospf authentication-key S3cret!x",
    " authentication key eigrp 1 S3cret!x key-id 1",
    "  neighbor 192.0.2.9 password S3cret!x",
    " password S3cret!x",
    "vpdn username ann password S3cret!x",
    " http-proxy 10.20.0.9 8080 username ann password S3cret!x",
    "cts sxp default password S3cret!x",
]


@pytest.mark.parametrize("line", SECRET_LINES)
def test_secrets_are_known(line: str) -> None:
    """Each secret of a configuration is found, alone, so that its line keeps its form without it."""
    text = f"hostname fw1\n{line}\n!\n"
    found = {match["secret"] for secret in PLATFORM.secrets for match in secret.pattern.finditer(text)}
    assert "S3cret!x" in found
    assert not any("\n" in item for item in found)


def test_secrets_leave_rules_alone() -> None:
    """No pattern takes a word out of a line that decides traffic."""
    lines = """\
object network key
object-group network password
access-list A extended permit tcp any object key eq 443
access-list A extended permit tcp any object-group password eq 443
"""
    assert [secret.name for secret in PLATFORM.secrets if secret.pattern.search(lines)] == []


def test_the_recipe_only_reads() -> None:
    """Everything that the recipe sends is on its own allowlist, which holds no command that changes anything."""
    recipe = PLATFORM.recipe
    assert recipe is not None
    allowed = [re.compile(pattern) for pattern in recipe.allowed]
    sent = [*recipe.preparation, *(command.text for command in recipe.commands), "enable"]
    sent.append(recipe.sentinel.replace("{nonce}", "0123456789ab"))
    assert [line for line in sent if not any(pattern.fullmatch(line) for pattern in allowed)] == []
    changing = [
        "configure terminal",
        "write memory",
        "copy run start",
        "reload",
        "more system:running-config",
        "show run\nreload",
    ]
    assert [line for line in changing if any(pattern.fullmatch(line) for pattern in allowed)] == []
    assert re.fullmatch(recipe.prompt, "fw1/pri/act#")
    assert re.fullmatch(recipe.prompt, "fw1/mft>")
    assert not re.fullmatch(recipe.prompt, "fw1(config)#")
