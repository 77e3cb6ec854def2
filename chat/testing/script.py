"""The script of one answer: a status, headers, and steps that are played one after the other.

answer("Hel", gate, "lo")          two deltas; the second once the test opens the gate
answer("a", Reset())               a delta, then the connection is reset
tool_round(Call("calculate", '{"expression": "1+1"}'))
refusal(429, retry_after=7)
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from chat.testing.frames import error, token_counts

WAIT_SECONDS = 60.0
"""Seconds that a test waits for an event, which comes at once except on a starved machine."""


class Line(Protocol):
    """The connection as a step sees it; `chat.testing.lines` has the implementations."""

    async def delta(self, delta: dict[str, Any], finish: str | None = None) -> None:
        """Send one chunk with a choice."""

    async def usage(self, counts: dict[str, int]) -> None:
        """Send the token counts."""

    async def data(self, data: bytes) -> None:
        """Send bytes of the body in HTTP's framing."""

    async def raw(self, data: bytes) -> None:
        """Send bytes without HTTP's framing."""

    async def hang_up(self, *, reset: bool) -> None:
        """Close the connection in the middle of the answer, with or without a reset (RST)."""


class Step(Protocol):
    """One action of a model while it answers."""

    async def play(self, line: Line) -> None: ...


class Gate:
    """A pause in a script until the test opens the gate, from any thread."""

    def __init__(self) -> None:
        self._opened: Future[None] = Future()
        self._reached = threading.Event()

    def open(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def wait_until_reached(self, seconds: float = WAIT_SECONDS) -> None:
        """Return once the model has reached the gate. Raise AssertionError after `seconds`."""
        assert self._reached.wait(seconds), "the model did not reach the gate"

    async def play(self, line: Line) -> None:
        self._reached.set()
        # Shielded: a client that leaves cancels the script, not the gate that others may wait at.
        await asyncio.shield(asyncio.wrap_future(self._opened))


@dataclass(frozen=True)
class Text:
    """A delta of visible text, `text` so many `times` over."""

    text: str
    times: int = 1

    async def play(self, line: Line) -> None:
        await line.delta({"content": self.text * self.times})


@dataclass(frozen=True)
class Delta:
    """Any delta of a chat completion."""

    delta: dict[str, Any]
    finish: str | None = None

    async def play(self, line: Line) -> None:
        await line.delta(self.delta, self.finish)


@dataclass(frozen=True)
class Thought:
    """A delta of thought under the name by which a kind of server sends it: text, or a list of entries."""

    thought: str | list[dict[str, Any]]
    name: str = "reasoning_content"

    async def play(self, line: Line) -> None:
        await line.delta({self.name: self.thought})


@dataclass(frozen=True)
class Parts:
    """A delta whose content is a list of parts; plain strings stand for parts of thought as Mistral sends them."""

    parts: Sequence[str | dict[str, Any]]

    async def play(self, line: Line) -> None:
        await line.delta(
            {"content": [thought_part(part) if isinstance(part, str) else part for part in self.parts]}
        )


@dataclass(frozen=True)
class Finish:
    """The last chunk's `finish_reason`."""

    reason: str = "stop"

    async def play(self, line: Line) -> None:
        await line.delta({}, self.reason)


@dataclass(frozen=True)
class UsageChunk:
    """The chunk without choices that carries the token counts."""

    prompt: int
    completion: int

    async def play(self, line: Line) -> None:
        await line.usage(token_counts(self.prompt, self.completion))


@dataclass(frozen=True)
class Raw:
    """Arbitrary bytes of the body, `data` so many `times` over."""

    data: bytes
    times: int = 1

    async def play(self, line: Line) -> None:
        await line.data(self.data * self.times)


@dataclass(frozen=True)
class Unframed:
    """Bytes without HTTP's framing: half a chunk, a wrong length."""

    data: bytes

    async def play(self, line: Line) -> None:
        await line.raw(self.data)


@dataclass(frozen=True)
class Stall:
    """An endless pause; ends when the client leaves."""

    async def play(self, line: Line) -> None:
        await asyncio.Event().wait()


@dataclass(frozen=True)
class CutOff:
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
    """The same delta repeated without end, every `pause` seconds."""

    text: str
    pause: float = 0.0

    async def play(self, line: Line) -> None:
        while True:
            await Text(self.text).play(line)
            await asyncio.sleep(self.pause)


@dataclass(frozen=True)
class PacedSteps:
    """Steps at a steady rate after `wait` seconds; each has a due time, so that delays do not add up."""

    steps: Iterable[Step]
    interval: float
    wait: float = 0.0

    async def play(self, line: Line) -> None:
        clock = asyncio.get_running_loop().time
        due = clock() + self.wait
        for step in self.steps:
            if (early := due - clock()) > 0:
                await asyncio.sleep(early)
            await step.play(line)
            due += self.interval


@dataclass(frozen=True)
class Call:
    """One tool call of a model; `pieces` is the number of deltas that carry its arguments.

    `fields`: the provider's own, such as a signature; they come with the call's head.
    """

    name: str
    arguments: str
    id: str | None = "call_1"
    index: int | None = 0
    pieces: int = 1
    fields: dict[str, Any] = field(default_factory=dict)

    def deltas(self) -> list[dict[str, Any]]:
        size = max(1, -(-len(self.arguments) // self.pieces))
        parts = [self.arguments[at : at + size] for at in range(0, len(self.arguments), size)] or [""]
        head = {**self.fields, "type": "function", "function": {"name": self.name, "arguments": parts[0]}}
        if self.id is not None:
            head["id"] = self.id
        return [self._placed(head), *(self._placed({"function": {"arguments": part}}) for part in parts[1:])]

    def _placed(self, call: dict[str, Any]) -> dict[str, Any]:
        return call if self.index is None else {"index": self.index, **call}


def thought_part(text: str) -> dict[str, Any]:
    """Return a part of a content that is thought, in Mistral's form."""
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}]}


