"""The version of the product: the one place it is written."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
