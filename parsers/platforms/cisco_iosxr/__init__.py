"""Cisco IOS XR: access lists inwards and outwards, object groups, tables of routes."""

from __future__ import annotations

from parsers.platforms.cisco_iosxr.platform import PLATFORM

__all__ = ["PLATFORM"]
