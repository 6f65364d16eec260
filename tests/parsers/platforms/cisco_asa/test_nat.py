"""Address translation of an ASA: order, un-NAT and egress, reverse-path check, source NAT, what is in doubt."""

from __future__ import annotations

import pytest

from parsers.contract import LineState, RemarkKind
from parsers.model.addresses import address_text
from tests.parsers.platforms.cisco_asa.asa import SITE, judged, parsed, state_of, verdict

OPEN = "access-list ANY extended permit ip any any\naccess-group ANY global\n"
OBJECTS = """\
object network REAL
 host 192.0.2.10
object network REAL-NET
 subnet 192.0.2.0 255.255.255.128
object network PUBLIC
 host 198.51.100.10
object network PUBLIC-NET
 subnet 203.0.113.128 255.255.255.128
object network CLIENTS
 subnet 10.20.0.0 255.255.255.0
object network REMOTE
 subnet 172.16.9.0 255.255.255.0
object network REMOTE-AS
 subnet 172.17.9.0 255.255.255.0
object network POOL
 range 198.51.100.100 198.51.100.110
object service TCP-443
 service tcp source eq https
object service TCP-8443
 service tcp source eq 8443
object service TO-443
 service tcp destination eq https
object service TO-8443
 service tcp destination eq 8443
"""


def end(text: str, ingress: str, question: str) -> str:
    """Give what a packet leaves as, and by which interface; the words of the last step if it does not leave."""
    found = judged(text, ingress, question)
    assert len({(path.packet, path.egress, path.permitted) for path in found.paths}) == 1, found.paths
    path = found.paths[0]
    packet = path.packet
    if not path.permitted:
        return path.steps[-1].text
    source, destination = address_text(packet.source), address_text(packet.destination)
    return f"{source}:{packet.source_port} > {destination}:{packet.port} {path.egress}"


def site(rules: str) -> str:
    """Give the site with these translations, and with access lists that permit everything."""
    return SITE + OBJECTS + rules + OPEN


