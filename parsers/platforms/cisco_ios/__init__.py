"""Cisco IOS and IOS-XE: access lists, zone-based firewall and address translation."""

from __future__ import annotations

from parsers.platforms.cisco_ios.platform import PLATFORM

__all__ = ["PLATFORM"]
