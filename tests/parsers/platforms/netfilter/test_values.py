"""Values as nft and iptables write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.model import intervals as iv
from parsers.model.addresses import AddressSet, address_number, address_text
from parsers.platforms._netfilter import values as va


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        ("192.0.2.1", 4, "192.0.2.1"),
        ("192.0.2.77/24", 4, "192.0.2.0/24"),
        ("0.0.0.0/0", 4, "0.0.0.0/0"),
        ("192.0.2.1-192.0.2.9", 4, "192.0.2.1-192.0.2.9"),
        ("192.0.2.0/255.255.255.128", 4, "192.0.2.0/25"),
        ("2001:db8::1/32", 6, "2001:db8::/32"),
        ("2001:db8::1-2001:db8::f", 6, "2001:db8::1-2001:db8::f"),
    ],
)
def test_addresses(text: str, version: int, expected: str) -> None:
    """Addresses, prefixes, masks and ranges."""
    assert va.addresses([text], version) == AddressSet.of(expected)


@pytest.mark.parametrize(
    ("text", "version"),
    [("192.0.2.1", 6), ("2001:db8::1", 4), ("192.0.2.9-192.0.2.1", 4), ("192.0.2.0/33", 4), ("host", 4), ("1.2.3", 4),
     ("192.0.2.256", 4), ("192.0.2.0/2001:db8::", 4), ("", 4), ("192.0.2.٣", 4)],
)  # fmt: skip
def test_no_addresses(text: str, version: int) -> None:
    """What is no address of the version is refused."""
    with pytest.raises(ValueError, match=r".*"):
        va.addresses([text], version)


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 31), max_size=6, unique=True), st.integers(0, 2**32 - 1))
def test_masked(value: int, free: list[int], probe: int) -> None:
    """An address lies in a masked one where the masked bits agree."""
    mask = 2**32 - 1
    for bit in free:
        mask &= ~(1 << bit)
    found = va.masked(address_text(value), address_text(mask))
    for number in (value, probe, value ^ 1, value | ~mask & (2**32 - 1)):
        assert iv.contains(found, number) == (number & mask == value & mask)


def test_masks_that_fall_apart() -> None:
    """A mask with more free bits above than can be multiplied out is refused, so that it becomes a bound."""
    assert len(va.masked("0.0.0.1", "255.255.0.255")) == 256
    with pytest.raises(ValueError, match="falls apart"):
        va.masked("0.0.0.1", "0.0.0.255")


def test_ports() -> None:
    """Ports by number and name, ranges with a dash or a colon, open at the end."""
    assert va.ports(["22", "ssh", "80-90", "1024:", "1000:2000"]) == (
        (22, 22), (22, 22), (80, 90), (1024, 65535), (1000, 2000),
    )  # fmt: skip
    for text in ("65536", "9-3", "frob", "-1"):
        with pytest.raises(ValueError, match=r".*"):
            va.ports([text])


def test_protocols_and_icmp() -> None:
    """Protocols, ICMP types and codes by name, number and range; each IP version has its own."""
    assert va.protocol_range("ipv6-icmp") == (58, 58)
    assert va.protocol_range("50-51") == (50, 51)
    assert va.icmp_number("echo-request", 4) == (8, 8)
    assert va.icmp_number("echo-request", 6) == (128, 128)
    assert va.icmp_number("nd-router-solicit-nd-redirect".partition("-nd-redirect")[0], 6) == (133, 133)
    assert va.icmp_number("133-137", 6) == (133, 137)
    assert va.code_number("frag-needed", 4) == (4, 4)
    assert va.code_number("no-route", 6) == (0, 0)
    assert va.tcp_flags(["FIN", "syn", "0x4"]) == 7
    assert va.tcp_flags(["ALL"]) == 63
    assert va.tcp_flags(["NONE"]) == 0
    for text in ("256", "frob"):
        with pytest.raises(ValueError, match=r".*"):
            va.icmp_number(text, 4)
        with pytest.raises(ValueError, match=r".*"):
            va.protocol_range(text)


@given(st.integers(0, 2**32 - 1))
def test_number_of_an_address(number: int) -> None:
    """The quick way and the general way agree."""
    text = address_text(number)
    assert va.addresses([text], 4).intervals == ((address_number(text), address_number(text)),)
