"""Readers of the formats that are not ours: what a rendering says, as plain text, however it is packed."""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
import zlib
from html.parser import HTMLParser
from typing import Any

import openpyxl

__all__ = ["Page", "cells", "inflated", "page", "text_of"]


class Page(HTMLParser):
    """An HTML document as the standard library's parser sees it: its tags with attributes, and its text."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.bodies: dict[str, str] = {}
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data: str) -> None:
        """Note text; that of a script or a style is nobody's reading."""
        if self._open in {"script", "style"}:
            self.bodies[self._open] = self.bodies.get(self._open, "") + data
            self._open = ""
        else:
            self.text += data


def page(document: str) -> Page:
    """Parse an HTML document."""
    found = Page()
    found.feed(document)
    found.close()
    return found


def cells(content: bytes) -> list[Any]:
    """Give every cell of a workbook that holds something."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]


def text_of(name: str, rendered: str | bytes) -> str:
    """Give what a rendering in a format says, so that findings can be looked for in each alike."""
    if isinstance(rendered, str):
        return page(rendered).text if name == "html" else rendered
    if name == "xlsx":
        return "\n".join(str(cell.value) for cell in cells(rendered))
    if name == "pdf":
        return "\n".join(_outline(rendered))
    with zipfile.ZipFile(io.BytesIO(rendered)) as archive:
        return "\n".join(archive.read(item).decode() for item in archive.namelist())


def inflated(content: bytes) -> bytes:
    """Give a PDF with its compressed streams laid open, so that whatever it holds can be looked for."""
    parts = [content]
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", content, flags=re.DOTALL):
        with contextlib.suppress(zlib.error):  # an image or a font is packed another way
            parts.append(zlib.decompress(match[1]))
    return b"\n".join(parts)


def _outline(content: bytes) -> list[str]:
    """Give the titles of a PDF's outline, which are its headings."""
    content = inflated(content)
    titles = [match.decode("latin-1") for match in re.findall(rb"/Title \(((?:[^()\\]|\\.)*)\)", content)]
    titles += [
        bytes.fromhex(match.decode()).decode("utf-16")
        for match in re.findall(rb"/Title <((?:feff|FEFF)[0-9a-fA-F]*)>", content)
    ]
    return [re.sub(r"\\(.)", r"\1", title) for title in titles]
