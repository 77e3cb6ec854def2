"""The known streams of models, each with a name and its source; every reader of streams is tested with them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from chat.llm.sse import CallDelta
from chat.testing import FAULTS, TOOL_FAULTS, Script
from chat.testing.faults import HELLO, PLAIN_END
from chat.testing.faults import event as hello_event
from chat.testing.script import Raw
from chat.testing.scripted_model import Behaviour
from tests.unit.thought_forms import FORMS

D = CallDelta


@dataclass(frozen=True)
class CorpusStream:
    """One answer of a model. `source`: the table, test or issue that describes it."""

    source: str
    behaviour: Behaviour
    refused: bool = False


def event(payload: Any) -> bytes:
    return b"data: " + (payload if isinstance(payload, bytes) else json.dumps(payload).encode()) + b"\n\n"


def chat(**delta: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": None}], "usage": None}


def ended(reason: str = "stop") -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def call(index: int | None, arguments: str, **more: str) -> dict[str, Any]:
    name = more.pop("name", None)
    return chat(tool_calls=[{"index": index, **more, "function": {"name": name, "arguments": arguments}}])


RECORDED = b"".join(
    [
        b": OK\n\n",
        event(chat(role="assistant", content=None)),
        event(chat(content="H\u00e9llo \0")),
        event(b'{"choices":[{"index":0,"delta":{"content":"\\ud83c"}}]}'),
        event(chat()),
        event(b'{"choices":[{"index":0,"delta":{"content":"\\udf4e \xf0\x9f\x8d\x8f \\ud83d"}}]}'),
        event(chat(content="x")).replace(b"\n", b"\r\n"),
        event(call(0, '{"a', id="c1", name="add")),
        event(call(0, '":1}')),
        event(ended()),
        event({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}}),
        event(b"[DONE]"),
        event(chat(content="never seen")),
    ]
)

# Events without text that do no harm between two deltas.
HARMLESS: dict[str, Any] = {
    "an empty object": {},
    "empty choices": {"choices": []},
    "null choices": {"choices": None},
    "an empty choice": {"choices": [{}]},
    "null delta": {"choices": [{"delta": None}]},
    "role only": chat(role="assistant"),
    "null fields": chat(content=None, tool_calls=None),
    "usage in words": {"choices": [], "usage": {"prompt_tokens": "many"}},
    "a huge number": {"choices": [], "x": [[[{"y": 10**400}]]]},
    "bad text elsewhere": b'{"other":"\\ud800 \xff","choices":[]}',
    "null": b"null",
    "no data": b"",
    "blank data": b"  ",
}

# Events of unusual types whose text is clear, with that text.
ODD: dict[str, tuple[Any, str]] = {
    "a refusal": (chat(content="", refusal="No."), "No."),
    "content in parts": (chat(content=[{"type": "text", "text": "a"}, {"type": "x"}, "b"]), "ab"),
    "two objects": (b'{"choices":[{"text":"a"}]} {"choices":[{"text":"b"}]}', "ab"),
    "bad UTF-8 in text": (b'{"choices":[{"index":0,"delta":{"content":"\xff\xf0\x9f"}}]}', "\ufffd\ufffd"),
    "5,000 digits": (
        b'{"choices":[{"index":0,"delta":{"content":"\\udc00"}}], "n": NaN, "i": ' + b"9" * 5000 + b"}",
        "\ufffd",
    ),
    "a bad second choice": (
        {"choices": [{"index": 0, "delta": {"content": "first"}}, {"index": 1, "delta": 5}]},
        "first",
    ),
}

# Events that are none of a stream of chat completions.
BAD: dict[str, Any] = {
    "half an object": b"{",
    "words": b"nonsense",
    "a list": b"[]",
    "a number": b"5",
    "a string": b'"text"',
    "an object and words": b"{} words",
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"x":' * 50_000,
    "choices in words": {"choices": "text"},
    "choices by name": {"choices": {}},
    "a null choice": {"choices": [None]},
    "a list for a choice": {"choices": [[]]},
    "a number for text": chat(content=5),
    "an object for text": chat(content={"text": "x"}),
    "a number among parts": chat(content=[5]),
    "calls by name": chat(tool_calls={}),
    "a number for the reason": {"choices": [{"finish_reason": 5}]},
}

ERRORS: dict[str, dict[str, Any]] = {
    "an error object": {"error": {"message": "secret words", "type": "server_error", "code": 503}},
    "an error in words": {"error": "secret words"},
    "an object named error": {"object": "error", "message": "secret words"},
}

PAGE = b"\xef\xbb\xbf\r\n <!doctype html>\n\n<p>data: x</p>\n\n"

WHOLE = json.dumps(
    {
        "choices": [{"message": {"content": "all\ud83c\udf4e"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    },
    indent=1,
).encode()

# Deltas of tool calls, as servers label and cut them.
CALLS: dict[str, list[CallDelta]] = {
    "interleaved": [D(1, "b", "g", "x"), D(0, "a", "f", "1"), D(1, None, "", "y"), D(0, None, "", "2")],
    "without an index": [
        D(None, "a", "f", "1"),
        D(None, "b", "g", "x"),
        D(None, "a", "", "2"),
        D(arguments="y"),
    ],
    "without index and id": [D(None, None, "f", "{}"), D(None, None, "g", "{}")],
    "a new id under the same index": [D(0, "a", "f", "{}"), D(0, "b", "f", "{"), D(0, None, "", "}")],
    "an id that changes": [D(0, "a", "f"), D(0, "b", "", "{"), D(0, "c", "", "}")],
    "a name once": [D(0, "a", "get_weather", "x")],
    "a name in pieces": [D(0, "a", "get_", "x"), D(0, None, "wea", "x"), D(0, None, "ther", "x")],
    "a name with every delta": [D(0, "a", "get_weather", "x"), *[D(0, None, "get_weather", "x")] * 2],
    "an id with every delta": [D(0, "a", "get_weather", "x"), *[D(0, "a", "", "x")] * 2],
    "an id that comes late": [D(0, None, "f"), D(0, "late", "", "{}")],
    "one id for two calls": [D(0, "same", "f", "1"), D(1, "same", "g", "2")],
    "halves of a character": [D(0, "a", "f", "\ud83d"), D(0, None, "", "\ude00 \ud83d\0")],
}


def of_calls(deltas: Iterable[CallDelta]) -> bytes:
    """Return the events in which a server sends these deltas."""
    return b"".join(event(chat(tool_calls=[_labelled(delta)])) for delta in deltas)


def _labelled(delta: CallDelta) -> dict[str, Any]:
    labels = {"index": delta.index, "id": delta.id, "type": "function" if delta.name else None}
    function = {"name": delta.name, "arguments": delta.arguments}
    given = {name: value for name, value in labels.items() if value is not None}
    return {**given, "function": {name: value for name, value in function.items() if value}}


END = event(ended()) + event(b"[DONE]")
JSON = {"Content-Type": "application/json"}

# The official client would take 10 s.
_TOO_SLOW = {"100,000 empty deltas"}


def _of_bytes(source: str, *data: bytes, **more: Any) -> CorpusStream:
    return CorpusStream(source, Script([Raw(b"".join(data))], **more))


def _between(payload: Any) -> tuple[bytes, ...]:
    return event(chat(content="a")), event(payload), event(chat(content="b")), END


def _catalogue() -> Iterable[tuple[str, CorpusStream]]:
    """Yield the faults that end by themselves; deadlines and the text cap are the engine's."""
    for name, fault in FAULTS.items():
        if name not in _TOO_SLOW and (not fault.slow or name == "one huge delta"):
            yield name, CorpusStream("chat.testing.FAULTS", fault.behaviour, fault.refused)
    for name, fault in TOOL_FAULTS.items():
        yield name, CorpusStream("chat.testing.TOOL_FAULTS", fault.behaviour)


