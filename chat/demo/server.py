"""The demo model's HTTP side: a script for each request, streamed at a human pace."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from io import StringIO
from itertools import cycle
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from chat.testing import script as play
from chat.testing.frames import error
from chat.testing.lines import EVENT_STREAM
from chat.testing.model_server import ModelServer, Received, bound

from . import documents
from .blocks import DATA, Calls, DemoAnswer, Failure, MarkdownAnswer, Reply
from .conversation import DemoRequest, checked, from_chat, from_prompt
from .formats import Turn, envelope, in_c1, in_openui, prose, write
from .replies import reply

DELIVERY = SimpleNamespace(**DATA["delivery"])
HEADERS = {"Content-Type": EVENT_STREAM, "Cache-Control": "no-cache"}

_FAILING: dict[str, play.Step] = {
    "fail": play.Raw(b"data: " + json.dumps(error(DELIVERY.failed)).encode() + b"\n\n"),
    "cut": play.CutOff(),
    "silence": play.Stall(),
}


async def start(
    host: str = "127.0.0.1", port: int = 0, *, pace: float = 1.0, c1: bool = False
) -> ModelServer:
    """Start the server in the running event loop; port 0 takes a free one, `pace` 0 writes at full speed.

    `c1`: the page draws with Thesys' client, which knows C1's own components and not OpenUI's.
    Raises OSError when the address cannot be had.
    """
    server = ModelServer(partial(behave, pace=pace, turn=in_c1 if c1 else in_openui), keep_alive=True)
    await server.listen(bound(host, port))
    return server


def behave(received: Received, *, pace: float, turn: Turn) -> play.Script:
    """Return the script of a request; errors are written as OpenAI does."""
    path = urlsplit(received.path).path
    if path == "/v1/models":
        return play.document(DELIVERY.models)
    if path == documents.PATH:
        return _document(received.fields, pace, turn)
    if path not in ("/v1/chat/completions", "/v1/completions"):
        return play.refusal(404, message="There is no such path.")
    asked = _conversation(received)
    if isinstance(asked, str):
        return play.refusal(400, message=asked)
    return _script(received.fields, asked, pace, turn)


def _conversation(received: Received) -> DemoRequest | str:
    """Return the conversation, or the fault of the body."""
    body = received.fields
    if received.is_chat and checked(list, body.get("messages")):
        return from_chat(body)
    if received.is_chat:
        return "The body must be JSON with a list of `messages`."
    prompt, *_ = checked(list, body.get("prompt")) or [body.get("prompt")]
    return from_prompt(prompt) if isinstance(prompt, str) else "The body must be JSON whose `prompt` is text."


def _script(body: dict[str, Any], asked: DemoRequest, pace: float, turn: Turn) -> play.Script:
    given, streamed = reply(asked), body.get("stream") is True
    failure = given.kind if isinstance(given, Failure) else ""
    if failure == "refuse":
        return play.refusal(503, message="The demo model plays an overloaded server.")
    if failure and not streamed:
        return play.refusal(500, message=DELIVERY.failed)
    words, limit = _words(given, asked, turn), _limit(body)
    thought = given.thought if isinstance(given, DemoAnswer) and not asked.plain else ""
    deltas = list(_deltas(words[:limit], given, thought))
    interval = pace / rate(len(deltas)) if streamed else 0.0
    paced = deltas[: DELIVERY.fails_after] if failure else deltas
    shown = play.PacedSteps(paced, interval, pace * DELIVERY.thinking_seconds)
    if failure:
        return play.Script([shown, _FAILING[failure]], headers=HEADERS)
    reason = "tool_calls" if isinstance(given, Calls) else "stop" if words == words[:limit] else "length"
    counted = not streamed or checked(dict, body.get("stream_options")).get("include_usage") is True
    usage = [_usage(asked, deltas)] if counted else []
    return play.Script([shown, play.Finish(reason), *usage, play.DONE], headers=HEADERS)


def _document(body: dict[str, Any], pace: float, turn: Turn) -> play.Script:
    deltas = [play.Delta({"content": piece}) for piece in cut(documents.text(body, turn))]
    shown = play.PacedSteps(deltas, pace / rate(len(deltas)))
    return play.Script([shown, play.Finish("stop"), play.DONE], headers=HEADERS)


def _words(given: Reply, asked: DemoRequest, turn: Turn) -> str:
    if isinstance(given, Calls):
        return ""
    if isinstance(given, MarkdownAnswer) and not asked.bare:
        return given.text
    shown = given.as_blocks() if isinstance(given, MarkdownAnswer) else given
    shown = shown.shown if isinstance(shown, Failure) else shown
    if asked.plain:
        return prose(shown)
    return write(shown, turn) if asked.bare else envelope(shown, turn)


def _limit(body: dict[str, Any]) -> int | None:
    """Return the most characters of an answer, None for all."""
    counts = map(body.get, ("max_completion_tokens", "max_tokens"))
    return next((DELIVERY.characters_per_token * n for n in counts if isinstance(n, int) and n > 0), None)


def _deltas(words: str, given: Reply, thought: str) -> Iterator[play.Delta]:
    yield play.Delta({"role": "assistant", "content": ""})
    yield from (play.Delta({"reasoning_content": piece}) for piece in cut(thought))
    yield from (play.Delta({"content": piece}) for piece in cut(words))
    for index, call in enumerate(given.calls if isinstance(given, Calls) else ()):
        pieces = len(cut(call.arguments))
        named = replace(call, id=f"call_{uuid.uuid4().hex[:24]}", index=index, pieces=pieces)
        yield from (play.Delta({"tool_calls": [delta]}) for delta in named.deltas())


def _usage(asked: DemoRequest, deltas: list[play.Delta]) -> play.UsageChunk:
    sent = sum(len(str(part)) for delta in deltas for name, part in delta.delta.items() if name != "role")
    tokens = (max(1, count // DELIVERY.characters_per_token) for count in (asked.characters, sent))
    return play.UsageChunk(*tokens)


def cut(words: str) -> list[str]:
    """Return the text in pieces of 2 to 14 characters (the last may be shorter)."""
    text, sizes = StringIO(words), cycle(DELIVERY.sizes)
    return list(iter(lambda: text.read(next(sizes)), ""))


def rate(deltas: int) -> float:
    """Return the deltas per second for an answer of that many."""
    return float(min(DELIVERY.fastest, max(DELIVERY.slowest, deltas / DELIVERY.answer_seconds)))
