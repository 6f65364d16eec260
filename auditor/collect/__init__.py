"""Fetching a live firewall's configuration over SSH: the only code of st-audit that opens a connection."""

from __future__ import annotations
