"""Command `python -m tests.benchmarks.model_server PORT`: a model server whose model names are scripts.

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
    """Return the script that the request's model names."""
    try:
        load = LoadScript.of(str(received.fields.get("model")).encode())
    except ValueError as problem:
        return refusal(400, message=str(problem))
    return Script([PacedSteps(steps(load, received.is_chat), load.pause, load.wait), Finish(), DONE])


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


async def serve(port: int) -> None:
    """Serve on the loopback until cancelled."""
    await ModelServer(behave, keep_alive=True).listen(bound("127.0.0.1", port))
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
