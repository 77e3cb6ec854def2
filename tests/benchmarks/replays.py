"""Replays of a finished answer over one connection, one after the other."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from uuid import uuid4

from tests.benchmarks.contestants import Contestant, Ours

# Replays before those that count.
WARM_UP = 20
# Bytes taken from the connection at once: reading in small pieces would cost the sender wake-ups.
READ_BYTES = 1_048_576


class Replays:
    """The replays of an answer of a running contestant; nginx has it as a file."""

    def __init__(self, contestant: Contestant) -> None:
        self._link = http.client.HTTPConnection("127.0.0.1", contestant.port, timeout=60)
        self._headers = dict(header.split(": ", 1) for header in contestant.headers)
        self._path = self._send() if isinstance(contestant, Ours) else "/answer"

    def __enter__(self) -> Replays:
        self.repeat(WARM_UP)
        return self

    def __exit__(self, *problem: object) -> None:
        self._link.close()

    def repeat(self, times: int) -> int:
        """Replay the answer so often; return the bytes. Raise RuntimeError unless 200."""
        return sum(self._answer("GET", self._path) for _ in range(times))

    def _send(self) -> str:
        response = str(uuid4())
        prompt = {
            "prompt": {"id": str(uuid4()), "role": "user", "content": "On we go"},
            "responseId": response,
        }
        self._answer("POST", "/api/chat", json.dumps(prompt))
        return f"/api/responses/{response}/stream"

    def _answer(self, method: str, path: str, body: str | None = None) -> int:
        self._link.request(method, path, body, self._headers | {"Content-Type": "application/json"})
        with closing(self._link.getresponse()) as answer:
            if answer.status != 200:
                raise RuntimeError(f"{method} {path} answered {answer.status}")
            size = 0
            while data := answer.read(READ_BYTES):
                size += len(data)
            return size
