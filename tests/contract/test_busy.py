"""Contract section 3: one active response per thread; the busy policies for a new prompt; quotas."""

from __future__ import annotations

from typing import Any

from chat.testing import Gate, ScriptedModel, answer
from chat.testing.script import Stall, broken
from tests.contract.expect import assert_problem
from tests.live.client import Client, new_id
from tests.live.transports import C1, SOCKET, SSE, Reader, Transport

STALLED = broken("Old", Stall())


def begin(model: ScriptedModel, client: Client, thread: str, response: str = "") -> Reader:
    """Start a response that stalls after "Old"; return its reader."""
    model.script(STALLED)
    return SSE.send(client, "First", thread=thread, response=response or new_id("r")).until("Old")


def test_a_new_prompt_interrupts_by_default(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    old = begin(model, alice, thread := new_id("t"), old_id := new_id("r"))
    assert transport.send(alice, "Second", thread=thread).rest().text == b"Hello from the script."
    ended = old.rest()
    assert (ended.text, ended.end["status"]) == (b"Old", "stopped")
    assert model.requests[0].wait_until_left()
    assert alice.response(old_id)["status"] == "stopped"


def test_the_next_turn_contains_the_interrupted_text(model: ScriptedModel, alice: Client) -> None:
    old = begin(model, alice, thread := new_id("t"))
    alice.chat("Second", thread=thread)
    old.rest()
    history = [(message["role"], message["content"]) for message in model.requests[1].messages]
    assert history == [("user", "First"), ("assistant", "Old"), ("user", "Second")]


def test_reject_refuses_with_thread_busy(model: ScriptedModel, alice: Client) -> None:
    old = begin(model, alice, thread := new_id("t"), response := new_id("r"))
    assert_problem(alice.chat("Second", thread=thread, busy="reject"), "thread_busy", 409)
    with alice.socket() as socket:
        prompt = {"role": "user", "content": "Third"}
        frame = socket.ask("send", prompt=prompt, threadId=thread, busy="reject")
        assert (frame["type"], frame["code"]) == ("error", "thread_busy")
    alice.stop(response)
    old.rest()
    assert len(alice.messages(thread)) == 2


def test_queue_waits_for_its_turn(model: ScriptedModel, alice: Client, transport: Transport) -> None:
    gate, thread, waiting = Gate(), new_id("t"), new_id("r")
    model.script(answer("Old", gate, "er"), answer("New"))
    old = SSE.send(alice, "First", thread=thread).until("Old")
    new = transport.send(alice, "Second", thread=thread, response=waiting, busy="queue")
    alice.wait_until(waiting, "queued")
    assert len(model.requests) == 1
    gate.open()
    assert (old.rest().text, new.rest().text) == (b"Older", b"New")
    history = [(message["role"], message["content"]) for message in model.requests[1].messages]
    assert history == [("user", "First"), ("assistant", "Older"), ("user", "Second")]


def test_a_framed_reader_of_a_queued_response_gets_its_start_at_once(
    model: ScriptedModel, alice: Client
) -> None:
    for transport in (SSE, SOCKET):
        old = begin(model, alice, thread := new_id("t"), running := new_id("r"))
        new = transport.send(alice, "Second", thread=thread, response=(waiting := new_id("r")), busy="queue")
        new.until("")
        assert (new.received.start["status"], new.received.start["responseId"]) == ("queued", waiting)
        alice.stop(waiting)
        assert new.rest().end["status"] == "stopped"
        alice.stop(running)
        old.rest()
    assert len(model.requests) == 2


def test_stopping_a_queued_response_makes_no_upstream_call(model: ScriptedModel, alice: Client) -> None:
    old = begin(model, alice, thread := new_id("t"), running := new_id("r"))
    new = SSE.send(alice, "Second", thread=thread, response=(waiting := new_id("r")), busy="queue")
    alice.wait_until(waiting, "queued")
    assert alice.stop(waiting).json() == {"status": "stopped"}
    alice.stop(running)
    assert (old.rest().end["status"], new.rest().end["status"]) == ("stopped", "stopped")
    assert len(model.requests) == 1


def test_at_most_five_are_queued_per_thread(model: ScriptedModel, alice: Client) -> None:
    old = begin(model, alice, thread := new_id("t"), running := new_id("r"))
    waiting = [new_id("r") for _ in range(5)]
    readers = [SSE.send(alice, thread=thread, response=response, busy="queue") for response in waiting]
    for response in waiting:
        alice.wait_until(response, "queued")
    assert alice.chat(thread=thread, busy="queue", query="?format=sse").status_code in {409, 429}
    for response in [*waiting, running]:
        alice.stop(response)
    assert {reader.rest().end["status"] for reader in [old, *readers]} == {"stopped"}


def test_a_stored_queued_prompt_is_in_no_history_yet(model: ScriptedModel, alice: Client) -> None:
    gates, thread = [Gate(), Gate()], new_id("t")
    model.script(answer(gates[0], "one"), answer(gates[1], "two"), answer("three"))
    first = SSE.send(alice, "First", thread=thread)
    gates[0].wait_until_reached()
    queued = []
    for words in ("Second", "Third"):
        queued.append(SSE.send(alice, words, thread=thread, busy="queue", response=(response := new_id("r"))))
        alice.wait_until(response, "queued")
    gates[0].open()
    gates[1].wait_until_reached()
    gates[1].open()
    assert [reader.rest().text for reader in (first, *queued)] == [b"one", b"two", b"three"]
    assert [message["content"] for message in model.requests[1].messages] == ["First", "one", "Second"]
    contents = [message["content"] for message in alice.messages(thread)]
    assert contents == ["First", "one", "Second", "two", "Third", "three"]


def test_an_unknown_policy_is_a_bad_request(model: ScriptedModel, alice: Client) -> None:
    assert_problem(alice.chat(busy="shout"), "bad_request", 400)


def test_beyond_the_quota_of_active_responses_429_comes_with_retry_after(
    model: ScriptedModel, tight: Client
) -> None:
    responses = [new_id("r") for _ in range(2)]
    readers = [begin(model, tight, new_id("t"), response) for response in responses]
    refused = tight.chat()
    assert_problem(refused, "quota_exceeded", 429)
    assert int(refused.headers["retry-after"]) > 0
    for response in responses:
        tight.stop(response)
    assert {reader.rest().end["status"] for reader in readers} == {"stopped"}


def test_a_response_about_to_be_interrupted_does_not_count(model: ScriptedModel, tight: Client) -> None:
    threads, responses = [new_id("t"), new_id("t")], [new_id("r"), new_id("r")]
    readers = [begin(model, tight, *ids) for ids in zip(threads, responses, strict=True)]
    assert tight.chat(thread=threads[0]).text == "Hello from the script."
    assert readers[0].rest().end["status"] == "stopped"
    assert tight.response(responses[1])["status"] == "streaming"
    tight.stop(responses[1])
    readers[1].rest()


def test_responses_in_other_threads_continue(model: ScriptedModel, alice: Client) -> None:
    gate: Any = Gate()
    model.script(answer("a", gate, "b"))
    other = C1.send(alice, thread=new_id("t")).until("a")
    alice.chat(thread=new_id("t"))
    gate.open()
    assert other.rest().text == b"ab"