DONE = Raw(b"data: [DONE]\n\n")


@dataclass(frozen=True)
class Script:
    """One whole answer. `split`: the sizes of the body's writes, in a cycle."""

    steps: Sequence[Step] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/event-stream"})
    split: Sequence[int] = ()


def steps_of(parts: Sequence[str | Step]) -> list[Step]:
    """Return the steps; plain strings stand for deltas."""
    return [Text(part) if isinstance(part, str) else part for part in parts]


def answer(
    *parts: str | Step, finish: str = "stop", usage: tuple[int, int] | None = None, **more: Any
) -> Script:
    """Return a complete, well-formed answer of these deltas, gates and other steps."""
    counted: list[Step] = [UsageChunk(*usage)] if usage else []
    return Script([*steps_of(parts), Finish(finish), *counted, DONE], **more)


def broken(*parts: str | Step) -> Script:
    """Return an answer that stops after these steps: no `finish_reason`, no `[DONE]`."""
    return Script(steps_of(parts))


def tool_round(*calls: Call, text: str = "", before: Sequence[Step] = ()) -> Script:
    """Return an answer that ends by asking for tools, after the steps and the text if there are any."""
    asked = [Delta({"tool_calls": [delta]}) for call in calls for delta in call.deltas()]
    return Script([*before, *steps_of([text] if text else []), *asked, Finish("tool_calls"), DONE])


def refusal(status: int, *, retry_after: int | None = None, message: str = "scripted refusal") -> Script:
    """Return an HTTP error in OpenAI's form."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return document(error(message, status), status, **headers)


def whole_answer(text: str, usage: tuple[int, int] | None = None) -> Script:
    """Return the answer to a chat request that does not stream."""
    message = {"role": "assistant", "content": text}
    body: dict[str, Any] = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return document(body)


def document(content: object, status: int = 200, **headers: str) -> Script:
    """Return an answer that is one JSON document."""
    return Script(
        [Raw(json.dumps(content).encode())], status, {**headers, "Content-Type": "application/json"}
    )
