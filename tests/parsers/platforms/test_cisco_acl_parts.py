"""The words of routers and switches: wildcards, ports, flags, replies, and which system a text is of."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.contract import Channel
from parsers.errors import ParserError
from parsers.model.addresses import address_text
from parsers.model.capture import Capture, Document
from parsers.model.conditions import ConditionKind
from parsers.model.interpreter import Verdict, judge
from parsers.model.packets import Packet
from parsers.model.rules import State
from parsers.model.services import ICMP, TCP, ServiceSet
from parsers.platforms._cisco_acl.addresses import prefix, take_plain, wildcard
from parsers.platforms._cisco_acl.services import flag_states, reversed_services, take_ports
from parsers.registry import detect, platform
from parsers.text.cisco_router_names import icmp_message, port_number, protocol_number
from tests.fixture_cases import FIXTURES, Case

PLATFORMS = ("cisco_ios", "cisco_nxos", "cisco_iosxr", "cisco_ftd")
words = st.integers(0, 0xFFFFFFFF)
sparse = st.sets(st.integers(0, 31), max_size=14).map(lambda bits: sum(1 << bit for bit in bits))


def capture(text: str, **more: str) -> Capture:
    """Make a capture of a running configuration, with other documents by name."""
    named = {"running-config": text, **{name.replace("_", "-"): other for name, other in more.items()}}
    return Capture(documents=tuple(Document(name=name, text=other) for name, other in named.items()))


@given(words, sparse, words)
def test_a_wildcard_is_what_agrees_wherever_it_has_a_zero(base: int, wild: int, asked: int) -> None:
    """Membership in the exact set is the bit test of the vendor's definition."""
    found = wildcard(address_text(base), address_text(wild))
    assert found is not None
    assert not found.why
    assert found.sure.size == 1 << wild.bit_count()
    for address in (asked, base, base ^ wild, base ^ (asked & wild), base ^ (asked & ~wild & 0xFFFFFFFF)):
        assert (address in found.sure) == (not (address ^ base) & ~wild & 0xFFFFFFFF)


def test_a_wildcard_of_too_many_ranges_is_bounded() -> None:
    """Nothing is sure of it, and all that may be in it lies between its ends."""
    found = wildcard("10.0.0.1", "0.255.255.254")
    assert found is not None
    assert not found.sure
    assert str(found.possible) == "10.0.0.1-10.255.255.255"
    assert found.why[0].kind is ConditionKind.UNKNOWN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("any", "any4"),
        ("host 192.0.2.1", "192.0.2.1"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("192.0.2.7 0.0.0.255", "192.0.2.0/24"),
        ("192.0.2.7 0.0.0.0", "192.0.2.7"),
        ("192.0.2.7 255.255.255.255", "any4"),
        ("192.0.2.7", None),
        ("host any", None),
        ("192.0.2.7/33", None),
        ("2001:db8::1", None),
        ("192.0.2.256 0.0.0.255", None),
    ],
)
def test_addresses_of_an_entry(text: str, expected: str | None) -> None:
    """Each form of an IPv4 address gives its set; what is none gives None."""
    taken = take_plain(text.split(), 0, 4)
    assert (str(taken[0].sure) if taken is not None else None) == expected
    if taken is not None:
        assert taken[1] == len(text.split())


def test_prefixes_of_ipv6_keep_to_their_axis() -> None:
    """A short prefix does not reach down into IPv4."""
    assert str(prefix("::/0")) == "any6"
    assert str(prefix("2001:db8::1/32")) == "2001:db8::/32"


@pytest.mark.parametrize(
    ("text", "several", "expected"),
    [
        ("eq www", False, ((80, 80),)),
        ("eq 22 www 8443 log", True, ((22, 22), (80, 80), (8443, 8443))),
        ("eq 22 80", False, ((22, 22),)),
        ("neq 25 110", True, ((0, 24), (26, 109), (111, 65535))),
        ("neq 0", True, ((1, 65535),)),
        ("lt 1", False, ((0, 0),)),
        ("lt 0", False, ()),
        ("gt 65535", False, ()),
        ("range 9 6", False, ((6, 9),)),
        ("range 9", False, None),
        ("eq frobnicate", False, None),
        ("eq 65536", False, None),
    ],
)
def test_ports_of_an_entry(text: str, several: bool, expected: tuple[tuple[int, int], ...] | None) -> None:
    """Each operator gives its ranges; a word that is no port gives None."""
    taken = take_ports(text.split(), 0, several=several)
    assert (taken[0] if taken is not None else None) == expected


