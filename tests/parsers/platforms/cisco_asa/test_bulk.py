"""What is read in bulk means what it means when it is read line by line, and stands where it stands."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.contract import LineState
from parsers.model.addresses import AddressSet, address_text
from parsers.model.capture import Span
from parsers.model.rules import Rules
from parsers.platforms._cisco_lina.addresses import literals, network
from tests.parsers.platforms.cisco_asa.asa import BOUND, SITE, firewall, parsed

OBJECTS = """\
object network O
 host 192.0.2.10
object network NAMED
 fqdn www.example.com
object-group network G
 network-object host 192.0.2.11
 network-object 192.0.2.64 255.255.255.192
 network-object object O
object-group service WEB tcp
 port-object eq https
object-group service MIXED
 service-object udp destination eq 53
name 192.0.2.12 OLD
"""
ADDRESSES = (
    "any", "any4", "host 192.0.2.1", "host OLD", "192.0.2.0 255.255.255.0", "192.0.2.0 255.255.0.255", "object O",
    "object NAMED", "object-group G", "object GONE", "host 2001:db8::1", "2001:db8::/32", "interface outside",
    "host 192.0.2.999",
)  # fmt: skip
PROTOCOLS = ("tcp", "udp", "ip", "icmp", "object-group MIXED", "object WEB", "nonsense")
SERVICES = (
    "", " eq 443", " eq https log", " range 80 90", " range 90 80", " eq 65536", " object-group WEB", " inactive",
    " time-range T", " eq 443 inactive", " echo", " eq 80 unheard-of",
)  # fmt: skip
entries = st.builds(
    "{} {} {} {}{}".format,
    st.sampled_from(("permit", "deny")),
    st.sampled_from(PROTOCOLS),
    st.sampled_from(ADDRESSES),
    st.sampled_from(ADDRESSES),
    st.sampled_from(SERVICES),
)


def rules(text: str) -> Rules:
    """Give the rules of the access list A."""
    stage = next(stage for stage in firewall(SITE + text + BOUND).stages if stage.name == "filter outside")
    return stage.chain("A").rules


@settings(max_examples=60)
@given(st.lists(entries, min_size=1, max_size=8))
def test_common_lines_mean_what_uncommon_ones_mean(given_entries: list[str]) -> None:
    """A line with its number, which is read word by word, makes the rules of the same line that can match anything."""
    common = "".join(f"access-list A extended {entry}\n" for entry in given_entries)
    uncommon = "".join(f"access-list A line 1 extended {entry}\n" for entry in given_entries)
    made = [rule for rule in rules(OBJECTS + common) if rule.possible.services]
    expected = rules(OBJECTS + uncommon)
    assert made == list(expected)
    assert [rule.span for rule in made] == [rule.span for rule in expected]
    assert [rule.possible.objects for rule in made] == [rule.possible.objects for rule in expected]
    assert parsed(SITE + OBJECTS + common + BOUND).ledger == parsed(SITE + OBJECTS + uncommon + BOUND).ledger


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)), max_size=20))
def test_literal_addresses(given_networks: list[tuple[int, int]]) -> None:
    """Hosts and networks that are read together have the bounds that each has alone."""
    masks = [(2**32 - 1 << 32 - bits) & 2**32 - 1 for _, bits in given_networks]
    words = [
        f"{address_text(base)} {address_text(mask)}" for (base, _), mask in zip(given_networks, masks, strict=True)
    ]
    words += [f"host {address_text(base)}" for base, _ in given_networks]
    expected = [network(text.removeprefix("host ").split(), {}) for text in words]
    assert [AddressSet((pair,)) for pair in literals(words) if pair is not None] == expected


def test_lines_keep_their_places() -> None:
    """Among lines of several lists and other lines, over more text than is read at once, each rule has its own line."""
    lines = SITE.splitlines()
    places: dict[str, list[int]] = {"A": [], "B": []}
    for number in range(3000):
        name = "A" if number % 3 else "B"
        if number % 100 == 50:
            lines += ["access-list alert-interval 300", f"access-list {name} remark nothing", "!"]
        lines.append(f"access-list {name} extended permit tcp any host 192.0.2.{number % 250} eq {number + 1}")
        places[name].append(len(lines))
    text = "\n".join([*lines, "access-group A in interface outside", "access-group B out interface dmz"])
    found = firewall(text)
    lists = {chain.name: chain.rules for stage in found.stages for chain in stage.chains}
    for name, numbers in places.items():
        assert [lists[name].span(index) for index in range(len(lists[name]))] == [
            Span(first=number, last=number) for number in numbers
        ]
        assert [rule.possible.services.slabs[0][2][0][0] % 65536 for rule in lists[name]] == [
            int(lines[number - 1].rsplit(" ", 1)[1]) for number in numbers
        ]
    (states,) = parsed(text).ledger
    settings_and_remarks = {n for n, line in enumerate(lines, 1) if "alert-interval" in line or "remark" in line}
    assert {n for n, state in enumerate(states, 1) if state == LineState.IRRELEVANT} >= settings_and_remarks
    assert LineState.NOT_UNDERSTOOD not in states


def test_one_set_for_equal_words() -> None:
    """Rules that name an address in the same words share one set, the same whenever it is asked for."""
    made = rules(
        OBJECTS
        + "access-list A extended permit tcp any object-group G eq 22\n"
        + "access-list A extended deny udp object-group G host 192.0.2.1\n"
        + "access-list A extended permit tcp host 192.0.2.1 any eq 22\n"
    )
    assert made[0].possible.destination is made[1].possible.source
    assert made[1].possible.destination is made[2].possible.source
    assert made[0].possible.services is made[2].possible.services
    assert made[0].possible is made.possible(0)


def test_long_nesting() -> None:
    """Groups that nest one in the other by the thousand are worked out from the outermost one."""
    groups = "".join(
        f"object-group network N{n}\n network-object host 10.1.{n // 256}.{n % 256}\n"
        + (f" group-object N{n - 1}\n" if n else "")
        for n in range(1500)
    )
    lines = "".join(f"access-list A extended permit tcp any object-group N{n}\n" for n in range(1500))
    assert rules(groups + lines)[-1].possible.destination.size == 1500
