"""A client for tests: a user of one server, over HTTP and WebSocket."""

from __future__ import annotations

import contextlib
import json
import ssl
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.live.conformance import check_answer, event_checker
from tests.live.harness import CANARY_WORD, END_SECONDS, LiveServer, eventually

# Seconds for one read; more is a hang. As long as any wait of a test, for a starved machine.
SECONDS = END_SECONDS
# Unused over http; made once, for each one costs 30 ms.
PLAIN_TEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

Json = dict[str, Any]


def new_id(kind: str = "id") -> str:
    return f"{kind}-{uuid.uuid4().hex[:12]}"


def body_of(
    content: Any = f"Tell me about the {CANARY_WORD}.",
    *,
    thread: str | None = None,
    response: str | None = None,
    prompt: str | None = None,
    **more: Any,
) -> Json:
    """Return the body of `POST /api/chat`."""
    named = {"threadId": thread, "responseId": response}
    message = {"role": "user", "content": content, **({"id": prompt} if prompt else {})}
    return {"prompt": message, **{key: value for key, value in named.items() if value}, **more}


class Closeable(Protocol):
    def close(self) -> None: ...


class Client:
    """A user of one server; with `token` None a visitor with cookies."""

    def __init__(self, server: LiveServer, token: str | None = None, username: str = "") -> None:
        self.server = server
        self.username = username
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.Client(
            base_url=server.url,
            headers=self.headers,
            timeout=SECONDS,
            verify=PLAIN_TEXT,
            event_hooks={"response": [check_answer]},
        )
        self.opened: list[Closeable] = [self.http]

    def at(self, server: LiveServer) -> Client:
        """Return the same user at another server."""
        other = Client(server, None, self.username)
        other.headers = self.headers
        other.http.headers.update(self.headers)
        self.opened.append(other)
        return other

    def chat(self, *args: Any, query: str = "", **body: Any) -> httpx.Response:
        """Send `POST /api/chat` and read it to its end."""
        return self.http.post(f"/api/chat{query}", json=body_of(*args, **body))

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.http.get(path, params=params)

    def response(self, response_id: str) -> Json:
        answer = self.get(f"/api/responses/{response_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def wait_until(self, response_id: str, status: str) -> Json:
        """Wait until the response is known and has this status; return it."""

        def reached() -> Json | None:
            answer = self.get(f"/api/responses/{response_id}")
            return dict(answer.json()) if answer.is_success and answer.json()["status"] == status else None

        return dict(eventually(reached, says=f"{response_id} never was {status}"))

    def stop(self, response_id: str, **body: Any) -> httpx.Response:
        return self.http.post(f"/api/responses/{response_id}/stop", json=body)

    def messages(self, thread_id: str, **params: Any) -> list[Json]:
        answer = self.get(f"/api/threads/{thread_id}/messages", **params)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["messages"])

    @contextlib.contextmanager
    def socket(self, **headers: str) -> Iterator[WebSocketClient]:
        with connect_socket(self.server, {**self.headers, **headers}) as connection:
            yield WebSocketClient(connection)

    def close(self) -> None:
        """Close everything that was opened for this user, even where a test failed half-way."""
        for opened in self.opened:
            opened.close()


def connect_socket(server: LiveServer, headers: dict[str, str]) -> AbstractContextManager[ClientConnection]:
    """Open a WebSocket for the block. Raise websockets.exceptions.InvalidStatus where it is refused."""
    url = server.url.replace("http", "ws", 1) + "/ws/chat/"
    return connect(url, additional_headers=headers, open_timeout=SECONDS, proxy=None, max_size=None)


class WebSocketClient:
    """A WebSocket that speaks JSON."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def say(self, kind: str, **fields: Any) -> None:
        self.connection.send(json.dumps({"type": kind, **fields}))

    def receive(self) -> Json:
        frame = dict(json.loads(self.connection.recv(SECONDS)))
        event_checker().check_frame(frame)
        return frame

    def receive_until(self, kind: str) -> Json:
        """Return the next frame of this type; others are skipped."""
        while (frame := self.receive())["type"] != kind:
            pass
        return frame

    def ask(self, kind: str, **fields: Any) -> Json:
        self.say(kind, **fields)
        return self.receive()
