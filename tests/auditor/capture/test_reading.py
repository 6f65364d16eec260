"""Reading captures: files, folders, standard input, and everything that is none of them."""

from __future__ import annotations

import gzip
import io
import json
import os
from pathlib import Path

import pytest

from auditor.capture.reading import read
from auditor.errors import FailureKind, NotAssessableError, UsageError
from parsers.model.capture import Document

TEXT = ": Saved\nhostname fw1\n: end\n"


def _manifest(folder: Path, *documents: dict[str, object], **more: object) -> Path:
    folder.mkdir(exist_ok=True)
    content = {"schema": "st-audit/capture/1", "platform": "linux", "documents": list(documents)} | more
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_a_file_is_one_document_named_by_its_path(tmp_path: Path) -> None:
    """A report calls the document what the user called it; line ends of Windows and a byte order mark are dropped."""
    file = tmp_path / "fw1.cfg"
    file.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    saved = read(file)

    assert saved.capture.documents == (Document(name=str(file), text=TEXT),)
    assert saved.manifest is None


def test_standard_input_is_a_document() -> None:
    """`-` reads what is piped in."""
    saved = read("-", stdin=io.BytesIO(TEXT.encode()))

    assert saved.capture.documents == (Document(name="stdin", text=TEXT),)


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    """`<(command)` of a shell is a pipe with a name."""
    reader, writer = os.pipe()
    os.write(writer, TEXT.encode())
    os.close(writer)
    try:
        assert read(f"/dev/fd/{reader}").capture.documents[0].text == TEXT
    finally:
        os.close(reader)
    assert not list(tmp_path.iterdir())


def test_a_folder_holds_what_its_manifest_lists(tmp_path: Path) -> None:
    """Documents come in the manifest's order with command, status and stderr; other files are left alone."""
    folder = _manifest(
        tmp_path / "edge1",
        {"file": "b.txt", "name": "iptables-save", "command": "iptables-save", "exit_status": 0, "stderr": "# W\n"},
        {"file": "a.txt", "name": "nft", "command": "nft -as list ruleset", "exit_status": 0},
    )
    (folder / "a.txt").write_text("table inet t {\n}\n", encoding="utf-8")
    (folder / "b.txt").write_bytes(b"")
    (folder / "unlisted.txt").write_text("x", encoding="utf-8")
    saved = read(folder)

    assert saved.capture.platform == "linux"
    assert saved.capture.documents == (
        Document(name="iptables-save", command="iptables-save", text="", stderr="# W\n", exit_status=0),
        Document(name="nft", command="nft -as list ruleset", text="table inet t {\n}\n", exit_status=0),
    )


@pytest.mark.parametrize(
    ("data", "message", "line"),
    [
        (b"", "is empty", None),
        (b" \n\t\n", "is empty", None),
        (b"a\nb\0c\n", "holds a NUL byte", 2),
        (gzip.compress(TEXT.encode()), "gzip-compressed", None),
        (b"PK\x03\x04rest", "ZIP archive", None),
        (TEXT.encode("utf-16"), "UTF-16", None),
        (b"a\nb\nf\xfcr\n", "not utf-8: byte 0xfc", 3),
        (b"\x7fELF\x02\x01\x01\x00", "NUL", 1),
    ],
)
def test_what_is_no_text_is_refused_with_its_place(tmp_path: Path, data: bytes, message: str, line: int | None) -> None:
    """Empty, compressed, binary and wrongly encoded files are told apart, with what to do."""
    file = tmp_path / "fw1.cfg"
    file.write_bytes(data)
    with pytest.raises(NotAssessableError, match=message) as caught:
        read(file)

    assert (caught.value.file, caught.value.line) == (str(file), line)
    assert caught.value.kind is FailureKind.INCOMPLETE
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hostname fw1\n<--- More --->\r              \rntp server 192.0.2.1\n", "prompt of a pager"),
        ("hostname fw1\nlogging host a\rntp server 192.0.2.1\n", "carriage return within a line"),
        ("hostname fw1\n<--- More --->\nntp server 192.0.2.1\n", "prompt of a pager"),
        ("hostname fw1\n --More-- ntp server 192.0.2.1\n", "prompt of a pager"),
        ("hostname fw1\n---(more 50%)---\nntp server 192.0.2.1\n", "prompt of a pager"),
        ("hostname fw1\n--More--\b\b\b   ntp server 192.0.2.1\n", "prompt of a pager"),
        ("hostname fw1\naccess-list A extended \x1b[1mdeny\x1b[0m ip any any\n", "control character"),
    ],
)
def test_what_a_terminal_left_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    """Prompts of a pager, and characters that move a cursor: lines may be lost, or hidden behind others."""
    file = tmp_path / "fw1.cfg"
    file.write_bytes(text.encode())

    with pytest.raises(NotAssessableError, match=message) as caught:
        read(file)

    assert (caught.value.kind, caught.value.line) == (FailureKind.INCOMPLETE, 2)


