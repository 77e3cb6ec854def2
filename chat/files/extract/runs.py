"""The text in the XML of a document or a slide: paragraphs as lines, the cells of a table's row as one line."""

from __future__ import annotations

from chat.files.extract.package import XmlEvent

# Elements of text; the second is that of a comment on a slide.
_TEXTS = frozenset({"t", "text"})
# Elements that stand for a sign.
_SIGNS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


class TextRuns:
    """The text of the events so far."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._in_text = False

    @property
    def is_blank(self) -> bool:
        return not any(map(str.strip, self._pieces))

    def add(self, event: XmlEvent) -> None:
        if event.name in _TEXTS:
            self._in_text = not event.ends
        elif event.text:
            self._pieces += [event.text] if self._in_text else []
        elif event.ends:
            self._end(event.name)
        elif event.name in _SIGNS:
            self._pieces.append(_SIGNS[event.name])

    def insert(self, text: str) -> None:
        self._pieces.append(text)

    def _end(self, name: str) -> None:
        match name:
            case "p" | "cm":
                self._pieces.append("\n")
            case "tc":
                self._close("\n", "\t")
            case "tr":
                self._close("\t", "\n")

    def _close(self, last: str, sign: str) -> None:
        """Append a sign, in place of the one that ended the last paragraph or cell."""
        if self._pieces and self._pieces[-1] == last:
            self._pieces.pop()
        self._pieces.append(sign)

    def take(self) -> str:
        """Return the text, and begin anew."""
        text = "".join(self._pieces)
        self._pieces.clear()
        return text
