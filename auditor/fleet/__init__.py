"""Many firewalls in one run: bounded workers, failures that are values, and jobs that nobody watches."""

from __future__ import annotations
