"""No input gives a 5xx, a traceback, a hang, or lets the server grow; a seed in the failure's text repeats it."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import httpx
import pytest
from websockets.exceptions import WebSocketException

from chat.models import LoginAttempt
from chat.testing import ScriptedModel
from tests.faults.fault_server import start_fault_server
from tests.faults.footprint import Footprint, footprint
from tests.fuzz.inputs import Generator, Input, templates
from tests.fuzz.values import FAST_HASHERS
from tests.live.client import PLAIN_TEXT, SECONDS, Client
from tests.live.cookies import cookie
from tests.live.harness import LiveServer, assert_clean, eventually
from tests.live.staff import staff_cookies

# Inputs for one set of callers: forms of accounts sign them out, and the admin may delete them.
INPUTS_OF_CALLERS = 250
# Sets of callers at once, in the times in which the others wait for the server.
FUZZERS = 4
FRAMES_OF_SOCKET = 25
# MiB that a server may hold more after all inputs than after the first quarter of them, as the issue of hardening asks.
GROWTH = 10
# Descriptors and tasks more than at the start: pooled connections, and work of the last inputs that goes on.
SPARE = 60
# Faults after which the rest would say little new.
MAX_FAULTS = 20
# Characters of a fault that the server logged.
LOGGED = 2_000
FORM = re.compile(r"<form[^>]*>(.*?)</form>", re.DOTALL)
FIELD = re.compile(r'<(?:input|select|textarea)[^>]*\bname="([^"]+)"')
FORM_PAGES = ("/login/", "/signup/", "/settings/", "/password/")


class Fuzzer:
    """Sends drawn inputs to one server as a stranger, a guest, a user with a token, and a superuser.

    `faults` describe the inputs whose answers were not clean. Of the ones sent at once, each has callers of its own.
    """

    def __init__(self, server: LiveServer, make_client: Callable[..., Client], seed: int) -> None:
        self.server, self.seed = server, seed
        self.faults: list[str] = []
        self.user, self.guest = make_client(server), make_client(server, token=False)
        self.guest.get("/api/session")
        answer = self.user.chat("Hello", thread="t", response="r", prompt="p")
        assert answer.status_code == 200
        share = self.user.http.post("/api/threads/t/shares").json()["shareId"]
        self.generator = Generator(seed, ["t", "r", "p", share, "1", "2", "c1", self.user.username])
        self.staff = httpx.Client(
            base_url=server.url, cookies=staff_cookies(server), timeout=SECONDS, verify=PLAIN_TEXT
        )
        self.stranger = httpx.Client(base_url=server.url, timeout=SECONDS, verify=PLAIN_TEXT)
        self.callers = [self.stranger, self.guest.http, self.user.http, self.staff]

    def send_all(self) -> list[str]:
        """Send the inputs of the seed and return the faults."""
        for _ in range(INPUTS_OF_CALLERS):
            self.send()
        self.close()
        return self.faults

    def send(self) -> None:
        """Send one request, form or run of frames; no answer in time is a fault."""
        try:
            self._send()
        except httpx.TimeoutException as error:
            asked = error.request
            self.faults.append(f"seed {self.seed}: no answer to {asked.method} {asked.url} {asked.content!r}")

    def _send(self) -> None:
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
        if not 100 <= status < 500:
            self.faults.append(f"seed {self.seed}: {status} for {given}")


@pytest.fixture
def fuzzed(model: ScriptedModel, servers: Any, settings: Any) -> Iterator[LiveServer]:
    """A server for the fuzzer alone, whose event loop is watched, with room for more responses than it will ask for."""
    with start_fault_server(servers, "fast_passwords", CHAT_GUESTS_ACTIVE="1000") as server:
        settings.PASSWORD_HASHERS = FAST_HASHERS
        yield server


def fuzz(server: LiveServer, make_client: Callable[..., Client], inputs: int) -> None:
    """Send so many inputs; then look at the log, and at descriptors, tasks, threads and memory."""
    held, faults = [footprint(server)], list[str]()
    began = time.monotonic()
    for first in range(0, inputs // INPUTS_OF_CALLERS, FUZZERS):
        found = send_round(server, make_client, range(first, first + FUZZERS))
        print(*found, sep="\n", end="", flush=True)
        faults += found
        held.append(footprint(server))
        if len(faults) > MAX_FAULTS:
            break
    print(f"{inputs} inputs in {time.monotonic() - began:.0f} s; {held[0]} before, {held[-1]} after")
    assert not faults, "\n\n".join(faults)
    eventually(lambda: has_released(server, held[0]), says=f"{held[0]} before, {footprint(server)} after")
    memory = [each.memory for each in held[1:]]
    assert memory[-1] - max(memory[: len(memory) // 4 + 1]) < GROWTH, f"memory after each round: {memory}"


def send_round(server: LiveServer, make_client: Callable[..., Client], seeds: range) -> list[str]:
    """Send the inputs of some seeds at once and return the faults, those in the server's log among them."""
    LoginAttempt.objects.all().delete()  # of earlier rounds: the server would refuse all passwords of this address
    logged = server.log_size
    fuzzers = [Fuzzer(server, make_client, seed) for seed in seeds]
    with ThreadPoolExecutor(FUZZERS) as pool:
        found = list(pool.map(Fuzzer.send_all, fuzzers))
    assert server.alive()
    return [*chain(*found), *faults_logged(server, logged, seeds)]


def faults_logged(server: LiveServer, since: int, seeds: range) -> list[str]:
    """Return what stands in the log after so many bytes and never should."""
    news = server.log_since(since)
    try:
        assert_clean(server, since)
    except AssertionError as error:
        return [f"{seeds}: {error}"[:LOGGED]]
    held = news.find("action=loop_held")
    return [f"{seeds}: {news[held : held + 200]}"] if held >= 0 else []


def has_released(server: LiveServer, before: Footprint) -> bool:
    """Return whether the server holds little more than before."""
    after = footprint(server)
    return after.descriptors <= before.descriptors + SPARE and after.tasks <= before.tasks + SPARE


@pytest.mark.live
def test_a_thousand_inputs_do_no_harm(fuzzed: LiveServer, make_client: Callable[..., Client]) -> None:
    fuzz(fuzzed, make_client, 1_000)


@pytest.mark.live
@pytest.mark.long
def test_a_hundred_thousand_inputs_do_no_harm(fuzzed: LiveServer, make_client: Callable[..., Client]) -> None:
    fuzz(fuzzed, make_client, 100_000)
