"""The text of a PDF, page by page."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from chat.files.extract.bounds import MAX_PAGES, Unreadable, check_pages
from chat.files.extract.passages import Unit

# Levels of the tree of pages; real ones have two to five.
MAX_DEPTH = 32


def read(data: bytes) -> Iterator[Unit]:
    """Yield a unit for each page; a page that cannot be read counts, and has no text."""
    logging.disable()
    try:
        reader = PdfReader(BytesIO(data))
        _unlock(reader)
        check_pages(_count(reader.root_object["/Pages"], 0, 0))
        pages = list(reader.pages)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, IndexError):
        raise Unreadable("The PDF is damaged. Print it into a new PDF, and send that.") from None
    for number, page in enumerate(pages, 1):
        yield Unit(f"page {number}", _text(page))


def _unlock(reader: PdfReader) -> None:
    """Open a PDF that everybody may read. Raise Unreadable for one with a password, or in an encryption unknown here."""
    if not reader.is_encrypted:
        return
    try:
        opened = bool(reader.decrypt(""))
    except (
        Exception
    ):  # of any kind: pypdf names no errors for what a damaged or unknown encryption does to it
        opened = False
    if not opened:
        raise Unreadable("The PDF is encrypted. Save it without its password, and send that.", "encrypted")


def _count(node: Any, number: int, depth: int) -> int:
    """Count the pages without building them, up to a few more than allowed: a tree may name one page any number of times."""
    node = node.get_object()
    if depth > MAX_DEPTH or number > MAX_PAGES or "/Kids" not in node:
        return number + 1
    for kid in node["/Kids"]:
        number = _count(kid, number, depth + 1)
        if number > MAX_PAGES:
            break
    return number


def _text(page: Any) -> str:
    try:
        text: str = page.extract_text()
    except MemoryError:  # of the whole process, not of this page
        raise
    except Exception:  # of any kind, as what a damaged page holds; the others count all the same
        return ""
    return f"{text.strip()}\n" if text.strip() else ""
