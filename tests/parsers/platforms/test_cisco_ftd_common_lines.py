"""Common lines of an access control policy mean, put together out of their parts, what they mean read word by word."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

from hypothesis import example, given
from hypothesis import strategies as st

from parsers.model.capture import Capture, Document
from parsers.platforms.cisco_ftd.advanced import AccessPolicies
from parsers.platforms.cisco_ftd.platform import PLATFORM

if TYPE_CHECKING:
    from parsers.contract import Parsed

_HEAD = """: Saved
NGFW Version 7.2.5
!
hostname f1
!
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 192.0.2.1 255.255.255.0
!
interface GigabitEthernet0/1
 nameif inside
 security-level 0
 ip address 10.0.0.1 255.255.255.0
!
access-list POLICY remark rule-id 1: PREFILTER POLICY: first
access-list POLICY remark rule-id 1: RULE: early
access-list POLICY remark rule-id 2: ACCESS POLICY: second
access-list POLICY remark rule-id 2: L4 RULE: ports
access-list POLICY remark rule-id 3: ACCESS POLICY: second
access-list POLICY remark rule-id 3: L7 RULE: users
"""
_place = st.sampled_from(("", "", "ifc outside ", "ifc inside ", "ifc nowhere "))
_address = st.sampled_from((
    "any", "any4", "host 192.0.2.7", "198.51.100.0 255.255.255.0", "10.0.0.0 255.0.255.0", "host 192.0.2.300",
    "object-group NONE", "host 2001:db8::1", "0.0.0.0 0.0.0.0",
))  # fmt: skip
_line = st.tuples(
    st.sampled_from(("permit ", "permit ", "deny ", "trust ", "strange ")),
    st.sampled_from(("tcp ", "udp ", "ip ", "icmp ", "6 ")),
    _place,
    _address.map("{} ".format),
    st.sampled_from(("", "", "eq 22 ")),
    _place,
    _address.map("{} ".format),
    st.sampled_from(("", "eq 443 ", "eq https ", "eq 70000 ", "range 5 9 ", "eq ")),
    st.sampled_from(("rule-id 1", "rule-id 2", "rule-id 3", "rule-id 4", "rule-id x", "")),
    st.sampled_from(("", "", " ", " event-log flow-start", " event-log never", " inactive", " log")),
).map(lambda parts: "access-list POLICY advanced " + "".join(parts))


def _parsed(lines: list[str]) -> Parsed:
    text = _HEAD + "".join(f"{line}\n" for line in lines) + "access-group POLICY global\n!\n: end\n"
    return PLATFORM.parse(Capture(documents=(Document(name="running", text=text),)))


@given(st.lists(_line, min_size=1, max_size=6))
@example(
    [
        "access-list POLICY advanced permit tcp ifc outside any ifc inside host 192.0.2.7 eq https rule-id 2 ",
        "access-list POLICY advanced deny tcp ifc outside any ifc inside host 192.0.2.7 eq https rule-id 2",
        "access-list POLICY advanced trust tcp ifc outside any ifc inside host 192.0.2.7 rule-id 1",
        "access-list POLICY advanced permit tcp any host 192.0.2.7 eq 22 rule-id 3",
    ]
)
def test_common_lines_mean_what_words_mean(lines: list[str]) -> None:
    """A policy gives the same firewall, ledger and remarks with and without the short way."""
    fast = _parsed(lines)
    with patch.object(AccessPolicies, "_take_common", return_value=False):
        slow = _parsed(lines)
    assert fast.firewalls == slow.firewalls
    assert fast.ledger == slow.ledger
    assert fast.remarks == slow.remarks
