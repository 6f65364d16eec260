"""st-audit: what a firewall really enforces, and where that differs from what SecureTransport needs."""

from __future__ import annotations
