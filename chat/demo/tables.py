"""The figures of the bike shop as a file, which a tool gives to the user."""

from __future__ import annotations

import json

from chat.testing.script import Call

from .blocks import Calls, Reply, card
from .conversation import DemoRequest


def answer(asked: DemoRequest) -> Reply:
    """Return the call of the tool that makes a file, or what became of it; without the tool the lack of it."""
    texts, tool = asked.texts["table_file"], asked.tool("table_file")
    if asked.results:
        made = "given" in asked.results[-1].content
        return card(asked.language, "table_file" if made else "table_file_failed")
    if tool is None:
        thing = asked.texts["no_tool"]["things"]["table_file"]
        return card(asked.language, "no_tool", thing=thing, question=texts["question"])
    given = {"name": texts["name"], "csv": _lines(asked)}
    return Calls((Call(tool.name, json.dumps(given, ensure_ascii=False)),))


def _lines(asked: DemoRequest) -> str:
    shared = asked.texts["shared"]
    rows = zip(shared["regions"], shared["this_year"], shared["last_year"], strict=True)
    head = ",".join(asked.texts["table_file"]["columns"])
    return "\n".join([head, *(f"{region},{this},{last}" for region, this, last in rows), ""])
