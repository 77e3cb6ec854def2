"""Text of any encoding: plain text, Markdown, CSV, JSON and source code."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from chat.files.extract.bounds import Unreadable
from chat.files.extract.passages import Unit

# Characters that no text has; they mark data of programs.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffe\uffff]")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(data: bytes) -> str | None:
    """Return the text of UTF-8, UTF-16 with its mark, or Windows-1252; None for data that is no text."""
    encodings = ("utf-16",) if data.startswith(_UTF16) else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if _CONTROL.search(text) else text.replace("\r\n", "\n").replace("\r", "\n")
    return None


def text_of(data: bytes) -> str:
    """Return the text of data. Raise Unreadable for data that is no text."""
    text = decoded(data)
    if text is None:
        raise Unreadable("The file is no text.", "no_text")
    return text


def read(data: bytes) -> Iterator[Unit]:
    """Yield the whole text as one unit."""
    yield Unit("", text_of(data))
