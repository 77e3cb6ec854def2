"""The Python client, sync and async, against real servers: cuts, stops, restarts, refusals, history."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

import chat_client as cc
from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from chat.testing.script import Stall, Thought, broken
from tests.faults.fault_server import LEASE, wait_until_stored
from tests.live.client import Client, new_id
from tests.live.files import pdf
from tests.live.harness import LiveServer, LiveServers
from tests.live.pictures import PNG
from tests.page.network_link import NetworkLink
from tests.unit.documents import page

# The thought and the two halves of the text.
THOUGHT, FIRST, SECOND = "Grüße?", "Grö", "ße 🍎\u2028 und mehr"

pytestmark = pytest.mark.live

Watch = Callable[[cc.Event], object]
Run = Callable[[str, str, Watch], list[cc.Event]]


def run_sync(url: str, token: str, watch: Watch) -> list[cc.Event]:
    """Send a prompt and pass each event to `watch`; return them all."""
    events = []
    with cc.ChatClient(url, token) as client:
        for event in client.send("Hi", response_id="r"):
            watch(event)
            events.append(event)
    return events


def run_async(url: str, token: str, watch: Watch) -> list[cc.Event]:
    async def watched(client: cc.AsyncChatClient) -> AsyncIterator[cc.Event]:
        async for event in client.send("Hi", response_id="r"):
            watch(event)
            yield event

    async def run() -> list[cc.Event]:
        async with cc.AsyncChatClient(url, token) as client:
            return [event async for event in watched(client)]

    return asyncio.run(run())


both = pytest.mark.parametrize("run", [run_sync, run_async])
both_slow = pytest.mark.parametrize("run", [run_sync, pytest.param(run_async, marks=pytest.mark.long)])


def token_of(user: Client) -> str:
    return user.headers["Authorization"].removeprefix("Bearer ")


Connect = Callable[..., cc.ChatClient]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Provide a function that returns a client of a user, closed after the test."""
    with contextlib.ExitStack() as stack:

        def make(user: Client, **options: Any) -> cc.ChatClient:
            return stack.enter_context(cc.ChatClient(user.server.url, token_of(user), **options))

        yield make


def text_of(events: list[cc.Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, cc.TextDelta))


@both
def test_a_cut_network_loses_and_doubles_nothing(model: ScriptedModel, alice: Client, run: Run) -> None:
    gate = Gate()
    model.script(answer(Thought(THOUGHT), FIRST, gate, Thought(THOUGHT), SECOND))
    with NetworkLink(urlsplit(alice.server.url).port or 0) as link:

        def watch(event: cc.Event) -> None:
            if isinstance(event, cc.TextDelta) and not link.broken:
                link.cut()
            if isinstance(event, cc.Reconnecting):
                link.restore()
                gate.open()

        events = run(link.url, token_of(alice), watch)
    # The log: both halves, and what the server writes while the model thinks.
    assert text_of(events) == alice.get("/api/responses/r/stream").text
    assert SECOND in text_of(events)
    thoughts = [event.text for event in events if isinstance(event, cc.ThinkingDelta)]
    assert "".join(thoughts) == THOUGHT * 2
    end = events[-1]
    assert isinstance(end, cc.StreamEnd)
    assert (end.status, end.kept_offset) == ("done", len(text_of(events).encode()))
    assert link.broken
    assert len(model.requests) == 1


