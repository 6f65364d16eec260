"""Cisco Firepower Threat Defense: the access control policy as its packet engine LINA holds it."""

from __future__ import annotations

from parsers.platforms.cisco_ftd.platform import PLATFORM

__all__ = ["PLATFORM"]
