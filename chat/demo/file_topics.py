"""Questions about files: answered by the tool that searches them, else by the text that the request holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from chat.testing.script import Call

from .blocks import LIMITS, Calls, Reply, card, patterns
from .conversation import DemoRequest, checked

SEARCH_TOOL = "search_files"

_DETAILS = patterns("file")
_PLACE = re.compile(r"^\[([^\]\n]{1,120})\]$")


class _Line(NamedTuple):
    """A line of a file, and the place where it stands."""

    file: str
    place: str
    text: str


def is_asked(asked: DemoRequest) -> bool:
    """Return whether a question is about files: one came with it, it names one, or they have been searched."""
    if any(result.name == SEARCH_TOOL for result in asked.results) or asked.attached:
        return True
    known = asked.files or asked.tool(SEARCH_TOOL)
    return bool(known and _DETAILS["named"].search(asked.text[: LIMITS.read_characters]))


def answer(asked: DemoRequest) -> Reply:
    """Return the search that the question needs, or the lines that fit it best, each with its file and place."""
    words = _words(asked.text)
    tool = asked.tool(SEARCH_TOOL)
    if tool and words and not asked.results:
        return Calls((Call(tool.name, json.dumps({"query": " ".join(words)}, ensure_ascii=False)),))
    found = _best([*_found(asked), *_given(asked)], words)
    if not found:
        return card(asked.language, "file_missing", said=asked.echo())
    columns = zip(asked.texts["file"]["columns"], map(list, zip(*found, strict=True)), strict=True)
    title = ", ".join(filter(None, found[0][:2]))
    return card(asked.language, "file", title=title, table=dict(columns))


def _words(question: str) -> list[str]:
    """Return the words of a question that a file may hold."""
    plain = _DETAILS["file_name"].sub(" ", question[: LIMITS.read_characters])
    return [word for word in re.findall(r"\w{3,}", plain) if not _DETAILS["passed_over"].fullmatch(word)]


def _found(asked: DemoRequest) -> Iterator[_Line]:
    """Yield the lines of the passages that the tool has found."""
    for result in asked.results:
        for passage in _passages(result.content):
            file, place, text = (checked(str, passage.get(name)) for name in ("file", "place", "text"))
            yield from (_Line(file, place, line) for line in text.splitlines())


def _passages(content: str) -> list[dict[str, object]]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return []
    return [one for one in checked(list, found) if isinstance(one, dict)]


def _given(asked: DemoRequest) -> Iterator[_Line]:
    """Yield the lines of the files in the request."""
    for name, text in asked.files:
        place = ""
        for line in text.splitlines():
            if mark := _PLACE.match(line):
                place = mark[1]
            else:
                yield _Line(name, place, line)


def _best(lines: list[_Line], words: list[str]) -> list[_Line]:
    """Return the lines with the most of the words, shortened."""
    wanted = [word.casefold() for word in words]
    scores = [sum(word in line.text.casefold() for word in wanted) for line in lines]
    most = max(scores, default=0)
    best = [line for line, score in zip(lines, scores, strict=True) if score == most > 0]
    return [line._replace(text=line.text[: LIMITS.echo_characters]) for line in best[: LIMITS.calls]]
