"""Command `python -m tests.benchmarks.load --port P …`: many streams at once, counted and timed; one line of JSON.

Measured on one core: 20 to 50 µs of CPU for a paced delta, so 20,000 a second and more. Exit status 1 where a stream
failed, was short or did not end.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import itertools
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import msgspec
import uvloop

from tests.benchmarks.processes import cpu_seconds, memory_kb
from tests.benchmarks.streams import HttpStream, Seen, SocketStream

# Seconds between two readings of the servers' memory.
SAMPLE_SECONDS = 0.1
# Pause after the last byte: a server's remaining writes belong to the run.
SETTLE_SECONDS = 0.5
# Time limit of a pong after the silence.
ANSWER_SECONDS = 10.0
# Time limit of a follower's first frame.
JOIN_SECONDS = 30.0
# The line ahead of the result, once all followers of a response that was sent elsewhere have joined.
JOINED = "joined\n"


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.load")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="")
    parser.add_argument("--n", type=int, default=50, help="streams")
    parser.add_argument("--conc", type=int, default=50, help="so many at once")
    parser.add_argument("--ramp", type=int, default=0, help="all of them, opened over so many ms")
    parser.add_argument("--expect", type=int, required=True, help="deltas of each stream")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for all")
    parser.add_argument("--header", action="append", default=[], help="one more, of each request")
    parser.add_argument("--tokens", help="a file of bearer tokens, one a line; the streams take them in turn")
    parser.add_argument("--model", default="bench", help="the prompt's text; with --direct the model's name")
    parser.add_argument("--direct", action="store_true", help="ask the model server itself")
    parser.add_argument("--ws", action="store_true", help="over WebSockets")
    parser.add_argument(
        "--hold", type=float, default=0.0, help="followers of one response, idle so many seconds"
    )
    parser.add_argument(
        "--follow", default="", metavar="ID", help="hold followers of this response, sent elsewhere"
    )
    parser.add_argument("--pids", default="", help="processes whose CPU time and memory count")
    return parser.parse_args(argv)


class Load:
    """One run; `seen` are the results of its streams."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.pids = [int(pid) for pid in given.pids.split(",") if pid]
        self.seen: list[Seen] = []
        self.held_kb = 0
        tokens = Path(given.tokens).read_text().split() if given.tokens else []
        lines = [f"Host: {given.host}:{given.port}", *given.header]
        head = "".join(f"{line}\r\n" for line in lines)
        self._heads = itertools.cycle(
            [f"{head}Authorization: Bearer {token}\r\n" for token in tokens] or [head]
        )

    # Requests

    def _prompt(self) -> dict[str, object]:
        prompt = {"id": f"m-{uuid4()}", "role": "user", "content": self.given.model}
        return {"prompt": prompt, "threadId": f"t-{uuid4()}", "responseId": f"r-{uuid4()}"}

    def _post(self, prompt: dict[str, object]) -> bytes:
        given = self.given
        path = given.path or ("/v1/chat/completions" if given.direct else "/api/chat")
        body = msgspec.json.encode(
            {"model": given.model, "stream": True, "messages": []} if given.direct else prompt
        )
        head = f"POST {path} HTTP/1.1\r\n{next(self._heads)}"
        return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    def _handshake(self) -> bytes:
        given, key = self.given, base64.b64encode(os.urandom(16)).decode()
        head = f"GET {given.path or '/ws/chat/'} HTTP/1.1\r\n{next(self._heads)}"
        upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        return f"{head}{upgrade}Sec-WebSocket-Key: {key}\r\n\r\n".encode()

    async def _open(self, make: Callable[[], HttpStream]) -> HttpStream:
        _, stream = await asyncio.get_running_loop().create_connection(make, self.given.host, self.given.port)
        return stream

    async def _follow(self, frame: dict[str, object]) -> SocketStream:
        encoded = msgspec.json.encode(frame)
        stream = await self._open(lambda: SocketStream(self._handshake(), encoded))
        assert isinstance(stream, SocketStream)
        return stream

    # Runs

    async def one(self) -> None:
        """Run one stream from its request to its end."""
        prompt = self._prompt()
        if self.given.ws:
            stream: HttpStream = await self._follow({"type": "send", **prompt})
        else:
            request = self._post(prompt)
            stream = await self._open(lambda: HttpStream(request))
        self.seen.append(stream.seen)
        await stream.over
        stream.transport.close()
        if not stream.seen.error and stream.seen.deltas != self.given.expect:
            stream.seen.error = f"{stream.seen.deltas} deltas came instead of {self.given.expect}"

    async def streams(self) -> None:
        given = self.given
        if given.ramp:
            await self._spread(self.one)
            return
        left = iter(range(given.n))

        async def one_after_another() -> None:
            for _ in left:
                await self.one()

        await asyncio.gather(*(one_after_another() for _ in range(min(given.conc, given.n))))

    async def _spread(self, work: Callable[[], Awaitable[None]]) -> None:
        """Start `n` tasks, spread over the ramp's time, and wait for all."""
        loop, given = asyncio.get_running_loop(), self.given
        began, tasks = loop.time(), []
        for number in range(given.n):
            await asyncio.sleep(began + given.ramp / 1000 * number / given.n - loop.time())
            tasks.append(asyncio.ensure_future(work()))
        await asyncio.gather(*tasks)

    async def hold(self) -> None:
        """Hold the followers of one response through a silence; then each has to answer a ping."""
        if self.given.follow:
            await self._hold_followers(self.given.follow)
            return
        prompt = self._prompt()
        source = await self._follow({"type": "send", **prompt})
        await source.started
        await self._hold_followers(prompt["responseId"])
        source.send(msgspec.json.encode({"type": "stop", "responseId": prompt["responseId"]}))
        source.transport.close()

    async def _hold_followers(self, response: object) -> None:
        frame = {"type": "follow", "responseId": response, "offset": 0}
        followers: list[SocketStream] = []

        async def join() -> None:
            follower = await self._follow(frame)
            followers.append(follower)
            self.seen.append(follower.seen)
            await asyncio.wait([follower.started], timeout=JOIN_SECONDS)

        await self._spread(join)
        if self.given.follow:
            sys.stdout.write(JOINED)
            sys.stdout.flush()
        await asyncio.sleep(self.given.hold)
        self.held_kb = self.memory()
        await self._ping(followers)
        for follower in followers:
            follower.end(follower.seen.error)  # that the client leaves is no fault
            follower.transport.close()

    async def _ping(self, followers: list[SocketStream]) -> None:
        for follower in followers:
            if not follower.over.done():
                follower.send(b"", 0x89)
        await asyncio.wait([follower.ponged for follower in followers], timeout=ANSWER_SECONDS)
        for follower in followers:
            if not (follower.ponged.done() and follower.started.done()):
                follower.seen.error = "a follower does not answer"

    # Figures

    def memory(self) -> int:
        return sum(memory_kb(pid) for pid in self.pids)

    async def watch(self, peak: list[int]) -> None:
        while True:
            peak[0] = max(peak[0], self.memory())
            await asyncio.sleep(SAMPLE_SECONDS)

    async def run(self) -> dict[str, object]:
        before, cpu = self.memory(), sum(map(cpu_seconds, self.pids))
        peak, began = [before], time.monotonic()
        watching = asyncio.create_task(self.watch(peak))
        with suppress(TimeoutError):
            async with asyncio.timeout(self.given.timeout):
                await (self.hold() if self.given.hold else self.streams())
        wall = time.monotonic() - began
        await asyncio.sleep(SETTLE_SECONDS)
        watching.cancel()
        spent = sum(map(cpu_seconds, self.pids)) - cpu
        memory = {"rss0_kb": before, "rss_kb": peak[0], "rss_held_kb": self.held_kb}
        return {**self.counts(), **self.times(), **memory, "wall": wall, "server_cpu": spent}

    def counts(self) -> dict[str, object]:
        given, seen = self.given, self.seen
        errors = [one.error for one in seen if one.error]
        deltas = sum(one.deltas for one in seen)
        whole = sum(not one.error and (bool(one.took) or bool(given.hold)) for one in seen)
        return {
            "n": given.n,
            "ok": whole,
            "errors": len(errors),
            "unfinished": given.n - whole - len(errors),
            "err": errors[0] if errors else "",
            "deltas": deltas,
            "bytes": sum(one.bytes for one in seen),
            "writes": sum(one.reads for one in seen),
        }

    def times(self) -> dict[str, float]:
        """Return quantiles in milliseconds: time to the first delta, delay of deltas, duration of streams."""
        firsts = [one.first * 1e3 for one in self.seen if one.first is not None]
        delays = [delay / 1e3 for one in self.seen for delay in one.delays]
        took = [one.took * 1e3 for one in self.seen if one.took]
        named = {"ttfb": firsts, "lat": delays, "dur": took}
        shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
        return {
            f"{name}_{label}": quantile(values, share)
            for name, values in named.items()
            for label, share in shares.items()
        }


def quantile(values: list[float], share: float) -> float:
    """Return a quantile, 0 where there are no values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def main() -> int:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    result = uvloop.run(Load(arguments()).run())
    sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    return 0 if result["ok"] == result["n"] else 1


if __name__ == "__main__":
    sys.exit(main())