CASES = [
    # translations, ingress, packet, what leaves
    ("object network REAL\n nat (dmz,outside) static PUBLIC\n", "outside", "tcp 203.0.113.7:9 198.51.100.10:443",
     "203.0.113.7:9 > 192.0.2.10:443 dmz"),
    ("object network REAL\n nat (dmz,outside) static PUBLIC\n", "dmz", "tcp 192.0.2.10:9 203.0.113.7:443",
     "198.51.100.10:9 > 203.0.113.7:443 outside"),
    ("object network REAL\n nat (dmz,outside) static 198.51.100.10\n", "outside", "tcp 203.0.113.7:9 198.51.100.10:443",
     "203.0.113.7:9 > 192.0.2.10:443 dmz"),
    ("object network REAL\n nat (dmz,outside) static PUBLIC\n", "inside", "tcp 10.20.0.5:9 198.51.100.10:443",
     "10.20.0.5:9 > 198.51.100.10:443 outside"),
    ("object network REAL-NET\n nat (dmz,outside) static PUBLIC-NET\n", "outside",
     "tcp 198.51.100.7:9 203.0.113.133:22", "198.51.100.7:9 > 192.0.2.5:22 dmz"),
    ("object network REAL-NET\n nat (dmz,outside) static 203.0.113.128\n", "outside",
     "tcp 198.51.100.7:9 203.0.113.133:22", "198.51.100.7:9 > 192.0.2.5:22 dmz"),
    ("object network REAL\n nat (dmz,outside) static PUBLIC service tcp https 8443\n", "outside",
     "tcp 203.0.113.7:9 198.51.100.10:8443", "203.0.113.7:9 > 192.0.2.10:443 dmz"),
    ("object network REAL\n nat (dmz,outside) static interface service tcp https 8443\n", "outside",
     "tcp 203.0.113.7:9 198.51.100.1:8443", "203.0.113.7:9 > 192.0.2.10:443 dmz"),
    ("object network REAL\n nat (any,any) static PUBLIC\n", "outside", "tcp 203.0.113.7:9 198.51.100.10:443",
     "203.0.113.7:9 > 192.0.2.10:443 dmz"),
    ("object network REAL\n nat static PUBLIC\n", "outside", "tcp 203.0.113.7:9 198.51.100.10:443",
     "203.0.113.7:9 > 192.0.2.10:443 dmz"),
    ("nat (dmz,outside) source static REAL PUBLIC\n", "outside", "tcp 203.0.113.7:9 198.51.100.10:443",
     "203.0.113.7:9 > 192.0.2.10:443 dmz"),
    ("nat (dmz,outside) source static REAL PUBLIC service TCP-443 TCP-8443\n", "outside",
     "tcp 203.0.113.7:9 198.51.100.10:8443", "203.0.113.7:9 > 192.0.2.10:443 dmz"),
    ("nat (outside,dmz) source static any any destination static PUBLIC REAL service TO-8443 TO-443\n", "outside",
     "tcp 203.0.113.7:9 198.51.100.10:8443", "203.0.113.7:9 > 192.0.2.10:443 dmz"),
    ("nat (outside,dmz) source dynamic any interface destination static PUBLIC REAL\n", "outside",
     "tcp 203.0.113.7:9 198.51.100.10:443", "192.0.2.1:9 > 192.0.2.10:443 dmz"),
    ("nat (inside,outside) source static CLIENTS CLIENTS destination static REMOTE REMOTE\n", "inside",
     "tcp 10.20.0.5:9 172.16.9.7:443", "10.20.0.5:9 > 172.16.9.7:443 outside"),
    ("nat (inside,outside) source static CLIENTS CLIENTS destination static REMOTE REMOTE\n", "outside",
     "tcp 172.16.9.7:9 10.20.0.5:443", "172.16.9.7:9 > 10.20.0.5:443 inside"),
    ("nat (inside,outside) source static CLIENTS CLIENTS destination static REMOTE-AS REMOTE\n", "inside",
     "tcp 10.20.0.5:9 172.17.9.7:443", "10.20.0.5:9 > 172.16.9.7:443 outside"),
    ("nat (inside,outside) source static CLIENTS CLIENTS destination static REMOTE-AS REMOTE\n", "outside",
     "tcp 172.16.9.7:9 10.20.0.5:443", "172.17.9.7:9 > 10.20.0.5:443 inside"),
    ("nat (inside,outside) source dynamic any interface\n", "inside", "tcp 10.20.0.5:9 203.0.113.7:443",
     "198.51.100.1:9 > 203.0.113.7:443 outside"),
    ("nat (inside,outside) after-auto source dynamic CLIENTS pat-pool PUBLIC round-robin\n", "inside",
     "tcp 10.20.0.5:9 203.0.113.7:443", "198.51.100.10:9 > 203.0.113.7:443 outside"),
    ("nat (inside,outside) source dynamic any interface\n", "outside", "tcp 203.0.113.7:9 10.20.0.5:443",
     "NAT reverse-path check"),
    ("object network REAL\n nat (dmz,outside) static PUBLIC\n", "outside", "tcp 203.0.113.7:9 192.0.2.10:443",
     "NAT reverse-path check"),
    ("object network REAL\n nat (dmz,outside) static PUBLIC\n", "inside", "tcp 10.20.0.5:9 192.0.2.10:443",
     "10.20.0.5:9 > 192.0.2.10:443 dmz"),
    ("nat (dmz,outside) source static REAL PUBLIC unidirectional\n", "outside", "tcp 203.0.113.7:9 198.51.100.10:443",
     "implicit deny (same-security-traffic intra-interface)"),
    ("nat (dmz,outside) source static REAL PUBLIC inactive\n", "outside", "tcp 203.0.113.7:9 192.0.2.10:443",
     "203.0.113.7:9 > 192.0.2.10:443 dmz"),
    ("nat (dmz,outside) source static REAL PUBLIC description web\n", "outside", "tcp 203.0.113.7:9 198.51.100.10:443",
     "203.0.113.7:9 > 192.0.2.10:443 dmz"),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "ingress", "question", "expected"), CASES)
