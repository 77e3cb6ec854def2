"""OpenUI's message sections and stored form values: both stand around openui-lang that has no envelope.

    ]]>openui:content?thesys=true
    root = Card([words])
    words = TextContent("Hello")
    ]]>openui:context
    [{"booking": {"name": {"value": "Ada"}}}]
    ]]>openui:end

A marker is a line of its own. The Gateway's answers come bare or with `content` and `end` around them; OpenUI's own chat
sends clicks and forms as `content` and `context`. This server's page stores form values as `<context>` behind a program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MARKER = "]]>openui:"

_LINE = re.compile(r"^\]\]>openui:([a-z]{1,20})(?:\?[^\n]*|\r?)$", re.MULTILINE)
# The start of a marker that a cut left, so long that no text ends with it; `]]>` alone ends other markup.
_CUT_CHARACTERS = 4
# Until the bracket has come, only the roots of OpenUI's libraries count: a user may write `root = x` and mean just that.
_PROGRAM = re.compile(r"\s*root\s*=\s*(?:[A-Z]\w*\(|(?:C(?:a(?:rd?)?)?|S(?:t(?:a(?:ck?)?)?)?)?\Z)")
_CONTEXT, _CONTEXT_END = "\n<context>", "</context>"


def is_program(text: str) -> bool:
    """Return True if a text begins as an openui-lang program, which may be cut."""
    return _PROGRAM.match(text) is not None


def is_sectioned(content: str) -> bool:
    """Return True if a content begins with a marker."""
    match = _LINE.match(content, len(content) - len(content.lstrip("\r\n")))
    return match is not None


def sections(content: str) -> Iterator[tuple[str, str]]:
    """Yield each section's kind and body, in order; text before the first marker has the empty kind."""
    kind, start = "", 0
    for line in _LINE.finditer(content):
        yield kind, content[start : line.start()].removesuffix("\n").removesuffix("\r")
        kind, start = line[1], min(line.end() + 1, len(content))
    yield kind, _without_cut_marker(content[start:])


def _without_cut_marker(text: str) -> str:
    before, _, last = text.rpartition("\n")
    return before if len(last) >= _CUT_CHARACTERS and MARKER.startswith(last) else text


def split_stored_form(content: str) -> tuple[str, str | None]:
    """Return a program and the escaped form values that the page stored behind it; None without any."""
    start = content.rfind(_CONTEXT)
    inner, end, rest = content[start + len(_CONTEXT) :].partition(_CONTEXT_END)
    if start < 0 or not end or rest.strip() or "<" in inner:
        return content, None
    return content[:start], inner


def neutral(text: str) -> str:
    """Return the text with a space in each marker, so that it begins no section and stays readable."""
    return text.replace(MARKER, "]] >openui:")
