"""The ZIP archive of an Office document, read in bounded steps, and its XML as a stream of events."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import IO, NamedTuple
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from chat.files.extract.bounds import Unreadable

# Parts of a document; a presentation of 5,000 slides has some 20,000.
MAX_PARTS = 50_000
# Bytes of all parts that are read; text packs about ten to one, and an upload has a few MiB.
MAX_BYTES = 256 * 1024 * 1024
# Bytes to one packed byte, beyond the first MiB of a part: real ones stay below 100.
MAX_RATIO, RATIO_FROM = 200, 1024 * 1024
# Levels of XML; tables in tables in tables have some 50.
MAX_DEPTH = 256
STEP = 64 * 1024
# A name in a namespace of XML is recognised by its end: strict and transitional documents have different namespaces.
_SEPARATOR = "\n"
# The second form of a part of a document, for programs that do not know the first.
_SECOND_FORM = "Fallback"

DAMAGED = "The document is damaged. Open it in its program, and save it anew."


class XmlEvent(NamedTuple):
    """The start of an element with its attributes, its end (None), or a text between; `name` lacks the namespace."""

    name: str
    attributes: Mapping[str, str] | None = None
    text: str = ""
    ends: bool = False


class Package:
    """The parts of an Office document."""

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = ZipFile(BytesIO(data))
        except (BadZipFile, ValueError, NotImplementedError, OSError):
            raise Unreadable(DAMAGED) from None
        self._parts = {info.filename: info for info in self._zip.infolist()}
        self._left = MAX_BYTES
        if len(self._zip.infolist()) > MAX_PARTS:
            raise Unreadable("The document has too many parts.", "suspicious")
        if any(name.lower().endswith("vbaproject.bin") for name in self._parts):
            raise Unreadable(
                "The document holds macros. Save it without them, as DOCX, XLSX or PPTX.", "macros"
            )

    def __contains__(self, part: str) -> bool:
        return part in self._parts

    def events(self, part: str, skipped: frozenset[str] = frozenset()) -> Iterator[XmlEvent]:
        """Yield the XML of a part, without the `skipped` elements and what is in them.

        Raise Unreadable for a part that is missing, damaged, too large, or defines entities.
        """
        info = self._parts.get(part)
        if info is None:
            raise Unreadable("The document lacks a part. Open it in its program, and save it anew.")
        if info.flag_bits & 1:
            raise Unreadable("The document is encrypted. Save it without its password.", "encrypted")
        try:
            with self._zip.open(info) as stream:
                yield from self._parsed(stream, info.compress_size, skipped | {_SECOND_FORM})
        except (BadZipFile, expat.ExpatError, NotImplementedError, EOFError, OSError, ValueError):
            raise Unreadable(DAMAGED) from None

    def _parsed(self, stream: IO[bytes], packed: int, skipped: frozenset[str]) -> Iterator[XmlEvent]:
        events, size = _Events(skipped), 0
        parser, found = events.parser(), events.found
        while step := stream.read(STEP):
            size += len(step)
            self._left -= len(step)
            if self._left < 0 or (size > RATIO_FROM and size > MAX_RATIO * packed):
                raise Unreadable(
                    "The document unpacks to far more than its size, as no real one does.", "suspicious"
                )
            parser.Parse(step)
            yield from found
            found.clear()
        parser.Parse(b"", True)
        yield from found

    def main(self, usual: str) -> str:
        """Return the part that is the document itself, which some programs name otherwise than usual."""
        return self.related("", "officeDocument", usual)

    def related(self, part: str, kind: str, usual: str) -> str:
        """Return the part of a kind that a part refers to; the usual one where it refers to none."""
        return next((to for _, of, to in self._references(part) if of == kind and to in self), usual)

    def relations(self, part: str) -> dict[str, str]:
        """Return the parts that a part refers to, by the ids of its references."""
        return {name: target for name, _, target in self._references(part)}

    def _references(self, part: str) -> Iterator[tuple[str, str, str]]:
        """Yield id, kind and target of each reference of a part, or of the whole document."""
        folder, slash, name = part.rpartition("/")
        path = f"{folder}{slash}_rels/{name}.rels"
        for event in self.events(path) if path in self else ():
            if event.name == "Relationship" and event.attributes is not None:
                target, kind = event.attributes.get("Target", ""), event.attributes.get("Type", "")
                full = target if target.startswith("/") else f"{folder}{slash}{target}"
                part_name = posixpath.normpath(full).lstrip("/")
                yield event.attributes.get("Id", ""), kind.rpartition("/")[2], part_name


class _Events:
    """The events of one part in the making, without those in skipped elements."""

    def __init__(self, skipped: frozenset[str]) -> None:
        self.found: list[XmlEvent] = []
        self._skipped = skipped
        # Levels of the element that is open, and of the skipped one around it; 0 outside of any.
        self._depth = self._hidden = 0

    def parser(self) -> expat.XMLParserType:
        """Return a parser that adds to the events."""
        parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        # Entities need such a declaration, which Office never writes.
        parser.StartDoctypeDeclHandler = _refuse_entities
        return parser

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unreadable("The document is nested deeper than any real one.", "suspicious")
        local = _local(name)
        if local in self._skipped and not self._hidden:
            self._hidden = self._depth
        if not self._hidden:
            self.found.append(XmlEvent(local, {_local(key): value for key, value in attributes.items()}))

    def _end(self, name: str) -> None:
        if not self._hidden:
            self.found.append(XmlEvent(_local(name), ends=True))
        if self._hidden == self._depth:
            self._hidden = 0
        self._depth -= 1

    def _text(self, text: str) -> None:
        if not self._hidden:
            self.found.append(XmlEvent("", text=text))


def _refuse_entities(*_: object) -> None:
    raise Unreadable("The document defines entities, as no real one does.", "suspicious")


def _local(name: str) -> str:
    return name.rpartition(_SEPARATOR)[2]
