"""Names of protocols, ports and ICMP types as Cisco prints them."""

from __future__ import annotations

import pytest

from parsers.text.cisco_names import icmp_type, port_number


@pytest.mark.parametrize(
    ("word", "port"),
    [("https", 443), ("www", 80), ("ftp-data", 20), ("domain", 53), ("kerberos", 750), ("0", 0), ("65535", 65535)],
)
def test_ports(word: str, port: int) -> None:
    """A port is a number or the name that the vendor prints for it."""
    assert port_number(word) == port


@pytest.mark.parametrize("word", ["", "65536", "-1", "443x", "frob", "²", "HTTPS"])
def test_what_is_no_port(word: str) -> None:
    """Anything else is no port."""
    assert port_number(word) is None


@pytest.mark.parametrize(
    ("word", "protocol", "number"),
    [("echo", 1, 8), ("echo", 58, 128), ("unreachable", 1, 3), ("unreachable", 58, 1), ("traceroute", 58, None),
     ("255", 1, 255), ("256", 1, None)],
)  # fmt: skip
def test_icmp_types(word: str, protocol: int, number: int | None) -> None:
    """The same name means one type in ICMP and another in ICMPv6."""
    assert icmp_type(word, protocol) == number