def test_every_form_of_a_translation(rules: str, ingress: str, question: str, expected: str) -> None:
    """A translation in each of its forms turns a packet into what the configuration guide says, and nothing else."""
    assert end(site(rules), ingress, question) == expected
    assert parsed(site(rules)).remarks == ()


def test_manual_before_auto_before_after_auto() -> None:
    """The first rule in NAT order decides: manual, object, manual after auto."""
    auto = "object network REAL\n nat (dmz,outside) static PUBLIC\n"
    extra = "object network OTHER\n host 192.0.2.77\n"
    manual = f"{extra}nat (dmz,outside) source static OTHER PUBLIC\n"
    after = f"{extra}nat (dmz,outside) after-auto source static OTHER PUBLIC\n"
    question = "tcp 203.0.113.7:9 198.51.100.10:443"
    assert end(site(manual + auto), "outside", question).startswith("203.0.113.7:9 > 192.0.2.77:443")
    assert end(site(auto + manual), "outside", question).startswith("203.0.113.7:9 > 192.0.2.77:443")
    assert end(site(after + auto), "outside", question).startswith("203.0.113.7:9 > 192.0.2.10:443")


@pytest.mark.parametrize(
    ("first", "second", "winner"),
    [
        (("A", "host 192.0.2.9", "static 198.51.100.9"), ("B", "subnet 192.0.2.8 255.255.255.248", "dynamic POOL"), 9),
        (
            ("A", "subnet 192.0.2.8 255.255.255.252", "static 198.51.100.8"),
            ("B", "host 192.0.2.9", "static 198.51.100.90"),
            90,
        ),
        (("B", "host 192.0.2.9", "static 198.51.100.9"), ("A", "host 192.0.2.9", "static 198.51.100.90"), 90),
        (
            ("A", "host 192.0.2.9", "dynamic PUBLIC"),
            ("B", "subnet 192.0.2.8 255.255.255.252", "static 198.51.100.8"),
            9,
        ),
    ],
)
def test_object_rules_static_first_then_fewest_then_name(
    first: tuple[str, str, str], second: tuple[str, str, str], winner: int
) -> None:
    """Object rules are asked static first, then by fewest addresses, lowest address and name."""
    rules = "".join(
        f"object network {name}\n {value}\n nat (dmz,outside) {rule}\n" for name, value, rule in (first, second)
    )
    assert (
        end(site(rules), "dmz", "tcp 192.0.2.9:9 203.0.113.7:443") == f"198.51.100.{winner}:9 > 203.0.113.7:443 outside"
    )


def test_un_nat_picks_the_egress() -> None:
    """The real interface that a rule names is where the packet leaves, whatever the routes say."""
    rules = "object network FAR\n host 10.77.0.10\n nat (dmz,outside) static PUBLIC\n"
    routed = "object network FAR\n host 10.77.0.10\n nat (any,outside) static PUBLIC\n"
    way = "route inside 10.77.0.0 255.255.0.0 10.20.0.254\n"
    question = "tcp 203.0.113.7:9 198.51.100.10:443"
    assert end(site(rules + way), "outside", question) == "203.0.113.7:9 > 10.77.0.10:443 dmz"
    assert end(site(routed + way), "outside", question) == "203.0.113.7:9 > 10.77.0.10:443 inside"


def test_route_lookup_leaves_the_egress_to_the_routes() -> None:
    """`route-lookup` on an identity rule takes the interface from the routes."""
    base = "object network FAR\n subnet 10.77.0.0 255.255.0.0\nroute inside 10.77.0.0 255.255.0.0 10.20.0.254\n"
    rule = "nat (dmz,outside) source static FAR FAR destination static REMOTE REMOTE"
    question = "tcp 172.16.9.7:9 10.77.0.10:443"
    assert end(site(f"{base}{rule}\n"), "outside", question).endswith("dmz")
    assert end(site(f"{base}{rule} route-lookup\n"), "outside", question).endswith("inside")


