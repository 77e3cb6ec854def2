"""Conversations of the AI SDK's text transport: the same message again, edits, other answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chat.testing import Gate, ScriptedModel, answer, refusal
from tests.contract.expect import assert_problem
from tests.live.client import Client, new_id
from tests.live.text_transport import ask, begin, contents, regenerate, said, turns

# The conversation


def test_a_conversation_goes_on_under_the_clients_ids(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("1"), answer("2"), answer("3"))
    thread, talk = new_id("t"), [said("user", "One")]
    for words in ("Two", "Three"):
        talk += [said("assistant", ask(alice, thread, *talk).text), said("user", words)]
    ask(alice, thread, *talk)
    assert turns(model) == ["One", "1", "Two", "2", "Three"]
    assert contents(alice, thread) == ["One", "1", "Two", "2", "Three", "3"]
    assert all(len(message["versions"]) == 1 for message in alice.messages(thread))


def test_another_clients_turn_in_between_makes_a_branch(model: ScriptedModel, alice: Client) -> None:
    thread, one = new_id("t"), said("user", "One")
    reply = said("assistant", ask(alice, thread, one).text)
    alice.chat("Elsewhere", thread=thread, model="openassistant")
    ask(alice, thread, one, reply, said("user", "Two"))
    assert turns(model) == ["One", "Hello from the script.", "Two"]
    assert "Elsewhere" not in contents(alice, thread)


def test_a_reply_without_text_is_left_out(model: ScriptedModel, alice: Client) -> None:
    empty = {"id": new_id("m"), "role": "assistant", "parts": [{"type": "step-start"}]}
    ask(alice, new_id("t"), said("user", "One"), empty, said("user", "Two"))
    assert turns(model) == ["One", "Two"]


def test_a_reply_comes_back_as_long_as_the_model_made_it(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("x" * 100_000))
    thread, one = new_id("t"), said("user", "One")
    long = said("assistant", ask(alice, thread, one).text)
    assert ask(alice, thread, one, long, said("user", "Two")).status_code == 200
    assert ask(alice, new_id("t"), said("user", "1"), {**long, "id": "n"}, said("user", "2")).is_success


def test_an_unknown_thread_gets_the_earlier_messages_under_their_ids(
    model: ScriptedModel, alice: Client
) -> None:
    thread = new_id("t")
    talk = [said("user", "One"), said("assistant", "1"), said("user", "Two")]
    ask(alice, thread, *talk)
    assert turns(model) == ["One", "1", "Two"]
    assert [message["id"] for message in alice.messages(thread)][:3] == [one["id"] for one in talk]


def test_an_id_that_is_taken_or_none_is_replaced_in_an_import(model: ScriptedModel, alice: Client) -> None:
    ask(alice, new_id("t"), taken := said("user", "Elsewhere"))
    twice, strange = new_id("m"), said("user", "four", "no id/at all")
    talk = [
        {**taken},
        said("user", "two", twice),
        said("user", "three", twice),
        strange,
        said("user", "five"),
    ]
    assert ask(alice, thread := new_id("t"), *talk).status_code == 200
    assert contents(alice, thread)[:5] == ["Elsewhere", "two", "three", "four", "five"]


# The same message again


def test_the_same_message_again_attaches_to_its_answer(model: ScriptedModel, alice: Client) -> None:
    gate, thread, message = Gate(), new_id("t"), said("user", "Hi")
    model.script(answer("Hel", gate, "lo"))
    first, second = (begin(alice, thread, message).until("Hel") for _ in range(2))
    gate.open()
    assert [first.rest().text, second.rest().text] == [b"Hello", b"Hello"]
    assert ask(alice, thread, message).text == "Hello"
    assert len(model.requests) == 1


def test_two_at_once_make_one_call_of_the_model(model: ScriptedModel, alice: Client) -> None:
    thread, message = new_id("t"), said("user", "Hi")
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: begin(alice, thread, message).rest().text, range(8)))
    assert texts == [b"Hello from the script."] * 8
    assert len(model.requests) == 1


def test_after_a_failure_or_a_stop_the_same_message_asks_again(model: ScriptedModel, alice: Client) -> None:
    gate, thread, message = Gate(), new_id("t"), said("user", "Hi")
    model.script(refusal(401), answer("Hel", gate), answer("Hello"))
    assert ask(alice, thread, message).headers["x-response-status"] == "failed"
    stopped = begin(alice, thread, message).until("Hel")
    alice.stop(stopped.head.headers["x-response-id"])
    assert ask(alice, thread, message).text == "Hello"
    assert turns(model) == ["Hi"]
    assert contents(alice, thread) == ["Hi", "Hello"]
    gate.open()


def test_a_message_of_another_thread_is_a_reused_id(model: ScriptedModel, alice: Client) -> None:
    ask(alice, new_id("t"), message := said("user", "Hi"))
    alice.chat("x", thread=(other := new_id("t")))
    for thread in (other, new_id("t")):
        assert_problem(ask(alice, thread, message), "prompt_id_reused", 409)


def test_two_users_may_use_the_same_ids(model: ScriptedModel, alice: Client, make_client: Any) -> None:
    bob, message = make_client(alice.server), said("user", "Hi", "m")
    for client in (alice, bob):
        assert ask(client, "t", message).status_code == 200
    assert len(model.requests) == 2


def test_a_response_id_of_its_own_makes_it_idempotent_by_that(model: ScriptedModel, alice: Client) -> None:
    thread, message, response = new_id("t"), said("user", "Hi"), new_id("r")
    for _ in range(2):
        answered = ask(alice, thread, message, responseId=response)
        assert answered.headers["x-response-id"] == response
    assert_problem(ask(alice, thread, message, responseId=new_id("r")), "prompt_id_reused", 409)


# Edits


def test_another_content_is_an_edit_beside_the_message(model: ScriptedModel, alice: Client) -> None:
    thread, one, two = new_id("t"), said("user", "One"), said("user", "Two")
    reply = said("assistant", ask(alice, thread, one).text)
    ask(alice, thread, one, reply, two)
    ask(alice, thread, one, reply, said("user", "Two!", two["id"]), messageId=two["id"])
    assert turns(model) == ["One", "Hello from the script.", "Two!"]
    shown = alice.messages(thread)
    assert [message["content"] for message in shown][::2] == ["One", "Two!"]
    assert two["id"] in shown[2]["versions"]
    assert shown[2]["id"] != two["id"]


def test_the_same_edit_again_is_that_edit(model: ScriptedModel, alice: Client) -> None:
    thread, one = new_id("t"), said("user", "One")
    edits = [said("user", words, one["id"]) for words in ("One!", "One?")]
    answers = [ask(alice, thread, each).headers["x-response-id"] for each in (one, *edits, *edits, one)]
    assert answers[1:3] == answers[3:5]
    assert answers[0] == answers[5]
    assert len(model.requests) == 3
    assert len(alice.messages(thread)[0]["versions"]) == 3


def test_a_conversation_goes_on_after_the_edit(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("1"), answer("1!"), answer("2"))
    thread, one = new_id("t"), said("user", "One")
    edited = said("user", "One!", one["id"])
    for message in (one, edited):
        reply = said("assistant", ask(alice, thread, message).text)
    ask(alice, thread, edited, reply, said("user", "Two"))
    assert turns(model) == ["One!", "1!", "Two"]


def test_an_imported_message_can_be_edited(model: ScriptedModel, alice: Client) -> None:
    thread, one = new_id("t"), said("user", "One")
    ask(alice, thread, said("system", "Be brief."), one, said("assistant", "1"), said("user", "Two"))
    ask(alice, thread, said("user", "One!", one["id"]))
    assert turns(model) == ["Be brief.\n\nOne!"]
    assert contents(alice, thread) == ["One!", "Hello from the script."]


# Another answer


def test_another_answer_is_another_version_of_the_newest_reply(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("1"), answer("2"), answer("2!"))
    thread, one, two = new_id("t"), said("user", "One"), said("user", "Two")
    reply = said("assistant", ask(alice, thread, one).text)
    last = said("assistant", ask(alice, thread, one, reply, two).text)
    assert regenerate(alice, thread, one, reply, two, messageId=last["id"]).text == "2!"
    assert turns(model) == ["One", "1", "Two"]
    assert contents(alice, thread) == ["One", "1", "Two", "2!"]
    assert len(alice.messages(thread)[-1]["versions"]) == 2


@pytest.mark.parametrize("name", [None, "unknown"])
def test_another_answer_is_that_of_the_newest_reply_where_no_id_is_known(
    model: ScriptedModel, alice: Client, name: str | None
) -> None:
    ask(alice, thread := new_id("t"), said("user", "One"))
    last = {**said("user", "One"), "id": name}
    assert regenerate(alice, thread, last, said("assistant", "Hello")).status_code == 200
    assert len(alice.messages(thread)[-1]["versions"]) == 2


def test_another_answer_to_an_earlier_message_begins_a_branch_there(
    model: ScriptedModel, alice: Client
) -> None:
    thread, one = new_id("t"), said("user", "One")
    reply = said("assistant", ask(alice, thread, one).text)
    ask(alice, thread, one, reply, said("user", "Two"))
    regenerate(alice, thread, one, messageId=reply["id"])
    assert turns(model) == ["One"]
    assert contents(alice, thread) == ["One", "Hello from the script."]


def test_a_retry_of_a_refused_first_message_is_a_prompt(model: ScriptedModel, alice: Client) -> None:
    assert regenerate(alice, thread := new_id("t"), said("user", "Hi")).text == "Hello from the script."
    assert regenerate(alice, thread, said("user", "Something else")).status_code == 200
    assert contents(alice, thread)[::2] == ["Hi", "Something else"]


def test_another_answer_ends_the_one_that_runs(model: ScriptedModel, alice: Client) -> None:
    gate, thread, message = Gate(), new_id("t"), said("user", "Hi")
    model.script(answer("Old", gate), answer("New"))
    old = begin(alice, thread, message).until("Old")
    assert regenerate(alice, thread, message).text == "New"
    assert old.rest().text == b"Old"
    gate.open()
