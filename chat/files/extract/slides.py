"""The text of a presentation, slide by slide."""

from __future__ import annotations

from collections.abc import Iterator

from chat.files.extract.bounds import check_pages
from chat.files.extract.package import Package
from chat.files.extract.passages import Unit
from chat.files.extract.runs import TextRuns

PRESENTATION = "ppt/presentation.xml"
# Definitions of tab stops.
SKIPPED = frozenset({"tabLst"})
# The numbers of pages, and dates, on the page of the notes.
FIELDS = frozenset({"fld"})
# The kinds of parts beside a slide, and their marks in the text.
BESIDE = {"notesSlide": "speaker notes", "comments": "comments"}


def read(data: bytes) -> Iterator[Unit]:
    """Yield a unit for each slide, in the order of the presentation."""
    package = Package(data)
    presentation = package.main(PRESENTATION)
    targets = package.relations(presentation)
    slides = [
        event.attributes["id"]
        for event in package.events(presentation)
        if event.name == "sldId" and event.attributes is not None and "id" in event.attributes
    ]
    check_pages(len(slides))
    for number, slide in enumerate(slides, 1):
        yield Unit(f"slide {number}", _slide(package, targets.get(slide, "")))


def _slide(package: Package, part: str) -> str:
    """Return the text of a slide, and behind it, each with a mark, the speaker's notes and the comments."""
    pieces = [_text(package, part, SKIPPED)]
    for kind, mark in BESIDE.items():
        beside = package.related(part, kind, "")
        words = _text(package, beside, SKIPPED | FIELDS).strip() if beside else ""
        pieces += [f"[{mark}] {words}\n"] if words else []
    return "".join(pieces)


def _text(package: Package, part: str, skipped: frozenset[str]) -> str:
    runs = TextRuns()
    for event in package.events(part, skipped):
        runs.add(event)
    return runs.take()
