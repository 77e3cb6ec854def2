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
# The references to notes, with the kind of the part that has them, and the element of one.
NOTES = {
    "footnoteReference": ("footnotes", "footnote"),
    "endnoteReference": ("endnotes", "endnote"),
    "commentReference": ("comments", "comment"),
}


def read(data: bytes) -> Iterator[Unit]:
    """Yield a unit for each page; without notes of Word where its pages ended, the whole text as one without pages."""
    page, runs, package = 1, TextRuns(), Package(data)
    document = package.main(DOCUMENT)
    notes = _Notes(package, document)
    for event in package.events(document, SKIPPED):
        if _breaks_page(event) and not runs.is_blank:
            yield Unit(f"page {page}", runs.take() + notes.take())
            page += 1
            check_pages(page)
        elif event.name in NOTES and event.attributes is not None:
            runs.insert(notes.refer(event.name, event.attributes.get("id", "")))
        else:
            runs.add(event)
    yield Unit(f"page {page}" if page > 1 else "", runs.take() + notes.take())


class _Notes:
    """The notes beside the text: each stands at the end of the page that refers to it, with the same mark in both places."""

    def __init__(self, package: Package, document: str) -> None:
        self._texts = {
            reference: _texts(package, package.related(document, kind, f"word/{kind}.xml"), element)
            for reference, (kind, element) in NOTES.items()
        }
        self._number, self._open = 0, list[str]()

    def refer(self, reference: str, name: str) -> str:
        """Return the mark of a note where the text refers to it for the first time, else nothing."""
        words = self._texts[reference].pop(name, "")
        if not words:
            return ""
        self._number += 1
        mark = f"[{NOTES[reference][1]} {self._number}]"
        self._open.append(f"{mark} {words}\n")
        return mark

    def take(self) -> str:
        """Return the notes of a page."""
        found, self._open = "".join(self._open), []
        return found


def _texts(package: Package, part: str, element: str) -> dict[str, str]:
    """Return the texts of a part's notes by their ids; none where the document lacks the part."""
    found, runs, name = dict[str, str](), TextRuns(), ""
    for event in package.events(part, SKIPPED) if part in package else ():
        if event.name != element:
            runs.add(event)
        elif event.attributes is not None:
            name = event.attributes.get("id", "")
        else:
            found[name] = runs.take().strip()
    return found


def _breaks_page(event: XmlEvent) -> bool:
    if event.attributes is None:
        return False
    return event.name == "lastRenderedPageBreak" or (
        event.name == "br" and event.attributes.get("type") == "page"
    )
