"""Captures on disk: reading, writing, proof of completeness, redaction."""

from __future__ import annotations
