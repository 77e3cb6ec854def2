"""Clients of every protocol that never read the answer they asked for: it goes on, and the server holds little for them."""

from __future__ import annotations

import contextlib
import json
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from chat.models import ACTIVE, Response
from chat.testing import Gate, ScriptedModel, answer
from tests.contract.expect import pieces_of
from tests.dialects.bodies import SENDING
from tests.faults.footprint import resident
from tests.live.client import SECONDS, Client, Json, new_id
from tests.live.harness import LiveServer, LiveServers, eventually

# An answer of the largest size, in deltas far larger than the buffers of a connection together.
TEXT = "".join(f"{number:06} " for number in range(140_000))
# Readers of one answer in each protocol that read nothing, and the MiB that a server may hold for all of them: 26 were
# measured, and 100 are the answer itself for each.
UNREAD, MEMORY = 20, 50.0
# Bytes of the kernel's buffer of such a reader.
BUFFER = 4_096

STREAMING = [one for one in SENDING if one.streamed is not None]


@pytest.fixture
def impatient(live: None, servers: LiveServers) -> LiveServer:
    """Provide a server that soon cuts a reader who takes nothing."""
    return servers.keep(CHAT_READER_SECONDS="2", CHAT_ACTIVE_PER_USER="20")


def ask(client: Client, method: str, path: str, body: Json | None = None) -> socket.socket:
    """Send a request over a connection of its own, and return it."""
    content = b"" if body is None else json.dumps(body).encode()
    named = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": str(len(content))}
    head = "".join(f"{name}: {value}\r\n" for name, value in {**named, **client.headers}.items())
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    opened.settimeout(SECONDS)
    opened.connect(client.server.listener.getsockname())
    opened.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content)
    return opened


def is_cut(opened: socket.socket) -> bool:
    """Return whether the server has ended the connection, without reading from it."""
    poll = select.poll()
    poll.register(opened, select.POLLHUP)
    return bool(poll.poll(0))


def rest_of(opened: socket.socket) -> bytes:
    """Return what had arrived before the connection ended."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while piece := opened.recv(65_536):
            found += piece
    return found


def test_answers_that_their_clients_never_read_go_on_and_are_read_by_another(
    model: ScriptedModel, alice: Client, impatient: LiveServer
) -> None:
    model.default(answer(*pieces_of(TEXT, 2_000)))
    there, answers = alice.at(impatient), Response.objects.filter(owner__username=alice.username)
    with ExitStack() as held:
        unread = {
            route.name: held.enter_context(
                ask(there, "POST", route.path, route.hello() | (route.streamed or {}))
            )
            for route in STREAMING
        }
        eventually(
            lambda: answers.exclude(status__in=ACTIVE).count() == len(unread), says="an answer did not end"
        )
        for one in answers:
            # Of a chat completion, closing the connection is the stop.
            if not one.public_id.startswith("chatcmpl-"):
                assert alice.get(f"/api/responses/{one.public_id}/stream").text == TEXT
        eventually(lambda: all(map(is_cut, unread.values())), says="some readers were not cut")
        for name, opened in unread.items():
            body = rest_of(opened)
            assert body.startswith(b"HTTP/1.1 200"), name
            assert len(body) < len(TEXT), name
            assert not body.endswith(b"0\r\n\r\n"), f"{name}: the body ended as a whole one"


def replays(thread: str, response: str) -> Iterator[str]:
    """Yield the paths under which protocols read an answer that runs or has ended."""
    yield f"/api/response/{thread}/stream"
    yield f"/api/ai-sdk/chat/{thread}/stream"
    yield f"/api/ag-ui?runId={response}"
    yield f"/v1/responses/{response}?stream=true"
    yield f"/v1/streams/{response}?offset=-1&live=sse"


def test_many_readers_that_read_nothing_cost_the_server_little(
    model: ScriptedModel, alice: Client, impatient: LiveServer
) -> None:
    there = alice.at(impatient)
    model.script(answer(*pieces_of(TEXT, 2_000)))
    # Ending an answer of this size takes memory too, which a server keeps for a while.
    assert alice.get(f"/api/responses/{begun(there)['response']}/stream").text == TEXT
    model.script(answer(*pieces_of(TEXT[:1_000], 100), gate := Gate(), *pieces_of(TEXT[1_000:], 2_000)))
    ids = begun(there)
    with ExitStack() as held:
        gate.wait_until_reached()
        before = resident(impatient)
        paths = [path for path in replays(*ids.values()) for _ in range(UNREAD)]
        unread = [held.enter_context(ask(there, "GET", path)) for path in paths]
        gate.open()
        taken = [before]

        def are_cut() -> bool:
            taken.append(resident(impatient))
            return all(map(is_cut, unread))

        eventually(are_cut, says="some readers were not cut")
        assert max(taken) - before < MEMORY, f"{before} MiB before, {max(taken)} at most"
        assert alice.get(f"/api/responses/{ids['response']}/stream").text == TEXT


def begun(client: Client) -> dict[str, str]:
    """Send a prompt whose answer goes on without its reader, and return the ids of its thread and response."""
    ids = {"thread": new_id("t"), "response": new_id("r")}
    with ask(
        client, "POST", "/api/chat", {"prompt": {"role": "user", "content": "Hi"}} | names(ids)
    ) as opened:
        assert opened.recv(12) == b"HTTP/1.1 200"
    return ids


def names(ids: dict[str, str]) -> Json:
    return {f"{kind}Id": name for kind, name in ids.items()}