@pytest.mark.parametrize(
    ("terms", "mode", "sure", "possible"),
    [
        ("ack", "", {State.ESTABLISHED, State.RELATED}, {State.ESTABLISHED, State.RELATED}),
        ("syn", "", {State.NEW}, {State.NEW, State.ESTABLISHED, State.RELATED}),
        ("+syn -ack", "match-all", {State.NEW}, {State.NEW}),
        ("-syn", "match-all", set(), {State.ESTABLISHED, State.RELATED}),
        ("rst", "", set(), {State.ESTABLISHED, State.RELATED}),
        ("syn ack", "", set(), set(State)),
    ],
)
def test_flags_by_the_packets_of_a_connection(terms: str, mode: str, sure: set[State], possible: set[State]) -> None:
    """A first packet has SYN alone, its first answer SYN and ACK, all others ACK."""
    assert flag_states(terms.split(), mode) == (frozenset(sure), frozenset(possible))


def test_replies_turn_ports_and_requests_around() -> None:
    """What answers has the ports changed over, an echo becomes its reply."""
    asked = ServiceSet.protocol(TCP, (443, 443), source_ports=(1024, 65535)) | ServiceSet.protocol(ICMP, (2048, 2048))
    turned = reversed_services(asked)
    assert turned.contains(TCP, 443, 50000)
    assert not turned.contains(TCP, 443, 1023)
    assert not turned.contains(TCP, 50000, 443)
    assert turned.contains(ICMP, 0, 0)


def test_names_differ_by_ip_version() -> None:
    """`icmp` of an IPv6 list is ICMPv6, and a message's name has that version's number."""
    assert (protocol_number("icmp", version=4), protocol_number("icmp", version=6)) == (1, 58)
    assert icmp_message("host-unreachable", version=4) == (3, 1)
    assert icmp_message("nd-ns", version=6) == (135, None)
    assert icmp_message("nd-ns", version=4) is None
    assert (port_number("syslog"), port_number("65536"), port_number("-1")) == (514, None, None)


@pytest.mark.parametrize("name", PLATFORMS)
def test_recipes_send_only_what_they_allow(name: str) -> None:
    """Each line of a recipe is in its own allowlist, and nothing in it may change a device."""
    recipe = platform(name).recipe
    assert recipe is not None
    assert recipe.channel is Channel.SHELL
    sent = (*recipe.preparation, *(item.text for item in recipe.commands), recipe.sentinel.format(nonce="0" * 12))
    for line in (*sent, *(("enable",) if recipe.enable else ())):
        assert any(re.fullmatch(pattern, line) for pattern in recipe.allowed), line
    for line in ("configure terminal", "reload", "copy running-config tftp:", "show running-config | append disk0:x"):
        assert not any(re.fullmatch(pattern, line) for pattern in recipe.allowed), line


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        ("cisco_ios", "border1#"),
        ("cisco_ios", "border1>"),
        ("cisco_nxos", "dc-edge1#"),
        ("cisco_iosxr", "RP/0/RSP0/CPU0:pe-edge1#"),
        ("cisco_iosxr", "RP/0/RP0/CPU0:pe-edge1#"),
        ("cisco_ftd", ">"),
    ],
)
def test_prompts_are_known(name: str, prompt: str) -> None:
    """The prompt that each system prints is the recipe's."""
    recipe = platform(name).recipe
    assert recipe is not None
    assert re.fullmatch(recipe.prompt, prompt)


ENDINGS = {"cisco_ios": "end\n", "cisco_iosxr": "end\n", "cisco_ftd": ": end\n"}


@pytest.mark.parametrize("name", sorted(ENDINGS))
def test_a_text_that_ends_early_is_not_proven(name: str) -> None:
    """Cut at any line a configuration is incomplete; whole it is complete."""
    folder = {"cisco_ios": "numbered", "cisco_iosxr": "sequence", "cisco_ftd": "no-remarks"}[name]
    text = Case(platform=name, folder=FIXTURES / name / folder).capture().documents[0].text
    prove = platform(name).prove
    assert prove(capture(text)).complete
    assert text.endswith(ENDINGS[name])
    lines = text.splitlines(keepends=True)
    for kept in range(1, len(lines)):
        found = prove(capture("".join(lines[:kept])))
        assert not found.complete
        assert found.reason
        assert found.hint