def _of_the_decoder() -> Iterable[tuple[str, CorpusStream]]:
    source = "tests.unit.test_sse"
    recorded = Script([Raw(RECORDED)])
    yield "recorded", CorpusStream(source, recorded)
    for size in (1, 7):
        yield f"recorded, {size} bytes at a time", CorpusStream(source, replace(recorded, split=[size]))
    for name, payload in HARMLESS.items():
        yield f"harmless: {name}", _of_bytes(source, *_between(payload))
    for name, (payload, _) in ODD.items():
        yield f"odd: {name}", _of_bytes(source, event(payload), END)
    for name, payload in BAD.items():
        yield f"bad: {name}", _of_bytes(source, *_between(payload))
    for name, payload in ERRORS.items():
        yield f"error: {name}", _of_bytes(source, *_between(payload))
    yield "a page", _of_bytes(source, PAGE)
    yield "a whole answer", _of_bytes(source, WHOLE, headers=JSON)
    yield "no last blank line", _of_bytes(source, event(chat(content="a")), event(ended()).rstrip())
    yield "cut after the reason", _of_bytes(source, event(ended()), b'data: {"usa')
    yield "1,000 empty deltas", _of_bytes(source, hello_event({"content": ""}) * 1000, HELLO, PLAIN_END)


def _of_the_accumulator() -> Iterable[tuple[str, CorpusStream]]:
    end = event(ended("tool_calls")) + event(b"[DONE]")
    for name, deltas in CALLS.items():
        yield f"calls: {name}", _of_bytes("tests.unit.test_accumulator", of_calls(deltas), end)


def _of_thought() -> Iterable[tuple[str, CorpusStream]]:
    for name, deltas in FORMS.items():
        yield (
            f"thought: {name}",
            _of_bytes("tests.unit.test_thought", *(event(chat(**delta)) for delta in deltas), END),
        )


STREAMS: dict[str, CorpusStream] = {
    **dict(_catalogue()),
    **dict(_of_the_decoder()),
    **dict(_of_the_accumulator()),
    **dict(_of_thought()),
}
