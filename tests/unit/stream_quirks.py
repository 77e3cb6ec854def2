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


def error_of(source: str, *parts: Any) -> Quirk:
    """Return a stream that says Hello and then fails in this way, with the usual end."""
    return stream(source, HELLO, *parts, text="Hello", error=True)


def last(source: str, end: bytes) -> Quirk:
    """Return a stream whose end mark is this one."""
    return Quirk(source, event(HELLO) + event(ended()) + end, "Hello")


def plain(payload: dict[str, Any]) -> bytes:
    """Return an event's JSON without its framing."""
    return json.dumps(payload).encode()


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
TWO_OBJECTS = "dyedd/lens#49, open-webui/open-webui#22235, agno-agi/agno#3826"
ABORTED = "vllm-project/vllm#57082, sgl-project/sglang#19357"
IN_PLAIN = "maximhq/bifrost#5262"
TWO_PREFIXES = "openclaw/openclaw#96497"
IN_HALVES = "envoyproxy/ai-gateway#1631, spring-projects/spring-ai#921"
UNCOUNTED = "diegosouzapw/OmniRoute#4615"
ENCODED = "quarkiverse/quarkus-langchain4j#2642, vllm-project/vllm#54964"
PROVIDER = "the provider's documentation"
TYPED = "NousResearch/hermes-agent#65643"
# Not reported in this very form.
VARIANT = "a variant of the others"
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
    "keepalive as a word with its time": stream(
        KEEPALIVE, b"data: ping - 2026-05-04 00:00:00.000000\n\n", HELLO, text="Hello"
    ),
    "keepalive without its colon": stream(
        KEEPALIVE, b"data: OPENROUTER PROCESSING\n\n", HELLO, b"data: [KEEP-ALIVE]\n\n", text="Hello"
    ),
    "keepalive as words of a named event": stream(
        "justlovemaki/AIClient2API#695",
        b"event: open\ndata: connected\n\n",
        b"event: PING\ndata: now\n\n",
        HELLO,
        b"event: end\ndata: end\n\n",
        text="Hello",
    ),
    "keepalive as null": stream(KEEPALIVE, b"data: null\n\n", HELLO, text="Hello"),
    "queued": stream(KEEPALIVE, {"status": "queued", "message": "in a queue"}, HELLO, text="Hello"),
    "an end mark in small letters": last(FRAMING, b"data: [done]\n\n"),
    "an end mark in quotation marks": last(FRAMING, b'data: "[DONE]"\n\n'),
    "an end mark in a named event": last(FRAMING, b"event: done\ndata: [DONE]\n\n"),
    "an end mark behind the last chunk": Quirk(
        FRAMING, event(HELLO) + event(ended()).rstrip() + b" data: [DONE]\n\n", "Hello"
    ),
    "two prefixes": stream(TWO_PREFIXES, b"data: " + event(HELLO), text="Hello"),
    "two chunks on one line": stream(FRAMING, event(HELLO).rstrip() + event(HELLO), text="HelloHello"),
    "indented": stream(FRAMING, b"  " + event(HELLO), text="Hello"),
    "several lines of JSON": stream(
        "mpetazzoni/sseclient#11",
        b"".join(b"data: %b\n" % line for line in json.dumps(HELLO, indent=1).encode().splitlines()) + b"\n",
        text="Hello",
    ),
    "lines of JSON without framing": Quirk(
        "ls1intum/edutelligence#706", b"\n".join(map(plain, (HELLO, HELLO, ended()))), "HelloHello"
    ),
    "a message in place of a delta": stream(
        "NVIDIA/NeMo-Agent-Toolkit#889", {"choices": [{"message": {"content": "Hello"}}]}, text="Hello"
    ),
    "the whole message once more": stream(
        TWICE, HELLO, {"choices": [{"delta": {}, "message": {"content": "Hello"}}]}, text="Hello"
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
    "two sets of arguments": stream(TWO_OBJECTS, called(X), call(0, Y), calls=(("f", X), ("f", Y))),
    "two sets of arguments in a row": stream(
        TWO_OBJECTS, called(X), called(Y), called(X), calls=(("f", X), ("f", Y))
    ),
    "a set of arguments and half of one": stream(TWO_OBJECTS, called(X + Y[:4]), calls=(("f", X + Y[:4]),)),
    "two names under one index without ids": stream(
        "apache/maka#1976, vercel/ai#14277",
        call(0, X, name="f"),
        call(0, Y, name="g"),
        calls=(("f", X), ("g", Y)),
    ),
    "two names under one index and id": stream(
        INDEX, call(0, X, id="a", name="f"), call(0, Y, id="a", name="g"), calls=(("f", X), ("g", Y))
    ),
    "arguments with another index and the id of their call": stream(
        INDEX, call(0, X[:3], id="a", name="f"), call(1, X[3:], id="a"), calls=(("f", X),)
    ),
    "a name that goes on as null": stream(
        "BerriAI/litellm#12513, karthink/gptel#935",
        called(X[:3]),
        call(0, X[3:], id="", name="null"),
        calls=(("f", X),),
    ),
    "arguments as JSON in JSON": stream(ENCODED, called(json.dumps(X)), calls=(("f", X),)),
    "arguments as null in words": stream("pipecat-ai/pipecat#4060", called("null"), calls=(("f", "{}"),)),
    "arguments as an empty list": stream("pipecat-ai/pipecat#4060", called([]), calls=(("f", "{}"),)),
    "a last piece of null": stream("QuantumNous/new-api#3326", called(X), called(None), calls=(("f", X),)),
    "arguments as an empty text": stream(VARIANT, called(""), calls=(("f", ""),)),
    "arguments as a number": stream(VARIANT, called(5), calls=(("f", "5"),)),
    "arguments as undefined": stream(VARIANT, called("undefined"), calls=(("f", "{}"),)),
    "arguments as a list of one object": stream(VARIANT, called([{"x": 1}]), calls=(("f", X),)),
    "arguments in a code block": stream(VARIANT, called(f"```json\n{X}\n```"), calls=(("f", X),)),
    "arguments ahead of their name": stream(
        "vercel/ai#15879", call(0, X[:3], id="a"), call(0, X[3:], name="f"), calls=(("f", X),)
    ),
    "an id that changes, without an index": stream(
        VARIANT, call(None, X[:3], id="a", name="f"), call(None, X[3:], id="b"), calls=(("f", X),)
    ),
    "a call without its function": stream(
        VARIANT, chat(tool_calls=[{"id": "a", "name": "f", "arguments": {"x": 1}}]), calls=(("f", X),)
    ),
    **{
        f"arguments named {name}": stream(
            PROVIDER,
            chat(tool_calls=[{"index": 0, "id": "a", "function": {"name": "f", name: {"x": 1}}}]),
            calls=(("f", X),),
        )
        for name in ("input", "args", "parameters")
    },
    "an empty index and id": stream(VARIANT, called(X, index="", id=[]), calls=(("f", X),)),
    "an empty call": stream(VARIANT, chat(content="Hello", tool_calls=[{}]), text="Hello"),
    "an index with a point": stream(OBJECT, called(X, index=0.0), calls=(("f", X),)),
    "a call in the form before tool_calls": stream(
        "QwenLM/qwen-code#6240, vercel/ai#2195",
        chat(content=None, function_call={"name": "f", "arguments": X[:3]}),
        chat(function_call={"arguments": X[3:]}),
        calls=(("f", X),),
    ),
    "calls in a message in place of a delta": stream(
        OBJECT,
        {"choices": [{"message": called(X)["choices"][0]["delta"], "finish_reason": "tool_calls"}]},
        calls=(("f", X),),
    ),
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
    **{
        f"the reason {reason}": error_of(source, failing(finish_reason=reason))
        for source, reason in (
            (ABORTED, "abort"),
            ("NousResearch/hermes-agent#83886", "malformed_function_call"),
            ("pydantic/pydantic-ai#631", "function_call_filter: MALFORMED_FUNCTION_CALL"),
            (DRESSED, "server_error"),
            (DRESSED, "timeout"),
            (VARIANT, "interrupted"),
        )
    },
    **{
        f"the good reason {reason}": stream(DRESSED, HELLO, failing(finish_reason=reason), text="Hello")
        for reason in ("eos", "SAFETY", "content_filter", "model_length", "repetition_truncation")
    },
    "an error beside text": stream(
        DRESSED,
        {"choices": [{"delta": {"content": "Hello"}, "error": {"message": "m"}}]},
        text="Hello",
        error=True,
    ),
    "an error in JSON without framing": error_of(IN_PLAIN, plain({"error": {"code": 429}}) + b"\n\n"),
    "an error in lines of JSON without framing": error_of(
        IN_PLAIN, json.dumps({"error": {"code": 429}}, indent=2).encode() + b"\n\n"
    ),
    "a page after some text": error_of("diegosouzapw/OmniRoute#4937", b"<html>\n<p>502</p></html>\n\n"),
    "words after some text": error_of("lucasjinreal/Crane#121", b"data: error: out of memory\n\n"),
    "an event named exception": error_of(NAMELESS, b'event: exception\ndata: {"message": "m"}\n\n'),
    "an event named stream_error": error_of(NAMELESS, b"event: stream_error\ndata: m\n\n"),
    "an event named response.failed": error_of(NAMELESS, b"event: response.failed\ndata: {}\n\n"),
    "an error by status": error_of(NAMELESS, {"status": 429, "message": "m"}),
    "an error by a failed status": error_of(NAMELESS, {"status": "failed", "message": "m"}),
    "an error by title and status": error_of(NAMELESS, {"title": "Unavailable", "status": 503}),
    "an error by success": error_of(NAMELESS, {"success": False, "message": "m"}),
    "an error by errcode": error_of(NAMELESS, {"errcode": 40001, "errmsg": "m"}),
    "an error by errorCode": error_of(NAMELESS, {"errorCode": "E1", "errorMessage": "m"}),
    "an error beside empty choices": error_of(
        "diegosouzapw/OmniRoute#8210", {"choices": [], "code": 429, "message": "m"}
    ),
    "MiniMax's error": error_of(
        PROVIDER, {"choices": None, "base_resp": {"status_code": 1008, "status_msg": "m"}}
    ),
    "MiniMax's success": stream(
        PROVIDER, HELLO, {"choices": [], "base_resp": {"status_code": 0, "status_msg": ""}}, text="Hello"
    ),
    "Spark's error": error_of(PROVIDER, {"header": {"code": 10013, "message": "m"}}),
    "Bedrock's error": error_of(PROVIDER, {"internalServerException": {"message": "m"}}),
    "Azure's filter ahead of the answer": stream(
        "meilisearch/meilisearch#6477",
        {"choices": [], "object": "", "prompt_filter_results": [{"content_filter_results": {"error": {}}}]},
        HELLO,
        text="Hello",
    ),
    "an end mark alone": Quirk("decolua/9router#3051", b"data: [DONE]\n\n", error=True),
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
    "an error by its type and message alone": error_of(
        TYPED, {"choices": None, "error_type": "BadRequestError", "error_message": "m"}
    ),
    "an error by a message of its own name": error_of(TYPED, {"choices": [], "error_message": "m"}),
    "an error by ok": error_of(VARIANT, {"ok": False, "message": "m"}),
    "an error in the delta": error_of(VARIANT, chat(error={"message": "m"})),
    "an event named err": error_of(VARIANT, b"event: err\ndata: m\n\n"),
    "no error": stream(VARIANT, {"error": None, **HELLO}, {"error": {}, **HELLO}, text="HelloHello"),
    "a field in capitals": stream(VARIANT, b"Data: " + plain(HELLO) + b"\n\n", text="Hello"),
    "a tab in a text": stream(VARIANT, event(HELLO).replace(b"Hello", b"Hel\tlo"), text="Hel\tlo"),
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
    "usage with a total and a completion": stream(
        USAGE, HELLO, counted(completion_tokens=5, total_tokens=16), text="Hello", usage=(11, 5)
    ),
    "usage in halves": stream(
        IN_HALVES,
        counted(input_tokens=11, output_tokens=1),
        HELLO,
        counted(input_tokens=0, output_tokens=5),
        text="Hello",
        usage=(11, 5),
    ),
    "usage in halves of OpenAI's names": stream(
        IN_HALVES, counted(prompt_tokens=11), HELLO, counted(completion_tokens=5), text="Hello", usage=(11, 5)
    ),
    "usage with every delta": stream(
        PROVIDER,
        HELLO | {"usage": OPENAI_NAMES | {"completion_tokens": 1}},
        HELLO | {"usage": OPENAI_NAMES},
        ended() | {"usage": None},
        text="HelloHello",
        usage=(11, 5),
    ),
    "usage without the prompt's": stream(
        UNCOUNTED, HELLO, counted(prompt_tokens=0, completion_tokens=5), text="Hello"
    ),
    "usage of a prompt from the cache": stream(
        UNCOUNTED,
        HELLO,
        counted(input_tokens=0, output_tokens=5, cache_read_input_tokens=11),
        text="Hello",
        usage=(11, 5),
    ),
    "usage with num": stream(
        VARIANT, HELLO, counted(num_input_tokens=11, num_output_tokens=5), text="Hello", usage=(11, 5)
    ),
    "usage in bare words": stream(VARIANT, HELLO, counted(input=11, output=5), text="Hello", usage=(11, 5)),
    "usage in texts": stream(
        USAGE, HELLO, counted(prompt_tokens="11", completion_tokens="5"), text="Hello", usage=(11, 5)
    ),
    "usage of Vertex' names": stream(
        USAGE, HELLO, counted(prompt_token_count=11, candidates_token_count=5), text="Hello", usage=(11, 5)
    ),
    "usage of Bedrock's names": stream(
        USAGE, HELLO, counted(inputTokenCount=11, outputTokenCount=5), text="Hello", usage=(11, 5)
    ),
    "usage in Cohere's objects": stream(
        PROVIDER,
        HELLO,
        counted(billed_units=ANTHROPIC_NAMES, tokens=ANTHROPIC_NAMES),
        text="Hello",
        usage=(11, 5),
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
