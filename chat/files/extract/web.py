"""The readable text of HTML; scripts and styles are left out, and nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from chat.files.extract import plain
from chat.files.extract.passages import Unit

_SILENT = {"script", "style", "template", "noscript", "svg"}
_CELLS = {"td", "th"}
_INLINE = frozenset(
    "a abbr b bdi bdo cite code em font i kbd label mark q s samp small span strong sub sup time u var".split()  # noqa: SIM905
)
_BLANKS = re.compile(r" +")
_SPACES = re.compile(r"\s+")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent.append(tag)
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag == self._silent[-1]:
            self._silent.pop()
        self._break(tag)

    def _break(self, tag: str) -> None:
        if tag not in _INLINE:
            self.pieces.append("\t" if tag in _CELLS else "\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(_SPACES.sub(" ", data))


def read(data: bytes) -> Iterator[Unit]:
    """Yield the readable text as one unit."""
    reader = _Reader()
    reader.feed(plain.text_of(data))
    reader.close()
    lines = map(str.strip, _BLANKS.sub(" ", "".join(reader.pieces)).split("\n"))
    yield Unit("", "\n".join(filter(None, lines)))
