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
# Encodings that spreadsheets and editors of other scripts than the Latin one save in; Excel's CSV is never UTF-8 by default.
_OF_SCRIPTS = ["cp932", "gb18030", "big5", "cp949", "cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp874"]
# Bytes from which the encoding is guessed: some milliseconds.
SAMPLE_BYTES = 16_384
# Bytes beyond ASCII in a text in such a script, at least, and their share of its letters: Latin ones have a third at most.
_SCRIPT_BYTES, _SCRIPT_SHARE = 8, 0.4
_ASCII = bytes(range(128))
_BEYOND_LETTERS = bytes(one for one in range(256) if not chr(one).isascii() or not chr(one).isalpha())


def decoded(data: bytes) -> str | None:
    """Return the text of UTF-8, UTF-16 with its mark, Windows-1252, or of a usual encoding of another script.

    None for data that is no text.
    """
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if _CONTROL.search(text) else text.replace("\r\n", "\n").replace("\r", "\n")
    return None


def _encodings(data: bytes) -> Iterator[str]:
    """Yield the encodings in which the data may be written, the likeliest first."""
    if data.startswith(_UTF16):
        yield "utf-16"
        return
    yield "utf-8-sig"
    sample = data[:SAMPLE_BYTES]
    if len(data) > SAMPLE_BYTES:
        # A character must not be cut.
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    high, letters = len(sample.translate(None, _ASCII)), len(sample.translate(None, _BEYOND_LETTERS))
    if high >= _SCRIPT_BYTES and high > _SCRIPT_SHARE * (high + letters):
        # Not at the top: few files need it.
        import charset_normalizer

        found = charset_normalizer.from_bytes(
            sample, cp_isolation=_OF_SCRIPTS, preemptive_behaviour=False
        ).best()
        if found is not None:
            yield found.encoding
    yield "cp1252"


def text_of(data: bytes) -> str:
    """Return the text of data. Raise Unreadable for data that is no text."""
    text = decoded(data)
    if text is None:
        raise Unreadable("The file is no text.", "no_text")
    return text


def read(data: bytes) -> Iterator[Unit]:
    """Yield the whole text as one unit."""
    yield Unit("", text_of(data))
