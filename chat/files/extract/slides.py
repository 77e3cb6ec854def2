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
        yield Unit(f"slide {number}", _text(package, targets.get(slide, "")))


def _text(package: Package, part: str) -> str:
    runs = TextRuns()
    for event in package.events(part, SKIPPED):
        runs.add(event)
    return runs.take()
