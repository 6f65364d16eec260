"""Writing captures: private, whole, redacted, and read back as they were."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from auditor.capture.manifest import Completion, Origin, digest
from auditor.capture.reading import read
from auditor.capture.writing import write
from auditor.errors import UsageError
from parsers.contract import Completeness, Parsed, Platform
from parsers.model.capture import Capture, Document

ORIGIN = Origin(
    address="[192.0.2.1]:2222",
    collected_at="2026-11-02T08:00:00+00:00",
    host_key="SHA256:" + "A" * 43,
    commands=("terminal pager 0", "<secret>", "show running-config"),
)


def _no_parse(_: Capture) -> Parsed:
    raise NotImplementedError


PLATFORM = Platform(
    id="linux",
    title="Linux",
    recognises=lambda _: True,
    parse=_no_parse,
    prove=lambda capture: Completeness(complete=len(capture.documents) > 1, reason="only one document"),
)
CAPTURE = Capture(
    platform="linux",
    documents=(
        Document(name="nft -as list ruleset", command="nft -as list ruleset", text="table t {\n}\n", exit_status=0),
        Document(name="iptables-save", command="iptables-save", text="", stderr="password Hunter-22\n", exit_status=0),
        Document(name="../manifest.json", text="é password Hunter-22\r\nlast line without end", exit_status=None),
        Document(name="///", text="x\n"),
        Document(name="iptables save", text="y\n"),
        Document(name="iptables/save", text="z\n"),
    ),
)


def test_a_capture_reads_back_as_it_was_written(tmp_path: Path) -> None:
    """Texts (redacted), names, commands, statuses, stderr, origin and proof survive; nothing leaves the folder."""
    folder = tmp_path / "captures" / "edge1"
    manifest = write(folder, PLATFORM, CAPTURE, firewall="edge1", origin=ORIGIN)
    saved = read(folder)

    assert saved.manifest == manifest
    assert (manifest.origin, manifest.firewall, manifest.platform) == (ORIGIN, "edge1", "linux")
    assert manifest.completeness == Completion(complete=True, reason="only one document")
    assert [d.name for d in saved.capture.documents] == [d.name for d in CAPTURE.documents]
    assert saved.capture.documents[0] == CAPTURE.documents[0]
    assert saved.capture.documents[1].stderr == "password <redacted:1>\n"
    assert [entry.sha256 for entry in manifest.documents] == [digest(d) for d in saved.capture.documents]
    assert len({entry.file for entry in manifest.documents}) == len(CAPTURE.documents)
    assert {path.name for path in folder.iterdir()} == {"manifest.json", *(e.file for e in manifest.documents)}
    assert "Hunter" not in "".join(path.read_text(encoding="utf-8") for path in folder.iterdir())


def test_files_are_private_and_nothing_is_left_over(tmp_path: Path) -> None:
    """Files 0600 in folders 0700, also when an older capture is replaced."""
    folder = tmp_path / "deep" / "edge1"
    for _ in range(2):
        write(folder, PLATFORM, CAPTURE)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert [path.name for path in folder.parent.iterdir()] == ["edge1"]


def test_a_folder_that_holds_something_else_is_not_replaced(tmp_path: Path) -> None:
    """Only a capture or an empty folder gives way."""
    (tmp_path / "thesis.odt").write_text("years of work", encoding="utf-8")
    with pytest.raises(UsageError, match="something else than a capture"):
        write(tmp_path, PLATFORM, CAPTURE)
    assert (tmp_path / "thesis.odt").exists()


def test_a_failure_leaves_the_older_capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If writing breaks off, what stood there stands there still, whole."""
    folder = tmp_path / "edge1"
    write(folder, PLATFORM, CAPTURE)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("auditor.capture.writing.os.fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        write(folder, PLATFORM, Capture(documents=(Document(name="other", text="new\n"),)))

    monkeypatch.undo()
    assert read(folder).capture.documents[0] == CAPTURE.documents[0]
    assert [path.name for path in tmp_path.iterdir()] == ["edge1"]
