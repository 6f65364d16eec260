"""Cisco ASA, version 8.3 and later, in routed mode."""

from __future__ import annotations

from parsers.platforms.cisco_asa.platform import PLATFORM

__all__ = ["PLATFORM"]
