"""The gallery and the tour are what the product does today."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.gallery import DOCS, PICTURES, RECORD, generate

STALE = "run `make docs` and commit docs/"


@pytest.fixture(scope="module")
def texts() -> dict[Path, bytes]:
    """Make every text anew."""
    return generate()


def test_texts_are_fresh(texts: dict[Path, bytes]) -> None:
    """Each sample, the gallery's page and the tour stand in docs as they are made now."""
    stale = [
        str(path)
        for path, content in texts.items()
        if not (DOCS / path).exists() or (DOCS / path).read_bytes() != content
    ]

    assert stale == [], STALE


def test_pictures_are_of_the_page(texts: dict[Path, bytes]) -> None:
    """The pictures were taken of the report as it is made now."""
    taken = json.loads((DOCS / RECORD).read_text("utf-8"))["page_sha256"]

    assert taken == hashlib.sha256(texts[Path("gallery/report.html")]).hexdigest(), STALE
    for name in PICTURES:
        assert (DOCS / "gallery" / name).read_bytes().startswith(b"\x89PNG")


def test_nothing_else_is_there(texts: dict[Path, bytes]) -> None:
    """No sample of a format that there no longer is stays behind."""
    known = {path.name for path in texts} | set(PICTURES) | {RECORD.name}

    assert {path.name for path in (DOCS / "gallery").iterdir()} <= known
