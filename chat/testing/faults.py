"""Every known misbehaviour of a model, by name, with the outcome that the response must have.

`FAULTS` are answers; `TOOL_FAULTS` are tool calls, each followed by a plain answer once the results are in.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat.testing.frames import CompletionFrame
from chat.testing.script import (
    DONE,
    Call,
    CutOff,
    Delta,
    Endless,
    Finish,
    Parts,
    Raw,
    Reset,
    Script,
    Stall,
    Step,
    Text,
    Thought,
    Unframed,
    UsageChunk,
    answer,
    broken,
    refusal,
    tool_round,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from chat.testing.model_server import Received

# Seconds; a number that is no default of any client.
RETRY_AFTER = 7
# Bytes; ten times the largest text of a response.
HUGE_DELTA = 10 * 1024 * 1024
EMPTY_DELTAS = 100_000
# Seconds between two deltas, below every silence deadline, so that only the overall deadline ends the answer.
DRIP_SECONDS = 0.1
BAD_UTF8 = b'data: {"choices":[{"index":0,"delta":{"content":"Caf\xe9!"}}]}\n\n'


@dataclass(frozen=True)
class Fault:
    """A behaviour and its outcome: status, error code, text and finish reason of the response."""

    behaviour: Script | Callable[[Received], Script]
    status: str = "done"
    code: str | None = None
    text: str = ""
    finish: str | None = "stop"
    retry_after: int | None = None
    # The port is closed: `ScriptedModel.refusing`.
    refused: bool = False
    # Ends only by a deadline or at the text cap: needs a server with small limits.
    slow: bool = False

    @property
    def http(self) -> int | None:
        """The status of the problem document where model errors are shown as statuses and no text came."""
        return {"model_failed": 502, "unavailable": 503, "model_timeout": 504}.get(self.code or "")


def failed(behaviour: Script, text: str = "") -> Fault:
    return Fault(behaviour, "failed", "model_failed", text, None)


def unavailable(behaviour: Script, retry_after: int | None = None) -> Fault:
    return Fault(behaviour, "failed", "unavailable", "", None, retry_after)


def late(behaviour: Script, text: str = "") -> Fault:
    return Fault(behaviour, "failed", "model_timeout", text, None, slow=True)


def capped(behaviour: Script, text: str) -> Fault:
    """Return a fault that is cut at the text cap; `text` is the letter that fills it."""
    return Fault(behaviour, "done", None, text, "length", slow=True)


def unusual(*steps: str | Step, text: str = "Hello") -> Fault:
    """Return an unusual answer that is still a valid one."""
    return Fault(answer(*steps), text=text)


def events(*payloads: bytes) -> Script:
    """Return a body made of these bytes alone."""
    return Script([Raw(b"".join(payloads))])


def event(delta: dict[str, object], finish: str | None = None) -> bytes:
    return b"data: " + json.dumps(CompletionFrame().chunk(delta, finish)).encode() + b"\n\n"


HELLO = event({"content": "Hello"})
STOP = event({}, "stop")
PLAIN_END = STOP + DONE.data
ERROR_EVENT = b'data: {"error":{"message":"scripted trouble","type":"server_error","code":500}}\n\n'
HTML = Script([Raw(b"<html><body><h1>Welcome</h1></body></html>")], 200, {"Content-Type": "text/html"})
ONE_NEWLINE = b"".join(
    data[:-1] for data in (event({"content": "Hel"}), event({"content": "lo"}), STOP, DONE.data)
)
ERROR_CHOICE = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"error","error":{"code":502}}]}\n\n'
GZIPPED = Script(
    [Raw(gzip.compress(HELLO + PLAIN_END))],
    headers={"Content-Type": "text/event-stream", "Content-Encoding": "gzip"},
)
MULTI_LINE = HELLO.replace(b'"choices": ', b'\ndata: "choices": ')

DETAILS: list[dict[str, object]] = [
    {"type": "reasoning.text", "text": 5, "index": "x"},
    {"type": "reasoning.encrypted", "data": "xyz", "index": 0},
]
THOUGHT_NAMES = ("reasoning_content", "reasoning", "thinking", "thinking_blocks")

FAULTS: dict[str, Fault] = {
    "400": failed(refusal(400)),
    "401": failed(refusal(401)),
    "403": failed(refusal(403)),
    "404": failed(refusal(404)),
    "413": failed(refusal(413)),
    "429": unavailable(refusal(429)),
    "429 with Retry-After": unavailable(refusal(429, retry_after=RETRY_AFTER), RETRY_AFTER),
    "500": unavailable(refusal(500)),
    "502": unavailable(refusal(502)),
    "503": unavailable(refusal(503)),
    "503 with Retry-After": unavailable(refusal(503, retry_after=RETRY_AFTER), RETRY_AFTER),
    "refused": Fault(answer("never sent"), "failed", "unavailable", finish=None, refused=True),
    "reset before the first byte": unavailable(broken(Reset())),
    "no first byte": late(broken(Stall())),
    "stall": late(broken("Hello", Stall()), "Hello"),
    "slow drip": late(broken(Endless(".", DRIP_SECONDS)), "."),
    "endless": capped(broken(Endless("x" * 1000)), "x"),
    "cut": failed(broken("Hello", CutOff()), "Hello"),
    "reset": failed(broken("Hello", Reset()), "Hello"),
    "cut inside an HTTP chunk": failed(broken("Hello", Unframed(b'ff\r\ndata: {"choi'), CutOff()), "Hello"),
    "cut inside an event": failed(broken("Hello", Raw(b'data: {"choices":[{"de'), CutOff()), "Hello"),
    "cut inside a character": failed(
        broken("Hello", Raw(b'data: {"choices":[{"delta":{"content":"\xf0\x9f'), CutOff()), "Hello"
    ),
    "end without finish_reason": failed(broken("Hello"), "Hello"),
    "nothing at all": failed(broken()),
    "HTML": failed(HTML),
    "bad JSON": failed(broken(Raw(b"data: {oops}\n\n"))),
    "bad JSON after text": failed(broken("Hello", Raw(b"data: {oops}\n\n")), "Hello"),
    "error inside the stream": failed(broken(Raw(ERROR_EVENT))),
    "error after text": failed(broken("Hello", Raw(ERROR_EVENT)), "Hello"),
    "bad UTF-8": unusual(Raw(BAD_UTF8), text="Caf\ufffd!"),
    "empty choices": unusual(Raw(b'data: {"choices":[]}\n\n'), "Hello"),
    "null choices": unusual(Raw(b'data: {"choices":null}\n\n'), "Hello"),
    "usage only": unusual(UsageChunk(1, 1), "Hello"),
    "role only": unusual(
        Delta({"role": "assistant"}), Delta({"role": "assistant", "content": None}), "Hello"
    ),
    "null delta": unusual(Raw(b'data: {"choices":[{"index":0,"delta":null}]}\n\n'), "Hello"),
    "CRLF": Fault(events((HELLO + PLAIN_END).replace(b"\n", b"\r\n")), text="Hello"),
    "CR": Fault(events((HELLO + PLAIN_END).replace(b"\n", b"\r")), text="Hello"),
    "comments": unusual(Raw(b": ping\n\n"), "Hello", Raw(b": pong\n\n")),
    "multi-line data": Fault(events(MULTI_LINE, PLAIN_END), text="Hello"),
    "no space after data": Fault(events((HELLO + PLAIN_END).replace(b"data: ", b"data:")), text="Hello"),
    "BOM": Fault(events(b"\xef\xbb\xbf", HELLO, PLAIN_END), text="Hello"),
    "no DONE": Fault(events(HELLO, STOP), text="Hello"),
    "DONE without finish_reason": Fault(events(HELLO, DONE.data), text="Hello", finish=None),
    "lone surrogate": unusual(Text("a\ud83db"), text="a\ufffdb"),
    "surrogate pair over two deltas": unusual("\ud83c", "\udf4e", text="🍎"),
    "NUL": unusual("a\x00b", text="a\ufffdb"),
    "empty answer": Fault(answer()),
    "one huge delta": capped(answer(Text("y", HUGE_DELTA)), "y"),
    "100,000 empty deltas": unusual(Raw(event({"content": ""}), EMPTY_DELTAS), "Hello"),
    "thought": unusual(Thought("Hm."), Thought("Hm.", "reasoning"), "Hello"),
    "details of thought": unusual(Thought(DETAILS, "reasoning_details"), "Hello"),
    "thought in parts": unusual(Parts(["Hm.", {"type": "text", "text": "Hello"}])),
    "thought of wrong types": unusual(*(Thought(DETAILS, name) for name in THOUGHT_NAMES), "Hello"),
    "finish_reason in every delta": unusual(
        Delta({"content": "Hel"}, "stop"), Delta({"content": "lo"}, "stop")
    ),
    "keepalives as data": unusual(Raw(b"data: : keepalive\n\n"), "Hello"),
    "one newline between events": Fault(events(ONE_NEWLINE), text="Hello"),
    "error in the last choice": failed(answer("Hello", Raw(ERROR_CHOICE)), "Hello"),
    "an event named error": failed(
        answer("Hello", Raw(b'event: error\ndata: {"message": "m"}\n\n')), "Hello"
    ),
    "compressed": Fault(GZIPPED, text="Hello"),
    "one byte at a time": Fault(answer("Hel", "lo", split=[1]), text="Hello"),
}


def then_answer(*calls: Call) -> Callable[[Received], Script]:
    """Ask for these calls until their results stand in the history, then say Hello."""

    def behave(received: Received) -> Script:
        answered = received.messages[-1]["role"] == "tool"
        return answer("Hello") if answered else tool_round(*calls)

    return behave


def interleaved(received: Received) -> Script:
    """Make two calls whose argument pieces alternate."""
    if received.messages[-1]["role"] == "tool":
        return answer("Hello")
    pairs = zip(
        Call("calculate", SUM, "call_a", 0, 9).deltas(),
        Call("calculate", SUM, "call_b", 1, 9).deltas(),
        strict=True,
    )
    return Script([*(Delta({"tool_calls": list(pair)}) for pair in pairs), Finish("tool_calls"), DONE])


def object_arguments(received: Received) -> Script:
    """Make a call whose arguments are an object instead of text."""
    if received.messages[-1]["role"] == "tool":
        return answer("Hello")
    function = {"name": "calculate", "arguments": json.loads(SUM)}
    call = {"index": 0, "id": "call_a", "type": "function", "function": function}
    return Script([Delta({"tool_calls": [call]}), Finish("tool_calls"), DONE])


def insatiable(received: Received) -> Script:
    """Call a tool as long as tools are offered."""
    return tool_round(Call("calculate", SUM)) if offers_tools(received) else answer("Hello")


def offers_tools(received: Received) -> bool:
    return bool(received.json.get("tools")) and received.json.get("tool_choice") != "none"


SIGNATURE = {"extra_content": {"google": {"thought_signature": "c2lnbmVk"}}}
SUM = '{"expression": "1 + 1"}'

TOOL_FAULTS: dict[str, Fault] = {
    "one call": Fault(then_answer(Call("calculate", SUM)), text="Hello"),
    "arguments split at every character": Fault(
        then_answer(Call("calculate", SUM, pieces=len(SUM))), text="Hello"
    ),
    "two calls at once": Fault(
        then_answer(Call("calculate", SUM, "call_a", 0), Call("calculate", SUM, "call_b", 1)), text="Hello"
    ),
    "arguments as an object": Fault(object_arguments, text="Hello"),
    "interleaved indexes": Fault(interleaved, text="Hello"),
    "a signed call": Fault(then_answer(Call("calculate", SUM, fields=SIGNATURE)), text="Hello"),
    "missing ids": Fault(
        then_answer(Call("calculate", SUM, None, 0), Call("calculate", SUM, None, 1)), text="Hello"
    ),
    "repeated ids": Fault(
        then_answer(Call("calculate", SUM, "same", 0), Call("calculate", SUM, "same", 1)), text="Hello"
    ),
    "missing index": Fault(then_answer(Call("calculate", SUM, index=None)), text="Hello"),
    "arguments that are no JSON": Fault(then_answer(Call("calculate", "{oops")), text="Hello"),
    "empty arguments": Fault(then_answer(Call("calculate", "")), text="Hello"),
    "unknown tool": Fault(then_answer(Call("launch_rockets", "{}")), text="Hello"),
    "schema mismatch": Fault(then_answer(Call("calculate", '{"expression": 7, "x": []}')), text="Hello"),
    "a tool that fails": Fault(then_answer(Call("calculate", '{"expression": "1 / 0"}')), text="Hello"),
    "a model that never stops calling": Fault(insatiable, text="Hello"),
}