def test_access_lists_see_real_addresses() -> None:
    """From 8.3 on access lists name real addresses, in and out, before source NAT."""
    rules = "object network REAL\n nat (dmz,outside) static PUBLIC\n"
    lists = """\
access-list IN extended permit tcp any host 192.0.2.10 eq 443
access-group IN in interface outside
access-list OUT extended permit tcp host 192.0.2.10 any eq 25
access-group OUT out interface outside
"""
    text = SITE + OBJECTS + rules + lists
    assert verdict(text, "outside", "tcp 203.0.113.7:9 198.51.100.10:443") == "permit"
    assert verdict(text, "outside", "tcp 203.0.113.7:9 198.51.100.10:80") == "deny"
    assert verdict(text, "dmz", "tcp 192.0.2.10:9 203.0.113.7:25") == "permit"
    assert verdict(text, "dmz", "tcp 192.0.2.11:9 203.0.113.7:25") == "deny"


MANY = """\
object-group network MANY
 network-object host 192.0.2.10
 network-object host 192.0.2.40
object-group network MAPPED
 network-object host 198.51.100.10
 network-object host 198.51.100.30
nat (dmz,outside) source static MANY MAPPED
"""


@pytest.mark.parametrize(
    ("rules", "published"),
    [
        ("object network REAL\n nat (dmz,outside) static LOST\n", "198.51.100.10"),
        ("object network REAL\n nat (dmz,outside) static PUBLIC frobnicate\n", "198.51.100.10"),
        ("object network REAL\n nat (dmz,outside) frobnicate static PUBLIC\n", "198.51.100.10"),
        ("object network REAL\n nat (dmz,outside) static PUBLIC\n nat (dmz,outside) static POOL\n", "198.51.100.10"),
        ("nat (dmz,outside) frobnicate source static REAL PUBLIC\n", "198.51.100.10"),
        ("nat (dmz,outside) source static REAL PUBLIC frobnicate\n", "198.51.100.10"),
        ("nat (dmz,outside) source static LOST PUBLIC\n", "198.51.100.10"),
        ("nat (dmz,outside) source static REAL-NET POOL\n", "198.51.100.104"),
        ("nat (dmz,outside) source static REAL PUBLIC service LOST TCP-443\n", "198.51.100.10"),
        (MANY, "198.51.100.30"),
    ],
)
def test_a_translation_in_doubt_is_unknown(rules: str, published: str) -> None:
    """A translation that is not understood, not defined or not one to one leaves the packets it may touch unknown."""
    text = SITE + OBJECTS + rules
    text += "access-list IN extended permit tcp any host 192.0.2.10 eq 443\naccess-group IN in interface outside\n"
    assert verdict(text, "outside", f"tcp 203.0.113.7:9 {published}:443") == "unknown"


@pytest.mark.parametrize(
    "line", ["nat (dmz,outside) frobnicate source static REAL PUBLIC", "nat (dmz outside) x", "nat"]
)
def test_a_strange_translation_is_noted(line: str) -> None:
    """A `nat` line that is not understood stands in the ledger and in a remark."""
    text = f"{SITE}{OBJECTS}{line}\n"
    assert state_of(text, line) is LineState.NOT_UNDERSTOOD
    assert [item.kind for item in parsed(text).remarks] == [RemarkKind.NOT_UNDERSTOOD]


def test_an_interface_that_is_not_there_decides() -> None:
    """A translation between interfaces of which one is missing may mean that a line was lost."""
    text = site("nat (lost,outside) source static REAL PUBLIC\n")
    assert [(item.kind, item.decides) for item in parsed(text).remarks] == [(RemarkKind.UNDEFINED, True)]


def test_route_or_nat_is_left_open_where_it_matters() -> None:
    """With `any` on the mapped side and a route that disagrees with the rule, both interfaces are possible."""
    rules = "object network FAR\n host 10.77.0.10\n nat (dmz,any) static PUBLIC\n"
    way = "route inside 10.77.0.0 255.255.0.0 10.20.0.254\n"
    found = judged(site(rules + way), "outside", "tcp 203.0.113.7:9 198.51.100.10:443")
    assert {path.egress for path in found.paths} == {"inside", "dmz"}
    agreed = judged(site(rules.replace("10.77.0.10", "192.0.2.40")), "outside", "tcp 203.0.113.7:9 198.51.100.10:443")
    assert {path.egress for path in agreed.paths} == {"dmz"}
