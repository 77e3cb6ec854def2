"""Attacks on a server in all known ways: connections that leave, floods, slow readers, hostile searches, pages and models."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, cycle
from random import Random
from threading import Lock

import httpx
from websockets.exceptions import WebSocketException

from chat.testing import FAULTS, Received, Script, answer
from chat.testing.script import Delta, Endless, Unframed, broken
from tests.faults.test_pages import visit
from tests.fuzz.test_fuzz import Fuzzer
from tests.live.client import Client, body_of
from tests.live.harness import LiveServer
from tests.live.test_resets import CLOSE, ENDINGS, FRAMES, PINGS, LeavingPoint

# Attackers at once.
ATTACKERS = 6
# Connections that leave in one go.
CONNECTIONS = 10
# Seconds that slow readers hold their connections, and until an attack of its own gives up.
HELD_SECONDS, PATIENCE = 1.0, 10.0
# Pages at once: more than run and wait.
PAGES = 150
# Replies of the thread whose pages are huge; each as large as a request may be, four bytes to a character in memory.
REPLIES = 20
HUGE = "\U0001f98a" + "x" * 900_000
WORDS = " ".join(f"w{number}" for number in range(3_000))
HOSTILE_MODELS: dict[str, Script] = {
    "names": broken(*(Delta({"tool_calls": [{"function": {"name": f"n{at}"}}]}) for at in range(5_000))),
    "trailers": broken("Hello", Unframed(b"0\r\n" + b"A: b\r\n" * 50_000)),
    "long": broken(Endless("x" * 1_000)),
    **{name: fault.behaviour for name, fault in FAULTS.items()
       if isinstance(fault.behaviour, Script) and not fault.refused and not fault.slow},
}  # fmt: skip


def hostile_model(received: Received) -> Script:
    """Answer as the prompt says."""
    asked = str(received.messages[-1]["content"])
    return HOSTILE_MODELS.get(asked, answer("Hello"))


class Attackers:
    """The accounts of attackers at one server, and what they do with them."""

    def __init__(self, server: LiveServer, make_client: Callable[..., Client]) -> None:
        self.server = server
        self.guest = make_client(server, token=False)
        self.guest.get("/api/session")
        self.fuzzers = [Fuzzer(server, make_client, seed) for seed in range(ATTACKERS)]
        self._make_client, self._signing_up = make_client, Lock()
        self._sign_up()
        self._steps = list(self._leaving_points())

    def _sign_up(self) -> None:
        self.client = self._make_client(self.server)
        self._prepare_thread()

    def _prepare_thread(self) -> None:
        """Store a thread whose pages and hits of searches are as large as may be."""
        turns = [{"role": ("user", "assistant")[at % 2], "content": f"{at}"} for at in range(2 * REPLIES)]
        body = {"messages": [*turns, {"role": "user", "content": "Hello"}], "threadId": "huge"}
        assert self.client.http.post("/api/chat", json=body).status_code == 200
        for message in self.client.messages("huge")[:REPLIES]:
            self._replace(message["id"], HUGE)

    def _replace(self, message: str, content: str) -> httpx.Response:
        return self.client.http.put(f"/api/threads/huge/messages/{message}", json={"content": content})

    def _leaving_points(self) -> Iterator[LeavingPoint]:
        token = f"Authorization: {self.client.headers['Authorization']}\r\n"
        get = f"GET /api/threads HTTP/1.1\r\nHost: localhost\r\n{token}\r\n".encode()
        body = json.dumps(body_of("long")).encode()
        head = f"POST /api/chat HTTP/1.1\r\nHost: localhost\r\n{token}Content-Type: application/json\r\n"
        post = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        upgrade = "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n"
        key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        hands = f"GET /ws/chat/ HTTP/1.1\r\nHost: localhost\r\n{token}{upgrade}{key}".encode()
        yield from (LeavingPoint(last) for last in (b"", bytes(1000), get[:8], get[:40], get, get * 30))
        yield from (LeavingPoint(last) for last in (post[:-9], post, hands[:90], hands, hands + PINGS))
        yield from (LeavingPoint(last, first=hands) for last in (PINGS, FRAMES, FRAMES[:500], CLOSE))
        yield from (LeavingPoint(b"", first=first) for first in (get, post))

    def attack(self, seconds: float) -> None:
        """Attack in all ways, several at a time, until the time is over, and at least once in each."""
        ends = time.monotonic() + seconds
        with ThreadPoolExecutor(ATTACKERS) as pool:
            runs = [pool.submit(self._attack_until, ends, number) for number in range(ATTACKERS)]
        for run in runs:
            run.result()

    def close(self) -> None:
        for fuzzer in self.fuzzers:
            fuzzer.close()

    def faults(self) -> list[str]:
        """Return what the server answered and should not: 503 is right while it is flooded."""
        found = chain(*(fuzzer.faults for fuzzer in self.fuzzers))
        return [fault for fault in found if ": 503 for " not in fault]

    def _attack_until(self, ends: float, number: int) -> None:
        random, ways = Random(number), self._ways(number)
        random.shuffle(ways)
        for done, way in enumerate(cycle(ways)):
            if done >= len(ways) and time.monotonic() >= ends:
                return
            with contextlib.suppress(httpx.HTTPError, OSError, WebSocketException):
                way(random)

    def _ways(self, number: int) -> list[Callable[[Random], None]]:
        return [
            self._leave, self._read_slowly, self._search, self._load_huge_pages, self._fill_disk,
            self._become_guests, self._guess_passwords, self._open_pages, self._send_nul, self._flood_socket,
            self._ask_hostile_models, partial(self._fuzz, self.fuzzers[number]),
        ]  # fmt: skip

    def _fuzz(self, fuzzer: Fuzzer, random: Random) -> None:
        for _ in range(20):
            fuzzer.send()

    def _leave(self, random: Random) -> None:
        """Bring connections to some point of both protocols, and leave in some way."""
        step, ending = random.choice(self._steps), random.choice(ENDINGS)
        with contextlib.ExitStack() as held:
            clients = [held.enter_context(self._connect(step.first)) for _ in range(CONNECTIONS)]
            for client in clients:
                ending(client, step.last)

    def _connect(self, first: bytes) -> socket.socket:
        client = socket.create_connection(self.server.listener.getsockname(), PATIENCE)
        if first:
            client.sendall(first)
            client.recv(1)
        return client

    def _read_slowly(self, random: Random) -> None:
        """Ask for more than buffers take and read next to nothing of it."""
        with contextlib.ExitStack() as held:
            for _ in range(CONNECTIONS):
                held.enter_context(self._connect(self._steps[-1].first))
            time.sleep(HELD_SECONDS)

    def _search(self, random: Random) -> None:
        words = " ".join(random.sample(WORDS.split(), random.choice((1, 30, 3_000))))
        self.client.get("/api/threads", q=words)

    def _load_huge_pages(self, random: Random) -> None:
        self.client.get("/api/threads/huge/messages", limit=1_000)
        self.client.get("/api/threads/huge/export", format=random.choice(("json", "markdown")))

    def _fill_disk(self, random: Random) -> None:
        """Store as much as the quota takes, and more."""
        self._sign_up_again_if_removed()
        for message in self.client.messages("huge", limit=2):
            self._replace(message["id"], random.choice((HUGE, WORDS)))
        self.client.http.post("/api/threads", json={"systemPrompt": "x" * 60_000})

    def _sign_up_again_if_removed(self) -> None:
        """Take another account where the fuzz, which has a superuser too, removed this one or ended its token."""
        with self._signing_up:
            if self.client.get("/api/threads").status_code == 401:
                self._sign_up()

    def _become_guests(self, random: Random) -> None:
        for _ in range(5):
            self.fuzzers[0].stranger.get("/api/session", headers={"Cookie": ""})

    def _guess_passwords(self, random: Random) -> None:
        form = {"login": random.choice((self.client.username, "nobody")), "password": "guess"}
        self.fuzzers[0].stranger.post("/login/", data=form)

    def _open_pages(self, random: Random) -> None:
        asyncio.run(visit(self.server, PAGES))

    def _send_nul(self, random: Random) -> None:
        for path in ("/", "/admin/", "/api/threads", "/api/threads/t/messages?before=%00"):
            cookie = 'chat_session="abcdefgh\\000ijkl"; sessionid="\\000"'
            httpx.get(self.server.url + path, headers={"Cookie": cookie}, timeout=PATIENCE)

    def _flood_socket(self, random: Random) -> None:
        """Send more frames than are read, some of them too large, and read no answer."""
        with self.guest.socket(Origin=self.server.url, Cookie=cookies_of(self.guest)) as opened:
            frame = random.choice(("x" * 600_000, '{"type": "ping"}', "{", '{"type": "watch"}'))
            for _ in range(200):
                opened.connection.send(frame)

    def _ask_hostile_models(self, random: Random) -> None:
        self.client.chat(random.choice([name for name in HOSTILE_MODELS if name != "long"]))


def cookies_of(client: Client) -> str:
    """Return the header with the client's cookies, for its sockets."""
    return "; ".join(f"{name}={value}" for name, value in client.http.cookies.items())