def test_nx_os_is_proven_by_its_own_count() -> None:
    """The number of lines and the last line that the switch counted must be those of the text."""
    text = Case(platform="cisco_nxos", folder=FIXTURES / "cisco_nxos" / "sequence").capture().documents[0].text
    lines = text.splitlines(keepends=True)
    prove = platform("cisco_nxos").prove
    count, last = str(len(lines)), lines[-1]
    assert prove(capture(text, line_count=count, last_line=last)).complete
    assert not prove(capture(text)).complete
    for kept in range(1, len(lines)):
        assert not prove(capture("".join(lines[:kept]), line_count=count, last_line=last)).complete


SECRETS = {
    "cisco_ios": (
        "enable secret 9 {}", "enable password 7 {}", "username ops privilege 15 secret 5 {}",
        "crypto isakmp key 6 {} address 203.0.113.9", "snmp-server community {} RO 10", "tacacs-server key 7 {}",
        "snmp-server host 192.0.2.9 version 2c {}", " neighbor 192.0.2.9 password 7 {}", " key-string 7 {}",
        " ip ospf message-digest-key 1 md5 7 {}", "ntp authentication-key 1 md5 {} 7", " standby 1 authentication {}",
        " pre-shared-key local {}", " key 7 {}", " password 7 {}", " ppp chap password 7 {}",
        "snmp-server user u g v3 auth sha {} priv aes 128 zz",
    ),
    "cisco_nxos": (
        "username admin password 5 {}  role network-admin", "snmp-server community {} group network-operator",
        "snmp-server user admin auth md5 {} priv 0xb9 localizedkey", "    password 3 {}", "  key-string 7 {}",
        'radius-server host 192.0.2.9 key 7 "{}"', "  ip ospf message-digest-key 1 md5 3 {}",
    ),
    "cisco_iosxr": (
        " secret 10 {}", " password 7 {}", "snmp-server community {} RO", "  key 7 {}", "  password encrypted {}",
        "   key-string password {}", "snmp-server host 192.0.2.9 traps version 2c {}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "line"), [(name, line) for name, lines in SECRETS.items() for line in lines])
def test_secrets_are_known(name: str, line: str) -> None:
    """The secret of each kind of line is found, whole."""
    text = f"!\n{line.format('PlantedSecret9')}\n"
    found = {match["secret"].strip('"') for item in platform(name).secrets for match in item.pattern.finditer(text)}
    assert "PlantedSecret9" in found


@pytest.mark.parametrize("name", PLATFORMS)
def test_an_empty_capture_is_refused(name: str) -> None:
    """Nothing is made of nothing."""
    with pytest.raises(ParserError, match="there is no configuration"):
        platform(name).parse(capture(""))


def test_a_threat_defense_is_no_asa() -> None:
    """It is told from an ASA by its header, though its VPN lists read the same."""
    text = "NGFW Version 7.2.5 \naccess-list VPN extended permit ip any any \n"
    assert detect(capture(text)).id == "cisco_ftd"
    assert detect(capture(text.replace("NGFW Version 7.2.5", "ASA Version 9.16(4)"))).id == "cisco_asa"


def test_what_snort_decides_may_be_accepted_by_its_kind() -> None:
    """A permit that waits for Snort is an application condition, so that a site may take it for met."""
    case = Case(platform="cisco_ftd", folder=FIXTURES / "cisco_ftd" / "l7-rules")
    (firewall,) = case.parse().firewalls
    packet = Packet(source=3405803783, destination=3221225994, protocol=TCP, source_port=40000, port=443)
    assert judge(firewall, packet, "outside").verdict is Verdict.UNKNOWN
    met = judge(firewall, packet, "outside", facts={ConditionKind.APPLICATION: frozenset({"web-apps"})})
    assert met.verdict is Verdict.PERMIT


def test_show_version_names_the_device() -> None:
    """Model, serial number and full version come from the document beside the configuration."""
    version = (
        "Cisco IOS Software [Bengaluru], ISR Software (X86_64_LINUX_IOSD-UNIVERSALK9-M), Version 17.6.3a, RELEASE\n"
        "cisco ISR4331/K9 (1RU) processor with 1795999K/6147K bytes of memory.\n"
        "Processor board ID FDO00000EX1\n"
    )
    text = Case(platform="cisco_ios", folder=FIXTURES / "cisco_ios" / "numbered").capture().documents[0].text
    (firewall,) = platform("cisco_ios").parse(capture(text, version=version)).firewalls
    assert (firewall.device.hostname, firewall.device.version) == ("border1", "17.6.3a")
    assert (firewall.device.model, firewall.device.serial) == ("ISR4331/K9", "FDO00000EX1")
