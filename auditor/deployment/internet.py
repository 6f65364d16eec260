"""The Internet as data, and the addresses that can be no real sender on the side where the default route points."""

from __future__ import annotations

from parsers.model.addresses import AddressSet

__all__ = ["INTERNET_BASE", "PRIVATE", "UNREAL"]

PRIVATE = AddressSet.of(
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"
)
"""Not routed on the Internet: RFC 1918, RFC 6598, loopback and link-local."""

INTERNET_BASE = (AddressSet.of("1.0.0.0-223.255.255.255") - PRIVATE) | AddressSet.of("2000::/3")
"""Every unicast address of the Internet; documentation and benchmark ranges are in, so that examples mean something."""

UNREAL = ~INTERNET_BASE
"""Private, multicast and reserved addresses: never the source of a packet from the Internet."""
