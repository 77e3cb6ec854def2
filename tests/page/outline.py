"""Drawn Markdown as a short outline: tags, their telling attributes, and texts."""

from __future__ import annotations

import re
from html.parser import HTMLParser

LEFT_OUT = {"svg", "button", "path"}
# Elements around others that carry no meaning of their own.
TRANSPARENT = {"div", "thead", "tbody", "pre", "span"}
EMPTY = {"input", "br", "hr"}


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text, self._hidden = "", 0
        self._code = list[bool]()
        self._block = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in LEFT_OUT:
            self._hidden += 1
        elif tag == "pre":
            self._block = True
            self.text += given["aria-label"].removeprefix("Code ") + "{"
        elif tag == "code":
            self._code.append(self._block or "tex" in given.get("class", ""))
            names = given.get("class", "").split()
            self.text += "" if self._block else f"{names[-1]}{{" if names else "code["
        elif tag not in TRANSPARENT and not self._hidden:
            self.text += f"{tag}{_telling(tag, given)}[{']' if tag in EMPTY else ''}"

    def handle_endtag(self, tag: str) -> None:
        if tag in LEFT_OUT:
            self._hidden -= 1
        elif tag == "pre":
            self._block = False
        elif tag == "code":
            self.text += "}" if self._code.pop() else "]"
        elif tag not in TRANSPARENT | EMPTY and not self._hidden:
            self.text += "]"

    def handle_data(self, data: str) -> None:
        self.text += "" if self._hidden else data


def _telling(tag: str, given: dict[str, str]) -> str:
    aligned = re.search(r"text-align:(\w+)", given.get("style", ""))
    href = re.sub(r"#_R_\w*?_-", "#", given.get("href", ""))
    start = f"start={given['start']}" if "start" in given else ""
    checked = "checked" if tag == "input" and "checked" in given else ""
    told = (aligned and aligned[1]) or href or start or checked
    return f"({told})" if told else ""


def outline(html: str) -> str:
    """Return the outline of drawn Markdown, with white space only where it counts."""
    writer = _Writer()
    writer.feed(re.sub(r'<span class="code-language">.*?</span>', "", html))
    return squeezed(writer.text)


def squeezed(text: str) -> str:
    """Return an outline without the white space around brackets and tags, which browsers do not draw."""
    return re.sub(r"\s*([\[\]{}])\s*", r"\1", text).strip()


def visible(html: str) -> str:
    """Return the drawn words without code and math."""
    return re.sub(r"<[^>]*>", "", re.sub(r"<(code|svg)\b.*?</\1>", "", html, flags=re.DOTALL))
