"""The known quirks of models' servers: the bytes of each answer, the issue that reports it, and the right reading."""

from __future__ import annotations

import json

from tests.unit.quirk_forms import (
    ABORTED,
    DRESSED,
    EARLY,
    ENCODED,
    FRAMING,
    HELLO,
    IN_PLAIN,
    INDEX,
    KEEPALIVE,
    NAMELESS,
    OBJECT,
    PROVIDER,
    TWICE,
    TWO_OBJECTS,
    TWO_PREFIXES,
    TYPED,
    VARIANT,
    Quirk,
    X,
    Y,
    called,
    error_of,
    failing,
    last,
    lines,
    plain,
    reasons,
    stream,
)
from tests.unit.stream_corpus import call, chat, ended, event
from tests.unit.usage_quirks import USAGE_QUIRKS

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
    **USAGE_QUIRKS,
}
