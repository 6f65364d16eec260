"""Reports in the forms that people and programs read: one module per format, an explicit table of them."""

from __future__ import annotations
