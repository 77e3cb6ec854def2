"""The contract of all dialects whose events carry marks: equal text, exact resumption, and an end that tells the truth."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from chat.models import ApiToken, Response
from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from chat.testing.script import Script, Thought
from tests.dialects.dialect import Dialect, Merged, behind, merged
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer, eventually
from tests.live.transports import SOCKET, SSE

CANARY = "canary-of-arguments-81c2"
CALLS = (
    Call("calculate", f'{{"expression": "6*7", "note": "{CANARY}"}}', "call_1"),
    Call("calculate", '{"expression": "1234567*1000"}', "call_2"),
)
RESULT = "1234567000"
TEXT, THOUGHT = "Größe: 🍎.", "Hä? Ja."


def scripts(*, gate: Gate | None = None) -> tuple[Script, Script]:
    """Return an answer with everything that a log holds: text and thought before and after two calls of tools."""
    pause = [] if gate is None else [gate]
    last = answer(Thought("Hä? "), "ße: ", *pause, Thought("Ja."), "🍎", ".")
    return tool_round(*CALLS, text="Grö"), last


def names() -> dict[str, str]:
    return {"thread": new_id("t"), "run": new_id("r")}


def whole(dialect: Dialect, client: Client, run: str) -> list[Merged]:
    return merged(dialect, dialect.resume(client, run, -1).to_end())


def test_text_and_thought_are_those_of_the_log(model: ScriptedModel, alice: Client, dialect: Dialect) -> None:
    model.script(*scripts())
    reader = dialect.send(alice, **(ids := names()))
    events = [event.data for event in reader.to_end()]
    dialect.assert_grammar(events)
    assert (reader.received.text.decode(), reader.received.thought.decode()) == (TEXT, THOUGHT)
    assert dialect.outcome(events[-1]) == "done"
    assert alice.messages(ids["thread"])[-1]["content"] == TEXT
    assert (reader.head.headers["X-Response-Id"], reader.head.headers["X-Thread-Id"]) == (
        ids["run"],
        ids["thread"],
    )


def test_marks_rise_by_one_or_by_the_bytes_of_a_piece(
    model: ScriptedModel, alice: Client, dialect: Dialect
) -> None:
    model.script(*scripts())
    events = dialect.send(alice, **names()).to_end()
    assert events[0].mark == 0
    for before, event in pairwise(events):
        piece = dialect.piece(event.data)
        assert event.mark - before.mark == (len(piece.text) if piece else 1)


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another process"])
def test_every_mark_of_an_ended_run_resumes_exactly(
    model: ScriptedModel, alice: Client, second: LiveServer, dialect: Dialect, elsewhere: bool
) -> None:
    model.script(*scripts())
    events = merged(dialect, dialect.send(alice, **(ids := names())).to_end())
    reader = alice.at(second) if elsewhere else alice
    for mark in range(-1, events[-1].mark + 1):
        resumed = dialect.resume(reader, ids["run"], mark)
        expected = behind(events, mark)
        if expected is None:
            assert resumed.head.status == 400
            resumed.close()
        else:
            assert merged(dialect, resumed.to_end()) == (expected or events[-1:])


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another process"])
def test_every_mark_of_a_running_one_resumes_exactly(
    model: ScriptedModel, alice: Client, second: LiveServer, dialect: Dialect, elsewhere: bool
) -> None:
    model.script(*scripts(gate=(gate := Gate())))
    first = dialect.send(alice, **(ids := names())).until("Größe: ")
    reader = alice.at(second) if elsewhere else alice
    so_far = merged(dialect, first.marked)
    marks = [mark for mark in range(-1, so_far[-1].mark + 1) if behind(so_far, mark) is not None]
    resumed = [(mark, dialect.resume(reader, ids["run"], mark)) for mark in marks]
    gate.open()
    events = merged(dialect, first.to_end())
    for mark, one in resumed:
        assert merged(dialect, one.to_end()) == behind(events, mark)


def test_three_cuts_in_one_answer_lose_and_double_nothing(
    model: ScriptedModel, alice: Client, dialect: Dialect
) -> None:
    gates = [Gate() for _ in range(3)]
    model.script(answer("Grö", gates[0], "ße", gates[1], ": 🍎", gates[2], "."))
    reader, events = dialect.send(alice, **(ids := names())), []
    for gate, text in zip(gates, ("Grö", "ße", ": 🍎"), strict=True):
        reader.until(text).close()
        events += reader.marked
        reader = dialect.resume(alice, ids["run"], events[-1].mark)
        gate.open()
    events += reader.to_end()
    assert merged(dialect, events) == whole(dialect, alice, ids["run"])
    dialect.assert_grammar([event.data for event in events])


def test_a_stop_ends_the_body_and_keeps_the_text(
    model: ScriptedModel, alice: Client, dialect: Dialect
) -> None:
    model.script(answer("Half", Gate()))
    reader = dialect.send(alice, **(ids := names())).until("Half")
    dialect.stop(alice, **ids)
    events = [event.data for event in reader.to_end()]
    dialect.assert_grammar(events)
    assert alice.response(ids["run"])["status"] == "stopped"
    assert alice.messages(ids["thread"])[-1]["content"] == "Half"


def test_leaving_stops_nothing(model: ScriptedModel, alice: Client, dialect: Dialect) -> None:
    model.script(answer("Half", gate := Gate(), " and all"))
    dialect.send(alice, **(ids := names())).until("Half").close()
    gate.open()
    alice.wait_until(ids["run"], "done")
    assert alice.messages(ids["thread"])[-1]["content"] == "Half and all"


def test_a_run_begun_here_is_read_on_in_our_own_dialects(
    model: ScriptedModel, alice: Client, dialect: Dialect
) -> None:
    model.script(answer("Grö", gate := Gate(), "ße"))
    reader = dialect.send(alice, **(ids := names())).until("Grö")
    framed, socket = SSE.follow(alice, ids["run"], 4), SOCKET.follow(alice, ids["run"], 4)
    gate.open()
    assert framed.rest().text == socket.rest().text == "ße".encode()
    reader.to_end()


def test_the_same_run_sent_twice_asks_the_model_once(
    model: ScriptedModel, alice: Client, dialect: Dialect
) -> None:
    model.script(answer("Hel", gate := Gate(), "lo"))
    ids = names()
    readers = [dialect.send(alice, **ids) for _ in range(3)]
    for reader in readers:
        reader.begun()  # whichever asked the model; the others may get the text so far in a snapshot
    gate.open()
    for reader in readers:
        reader.to_end()
    assert len(model.requests) == 1
    assert [message["content"] for message in alice.messages(ids["thread"])] == ["Hi", "Hello"]


def test_another_users_run_is_an_unknown_one(
    model: ScriptedModel, alice: Client, bob: Client, dialect: Dialect
) -> None:
    dialect.send(alice, "Mine", **(ids := names())).to_end()
    foreign, unknown = dialect.resume(bob, ids["run"], -1), dialect.resume(bob, new_id("r"), -1)
    assert foreign.head.status == unknown.head.status == 404
    assert foreign.head.read() == unknown.head.read()
    model.script(answer("For bob."))
    assert dialect.send(bob, "His", **ids).until("For bob.").to_end()
    assert [one["content"] for one in alice.messages(ids["thread"])] == ["Mine", "Hello from the script."]


@pytest.mark.parametrize("mark", ["-2", "x", "1.5", "9" * 16, "1:2"])
def test_a_mark_that_is_none_is_refused(
    model: ScriptedModel, alice: Client, dialect: Dialect, mark: str
) -> None:
    dialect.send(alice, **(ids := names())).to_end()
    refused = dialect.resume(alice, ids["run"], mark)
    assert refused.head.status == 400
    assert json.loads(refused.head.read())["code"] == "bad_offset"


def test_a_mark_beyond_the_end_gives_the_end_alone(
    model: ScriptedModel, alice: Client, dialect: Dialect
) -> None:
    events = dialect.send(alice, **(ids := names())).to_end()
    beyond = dialect.resume(alice, ids["run"], events[-1].mark + 1000).to_end()
    assert [event.data for event in beyond] == [events[-1].data]


def test_arguments_and_results_never_reach_the_wire(
    model: ScriptedModel, alice: Client, dialect: Dialect
) -> None:
    model.script(*scripts())
    live = dialect.send(alice, **(ids := names()))
    live.to_end()
    replayed = dialect.resume(alice, ids["run"], -1)
    replayed.to_end()
    for events in (live.events, replayed.events):
        assert CANARY not in str(events)
        assert RESULT not in str(events)
    assert CANARY in str(model.requests[-1].messages)
    assert RESULT in str(model.requests[-1].messages)


def test_a_body_that_is_dropped_is_cut_off_and_never_ends_well(
    model: ScriptedModel, alice: Client, dialect: Dialect
) -> None:
    model.script(answer("Half", gate := Gate(), " and all"))
    ids = names()
    dialect.send(alice, **ids).until("Half").close()
    reader = dialect.resume(alice, ids["run"], -1).until("Half")
    token = alice.headers["Authorization"].removeprefix("Bearer ")
    ApiToken.objects.get(digest=ApiToken.digest_of(token)).delete()
    reader.rest()
    assert reader.cut
    assert dialect.piece(reader.events[-1])
    gate.open()
    eventually(lambda: Response.objects.filter(public_id=ids["run"], status="done").exists())
