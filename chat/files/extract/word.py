"""The text of a Word document, with the pages on which Word last saw it."""

from __future__ import annotations

from collections.abc import Iterator

from chat.files.extract.bounds import check_pages
from chat.files.extract.package import Package, XmlEvent
from chat.files.extract.passages import Unit
from chat.files.extract.runs import TextRuns

DOCUMENT = "word/document.xml"
# Definitions of tab stops, texts that were moved elsewhere, and the pronunciation of a text, which stands beside it.
SKIPPED = frozenset({"tabs", "moveFrom", "rt"})


def read(data: bytes) -> Iterator[Unit]:
    """Yield a unit for each page; without notes of Word where its pages ended, the whole text as one without pages."""
    page, runs, package = 1, TextRuns(), Package(data)
    for event in package.events(package.main(DOCUMENT), SKIPPED):
        if _breaks_page(event) and not runs.is_blank:
            yield Unit(f"page {page}", runs.take())
            page += 1
            check_pages(page)
        else:
            runs.add(event)
    yield Unit(f"page {page}" if page > 1 else "", runs.take())


def _breaks_page(event: XmlEvent) -> bool:
    if event.attributes is None:
        return False
    return event.name == "lastRenderedPageBreak" or (
        event.name == "br" and event.attributes.get("type") == "page"
    )
