"""Versions and branches: regenerate, edit and choose without losing messages; feedback on answers."""

from __future__ import annotations

import pytest

from chat.testing import ScriptedModel, answer
from tests.contract.expect import assert_problem
from tests.live.client import Client, new_id


def contents(client: Client, thread: str, **params: str) -> list[str]:
    return [str(message["content"]) for message in client.messages(thread, **params)]


def sent(model: ScriptedModel, turn: int) -> list[str]:
    return [str(message["content"]) for message in model.requests[turn].messages]


@pytest.fixture
def regenerated(model: ScriptedModel, alice: Client) -> tuple[str, str, str]:
    """Return a thread with two answers to one prompt: its id, the first answer's, the second's."""
    model.script(answer("one"), answer("two"))
    thread, first, second = new_id("t"), new_id("r"), new_id("r")
    alice.chat("Prompt", thread=thread, response=first)
    answered = alice.http.post(f"/api/responses/{first}/regenerate", json={"responseId": second})
    assert (answered.text, answered.headers["X-Response-Id"]) == ("two", second)
    return thread, first, second


def test_regenerating_makes_another_version(
    model: ScriptedModel, alice: Client, regenerated: tuple[str, str, str]
) -> None:
    thread, first, second = regenerated
    assert sent(model, 1) == ["Prompt"]
    assert contents(alice, thread) == ["Prompt", "two"]
    assert alice.messages(thread)[1]["versions"] == [first, second]
    assert contents(alice, thread, leaf=first) == ["Prompt", "one"]


def test_the_next_prompt_follows_the_version_that_is_shown(
    model: ScriptedModel, alice: Client, regenerated: tuple[str, str, str]
) -> None:
    thread, first, _ = regenerated
    alice.chat("Next", thread=thread)
    assert sent(model, 2) == ["Prompt", "two", "Next"]
    assert alice.http.patch(f"/api/threads/{thread}", json={"leaf": first}).status_code == 200
    alice.chat("After the first", thread=thread)
    assert sent(model, 3) == ["Prompt", "one", "After the first"]


def test_choosing_a_version_shows_everything_after_it(
    alice: Client, regenerated: tuple[str, str, str]
) -> None:
    thread, first, second = regenerated
    alice.chat("Next", thread=thread, response="next")
    alice.http.patch(f"/api/threads/{thread}", json={"leaf": first})
    assert contents(alice, thread) == ["Prompt", "one"]
    alice.http.patch(f"/api/threads/{thread}", json={"leaf": second})
    assert contents(alice, thread)[:3] == ["Prompt", "two", "Next"]


def test_the_same_regenerate_attaches(
    model: ScriptedModel, alice: Client, regenerated: tuple[str, str, str]
) -> None:
    thread, first, second = regenerated
    again = alice.http.post(f"/api/responses/{first}/regenerate", json={"responseId": second})
    assert (again.text, len(model.requests)) == ("two", 2)
    reused = alice.http.post(
        f"/api/responses/{first}/regenerate", json={"responseId": alice.messages(thread)[0]["id"]}
    )
    assert_problem(reused, "response_id_reused", 409)


def test_editing_a_prompt_makes_a_branch(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("one"), answer("two"), answer("three"))
    thread, reply = new_id("t"), new_id("r")
    alice.chat("First", thread=thread, response=reply)
    alice.chat("Second", thread=thread)
    alice.chat("Second, edited", thread=thread, parentId=reply)
    assert sent(model, 2) == ["First", "one", "Second, edited"]
    assert contents(alice, thread) == ["First", "one", "Second, edited", "three"]
    shown = alice.messages(thread)
    assert len(shown[2]["versions"]) == 2
    assert contents(alice, thread, leaf=shown[2]["versions"][0]) == ["First", "one", "Second"]


def test_editing_the_first_prompt_begins_anew(model: ScriptedModel, alice: Client) -> None:
    thread = new_id("t")
    alice.chat("First", thread=thread)
    alice.chat("First, edited", thread=thread, parentId=None)
    assert sent(model, 1) == ["First, edited"]
    assert len(alice.messages(thread)[0]["versions"]) == 2


@pytest.mark.parametrize("parent", ["unknown", "", 7, "a b"])
def test_a_prompt_after_no_message_is_refused(model: ScriptedModel, alice: Client, parent: object) -> None:
    thread = new_id("t")
    alice.chat("First", thread=thread)
    assert_problem(alice.chat("Second", thread=thread, parentId=parent), "bad_request", 400)
    assert (len(model.requests), len(alice.messages(thread))) == (1, 2)


def test_an_unknown_version_cannot_be_chosen(alice: Client, regenerated: tuple[str, str, str]) -> None:
    thread, _, second = regenerated
    assert_problem(alice.http.patch(f"/api/threads/{thread}", json={"leaf": "unknown"}), "bad_request", 400)
    assert_problem(alice.get(f"/api/threads/{thread}/messages", leaf="unknown"), "bad_request", 400)
    assert alice.messages(thread)[-1]["id"] == second


def test_feedback_is_kept_and_can_be_taken_back(model: ScriptedModel, alice: Client) -> None:
    thread, reply = new_id("t"), new_id("r")
    alice.chat("Prompt", thread=thread, response=reply)
    path = f"/api/threads/{thread}/messages/{reply}/feedback"
    assert alice.http.put(path, json={"score": -1, "comment": "wrong"}).json() == {
        "score": -1,
        "comment": "wrong",
    }
    assert alice.messages(thread)[1]["feedback"] == {"score": -1, "comment": "wrong"}
    assert alice.http.put(path, json={"score": 0}).status_code == 200
    assert alice.messages(thread)[1]["feedback"] is None


@pytest.mark.parametrize(
    "body", [{}, {"score": 2}, {"score": True}, {"score": "1"}, {"score": 1, "comment": 7}]
)
def test_feedback_of_another_form_is_refused(
    model: ScriptedModel, alice: Client, body: dict[str, object]
) -> None:
    thread, reply = new_id("t"), new_id("r")
    alice.chat("Prompt", thread=thread, response=reply)
    assert_problem(
        alice.http.put(f"/api/threads/{thread}/messages/{reply}/feedback", json=body), "bad_request", 400
    )


def test_a_users_message_takes_no_feedback(model: ScriptedModel, alice: Client) -> None:
    alice.chat("Prompt", thread=(thread := new_id("t")), prompt=(prompt := new_id("p")))
    path = f"/api/threads/{thread}/messages/{prompt}/feedback"
    assert_problem(alice.http.put(path, json={"score": 1}), "bad_request", 400)


def test_a_threads_system_prompt_goes_to_the_model_and_to_no_client(
    model: ScriptedModel, alice: Client
) -> None:
    thread = new_id("t")
    made = alice.http.post("/api/threads", json={"threadId": thread, "systemPrompt": "Speak like a pirate."})
    alice.chat("Ahoy", thread=thread)
    assert sent(model, 0)[-2:] == ["Speak like a pirate.", "Ahoy"]
    assert "pirate" not in made.text + alice.get(f"/api/threads/{thread}").text + str(alice.messages(thread))
