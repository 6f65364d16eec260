"""Which firewalls a fleet consists of, where another list than the deployment's says so."""

from __future__ import annotations
