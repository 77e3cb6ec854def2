"""No input gives a 5xx, a traceback, a hang, or lets the server grow; a seed in the failure's text repeats it."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import WebSocketException

from chat.testing import ScriptedModel
from tests.faults.fault_server import start_fault_server
from tests.fuzz.inputs import Generator, Input, templates
from tests.live.client import SECONDS, Client
from tests.live.cookies import cookie
from tests.live.harness import LiveServer, assert_clean, eventually
from tests.live.staff import staff_cookies

# Inputs for one set of callers: forms of accounts sign them out, and the admin may delete them.
ROUND = 125
FRAMES_OF_SOCKET = 25
# MiB that a server may hold more after all inputs than after the first rounds, as the issue of hardening asks.
GROWTH = 10
FORM = re.compile(r"<form[^>]*>(.*?)</form>", re.DOTALL)
FIELD = re.compile(r'<(?:input|select|textarea)[^>]*\bname="([^"]+)"')
FORM_PAGES = ("/login/", "/signup/", "/settings/", "/password/", "/admin/login/", "/admin/password_change/")


def resident(server: LiveServer) -> float:
    """Return the memory that the server holds, in MiB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{server.pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


class Fuzzer:
    """Sends drawn inputs to one server as a stranger, a guest, a user with a token, and a superuser."""

    def __init__(self, server: LiveServer, make_client: Callable[..., Client], seed: int) -> None:
        self.server, self.seed = server, seed
        self.user, self.guest = make_client(server), make_client(server, token=False)
        self.guest.get("/api/session")
        answer = self.user.chat("Hello", thread="t", response="r", prompt="p")
        assert answer.status_code == 200
        share = self.user.http.post("/api/threads/t/shares").json()["shareId"]
        self.generator = Generator(seed, ["t", "r", "p", share, "1", "2", "c1", self.user.username])
        self.staff = httpx.Client(base_url=server.url, cookies=staff_cookies(server), timeout=SECONDS)
        self.stranger = httpx.Client(base_url=server.url, timeout=SECONDS)
        self.callers = [self.stranger, self.guest.http, self.user.http, self.staff]

    def send(self) -> None:
        """Send one request, form or run of frames. Raise AssertionError where its answer is not a clean one."""
        chance = self.generator.random.random()
        if chance < 0.02:
            self._frames()
        elif chance < 0.1:
            self._form()
        else:
            self._request(self.generator.random.choice(self.callers), self.generator.input())

    def close(self) -> None:
        self.staff.close()
        self.stranger.close()

    def _request(self, caller: httpx.Client, given: Input) -> None:
        token = cookie(caller.cookies, "csrf")
        own = {"X-CSRFToken": token, "Referer": self.server.url} if token else {}
        try:
            with caller.stream(
                given.method, given.path, headers={**own, **given.headers}, content=given.body
            ) as answer:
                answer.read()
        except (httpx.LocalProtocolError, UnicodeEncodeError, httpx.InvalidURL):
            self._raw(given)
        else:
            self._expect(answer.status_code, given)

    def _raw(self, given: Input) -> None:
        """Send what no HTTP library sends."""
        head = "".join(f"{name}: {value}\r\n" for name, value in given.headers.items())
        sent = f"{given.method} {given.path} HTTP/1.1\r\nConnection: close\r\nHost: localhost\r\n{head}"
        length = f"Content-Length: {len(given.body)}\r\n\r\n"
        address = self.server.listener.getsockname()
        with socket.create_connection(address, SECONDS) as connection, contextlib.suppress(ConnectionError):
            connection.sendall((sent + length).encode("utf-8", "surrogatepass") + given.body)
            answer = connection.recv(65_536)
            status = re.match(rb"HTTP/1\.1 (\d{3})", answer)
            self._expect(int(status[1]) if status else 0, given)

    def _form(self) -> None:
        random = self.generator.random
        caller = random.choice(self.callers)
        pages = (*FORM_PAGES, *(path for path in templates() if path.endswith("/add/")))
        path = random.choice(pages)
        forms = FORM.findall(caller.get(path, follow_redirects=True).text)
        if not forms:
            return
        names = [name for name in FIELD.findall(random.choice(forms)) if name != "csrfmiddlewaretoken"]
        fields = self.generator.fields(names)
        fields["csrfmiddlewaretoken"] = cookie(caller.cookies, "csrf")
        answer = caller.post(path, data=fields, headers={"Referer": f"{self.server.url}{path}"})
        self._expect(answer.status_code, Input("POST", path, {}, json.dumps(fields).encode()))

    def _frames(self) -> None:
        sent: list[bytes] = []
        with contextlib.suppress(WebSocketException), self.user.socket() as opened:
            for _ in range(FRAMES_OF_SOCKET):
                sent.append(self.generator.frame())
                opened.connection.send(sent[-1].decode("utf-8", "replace"))
            opened.connection.send('{"type": "ping"}')
            opened.receive_until("pong")

    def _expect(self, status: int, given: Input) -> None:
        assert 100 <= status < 500, f"seed {self.seed}: {status} for {given}"


@pytest.fixture
def fuzzed(model: ScriptedModel, servers: Any) -> Iterator[LiveServer]:
    """A server for the fuzzer alone, whose event loop is watched, with room for more responses than it will ask for."""
    with start_fault_server(servers, "watched_loop", CHAT_GUESTS_ACTIVE="1000") as server:
        yield server


def fuzz(server: LiveServer, make_client: Callable[..., Client], inputs: int) -> None:
    """Send so many inputs; then look at the log, at descriptors, threads and memory."""
    held: list[float] = []
    for seed in range(inputs // ROUND):
        fuzzer = Fuzzer(server, make_client, seed)
        for _ in range(ROUND):
            fuzzer.send()
        fuzzer.close()
        held.append(resident(server))
        assert server.alive()
        assert_clean(server)
    assert "action=loop_held" not in server.log
    eventually(lambda: server.descriptors() < 100, says=f"{server.descriptors()} descriptors are open")
    assert held[-1] - max(held[: len(held) // 4 + 1]) < GROWTH, f"memory after each round: {held}"


@pytest.mark.live
def test_a_thousand_inputs_do_no_harm(fuzzed: LiveServer, make_client: Callable[..., Client]) -> None:
    fuzz(fuzzed, make_client, 1_000)


@pytest.mark.live
@pytest.mark.long
def test_a_hundred_thousand_inputs_do_no_harm(fuzzed: LiveServer, make_client: Callable[..., Client]) -> None:
    fuzz(fuzzed, make_client, 100_000)
