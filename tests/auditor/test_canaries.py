"""Secrets that are planted in every fixture are in nothing that is kept or shown of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditor.capture.redaction import redact
from auditor.capture.writing import write
from parsers.errors import ParserError
from parsers.model.notation import render_all
from parsers.registry import ids, platform
from tests.auditor.canaries import CANARY, PLANTED, planted
from tests.fixture_cases import cases


@pytest.mark.parametrize("name", ids())
def test_no_fixture_gives_its_secrets_away(name: str, tmp_path: Path) -> None:
    """Neither the saved capture, nor the model, nor a refusal of it holds one; and no line is moved."""
    found = platform(name)
    seen = 0
    for case in cases():
        if case.platform != name:
            continue
        capture = case.capture()
        documents = tuple(
            replace(document, text=planted(name, document.text), stderr=f"password {CANARY}-99")
            for document in capture.documents
        )
        capture = replace(capture, documents=documents)
        assert repr(capture).count(CANARY) > "".join(PLANTED[name]).count(CANARY)
        folder = tmp_path / case.folder.name
        write(folder, found, capture)
        clean = redact(found, capture)
        kept = [repr(clean), *(file.read_text("utf-8") for file in folder.iterdir())]
        try:
            kept.append(render_all(found.parse(clean).firewalls))
        except ParserError as error:
            kept.append(str(error))
        assert [text for text in kept if CANARY in text] == [], case.folder
        lines = [document.text.count("\n") for document in clean.documents]
        assert lines == [document.text.count("\n") for document in documents]
        seen += 1
    assert seen