@pytest.mark.long
@both_slow
def test_a_restart_in_mid_stream_ends_the_response_with_its_text_kept(
    model: ScriptedModel,
    make_client: Callable[..., Client],
    servers: LiveServers,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # `watch` reads the database in the thread of the event loop.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    model.script(broken(FIRST, Stall()))
    with servers.own(CHAT_LEASE_SECONDS=LEASE) as server:
        user = make_client(server)

        def watch(event: cc.Event) -> None:
            if isinstance(event, cc.TextDelta):
                wait_until_stored(user, "r", len(FIRST.encode()))
                restart(server)

        events = run(server.url, token_of(user), watch)
        end = events[-1]
        assert isinstance(end, cc.StreamEnd)
        assert (end.status, text_of(events)) == ("interrupted", FIRST)
        assert any(isinstance(event, cc.Reconnecting) for event in events)
        assert user.messages(user.response("r")["threadId"])[-1]["content"] == FIRST
    assert len(model.requests) == 1


def restart(server: LiveServer) -> None:
    server.kill9()
    server.start().wait_until_ready()


def test_a_stop_keeps_what_the_reader_saw(model: ScriptedModel, alice: Client, connect: Connect) -> None:
    model.script(answer(FIRST, Gate(), SECOND))
    stream = connect(alice).send("Hi")
    for event in stream:
        if isinstance(event, cc.TextDelta):
            stream.stop()
    assert stream.end
    assert stream.thread_id
    assert (stream.end.status, stream.end.kept_offset) == ("stopped", len(FIRST.encode()))
    assert alice.messages(stream.thread_id)[-1]["content"] == FIRST


def test_a_stop_at_an_offset_cuts_the_message(model: ScriptedModel, alice: Client, connect: Connect) -> None:
    model.script(answer(FIRST, Gate(), SECOND))
    stream = connect(alice).send("Hi", thread_id=(thread := new_id("t")))
    pieces = stream.text()
    assert next(pieces) == FIRST
    assert connect(alice).stop(stream.response_id, offset=2) == "stopped"
    assert list(pieces) == []
    assert alice.messages(thread)[-1]["content"] == "Gr"


def test_another_users_response_is_not_found(
    model: ScriptedModel, alice: Client, bob: Client, connect: Connect
) -> None:
    alice.chat(response=(response := new_id("r")))
    client = connect(bob)
    calls: list[Callable[[str], object]] = [
        lambda name: list(client.follow(name)),
        lambda name: list(client.regenerate(name)),
        client.response,
        client.stop,
        client.thread,
        client.messages,
        client.delete_thread,
    ]
    for call in calls:
        problems = [refusal(call, name) for name in (response, "unknown")]
        assert [(problem.code, problem.status) for problem in problems] == [("not_found", 404)] * 2


def refusal(call: Callable[[str], object], name: str) -> cc.ProblemError:
    with pytest.raises(cc.NotFoundError) as raised:
        call(name)
    return raised.value


def test_refusals_have_their_classes_and_codes(model: ScriptedModel, alice: Client, connect: Connect) -> None:
    client = connect(alice)
    list(client.send("Hi", response_id="r"))
    with pytest.raises(cc.ConflictError) as reused:
        list(client.send("Something else", response_id="r"))
    assert reused.value.code == "response_id_reused"
    with pytest.raises(cc.BadRequestError) as beyond:
        list(client.follow("r", offset=1_000_000))
    assert beyond.value.code == "bad_offset"
    with cc.ChatClient(alice.server.url, "no token") as stranger, pytest.raises(cc.UnauthenticatedError):
        stranger.threads()


@pytest.mark.long
def test_a_full_quota_is_waited_for_or_raised(
    model: ScriptedModel, make_client: Callable[..., Client], servers: LiveServers, connect: Connect
) -> None:
    user = make_client(servers.keep(CHAT_ACTIVE_PER_USER="1"))
    gate = Gate()
    model.script(answer(FIRST, gate))
    first = connect(user).send("Hi")
    assert next(first.text()) == FIRST
    with pytest.raises(cc.QuotaExceededError) as full:
        list(connect(user, max_retries=0).send("Hi"))
    assert full.value.problem["quota"] == "active_per_user"
    model.script(answer(SECOND))
    events = []
    for event in connect(user).send("Hi"):
        events.append(event)
        if isinstance(event, cc.Reconnecting):
            gate.open()
    assert isinstance(events[0], cc.Reconnecting)
    assert events[0].seconds >= (full.value.retry_after or 0) > 0
    assert text_of(events) == SECOND


def test_a_guest_sends_pictures_and_manages_threads(model: ScriptedModel, server: LiveServer) -> None:
    model.default(answer(FIRST))
    with cc.ChatClient(server.url) as client:
        picture = client.upload(PNG, "image/png")
        shown = {"type": "image_url", "image_url": {"url": picture["url"]}}
        stream = client.send([{"type": "text", "text": "Look"}, shown], thread_id="t")
        assert "".join(stream.text()) == FIRST
        assert "".join(client.regenerate(stream.response_id).text()) == FIRST
        replies = client.messages("t", limit=1)["messages"]
        assert len(replies[0]["versions"]) == 2
        client.rate_message("t", replies[0]["id"], 1)
        client.replace_message("t", replies[0]["id"], "Changed")
        assert [message["content"] for message in client.messages("t")["messages"]][-1] == "Changed"
        assert client.update_thread("t", title="New", archived=True)["title"] == "New"
        assert client.create_thread(thread_id="u", title="Other")["threadId"] == "u"
        assert [thread["threadId"] for thread in client.threads(archived="true")["threads"]] == ["t"]
        assert client.response(stream.response_id)["status"] == "done"
        client.delete_thread("t")
        with contextlib.suppress(cc.NotFoundError):
            raise AssertionError(client.thread("t"))


@both
def test_a_response_that_waits_goes_on_in_its_stream_after_the_answer(
    model: ScriptedModel, make_client: Callable[..., Client], servers: LiveServers, connect: Connect, run: Run
) -> None:
    user = make_client(servers.keep(CHAT_APPS="tests.fixtures", CHAT_TOOLS="pay", CHAT_THINK_ITEMS="off"))
    model.script(tool_round(Call("pay", '{"amount": 5}', "call_pay"), text=FIRST), answer(SECOND))

    def watch(event: cc.Event) -> None:
        if isinstance(event, cc.RequestOpened):
            request = event.request["requestId"]
            assert connect(user).response("r")["requests"] == [event.request]
            assert connect(user).answer("r", request, "approved", arguments={"amount": 3}) == "streaming"

    events = run(user.server.url, token_of(user), watch)
    assert text_of(events) == FIRST + SECOND
    assert [event.outcome for event in events if isinstance(event, cc.RequestClosed)] == ["approved"]
    assert "paid 3" in model.requests[1].messages[-1]["content"]


def test_the_examples_of_the_guide_run(model: ScriptedModel, server: LiveServer) -> None:
    model.default(answer(Thought(THOUGHT), FIRST))
    with cc.ChatClient(server.url) as client:
        for source in page("guides/clients.md").blocks("python"):
            exec(compile(source, "guide", "exec"), {"client": client, "png": PNG, "pdf": pdf(["A report."])})
