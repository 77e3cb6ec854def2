"""The AI SDK's stream: its parts, its ends, reconnecting, and stopping."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from chat.models import ApiToken, Response
from chat.testing import FAULTS, TOOL_FAULTS, Call, Gate, ScriptedModel, answer, tool_round
from chat.testing.script import Script, Thought
from tests.contract.test_model_faults import CAP, QUICK, SLOW, inject
from tests.dialects.ai_sdk import (
    PATH,
    assert_grammar,
    begin,
    history,
    merged,
    reconnect,
    said,
    stop,
)
from tests.live.client import Client, Json, new_id
from tests.live.harness import LiveServer, eventually
from tests.live.transports import SOCKET, SSE

CANARY = "canary-of-arguments-5b17"
CALLS = (
    Call("calculate", '{"expression": "1234567*1000"}', "call_1"),
    Call("calculate", f'{{"expression": "6*7", "note": "{CANARY}"}}', "call_2"),
)
RESULT = "1234567000"


def scripts() -> tuple[Script, Script]:
    """Return an answer with everything that a log holds: text and thought before and after two calls, one of which fails."""
    return tool_round(*CALLS, text="Grö"), answer(Thought("Hä? "), "ße: ", Thought("Ja."), "🍎", ".")


def stretch(kind: str, name: str, text: str) -> list[Json]:
    delta = {"type": f"{kind}-delta", "id": name, "delta": text}
    return [{"type": f"{kind}-start", "id": name}, delta, {"type": f"{kind}-end", "id": name}]


def called(name: str) -> list[Json]:
    named = {"toolCallId": name, "toolName": "calculate"}
    return [{"type": "tool-input-start", **named}, {"type": "tool-input-available", **named, "input": {}}]


def output(name: str) -> Json:
    return {"type": "tool-output-available", "toolCallId": name, "output": {"state": "done"}}


def failure(name: str) -> Json:
    return {"type": "tool-output-error", "toolCallId": name, "errorText": "The tool failed."}


# Parts


def test_an_answer_is_told_in_parts_live_and_replayed(model: ScriptedModel, alice: Client) -> None:
    model.script(*scripts())
    live = begin(alice, thread := new_id("t"), said("user", "Hi"))
    first, *parts, last = merged(live.to_end())
    assert_grammar(live.parts)
    reply = live.head.headers["X-Response-Id"]
    about = {"threadId": thread, "model": "c1"}
    assert first == {"type": "start", "messageId": reply, "messageMetadata": about}
    start, finish = {"type": "start-step"}, {"type": "finish-step"}
    calls = [*called("call_1"), *called("call_2"), output("call_1"), failure("call_2")]
    thought = [*stretch("reasoning", "r0", "Hä? "), *stretch("text", "t1", "ße: ")]
    more = [*stretch("reasoning", "r1", "Ja."), *stretch("text", "t2", "🍎.")]
    assert parts == [start, *stretch("text", "t0", "Grö"), *calls, finish, start, *thought, *more, finish]
    usage = alice.response(reply)["usage"]
    assert last == {"type": "finish", "messageMetadata": {"status": "done", "usage": usage}}
    assert merged(reconnect(alice, thread).to_end()) == merged(live.parts)


def test_the_head_is_that_of_the_protocol(model: ScriptedModel, alice: Client) -> None:
    reader = begin(alice, thread := new_id("t"), said("user", "Hi"))
    reader.to_end()
    for head in (reader.head.headers, reconnect(alice, thread).head.headers):
        assert head["content-type"] == "text/event-stream; charset=utf-8"
        assert head["x-vercel-ai-ui-message-stream"] == "v1"
        assert head["cache-control"] == "no-cache, no-transform"
        assert head["x-accel-buffering"] == "no"
        assert head["x-thread-id"] == thread


def test_arguments_and_results_never_reach_the_client(model: ScriptedModel, alice: Client) -> None:
    model.script(*scripts())
    thread = new_id("t")
    seen = [begin(alice, thread, said("user", "Hi")).to_end(), reconnect(alice, thread).to_end()]
    for hidden in (CANARY, RESULT):
        assert hidden not in f"{seen} {history(alice, thread)}"
        assert hidden in str(model.requests[-1].messages)


@pytest.mark.parametrize(
    ("told", "reason"), [("length", "length"), ("content_filter", "content-filter"), ("stop", None)]
)
def test_a_finish_reason_is_told_where_it_is_no_stop(
    model: ScriptedModel, alice: Client, told: str, reason: str | None
) -> None:
    model.script(answer("Half", finish=told))
    last = begin(alice, new_id("t"), said("user", "Hi")).to_end()[-1]
    assert (last["type"], last.get("finishReason")) == ("finish", reason)


def outcome(client: Client, reply: str, last: Json) -> str:
    """Return the status or the code of the error of a response, which the last part tells in its words."""
    state = client.response(reply)
    if last["type"] == "finish":
        return str(last["messageMetadata"]["status"])
    assert last == {"type": "error", "errorText": state["error"]["message"]}
    return str(state["error"]["code"])


def ended(client: Client) -> tuple[bytes, str]:
    """Return the text and the outcome of an answer, the same when it is replayed."""
    live = begin(client, thread := new_id("t"), said("user", "Hi"))
    parts = live.to_end()
    assert_grammar(parts)
    assert merged(reconnect(client, thread).to_end()) == merged(parts)
    return live.received.text, outcome(client, live.head.headers["X-Response-Id"], parts[-1])


@pytest.mark.parametrize("name", QUICK)
def test_a_fault_has_its_outcome(model: ScriptedModel, alice: Client, name: str) -> None:
    fault = FAULTS[name]
    with inject(model, fault):
        assert ended(alice) == (fault.text.encode(), fault.code or fault.status)


@pytest.mark.parametrize("name", SLOW)
def test_a_deadline_or_the_cap_has_its_outcome(
    model: ScriptedModel, limited: Callable[[str], Client], name: str
) -> None:
    fault = FAULTS[name]
    model.default(fault.behaviour)
    text, told = ended(limited(name))
    assert told == (fault.code or fault.status)
    assert text.startswith(fault.text.encode())
    assert len(text) == CAP or fault.finish != "length"


@pytest.mark.parametrize("name", TOOL_FAULTS)
def test_a_fault_of_tool_calls_is_survived(model: ScriptedModel, alice: Client, name: str) -> None:
    model.default(TOOL_FAULTS[name].behaviour)
    assert ended(alice) == (b"Hello", "done")


# Reconnecting


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another process"])
def test_a_running_answer_is_read_from_its_beginning(
    model: ScriptedModel, alice: Client, second: LiveServer, elsewhere: bool
) -> None:
    model.script(answer("Grü", gate := Gate(), "ße"))
    first = begin(alice, thread := new_id("t"), said("user", "Hi")).until("Grü")
    again = reconnect(alice.at(second) if elsewhere else alice, thread).until("Grü")
    gate.open()
    assert merged(first.to_end()) == merged(again.to_end())


def test_an_ended_answer_is_replayed_for_a_minute(model: ScriptedModel, alice: Client) -> None:
    reader = begin(alice, thread := new_id("t"), said("user", "Hi"))
    parts = merged(reader.to_end())
    assert merged(reconnect(alice, thread).to_end()) == parts
    row = Response.objects.filter(public_id=reader.head.headers["X-Response-Id"])
    for seconds, status in ((50, 200), (61, 204)):
        row.update(finished_at=timezone.now() - timedelta(seconds=seconds))
        assert alice.get(f"{PATH}/{thread}/stream").status_code == status


def test_without_an_answer_to_read_there_is_no_content(
    model: ScriptedModel, alice: Client, bob: Client
) -> None:
    model.script(answer("Half", Gate()))
    begin(alice, thread := new_id("t"), said("user", "Hi")).until("Half")
    for client, name in ((bob, thread), (alice, new_id("t"))):
        answered = client.get(f"{PATH}/{name}/stream")
        assert (answered.status_code, answered.content) == (204, b"")
    stop(alice, thread)
    assert alice.get(f"{PATH}/{thread}/stream").status_code == 204


def test_a_queued_answer_begins_and_then_waits(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("One", gate := Gate()), answer("Two"))
    one, two = said("user", "1"), said("user", "2")
    first = begin(alice, thread := new_id("t"), one).until("One")
    waiting = begin(alice, thread, one, two, busy="queue")
    assert waiting.head.status == 200
    gate.open()
    first.to_end()
    assert_grammar(waiting.to_end())
    assert waiting.received.text == b"Two"


def test_a_body_that_is_dropped_is_cut_off_and_never_ends_well(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("Half", gate := Gate(), " and all"))
    reader = begin(alice, new_id("t"), said("user", "Hi")).until("Half")
    token = alice.headers["Authorization"].removeprefix("Bearer ")
    ApiToken.objects.get(digest=ApiToken.digest_of(token)).delete()
    reader.rest()
    assert (reader.cut, reader.done) == (True, False)
    gate.open()
    reply = Response.objects.filter(public_id=reader.head.headers["X-Response-Id"], status="done")
    eventually(reply.exists, says="leaving stopped it")


def test_leaving_stops_nothing(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("Half", gate := Gate(), " and all"))
    reader = begin(alice, new_id("t"), said("user", "Hi")).until("Half")
    reply = reader.head.headers["X-Response-Id"]
    reader.close()
    gate.open()
    alice.wait_until(reply, "done")


def test_an_answer_is_read_on_in_our_own_dialects(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("Grö", gate := Gate(), "ße"))
    reader = begin(alice, new_id("t"), said("user", "Hi")).until("Grö")
    reply = reader.head.headers["X-Response-Id"]
    framed, socket = SSE.follow(alice, reply, 4), SOCKET.follow(alice, reply, 4)
    gate.open()
    assert framed.rest().text == socket.rest().text == "ße".encode()
    reader.to_end()
