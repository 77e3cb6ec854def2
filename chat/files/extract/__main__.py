"""The extracting process: confines itself before it reads a byte of the file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module

import msgspec

from chat.files.extract.bounds import Unreadable, confine
from chat.files.extract.passages import Unit, passages
from chat.text import storable
from chat.text.search_terms import search_vector

# The module that reads each kind.
MODULES = {"pdf": "pdf", "docx": "word", "xlsx": "sheets", "pptx": "slides", "html": "web"}
# Kinds whose units are pages.
PAGED = {"pdf", "docx", "pptx", "xlsx"}

DAMAGED = "The file is damaged, or is not what its name says. Save it anew, and send that."
TOO_LARGE = "Reading the file takes more memory than it may. Send a smaller part of it."


class _Pages:
    """Counts the units that pass; the rows of one sheet count once."""

    def __init__(self) -> None:
        self.number, self._last = 0, ""

    def counted(self, units: Iterable[Unit]) -> Iterator[Unit]:
        for unit in units:
            page = unit.label.rpartition(", rows ")[0] or unit.label
            self.number += page != self._last
            self._last = page
            yield unit


def main(kind: str, characters: str, seconds: str) -> None:
    """Read a file from standard input, and write its passages."""
    read: Callable[[bytes], Iterator[Unit]] = import_module(
        f"chat.files.extract.{MODULES.get(kind, 'plain')}"
    ).read
    confine(int(seconds))
    pages = _Pages()
    try:
        for label, text in passages(pages.counted(read(sys.stdin.buffer.read())), int(characters)):
            clean = storable(text)
            _write({"label": storable(label), "text": clean, "terms": search_vector(clean)})
        _write({"pages": (pages.number or None) if kind in PAGED else None})
    except Unreadable as refusal:
        _write({"refused": str(refusal), "code": refusal.code})
    except MemoryError:
        _write({"refused": TOO_LARGE, "code": "too_large"})
    except Exception:  # of any kind: whatever a hostile file breaks, its owner gets a sentence
        _write({"refused": DAMAGED})
    sys.stdout.buffer.flush()
    # At once: freeing a large document's objects one by one takes as long as reading it.
    os._exit(0)


def _write(line: dict[str, object]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:4])
