"""The Python client, sync and async, over a transport that cuts and refuses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chat_client as cc
from chat_client import _backoff
from tests.unit.fake_chat_server import (
    END,
    Cut,
    FakeChatServer,
    Fault,
    LostPiece,
    Piece,
    Refusal,
    Unreachable,
)

PIECES: list[Piece] = [
    ("thinking", "Grüße? "),
    ("thinking", "🍎"),
    ("delta", "Grö"),
    ("delta", "\ufeffße\n\n"),
    ("thinking", "\u2028ja"),
    ("delta", "🍎 data: x"),
]
URL = "http://chat.test"

Run = Callable[[FakeChatServer], list[cc.Event]]


@pytest.fixture(scope="module", autouse=True)
def _no_pauses() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_backoff, "PAUSES", (0.0,))
        yield


def http_of(handler: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    # Settings from the environment would cost a TLS context for each client.
    return httpx.Client(transport=httpx.MockTransport(handler), trust_env=False)


def client_of(server: FakeChatServer, **options: Any) -> cc.ChatClient:
    return cc.ChatClient(URL, "token", http=http_of(server), **options)


def run_sync(server: FakeChatServer) -> list[cc.Event]:
    with client_of(server) as client:
        return list(client.send("Hi", response_id="r"))


def run_async(server: FakeChatServer) -> list[cc.Event]:
    async def run() -> list[cc.Event]:
        http = httpx.AsyncClient(transport=httpx.MockTransport(server), trust_env=False)
        async with cc.AsyncChatClient(URL, "token", http=http) as client:
            return [event async for event in client.send("Hi", response_id="r")]

    return asyncio.run(run())


both = pytest.mark.parametrize("run", [run_sync, run_async])


def assert_whole(server: FakeChatServer, events: list[cc.Event]) -> None:
    """Assert that the events hold each byte of text and thought once, and one end."""
    texts = [event for event in events if isinstance(event, cc.TextDelta)]
    thoughts = [event for event in events if isinstance(event, cc.ThinkingDelta)]
    assert "".join(event.text for event in texts) == server.text("delta")
    assert "".join(event.text for event in thoughts) == server.text("thinking")
    read = 0
    for event in texts:
        read += len(event.text.encode())
        assert event.offset == read
    assert [event for event in events if isinstance(event, cc.StreamEnd)] == [events[-1]]


@pytest.mark.parametrize(("run", "clean", "overlap"), [(run_sync, True, 0), (run_async, False, 9)])
def test_a_cut_at_every_byte_loses_and_doubles_nothing(run: Run, clean: bool, overlap: int) -> None:
    for after in range(len(FakeChatServer(PIECES).body())):
        server = FakeChatServer(PIECES, [Cut(after, clean)], overlap)
        events = run(server)
        assert_whole(server, events)
        assert [type(event) for event in events].count(cc.Reconnecting) == 1


pieces = st.lists(
    st.tuples(st.sampled_from(["delta", "thinking"]), st.text(min_size=1, max_size=6)), max_size=8
)
faults = st.one_of(
    st.builds(Cut, st.integers(0, 900), st.booleans()),
    st.builds(Unreachable),
    st.builds(Refusal, st.sampled_from([429, 502, 503])),
)


@given(pieces, st.lists(faults, max_size=5), st.integers(0, 9))
def test_any_faults_lose_and_double_nothing(pieces: list[Piece], faults: list[Fault], overlap: int) -> None:
    server = FakeChatServer(pieces, faults, overlap)
    assert_whole(server, run_sync(server))


@both
def test_a_prompt_is_repeated_under_its_ids_until_it_is_accepted(run: Run) -> None:
    server = FakeChatServer(PIECES, [Unreachable(), Refusal(503), Cut(100)])
    assert_whole(server, run(server))
    assert [request.method for request in server.requests] == ["POST", "POST", "POST", "GET"]
    sent = [json.loads(request.content) for request in server.requests[:3]]
    assert sent[0] == sent[1] == sent[2]
    assert sent[0]["responseId"] == "r"
    assert {"threadId", "prompt"} <= set(sent[0])


def test_the_pause_is_at_least_what_the_server_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    events = run_sync(FakeChatServer(PIECES, [Refusal(429, "quota_exceeded", retry_after=7)]))
    assert isinstance(events[0], cc.Reconnecting)
    assert events[0].seconds == slept[0] == 7.0


@both
def test_a_wait_of_minutes_is_left_to_the_caller(run: Run) -> None:
    with pytest.raises(cc.QuotaExceededError) as raised:
        run(FakeChatServer(PIECES, [Refusal(429, "quota_exceeded", retry_after=1800)]))
    assert (raised.value.code, raised.value.retry_after) == ("quota_exceeded", 1800.0)
    assert raised.value.problem["quota"] == "active"


@both
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, cc.BadRequestError),
        (401, cc.UnauthenticatedError),
        (403, cc.ForbiddenError),
        (404, cc.NotFoundError),
        (405, cc.BadRequestError),
        (409, cc.ConflictError),
        (413, cc.TooLargeError),
        (501, cc.ServerError),
    ],
)
def test_a_refusal_is_raised_at_once(run: Run, status: int, kind: type[cc.ProblemError]) -> None:
    server = FakeChatServer(PIECES, [Refusal(status, "some_code")])
    with pytest.raises(kind, match=rf"Refused with {status}\.") as raised:
        run(server)
    assert (raised.value.status, raised.value.code) == (status, "some_code")
    assert len(server.requests) == 1


def test_a_stream_gives_up_after_failures_in_a_row_and_counts_from_new_after_progress() -> None:
    server = FakeChatServer(PIECES, [Cut(0), Cut(0), Cut(250), Cut(0), Cut(0)])
    assert_whole(server, list(client_of(server, max_retries=3).send("Hi")))
    dead = FakeChatServer(PIECES, [Unreachable()] * 3)
    with pytest.raises(cc.ConnectionLostError):
        list(client_of(dead, max_retries=2).send("Hi"))
    assert len(dead.requests) == 3


def test_missing_bytes_are_fetched_and_never_skipped() -> None:
    server = FakeChatServer(PIECES, [LostPiece()])
    assert_whole(server, run_sync(server))
    assert len(server.requests) == 2


@both
def test_a_failed_response_ends_with_its_error(run: Run) -> None:
    error = {"code": "model_failed", "message": "It broke.", "retryable": True}
    server = FakeChatServer(PIECES, end={**END, "status": "failed", "error": error})
    end = run(server)[-1]
    assert isinstance(end, cc.StreamEnd)
    assert (end.status, end.error) == ("failed", error)


def test_the_text_of_a_failed_response_ends_with_an_exception() -> None:
    error = {"code": "model_failed", "message": "It broke.", "retryable": True}
    server = FakeChatServer(PIECES, end={**END, "status": "failed", "error": error})
    received: list[str] = []
    with pytest.raises(cc.ResponseFailedError, match="It broke") as raised:
        received.extend(client_of(server).send("Hi").text())
    assert raised.value.code == "model_failed"


def test_leaving_the_loop_closes_the_connection() -> None:
    server = FakeChatServer(PIECES)
    with client_of(server).send("Hi") as stream:
        next(iter(stream))
        assert not server.bodies[0].closed
    assert server.bodies[0].closed


def test_a_reader_continues_where_it_was() -> None:
    server = FakeChatServer(PIECES)
    events = list(client_of(server).follow("r", offset=4, thinking_offset=13))
    assert [event.text for event in events if isinstance(event, cc.TextDelta)] == [
        "\ufeffße\n\n",
        "🍎 data: x",
    ]
    assert dict(server.requests[0].url.params) == {"format": "sse", "offset": "4", "thinkingOffset": "13"}


@pytest.mark.parametrize("token", [None, "secret"])
def test_credentials_are_a_token_or_a_visitors_session(token: str | None) -> None:
    server = FakeChatServer(PIECES)
    client = cc.ChatClient(URL, token, http=http_of(server))
    list(client.send("Hi"))
    list(client.send("Hi"))
    paths = [request.url.path for request in server.requests]
    assert paths == ["/api/session"] * (token is None) + ["/api/chat"] * 2
    headers = server.requests[-1].headers
    assert (headers.get("Authorization"), headers.get("X-CSRFToken")) == (
        (None, "csrf") if token is None else ("Bearer secret", None)
    )


def test_an_answer_that_is_no_json_is_a_protocol_error() -> None:
    http = http_of(lambda _: httpx.Response(200, text="<html>"))
    client = cc.ChatClient(URL, "token", http=http)
    with pytest.raises(cc.ProtocolError):
        client.threads()
