"""What a scripted model does in one answer: a status, and steps that are played one after the other.

answer("Hel", gate, "lo")          two deltas; the second once the test opens the gate
answer("a", Reset())               a delta, then the connection is reset
tool_round(Call("calculate", '{"expression": "1+1"}'))
refusal(429, retry_after=7)
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol


class Line(Protocol):
    """The wire as a step sees it; written to by `chat.testing.model_server`."""

    completions: bool  # whether the request was for /completions, whose events differ

    async def event(self, payload: dict[str, Any]) -> None:
        """One `data:` event."""

    async def data(self, data: bytes) -> None:
        """Bytes of the body, framed as HTTP wants them."""

    async def raw(self, data: bytes) -> None:
        """Bytes as they are, past HTTP's framing."""

    async def hang_up(self, *, reset: bool) -> None:
        """End the connection where it stands: politely, or with a reset."""


class Step(Protocol):
    """One thing a model does."""

    async def play(self, line: Line) -> None: ...


class Gate:
    """A point in a script where the model waits until the test opens it. Usable from any thread."""

    def __init__(self) -> None:
        self._opened: Future[None] = Future()
        self._reached = threading.Event()

    def open(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def wait_until_reached(self, seconds: float = 10) -> None:
        """Return once the model stands before the gate; AssertionError after `seconds`."""
        assert self._reached.wait(seconds), "the model never came to the gate"

    async def play(self, line: Line) -> None:
        self._reached.set()
        # Shielded: a client that leaves cancels the script, not the gate that others may wait at.
        await asyncio.shield(asyncio.wrap_future(self._opened))


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One chat.completion.chunk as OpenAI sends it."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
    return {**head, "choices": [choice], **more}


def completion(text: str, finish: str | None = None) -> dict[str, Any]:
    """One text_completion chunk as vLLM sends it."""
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
    head = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "scripted"}
    return {**head, "choices": [choice]}


@dataclass(frozen=True)
class Text:
    """A delta of visible text."""

    text: str

    async def play(self, line: Line) -> None:
        await line.event(completion(self.text) if line.completions else chunk({"content": self.text}))


@dataclass(frozen=True)
class Delta:
    """Any delta of a chat completion."""

    delta: dict[str, Any]
    finish: str | None = None

    async def play(self, line: Line) -> None:
        await line.event(chunk(self.delta, self.finish))


@dataclass(frozen=True)
class Finish:
    """The last chunk's `finish_reason`."""

    reason: str = "stop"

    async def play(self, line: Line) -> None:
        await line.event(completion("", self.reason) if line.completions else chunk({}, self.reason))


@dataclass(frozen=True)
class Usage:
    """The chunk without choices that carries the token counts."""

    prompt: int
    completion: int

    async def play(self, line: Line) -> None:
        counts = {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
        }
        await line.event({**chunk({}), "choices": [], "usage": counts})


@dataclass(frozen=True)
class Raw:
    """Bytes of the body, whatever they are."""

    data: bytes

    async def play(self, line: Line) -> None:
        await line.data(self.data)


@dataclass(frozen=True)
class Unframed:
    """Bytes past HTTP's framing: half a chunk, a wrong length."""

    data: bytes

    async def play(self, line: Line) -> None:
        await line.raw(self.data)


@dataclass(frozen=True)
class Stall:
    """Nothing more, for ever; ends when the client leaves."""

    async def play(self, line: Line) -> None:
        await asyncio.Event().wait()


@dataclass(frozen=True)
class Cut:
    """The connection closes without HTTP's end of the body."""

    async def play(self, line: Line) -> None:
        await line.hang_up(reset=False)


@dataclass(frozen=True)
class Reset:
    """The connection is reset (RST)."""

    async def play(self, line: Line) -> None:
        await line.hang_up(reset=True)


@dataclass(frozen=True)
class Endless:
    """The same delta again and again, every `pause` seconds."""

    text: str
    pause: float = 0.0

    async def play(self, line: Line) -> None:
        while True:
            await Text(self.text).play(line)
            await asyncio.sleep(self.pause)


@dataclass(frozen=True)
class Call:
    """One tool call of a model; `pieces` says how many deltas its arguments come in."""

    name: str
    arguments: str
    id: str | None = "call_1"
    index: int | None = 0
    pieces: int = 1

    def deltas(self) -> list[dict[str, Any]]:
        size = max(1, -(-len(self.arguments) // self.pieces))
        parts = [self.arguments[at : at + size] for at in range(0, len(self.arguments), size)] or [""]
        head = {"type": "function", "function": {"name": self.name, "arguments": parts[0]}}
        if self.id is not None:
            head["id"] = self.id
        return [self._placed(head), *(self._placed({"function": {"arguments": part}}) for part in parts[1:])]

    def _placed(self, call: dict[str, Any]) -> dict[str, Any]:
        return call if self.index is None else {"index": self.index, **call}


DONE = Raw(b"data: [DONE]\n\n")


@dataclass(frozen=True)
class Script:
    """One whole answer. `split` cuts the body into writes of these sizes, over and over."""

    steps: Sequence[Step] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/event-stream"})
    split: Sequence[int] = ()


def steps_of(parts: Sequence[str | Step]) -> list[Step]:
    """Plain strings stand for deltas."""
    return [Text(part) if isinstance(part, str) else part for part in parts]


def answer(
    *parts: str | Step, finish: str = "stop", usage: tuple[int, int] | None = None, **more: Any
) -> Script:
    """A complete, well-formed answer of these deltas (and gates, and other steps)."""
    counted: list[Step] = [Usage(*usage)] if usage else []
    return Script([*steps_of(parts), Finish(finish), *counted, DONE], **more)


def broken(*parts: str | Step) -> Script:
    """These deltas and steps, and nothing after them: no `finish_reason`, no `[DONE]`."""
    return Script(steps_of(parts))


def tool_round(*calls: Call, text: str = "") -> Script:
    """An answer that ends by asking for tools, after some text if there is any."""
    asked = [Delta({"tool_calls": [delta]}) for call in calls for delta in call.deltas()]
    return Script([*steps_of([text] if text else []), *asked, Finish("tool_calls"), DONE])


def refusal(status: int, *, retry_after: int | None = None, message: str = "scripted refusal") -> Script:
    """An HTTP error in OpenAI's form."""
    headers = {"Content-Type": "application/json"}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    body = json.dumps({"error": {"message": message, "type": "scripted", "code": str(status)}})
    return Script([Raw(body.encode())], status, headers)


def whole_answer(text: str, usage: tuple[int, int] | None = None) -> Script:
    """Return the answer to a chat request that does not stream."""
    message = {"role": "assistant", "content": text}
    body: dict[str, Any] = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return Script([Raw(json.dumps(body).encode())], headers={"Content-Type": "application/json"})
