"""Actions of staff as the user meets them: a hold, a redaction, a suspension, an erasure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from websockets.exceptions import ConnectionClosed

from chat.accounts import erasure, suspension
from chat.governance import holds, redaction
from chat.models import ApiToken, Message, Response, Thread, User
from chat.testing import ScriptedModel
from chat.testing.script import Stall, broken
from tests.contract.expect import assert_problem
from tests.live.client import Client, new_id
from tests.live.harness import eventually
from tests.live.transports import SSE

# The scripted model's default answer.
SAID = "Hello from the script."


def user_of(client: Client) -> User:
    return User.objects.get(username=client.username)


def held(client: Client, thread: str) -> Thread:
    row = Thread.objects.get(owner__username=client.username, public_id=thread)
    with transaction.atomic():
        holds.place_hold(row, "staff", "a case")
    return row


def test_a_held_thread_that_is_deleted_is_unknown_afterwards_and_kept(
    model: ScriptedModel, alice: Client
) -> None:
    thread, response = new_id("t"), new_id("r")
    alice.chat("About whales", thread=thread, response=response)
    row = held(alice, thread)
    with alice.socket() as socket:
        socket.say("watch")
        assert socket.ask("ping")["type"] == "pong"
        assert alice.http.delete(f"/api/threads/{thread}").status_code == 204
        assert socket.receive_until("thread")["thread"] == {"threadId": thread}
    withdrawn = Thread.objects.get(pk=row.pk).public_id
    for path in (
        f"/api/threads/{thread}",
        f"/api/threads/{withdrawn}",
        f"/api/threads/{thread}/messages",
        f"/api/responses/{response}",
        f"/api/responses/{response}/stream",
    ):
        assert_problem(alice.get(path), "not_found", 404)
    assert alice.get("/api/threads", archived="any").json()["threads"] == []
    assert alice.get("/api/threads", q="whales").json()["threads"] == []
    assert Message.objects.filter(thread=row, content="About whales").exists()


def test_the_ids_of_a_held_thread_that_was_deleted_are_free(model: ScriptedModel, alice: Client) -> None:
    thread, response, prompt = new_id("t"), new_id("r"), new_id("p")
    ids = {"thread": thread, "response": response, "prompt": prompt}
    alice.chat("First", **ids)
    held(alice, thread)
    alice.http.delete(f"/api/threads/{thread}")
    assert alice.chat("Second", **ids).text == SAID
    assert [message["content"] for message in alice.messages(thread)] == ["Second", SAID]


def redacted(client: Client, response: str) -> None:
    with transaction.atomic():
        redaction.redact_response(Response.objects.get(owner=user_of(client), public_id=response), "staff")


def test_a_redacted_answer_is_a_tombstone_on_every_transport_and_for_the_model(
    model: ScriptedModel, alice: Client
) -> None:
    thread, response = new_id("t"), new_id("r")
    alice.chat("First", thread=thread, response=response)
    redacted(alice, response)
    length = len(redaction.TOMBSTONE)
    assert alice.messages(thread)[-1]["content"] == redaction.TOMBSTONE
    assert alice.get(f"/api/responses/{response}/stream").text == redaction.TOMBSTONE
    assert_problem(alice.get(f"/api/responses/{response}/stream", offset=len(SAID)), "bad_offset", 400)
    state = alice.response(response)
    assert (state["status"], state["offset"], state["keptOffset"]) == ("done", length, length)
    alice.chat("Second", thread=thread)
    assert [row["content"] for row in model.requests[-1].messages] == ["First", redaction.TOMBSTONE, "Second"]


def test_a_page_that_still_shows_the_text_cannot_put_it_back(model: ScriptedModel, alice: Client) -> None:
    thread, response = new_id("t"), new_id("r")
    alice.chat("First", thread=thread, response=response)
    redacted(alice, response)
    answer = alice.http.put(f"/api/threads/{thread}/messages/{response}", json={"content": SAID})
    assert_problem(answer, "bad_request", 400)
    assert alice.messages(thread)[-1]["content"] == redaction.TOMBSTONE


def test_a_suspended_user_is_stopped_refused_and_disconnected(model: ScriptedModel, alice: Client) -> None:
    response = new_id("r")
    model.script(broken("Hel", Stall()))
    reader = SSE.send(alice, response=response).until("Hel")
    with alice.socket() as socket:
        with transaction.atomic():
            suspension.suspend(user_of(alice).pk)
        reader.rest()  # to the end of the response, or that of the credentials: the first of them to arrive
        with pytest.raises(ConnectionClosed) as closed:
            socket.receive_until("closed")
    stopped = Response.objects.filter(public_id=response, status="stopped")
    eventually(stopped.exists, says="the response of a suspended user runs on")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    assert_problem(alice.get("/api/threads"), "unauthenticated", 401)
    assert_problem(alice.chat("More"), "unauthenticated", 401)


def test_ended_sessions_close_the_sockets_of_that_user_alone(
    model: ScriptedModel, alice: Client, bob: Client
) -> None:
    with alice.socket() as hers, bob.socket() as his:
        with transaction.atomic():
            suspension.end_sessions(user_of(alice).pk)
        with pytest.raises(ConnectionClosed):
            hers.receive()
        assert his.ask("ping")["type"] == "pong"


def test_the_server_finishes_erasures_and_deletes_expired_rows(
    model: ScriptedModel, alice: Client, bob: Client, servers: Any
) -> None:
    old, young = new_id("t"), new_id("t")
    for thread in (old, young):
        bob.chat("Hello", thread=thread)
    alice.chat("Hello")
    erased, ancient = user_of(alice), timezone.now() - timedelta(days=10_000)
    Thread.objects.filter(owner=user_of(bob), public_id=old).update(updated_at=ancient)
    with transaction.atomic():
        erasure.begin(erased.pk)
    with servers.own(CHAT_LEASE_SECONDS="1", CHAT_RETENTION_DAYS="9000"):
        eventually(lambda: not User.objects.filter(pk=erased.pk).exists(), says="the user was never erased")
        threads = Thread.objects.filter(owner=user_of(bob))
        eventually(lambda: not threads.filter(public_id=old).exists(), says="the old thread never went")
    assert not Message.objects.filter(owner=erased.pk).exists()
    assert not ApiToken.objects.filter(user=erased.pk).exists()
    assert bob.get(f"/api/threads/{young}").status_code == 200