def test_line_ends_of_a_terminal_and_the_end_of_a_banner_are_text(tmp_path: Path) -> None:
    """Two carriage returns before a newline are one line's end; 0x03 ends a banner; `more` within a line is a word."""
    file = tmp_path / "fw1.cfg"
    file.write_bytes(b"banner motd \x03 -- more or less --\r\r\n\x03\r\n")

    (document,) = read(file).capture.documents

    assert document.text == "banner motd \x03 -- more or less --\n\x03\n"


def test_latin_1_is_read_when_said(tmp_path: Path) -> None:
    """The encoding is the user's word, never a guess."""
    file = tmp_path / "fw1.cfg"
    file.write_bytes("remark für\n".encode("latin-1"))

    assert read(file, encoding="latin-1").capture.documents[0].text == "remark für\n"
    with pytest.raises(UsageError, match="no encoding"):
        read(file, encoding="klingon")


def test_a_missing_or_unreadable_file_is_a_usage_error(tmp_path: Path) -> None:
    """The path and the system's reason are named."""
    with pytest.raises(UsageError, match="no such file"):
        read(tmp_path / "absent.cfg")
    (tmp_path / "file").write_text(TEXT, encoding="utf-8")
    with pytest.raises(UsageError, match="Not a directory"):
        read(tmp_path / "file" / "fw1.cfg")


def test_a_folder_without_a_manifest_says_what_to_name(tmp_path: Path) -> None:
    """A folder of files is not guessed at."""
    (tmp_path / "config.txt").write_text(TEXT, encoding="utf-8")
    with pytest.raises(UsageError, match=r"holds no manifest\.json") as caught:
        read(tmp_path)
    assert "--save-config" in caught.value.hint


def test_a_changed_document_is_refused(tmp_path: Path) -> None:
    """The SHA-256 in the manifest is held against the text."""
    folder = _manifest(tmp_path / "fw1", {"file": "a.txt", "sha256": "0" * 64})
    (folder / "a.txt").write_text(TEXT, encoding="utf-8")
    with pytest.raises(UsageError, match="changed after it was saved") as caught:
        read(folder)
    assert caught.value.file == str(folder / "a.txt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"schema": "other/1", "documents": []}', "schema 'other/1' is not known"),
        ('{"documents": []}', "documents: lists no document"),
        ('{"documents": {}}', "documents: is not a list"),
        ('{"documents": [{"name": "x"}]}', r"documents\[0\]\.file: is missing"),
        ('{"documents": [{"file": "../../etc/passwd"}]}', "not the plain name of a file"),
        ('{"documents": [{"file": "/etc/passwd"}]}', "not the plain name of a file"),
        ('{"documents": [{"file": "a.txt", "exit_status": "0"}]}', "not a whole number"),
        ('{"documents": [{"file": "a.txt", "name": 4}]}', "not a text"),
        ('{"documents": [{"file": "a.txt"}], "completeness": {"complete": 1}}', "neither true nor false"),
        ('{"documents": [{"file": "absent.txt"}]}', "no such file"),
    ],
)
def test_a_mistaken_manifest_names_its_key(tmp_path: Path, content: str, message: str) -> None:
    """A manifest may come from anywhere: each key is checked, and none leads out of its folder."""
    (tmp_path / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        read(tmp_path)
