"""Documents beside the chat: the call of the tool that makes or edits one, and the text that the artifact model writes.

The artifact model is the same server under another path, as C1 has it. It finds the earlier changes in the old version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from string import Template
from typing import Any

from chat.testing.script import Call
from chat.text import artifact_tags, escape, unescape

from .blocks import LIMITS, TEXTS, Block, Calls, DemoAnswer, Reply, card, patterns
from .conversation import DemoRequest, checked
from .formats import Turn, write
from .language import language_of

PATH = "/v1/artifact/chat/completions"

_DETAILS = patterns("document")
_CHANGE = re.compile(r'Callout(?:V2)?\("info", "[^"]* \d+", ("(?:[^"\\]|\\.)*")\)')
_TITLE = re.compile(r'(?:CardHeader|Header)\(("(?:[^"\\]|\\.)*")')


def answer(asked: DemoRequest) -> Reply:
    """Return the call that makes or edits a document, or what became of it; without the tools the lack of them."""
    if asked.results:
        failed = "error" in checked(dict, _parsed(asked.results[-1].content))
        return card(asked.language, "document_failed" if failed else "document")
    edits = _DETAILS["edit"].search(asked.text)
    tool = asked.tool("edit_artifact" if edits else "create_artifact")
    if tool is None:
        texts = asked.texts["document"]
        thing = asked.texts["no_tool"]["things"]["document"]
        return card(asked.language, "no_tool", thing=thing, question=texts["question"])
    given = {"instructions": asked.text}
    if not edits:
        given["kind"] = "slides" if _DETAILS["slides"].search(asked.text) else "report"
    return Calls((Call(tool.name, json.dumps(given, ensure_ascii=False)),))


def text(body: Mapping[str, Any], turn: Turn) -> str:
    """Return the artifact that a request for one asks for: a new document, or the old one with one more change."""
    thesys = checked(dict, _parsed(checked(str, checked(dict, body.get("metadata")).get("thesys"))))
    said = [one for one in checked(list, body.get("messages")) if isinstance(one, dict)]
    wish, old = (_last(said, role) for role in ("user", "assistant"))
    kind = checked(str, thesys.get("c1_artifact_type")) or "report"
    start, end = artifact_tags(checked(str, thesys.get("id")) or "document", kind, "1")
    program = write(_document(wish, unescape(unescape(old)), kind), turn)
    fenced = f"```openui-lang\n{program}\n```"
    return f"{start}{escape(fenced)}{end}"


def _document(wish: str, old: str, kind: str) -> DemoAnswer:
    changes = [json.loads(found) for found in _CHANGE.findall(old)] + ([wish] if old else [])
    titled = _TITLE.search(old)
    language = language_of(wish, old)
    title = json.loads(titled[1]) if titled else _title(wish, language)
    made = card(
        language, "document_text", title=title, kind=TEXTS[language]["document"]["kinds"].get(kind, kind)
    )
    label = Template(TEXTS[language]["document"]["change"])
    notes = [
        Block("Callout", ("info", label.substitute(number=number), change[: LIMITS.echo_characters]))
        for number, change in enumerate(changes, 1)
    ]
    return DemoAnswer((*made.blocks, *notes), language=language)


def _title(wish: str, language: str) -> str:
    named = _DETAILS["title"].search(wish)
    title = (named[1] if named else TEXTS[language]["document"]["untitled"])[: LIMITS.place_characters]
    return title[:1].upper() + title[1:]


def _last(said: list[dict[str, Any]], role: str) -> str:
    found = [one.get("content") for one in said if one.get("role") == role]
    return found[-1] if found and isinstance(found[-1], str) else ""


def _parsed(content: str) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
