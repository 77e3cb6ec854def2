"""Command `python -m tests.benchmarks.model_server PORT [ADDRESS]`: a model server whose model names are scripts.

A burst is sent as prepared bytes.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import uvloop

from chat.testing.model_server import ModelServer, Received, bound
from chat.testing.script import DONE, Finish, Line, PacedSteps, Script, Step, Unframed, refusal
from tests.benchmarks.script import LoadScript

CHAT = (
    b'data: {"id":"bench","created":0,"model":"bench","choices":[{"index":0,"delta":{"content":"%b"},'
    b'"finish_reason":null}]}\n\n'
)
COMPLETIONS = CHAT.replace(b'"delta":{"content":"%b"}', b'"text":"%b"')


@dataclass(frozen=True, slots=True)
class StampedDelta:
    """A delta that carries the time at which it is sent, in microseconds."""

    event: bytes
    load: LoadScript

    async def play(self, line: Line) -> None:
        await line.data(self.event % self.load.text(time.monotonic_ns() // 1000))


def behave(received: Received) -> Script:
    """Return the script that the request's model names, or its newest message."""
    try:
        load = LoadScript.of(b"%s %s" % (str(received.fields.get("model")).encode(), _newest(received)))
    except ValueError as problem:
        return refusal(400, message=str(problem))
    return Script([PacedSteps(steps(load, received.is_chat), load.pause, load.wait), Finish(), DONE])


def _newest(received: Received) -> bytes:
    messages = received.fields.get("messages") or [{}]
    return str(messages[-1].get("content")).encode()


def steps(load: LoadScript, chat: bool) -> Iterator[Step]:
    """Yield the deltas, those of a burst as one piece."""
    event = CHAT if chat else COMPLETIONS
    if not load.pause:
        yield burst(event, load)
        return
    delta = StampedDelta(event, load)
    for _ in range(load.deltas):
        yield delta


@lru_cache(maxsize=64)
def burst(event: bytes, load: LoadScript) -> Unframed:
    """Return all deltas in chunks of their own."""
    data = event % load.text(0)
    return Unframed((b"%x\r\n%b\r\n" % (len(data), data)) * load.deltas)


async def serve(port: int, address: str = "127.0.0.1") -> None:
    """Serve until cancelled."""
    await ModelServer(behave, keep_alive=True).listen(bound(address, port))
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), *sys.argv[2:]))
