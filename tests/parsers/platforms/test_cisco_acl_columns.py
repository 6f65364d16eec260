"""Long access lists of routers and switches: common entries in columns mean what they mean read word by word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parsers.model.capture import Capture, Document
from parsers.platforms._cisco_acl import acl
from parsers.platforms.cisco_ios.platform import PLATFORM as IOS
from parsers.platforms.cisco_iosxr.platform import PLATFORM as IOS_XR
from parsers.platforms.cisco_nxos.platform import PLATFORM as NX_OS

if TYPE_CHECKING:
    from parsers.contract import Parsed, Platform

_HEADS = {
    "cisco_ios": "version 15.7\nhostname r1\n!\ninterface GigabitEthernet0/0\n ip address 192.0.2.1 255.255.255.0\n"
    " ip access-group LONG in\n!\nip access-list extended LONG\n",
    "cisco_nxos": "version 9.3(8)\nhostname n1\n\ninterface Ethernet1/1\n  no switchport\n  ip access-group LONG in\n"
    "  ip address 192.0.2.1/24\n\nip access-list LONG\n",
    "cisco_iosxr": "!! IOS XR Configuration 7.3.2\nhostname x1\ninterface GigabitEthernet0/0/0/0\n"
    " ipv4 address 192.0.2.1 255.255.255.0\n ipv4 access-group LONG ingress\n!\nipv4 access-list LONG\n",
}
_address = st.sampled_from((
    "any", "host 192.0.2.7", "host 192.0.2.300", "198.51.100.0/24", "10.1.2.3/8", "10.0.0.0/33", "0.0.0.0/0",
    "10.1.2.0 0.0.0.255", "10.1.2.0 255.255.255.0", "10.0.0.0 0.255.0.255", "192.0.2.07 0.0.0.3", "host 2001:db8::1",
    "addrgroup NONE", "object-group NONE", "192.0.2.9",
))  # fmt: skip
_line = st.tuples(
    st.sampled_from(("", "", "10 ", "7 ", "sequence 5 ")),
    st.sampled_from(("permit", "permit", "deny", "remark", "strange")),
    st.sampled_from(("tcp", "udp", "ip", "icmp", "6", "sctp", "gre", "nonsense", "ahp")),
    _address,
    st.sampled_from(("", "", "eq 22", "range 5 9")),
    _address,
    st.sampled_from(
        ("", "eq 443", "eq www", "eq 443 log", "eq 70000", "eq 22 443", "eq nowhere", "gt 1023", "range 9 5", "eq")
    ),
    st.sampled_from(("", "", "log", "established", "fragments", "echo", "strange word", "time-range NONE")),
).map(lambda parts: parts[0] + " ".join(filter(None, parts[1:])))


def _parsed(platform: Platform, lines: list[str]) -> Parsed:
    text = _HEADS[platform.id] + "".join(f" {line}\n" for line in lines) + "!\nend\n"
    return platform.parse(Capture(documents=(Document(name="running", text=text),)))


@pytest.mark.parametrize("platform", [IOS, NX_OS, IOS_XR], ids=lambda item: str(item.id))
@given(lines=st.lists(_line, min_size=1, max_size=5))
@example(lines=["permit tcp 10.1.2.3/8 host 192.0.2.7 eq 443 log", "deny udp any 10.1.2.0 0.0.0.255 eq 53"])
@example(lines=["permit tcp any any eq 22 443", "permit tcp any 192.0.2.9 eq 22"])
def test_columns_mean_what_words_mean(platform: Platform, lines: list[str]) -> None:
    """A list read in columns gives the firewall, the ledger and the remarks of one read word by word."""
    fast = _parsed(platform, lines)
    with patch.object(acl, "_COMMON", re.compile(r"(?!)")):
        slow = _parsed(platform, lines)
    assert fast.firewalls == slow.firewalls
    assert fast.ledger == slow.ledger
    assert fast.remarks == slow.remarks


def test_common_entries_become_columns() -> None:
    """Entries of addresses and one port are numbers until somebody asks for their matches."""
    parsed = _parsed(IOS, ["permit tcp any host 192.0.2.7 eq 443", "deny udp 10.1.2.0 0.0.0.255 any eq domain log"])
    (rules,) = (chain.rules for stage in parsed.firewalls[0].stages for chain in stage.chains if chain.name == "LONG")
    assert not rules.matches.given
    assert [str(rule.possible.source) for rule in rules] == ["any4", "10.1.2.0/24"]
    assert [str(rule.possible.destination) for rule in rules] == ["192.0.2.7", "any4"]
    assert [rule.possible.services.contains(17, 1024, 53) for rule in rules] == [False, True]
