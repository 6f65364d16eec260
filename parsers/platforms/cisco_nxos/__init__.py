"""Cisco NX-OS: router, port and VLAN access lists."""

from __future__ import annotations

from parsers.platforms.cisco_nxos.platform import PLATFORM

__all__ = ["PLATFORM"]
