"""The known quirks of models' servers: the bytes of each answer, the issue that reports it, and the right reading."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.unit.stream_corpus import END, JSON, call, chat, ended, event

Calls = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Quirk:
    """One answer. `calls`: names and arguments; `error`: the answer failed; `whole`: one JSON document, no stream."""

    source: str
    body: bytes
    text: str = ""
    calls: Calls = ()
    usage: tuple[int, int] | None = None
    error: bool = False
    whole: bool = False

    @property
    def headers(self) -> dict[str, str]:
        return JSON if self.whole else {"Content-Type": "text/event-stream"}


def stream(source: str, *parts: Any, **expected: Any) -> Quirk:
    """Return a stream of these events and bytes, with the usual end."""
    data = b"".join(part if isinstance(part, bytes) else event(part) for part in parts)
    return Quirk(source, data + END, **expected)


def reasons(*reasons: str | None) -> Iterable[dict[str, Any]]:
    """Yield a delta of text for each reason, numbered."""
    for number, reason in enumerate(reasons):
        yield {
            "choices": [{"index": 0, "delta": {"content": f"{number} "}, "finish_reason": reason}],
        }


def lines(*payloads: dict[str, Any]) -> bytes:
    """Return events with one newline between them."""
    return b"".join(event(payload)[:-1] for payload in (*payloads, ended())) + b"data: [DONE]\n"


def failing(**choice: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, **choice}]}


def called(arguments: Any, **more: Any) -> dict[str, Any]:
    return chat(
        tool_calls=[{"index": 0, "id": "a", **more, "function": {"name": "f", "arguments": arguments}}]
    )


def counted(**usage: Any) -> dict[str, Any]:
    return {"choices": [], "usage": usage}


HELLO = chat(content="Hello")
X, Y = '{"x": 1}', '{"y": 2}'
EARLY = "su-kaka/gcli2api#403, QuantumNous/new-api#378, songquanpeng/one-api#1408"
KEEPALIVE = "anomalyco/opencode#50871, mnfst/llm-gateway#2053"
FRAMING = "QuantumNous/new-api#378"
OBJECT = "can1357/oh-my-pi#1779"
TWICE = "anomalyco/opencode#17339, Soju06/codex-lb#284"
INDEX = "agno-agi/agno#8880"
DRESSED = "genkit-ai/genkit#6259"
NAMELESS = "SamSaffron/term-llm#454"
USAGE = "earendil-works/pi#2326"
PROVIDER = "the provider's documentation"
ANTHROPIC_NAMES = {"input_tokens": 11, "output_tokens": 5}
OPENAI_NAMES = {"prompt_tokens": 11, "completion_tokens": 5}

QUIRKS: dict[str, Quirk] = {
    "a reason in every delta": stream(EARLY, *reasons("stop", "stop", "stop"), text="0 1 2 "),
    "a reason in the first delta alone": stream(EARLY, *reasons("stop", None, None), text="0 1 2 "),
    "an empty reason in every delta": stream(EARLY, *reasons("", "", ""), text="0 1 2 "),
    "keepalive as data": stream(KEEPALIVE, b"data: : keepalive\n\n", HELLO, text="Hello"),
    "keepalive as data in the middle": stream(
        KEEPALIVE, HELLO, b"data: :\n\n", b"data: : OPENROUTER PROCESSING\n\n", HELLO, text="HelloHello"
    ),
    "keepalive as a word": stream(KEEPALIVE, b"data: ping\n\n", b"data: [PING]\n\n", HELLO, text="Hello"),
    "keepalive as an event": stream(
        KEEPALIVE,
        b"event: ping\ndata: now\n\n",
        b'event: ping\ndata: {"type": "ping"}\n\n',
        HELLO,
        text="Hello",
    ),
    "one newline between events": Quirk(FRAMING, lines(HELLO, HELLO), "HelloHello"),
    "one newline and names": Quirk(
        FRAMING, lines(HELLO, HELLO).replace(b"data: {", b"event: message\ndata: {"), "HelloHello"
    ),
    "one newline of CRLF": Quirk(FRAMING, lines(HELLO, HELLO).replace(b"\n", b"\r\n"), "HelloHello"),
    "one newline and keepalives": Quirk(
        FRAMING, lines(HELLO, HELLO).replace(b"}\n", b"}\ndata: : keepalive\n"), "HelloHello"
    ),
    "one newline in a text": Quirk(
        FRAMING, lines(chat(content="a}\n{b"), chat(content="}\ndata: {")), "a}\n{b}\ndata: {"
    ),
    "arguments as an object": stream(OBJECT, called({"x": 1}), calls=(("f", X),)),
    "arguments as an empty object": stream(OBJECT, called({}), calls=(("f", "{}"),)),
    "arguments as objects of two calls": stream(
        OBJECT,
        chat(
            tool_calls=[
                {"index": index, "id": name, "function": {"name": name, "arguments": {name: "é"}}}
                for index, name in enumerate("ab")
            ]
        ),
        calls=(("a", '{"a": "é"}'), ("b", '{"b": "é"}')),
    ),
    "arguments as an object in a whole answer": Quirk(
        OBJECT,
        json.dumps(
            {"choices": [{"message": called({"x": 1})["choices"][0]["delta"], "finish_reason": "tool_calls"}]}
        ).encode(),
        calls=(("f", X),),
        whole=True,
    ),
    "index and id of other types": stream(OBJECT, called(X, index="0", id=7), calls=(("f", X),)),
    "an empty object ahead of the arguments": stream(OBJECT, called({}), call(0, X), calls=(("f", X),)),
    "whole arguments once more": stream(
        TWICE, called(""), call(0, X[:3]), call(0, X[3:]), call(0, X), calls=(("f", X),)
    ),
    "whole arguments, id and name once more": stream(
        TWICE, called(X[:3]), call(0, X[3:]), called(X), calls=(("f", X),)
    ),
    "whole arguments once more, spaced otherwise": stream(
        TWICE, called(X), call(0, X.replace(" ", "")), calls=(("f", X),)
    ),
    "whole arguments twice more": stream(TWICE, called(X), called(X), called(X), calls=(("f", X),)),
    "two sets of arguments": stream(TWICE, called(X), call(0, Y), calls=(("f", X + Y),)),
    "a head with the index of another call": stream(
        INDEX,
        call(0, "", id="a", name="f"),
        call(0, X),
        call(0, "", id="b", name="g"),
        call(1, Y[:4]),
        call(1, Y[4:]),
        calls=(("f", X), ("g", Y)),
    ),
    "three heads with the index of the first call": stream(
        INDEX,
        *[
            part
            for number, name in enumerate("abc")
            for part in (call(0, "", id=name, name=name), call(number, X))
        ],
        calls=(("a", X), ("b", X), ("c", X)),
    ),
    "an error in the last choice": stream(
        DRESSED, HELLO, failing(finish_reason="error", error={"code": 502}), text="Hello", error=True
    ),
    "an error reason alone": stream(DRESSED, HELLO, failing(finish_reason="error"), text="Hello", error=True),
    "an error in a choice without a reason": stream(
        DRESSED, HELLO, failing(error={"message": "m"}), text="Hello", error=True
    ),
    "an error before any text": stream(DRESSED, failing(finish_reason="error"), error=True),
    "an error reason in a whole answer": Quirk(
        DRESSED,
        b'{"choices":[{"message":{"content":"Hel"},"finish_reason":"error","error":{}}]}',
        error=True,
        whole=True,
    ),
    "DeepSeek's reason of an interrupted answer": stream(
        PROVIDER, HELLO, failing(finish_reason="insufficient_system_resource"), text="Hello", error=True
    ),
    "an event named error": stream(
        NAMELESS, HELLO, b'event: error\ndata: {"message": "overloaded"}\n\n', text="Hello", error=True
    ),
    "an event named error in words": stream(
        NAMELESS, HELLO, b"event: error\ndata: overloaded\n\n", text="Hello", error=True
    ),
    "an event named error without data": stream(
        NAMELESS, HELLO, b"event: error\ndata:\n\n", text="Hello", error=True
    ),
    "a field named error": stream(
        NAMELESS, HELLO, b'error: {"code": 500, "message": "m"}\n\n', text="Hello", error=True
    ),
    "an error by code and message": stream(
        NAMELESS, HELLO, {"code": 500, "message": "m"}, text="Hello", error=True
    ),
    "an error by type": stream(NAMELESS, HELLO, {"type": "error", "message": "m"}, text="Hello", error=True),
    "an error by detail": stream(NAMELESS, HELLO, {"detail": "m"}, text="Hello", error=True),
    "a success by code and message": stream(NAMELESS, {"code": 200, "msg": "ok"}, HELLO, text="Hello"),
    "usage of Anthropic's names": stream(
        USAGE, HELLO, counted(**ANTHROPIC_NAMES), text="Hello", usage=(11, 5)
    ),
    "usage of both names": stream(
        USAGE, HELLO, counted(**ANTHROPIC_NAMES, **OPENAI_NAMES), text="Hello", usage=(11, 5)
    ),
    "usage of Google's names": stream(
        USAGE, HELLO, counted(promptTokenCount=11, candidatesTokenCount=5), text="Hello", usage=(11, 5)
    ),
    "usage with a total": stream(
        USAGE, HELLO, counted(prompt_tokens=11, total_tokens=16), text="Hello", usage=(11, 5)
    ),
    "usage in floats": stream(
        USAGE, HELLO, counted(prompt_tokens=11.0, completion_tokens=5.0), text="Hello", usage=(11, 5)
    ),
    "usage of zeros": stream(USAGE, HELLO, counted(prompt_tokens=0, completion_tokens=0), text="Hello"),
    "usage of unknown names": stream(USAGE, HELLO, counted(units=11), text="Hello"),
    "usage in the last choice": stream(
        "MoonshotAI, " + PROVIDER,
        HELLO,
        failing(finish_reason="stop", usage=OPENAI_NAMES),
        text="Hello",
        usage=(11, 5),
    ),
    "usage beside the last choice": stream(
        "Groq, " + PROVIDER, HELLO, ended() | {"x_groq": {"usage": OPENAI_NAMES}}, text="Hello", usage=(11, 5)
    ),
    "usage of Anthropic's names in a whole answer": Quirk(
        USAGE,
        json.dumps(
            {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}], "usage": ANTHROPIC_NAMES}
        ).encode(),
        "Hi",
        usage=(11, 5),
        whole=True,
    ),
}
