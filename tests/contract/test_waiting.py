"""Contract section 11: responses that wait for a person, and their streams."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import transaction

from chat.accounts import suspension
from chat.models import PersonRequest, User
from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.contract.expect import assert_problem, framed
from tests.contract.waits import PAY, payment, reply, settings, waiting
from tests.live.client import Client, new_id
from tests.live.transports import C1, SOCKET, SSE, Transport


@pytest.fixture
def server(live: None, servers: Any) -> Any:
    return servers.keep(**settings())


@pytest.fixture
def elsewhere(live: None, servers: Any) -> Any:
    """Provide another process of the same settings."""
    return servers.keep(2, **settings())


@framed
def test_an_approved_call_runs_and_the_answer_goes_on_in_the_same_stream(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    model.script(*payment())
    response = new_id("r")
    stream = transport.send(alice, response=response).until("I pay. ")
    [request] = alice.wait_until(response, "waiting")["requests"]
    assert reply(alice, response, request, "approved").json() == {"status": "streaming"}
    received = stream.rest()
    assert (received.text, received.end["status"]) == (b"I pay. Paid.", "done")
    assert "paid 5" in model.requests[1].messages[-1]["content"]
    kinds = [name for name, _ in received.events if name in ("request", "answer")]
    assert kinds == ["request", "answer"]


def test_a_request_says_what_is_asked_and_until_when(model: ScriptedModel, alice: Client) -> None:
    _, [request] = waiting(model, alice, *payment())
    assert request.pop("deadline") > "2026"
    assert request.pop("requestId")
    assert request == {
        "kind": "approve",
        "tool": "pay",
        "callId": "call_pay",
        "arguments": {"amount": 5},
        "editable": True,
    }


@framed
def test_requests_and_answers_are_replayed_where_they_stood(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    response, [request] = waiting(model, alice, *payment())
    reply(alice, response, request, "approved")
    alice.wait_until(response, "done")
    events = transport.follow(alice, response).rest().events
    steps = [(name, data.get("text") or data.get("outcome")) for name, data in events]
    told = [one for one in steps if one[0] in ("delta", "request", "answer")]
    assert told == [("delta", "I pay. "), ("request", None), ("answer", "approved"), ("delta", "Paid.")]
    later = transport.follow(alice, response, len("I pay. P")).rest()
    assert later.text == b"aid."
    assert not [name for name, _ in later.events if name in ("request", "answer")]


@framed
def test_a_stream_begun_while_it_waits_says_so_and_goes_on(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    response, [request] = waiting(model, alice, *payment())
    stream = transport.follow(alice, response).until("I pay. ")
    assert stream.received.start["status"] == "waiting"
    reply(alice, response, request, "approved")
    assert stream.rest().text == b"I pay. Paid."


def test_a_raw_body_ends_where_the_response_begins_to_wait(model: ScriptedModel, alice: Client) -> None:
    model.script(*payment())
    response = new_id("r")
    assert C1.send(alice, response=response).rest().text == b"I pay. "
    [request] = alice.response(response)["requests"]
    reply(alice, response, request, "approved")
    assert C1.follow(alice, response, len("I pay. ")).rest().text == b"Paid."


def test_a_raw_head_without_text_names_the_status(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("pay", PAY, "call_pay")))
    waits = alice.chat()
    assert (waits.status_code, waits.content, waits.headers["X-Response-Status"]) == (200, b"", "waiting")


def test_a_rejected_call_does_not_run_and_the_model_reads_why(model: ScriptedModel, alice: Client) -> None:
    response, [request] = waiting(model, alice, *payment("A pity."))
    assert reply(alice, response, request, "rejected").status_code == 200
    alice.wait_until(response, "done")
    assert "rejected" in model.requests[1].messages[-1]["content"]
    [tool] = alice.messages(alice.response(response)["threadId"])[-1]["tools"]
    assert tool["state"] == "failed"


def test_a_reply_lists_the_requests_that_have_ended_and_its_export_says_so(
    model: ScriptedModel, alice: Client
) -> None:
    response, [request] = waiting(model, alice, *payment())
    thread = alice.response(response)["threadId"]
    assert alice.messages(thread)[-1]["requests"] == []
    reply(alice, response, request, "approved")
    alice.wait_until(response, "done")
    [ended] = alice.messages(thread)[-1]["requests"]
    assert ended.pop("answeredAt") > "2026"
    assert ended == {
        **{key: request[key] for key in ("requestId", "kind", "tool", "callId")},
        "outcome": "approved",
        "offset": len("I pay. "),
        "answeredBy": alice.username,
    }
    exported = alice.get(f"/api/threads/{thread}/export", format="markdown").text
    assert "*Request: pay · approved · " in exported


def test_edited_arguments_are_those_that_run(model: ScriptedModel, alice: Client) -> None:
    response, [request] = waiting(model, alice, *payment())
    assert reply(alice, response, request, "approved", arguments={"amount": 3}).status_code == 200
    alice.wait_until(response, "done")
    assert "paid 3" in model.requests[1].messages[-1]["content"]


def test_calls_of_the_same_round_that_need_nobody_run_at_once(model: ScriptedModel, alice: Client) -> None:
    sum_call = Call("calculate", '{"expression": "6*7"}', "call_sum")
    calls = tool_round(Call("pay", PAY, "call_pay"), sum_call)
    response, [request] = waiting(model, alice, calls, answer("Both."))
    thread = alice.response(response)["threadId"]
    states = {tool["id"]: tool["state"] for tool in alice.messages(thread)[-1]["tools"]}
    assert states == {"call_pay": "started", "call_sum": "done"}
    reply(alice, response, request, "approved")
    alice.wait_until(response, "done")
    results = {
        one["tool_call_id"]: one["content"] for one in model.requests[1].messages if one["role"] == "tool"
    }
    assert "42" in results["call_sum"]
    assert "paid 5" in results["call_pay"]


def test_a_round_goes_on_with_its_last_answer(model: ScriptedModel, alice: Client) -> None:
    calls = tool_round(Call("pay", PAY, "call_a"), Call("pay", PAY, "call_b"))
    response, [first, second] = waiting(model, alice, calls, answer("Both."))
    assert reply(alice, response, second, "rejected").json() == {"status": "waiting"}
    assert alice.response(response)["requests"] == [first]
    assert reply(alice, response, first, "approved").json() == {"status": "streaming"}
    alice.wait_until(response, "done")


def test_the_same_answer_again_changes_nothing_and_another_is_refused(
    model: ScriptedModel, alice: Client
) -> None:
    response, [request] = waiting(model, alice, *payment())
    for _ in range(2):
        assert reply(alice, response, request, "approved").status_code == 200
    assert_problem(reply(alice, response, request, "rejected"), "not_waiting", 409)
    alice.wait_until(response, "done")
    assert reply(alice, response, request, "approved").json() == {"status": "done"}
    assert len(model.requests) == 2


def test_a_hundred_answers_at_once_at_two_processes_continue_once(
    model: ScriptedModel, alice: Client, elsewhere: Any
) -> None:
    response, [request] = waiting(model, alice, *payment())
    clients = [alice, alice.at(elsewhere)] * 50
    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda client: reply(client, response, request, "approved").status_code, clients)
        )
    alice.wait_until(response, "done")
    assert answers == [200] * 100
    assert len(model.requests) == 2
    assert SSE.follow(alice, response).rest().text == b"I pay. Paid."


def test_an_answer_at_another_process_goes_on_there(
    model: ScriptedModel, alice: Client, elsewhere: Any
) -> None:
    model.script(*payment())
    response = new_id("r")
    here = SSE.send(alice, response=response).until("I pay. ")
    there = SOCKET.follow(alice.at(elsewhere), response).until("I pay. ")
    [request] = alice.wait_until(response, "waiting")["requests"]
    assert reply(alice.at(elsewhere), response, request, "approved").status_code == 200
    assert (here.rest().text, there.rest().text) == (b"I pay. Paid.", b"I pay. Paid.")


def test_a_socket_answers(model: ScriptedModel, alice: Client) -> None:
    response, [request] = waiting(model, alice, *payment())
    with alice.socket() as socket:
        socket.say("answer", responseId=response, requestId=request["requestId"], outcome="approved")
        frame = socket.receive()
    expected = {"requestId": request["requestId"], "outcome": "approved"}
    assert frame == {"type": "answer", "responseId": response, **expected}
    alice.wait_until(response, "done")


@framed
def test_a_stop_ends_what_waits_and_its_requests(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    response, [request] = waiting(model, alice, *payment())
    stream = transport.follow(alice, response).until("I pay. ")
    assert alice.stop(response).json() == {"status": "stopped"}
    received = stream.rest()
    assert received.end["status"] == "stopped"
    assert [data["outcome"] for name, data in received.events if name == "answer"] == ["cancelled"]
    assert_problem(reply(alice, response, request, "approved"), "not_waiting", 409)


def test_a_prompt_that_interrupts_ends_what_waits(model: ScriptedModel, alice: Client) -> None:
    response, _ = waiting(model, alice, *payment("Next."), thread=(thread := new_id("t")))
    assert alice.chat("Never mind.", thread=thread).text == "Next."
    assert alice.response(response)["status"] == "stopped"
    for asked in model.requests:
        called = [call["id"] for one in asked.messages for call in one.get("tool_calls") or []]
        assert [one["tool_call_id"] for one in asked.messages if one["role"] == "tool"] == called


def test_a_prompt_may_be_refused_or_wait_while_a_response_waits(model: ScriptedModel, alice: Client) -> None:
    response, [request] = waiting(
        model, alice, *payment("Paid."), answer("Next."), thread=(thread := new_id("t"))
    )
    assert_problem(alice.chat("x", thread=thread, busy="reject"), "thread_busy", 409)
    queued = SSE.send(alice, thread=thread, busy="queue").until("")
    assert queued.received.start["status"] == "queued"
    reply(alice, response, request, "approved")
    assert queued.rest().text == b"Next."


def test_a_response_that_waits_counts_towards_no_quota(
    model: ScriptedModel, make_client: Any, servers: Any
) -> None:
    client = make_client(servers.keep(**settings(CHAT_ACTIVE_PER_USER="1")))
    waiting(model, client, *payment("Hi."))
    assert client.chat("Another thread.").text == "Hi."


def test_a_deadline_that_passes_counts_as_a_rejection(
    model: ScriptedModel, make_client: Any, servers: Any
) -> None:
    server = servers.keep(**settings(CHAT_ANSWER_SECONDS="0.2", CHAT_LEASE_SECONDS="2"))
    client = make_client(server)
    model.script(*payment("Too late."))
    received = SSE.send(client, response=new_id("r")).rest()
    assert received.text == b"I pay. Too late."
    assert [data["outcome"] for name, data in received.events if name == "answer"] == ["expired"]
    assert "in time" in model.requests[1].messages[-1]["content"]


def test_an_answer_after_the_deadline_is_refused_before_the_request_is_ended_for_it(
    model: ScriptedModel, alice: Client
) -> None:
    response, [request] = waiting(model, alice, *payment("Too late."))
    PersonRequest.objects.filter(public_id=request["requestId"]).update(deadline="2001-01-01T00:00Z")
    assert_problem(reply(alice, response, request, "approved"), "not_waiting", 409)
    alice.wait_until(response, "done")
    assert SSE.follow(alice, response).rest().text == b"I pay. Too late."
    assert "in time" in model.requests[1].messages[-1]["content"]


def test_a_deleted_thread_ends_what_waits_in_it(model: ScriptedModel, alice: Client) -> None:
    response, [request] = waiting(model, alice, *payment(), thread=(thread := new_id("t")))
    assert alice.http.delete(f"/api/threads/{thread}").status_code == 204
    assert_problem(reply(alice, response, request, "approved"), "not_found", 404)


def test_the_thread_names_the_response_that_waits(model: ScriptedModel, alice: Client) -> None:
    response, [request] = waiting(model, alice, *payment(), thread=(thread := new_id("t")))
    shown = alice.get(f"/api/threads/{thread}").json()
    assert (shown["activeResponseId"], shown["waiting"]) == (response, True)
    listed = {one["threadId"]: one["waiting"] for one in alice.get("/api/threads").json()["threads"]}
    assert listed[thread]
    reply(alice, response, request, "approved")
    alice.wait_until(response, "done")
    assert alice.get(f"/api/threads/{thread}").json()["waiting"] is False


def test_another_user_s_request_is_unknown(model: ScriptedModel, alice: Client, bob: Client) -> None:
    response, [request] = waiting(model, alice, *payment())
    assert_problem(reply(bob, response, request, "approved"), "not_found", 404)
    unknown = reply(alice, response, {"requestId": new_id("q")}, "approved")
    assert_problem(unknown, "not_found", 404)


def test_a_user_who_was_suspended_a_moment_ago_answers_nothing(model: ScriptedModel, alice: Client) -> None:
    response, [request] = waiting(model, alice, *payment())
    user = User.objects.get(username=alice.username)
    with transaction.atomic():
        suspension.suspend(user.pk)
    assert reply(alice, response, request, "approved").status_code == 401
    assert PersonRequest.objects.get(public_id=request["requestId"]).outcome != "approved"
    assert len(model.requests) == 1


def test_usage_counts_the_calls_before_and_after(model: ScriptedModel, alice: Client) -> None:
    response, [request] = waiting(model, alice, *payment())
    reply(alice, response, request, "approved")
    usage = alice.wait_until(response, "done")["usage"]
    assert usage["completionTokens"] > 0
    assert len(model.requests) == 2
