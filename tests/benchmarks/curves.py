"""Costs against size, which should not grow with it. Each point is the median of some requests, in milliseconds."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from uuid import uuid4

from django.db import connection

from tests.benchmarks.contestants import Ours
from tests.benchmarks.scenarios import REPLAY
from tests.benchmarks.script import MARK, SMALLEST, STAMP_RANGE, LoadScript

# Requests for a point; an odd number, so that the median is one of them.
TRIES = 21
# Messages of a thread.
THREAD_SIZES = (10, 100, 1_000, 10_000)
# Threads of one user.
LIST_SIZES = (100, 1_000, 10_000, 100_000)
# 5 s, twenty flushes of the log.
FOLLOWED = LoadScript(100, 12, 0.05)

_MESSAGES = """
INSERT INTO chat_message (owner_id, thread_id, public_id, turn, position, role, content, imported)
SELECT %(owner)s, %(thread)s, gen_random_uuid()::text, 0, n, CASE WHEN n %% 2 = 0 THEN 'user' ELSE 'assistant' END,
       repeat('Some words of a message. ', 4), true
FROM generate_series(0, %(size)s - 1) AS n
"""
_CHAIN = """
WITH before AS (
    SELECT id, lag(id) OVER (ORDER BY position) AS parent FROM chat_message WHERE thread_id = %(thread)s
)
UPDATE chat_message m SET parent_id = before.parent FROM before WHERE before.id = m.id
"""
_LEAF = """
UPDATE chat_thread SET leaf_id = (
    SELECT id FROM chat_message WHERE thread_id = %(thread)s ORDER BY position DESC LIMIT 1
) WHERE id = %(thread)s
"""
_THREADS = """
INSERT INTO chat_thread (owner_id, public_id, title, model, created_at, updated_at)
SELECT %(owner)s, gen_random_uuid()::text, 'Thread ' || n, 'c1', now(), now() - n * interval '1 minute'
FROM generate_series(1, %(size)s) AS n
"""


@dataclass
class Curve:
    """Sizes with medians; `fault` is the reason where points are missing."""

    name: str
    unit: str
    points: list[tuple[int, float]] = field(default_factory=list)
    fault: str = ""


class BenchClient:
    """A user of our server on one persistent connection."""

    def __init__(self, server: Ours, token: str, owner: int) -> None:
        self.owner = owner
        self._link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def first_byte(self, method: str, path: str, body: dict[str, Any] | None = None) -> float:
        """Return the milliseconds to the answer's first byte, and read the rest. Raise RuntimeError unless 200."""
        began = time.monotonic()
        answer = self.ask(method, path, body)
        answer.read(1)
        took = (time.monotonic() - began) * 1e3
        answer.read()
        return took

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> http.client.HTTPResponse:
        self._link.request(method, path, json.dumps(body) if body else None, self._headers)
        answer = self._link.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {answer.read(200)!r}")
        return answer

    def close(self) -> None:
        self._link.close()


def prompt(thread: str = "", response: str = "") -> dict[str, Any]:
    return {
        "prompt": {"id": str(uuid4()), "role": "user", "content": "On we go"},
        "threadId": thread or str(uuid4()),
        "responseId": response or str(uuid4()),
    }


def measured(curve: Curve, sizes: Sequence[int], point: Callable[[int], float]) -> Curve:
    """Add a point for each size, up to the first that fails."""
    try:
        for size in sizes:
            curve.points.append((size, point(size)))
    except (OSError, RuntimeError, http.client.HTTPException) as problem:
        curve.fault = f"{type(problem).__name__}: {problem}"
    return curve


def prompts(client: BenchClient) -> Curve:
    """Measure the time to the first byte of an answer, by the messages in the thread."""

    def point(size: int) -> float:
        thread = str(uuid4())
        _long_thread(client.owner, thread, size)
        body = [prompt(thread) for _ in range(TRIES)]
        return median(client.first_byte("POST", "/api/chat", one) for one in body)

    return measured(
        Curve("prompt in a thread of so many messages", "ms to the first byte"), THREAD_SIZES, point
    )


def _long_thread(owner: int, public_id: str, size: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO chat_thread (owner_id, public_id, title, model) VALUES (%s, %s, '', 'c1') RETURNING id",
            [owner, public_id],
        )
        named = {"owner": owner, "thread": cursor.fetchone()[0], "size": size}
        for statement in (_MESSAGES, _CHAIN, _LEAF):
            cursor.execute(statement, named)
        cursor.execute("ANALYZE chat_message")


def lists(client: BenchClient) -> Curve:
    """Measure the time to the first page of a user's threads, by their number."""
    made = 0

    def point(size: int) -> float:
        nonlocal made
        with connection.cursor() as cursor:
            cursor.execute(_THREADS, {"owner": client.owner, "size": size - made})
            cursor.execute("ANALYZE chat_thread")
        made = size
        return median(client.first_byte("GET", "/api/threads") for _ in range(TRIES))

    return measured(Curve("list of a user with so many threads", "ms to the first byte"), LIST_SIZES, point)


def replays(client: BenchClient) -> Curve:
    """Measure the time to the first byte of a finished response's stream. The server's script is REPLAY."""

    def point(size: int) -> float:
        body = prompt()
        client.first_byte("POST", "/api/chat", body)
        path = f"/api/responses/{body['responseId']}/stream"
        return median(client.first_byte("GET", path) for _ in range(TRIES))

    return measured(
        Curve("replay of so many bytes", "ms to the first byte"), [REPLAY.deltas * REPLAY.size], point
    )


def remote_follower(writing: BenchClient, reading: BenchClient) -> Curve:
    """Measure the delay of a delta at a follower in another process. The writing server's script is FOLLOWED."""

    def point(_: int) -> float:
        body = prompt()
        sender = threading.Thread(target=lambda: writing.first_byte("POST", "/api/chat", body), daemon=True)
        sender.start()
        time.sleep(FOLLOWED.pause * 5)  # the response is known then
        answer = reading.ask("GET", f"/api/responses/{body['responseId']}/stream")
        delays = list(_delays(answer))
        sender.join()
        if not delays:
            raise RuntimeError("nothing came")
        return median(delays)

    return measured(Curve("follower in another process", "ms behind, median"), [1], point)


def _delays(answer: http.client.HTTPResponse) -> Iterator[float]:
    """Yield the delay of the oldest delta of each read, in milliseconds; the replay at the start is left out."""
    answer.read1()
    while data := answer.read1():
        now, at = time.monotonic_ns() // 1000, data.find(MARK)
        stamp = data[at + 1 : at + SMALLEST]
        if at >= 0 and len(stamp) == SMALLEST - 1:
            yield (now - int(stamp)) % STAMP_RANGE / 1e3
