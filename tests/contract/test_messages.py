"""Contract section 6: the messages of a thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chat.models import Message, Thread, User
from chat.testing import Gate, ScriptedModel, answer, refusal
from tests.contract.expect import assert_card, assert_problem, assert_utc
from tests.contract.test_export import resident
from tests.live.client import Client, new_id
from tests.live.transports import C1, SSE

FORM = (
    '<content thesys="true" version="2">\nroot = Card([])\n</content>\n<context>[{&quot;a&quot;:1}]</context>'
)


def talk(client: Client, turns: int) -> str:
    thread = new_id("t")
    for turn in range(turns):
        client.chat(f"Prompt {turn}", thread=thread, prompt=f"p{turn}-{thread}", response=f"r{turn}-{thread}")
    return thread


def put(client: Client, thread: str, message: str, content: Any) -> Any:
    return client.http.put(f"/api/threads/{thread}/messages/{message}", json={"content": content})


def test_messages_come_oldest_first_with_their_fields(model: ScriptedModel, alice: Client) -> None:
    thread = talk(alice, 2)
    shown = alice.messages(thread)
    assert [message["id"].split("-")[0] for message in shown] == ["p0", "r0", "p1", "r1"]
    assert [message["role"] for message in shown] == ["user", "assistant"] * 2
    assert [(message["status"], message["offset"]) for message in shown] == [("done", None), ("done", 22)] * 2
    for message in shown:
        assert message.keys() >= {"id", "role", "content", "createdAt", "status", "offset"}
        assert_utc(message["createdAt"])


def test_older_messages_come_before_a_message(model: ScriptedModel, alice: Client) -> None:
    thread = talk(alice, 3)
    path = f"/api/threads/{thread}/messages"
    newest = alice.get(path, limit=2).json()
    assert ([m["id"].split("-")[0] for m in newest["messages"]], newest["hasMore"]) == (["p2", "r2"], True)
    older = alice.get(path, limit=4, before=newest["messages"][0]["id"]).json()
    assert ([m["id"].split("-")[0] for m in older["messages"]], older["hasMore"]) == (
        ["p0", "r0", "p1", "r1"],
        False,
    )
    assert alice.get(path, before=older["messages"][0]["id"]).json() == {"messages": [], "hasMore": False}


@pytest.mark.parametrize("limit", ["0", "1001", "x", "-1"])
def test_a_limit_outside_1_to_1000_is_refused(model: ScriptedModel, alice: Client, limit: str) -> None:
    thread = talk(alice, 1)
    assert_problem(alice.get(f"/api/threads/{thread}/messages", limit=limit), "bad_request", 400)


def test_an_unknown_before_is_refused(model: ScriptedModel, alice: Client) -> None:
    answered = alice.get(f"/api/threads/{talk(alice, 1)}/messages", before="nothing")
    assert answered.status_code in {400, 404}
    assert answered.json()["code"] in {"bad_request", "not_found"}


def test_the_reply_in_progress_is_among_them(model: ScriptedModel, alice: Client) -> None:
    gate, thread, response = Gate(), new_id("t"), new_id("r")
    model.script(answer("Größe", gate, "!"))
    reader = C1.send(alice, thread=thread, response=response).until("Größe")
    reply = alice.messages(thread)[-1]
    assert (reply["id"], reply["status"], reply["role"]) == (response, "streaming", "assistant")
    assert reply["offset"] == len(reply["content"].encode())
    rest = SSE.follow(alice, response, reply["offset"])
    gate.open()
    assert reply["content"].encode() + rest.rest().text == "Größe!".encode()
    reader.rest()


def test_a_failed_reply_without_text_shows_the_card(model: ScriptedModel, alice: Client) -> None:
    model.default(refusal(401))
    alice.chat(thread=(thread := new_id("t")))
    reply = alice.messages(thread)[-1]
    assert (reply["status"], reply["offset"]) == ("failed", 0)
    assert_card(reply["content"].encode())


def test_a_reply_is_replaced_and_the_log_stays(model: ScriptedModel, alice: Client) -> None:
    thread = talk(alice, 1)
    answered = put(alice, thread, f"r0-{thread}", FORM)
    assert answered.status_code in {200, 204}
    assert alice.messages(thread)[-1]["content"] == FORM
    assert alice.get(f"/api/responses/r0-{thread}/stream").text == "Hello from the script."


def test_identical_puts_at_once_are_one(model: ScriptedModel, alice: Client) -> None:
    thread = talk(alice, 1)
    with ThreadPoolExecutor(4) as pool:
        statuses = set(pool.map(lambda _: put(alice, thread, f"r0-{thread}", FORM).status_code, range(4)))
    assert statuses <= {200, 204}
    assert [message["content"] for message in alice.messages(thread)] == ["Prompt 0", FORM]


def test_a_users_message_cannot_be_replaced(model: ScriptedModel, alice: Client) -> None:
    thread = talk(alice, 1)
    assert_problem(put(alice, thread, f"p0-{thread}", "x"), "bad_request", 400)
    assert alice.messages(thread)[0]["content"] == "Prompt 0"


def test_an_unknown_message_cannot_be_replaced(model: ScriptedModel, alice: Client) -> None:
    thread, other = talk(alice, 1), talk(alice, 1)
    assert_problem(put(alice, thread, "nothing", "x"), "not_found", 404)
    assert_problem(put(alice, "nothing", f"r0-{thread}", "x"), "not_found", 404)
    assert_problem(put(alice, other, f"r0-{thread}", "x"), "not_found", 404)


def test_a_running_reply_cannot_be_replaced(model: ScriptedModel, alice: Client) -> None:
    gate, thread, response = Gate(), new_id("t"), new_id("r")
    model.script(answer("a", gate, "b"))
    reader = C1.send(alice, thread=thread, response=response).until("a")
    assert_problem(put(alice, thread, response, "x"), "thread_busy", 409)
    gate.open()
    assert reader.rest().text == b"ab"


@pytest.mark.parametrize("content", [7, None, {}, ["x"], True])
def test_content_of_another_type_is_refused(model: ScriptedModel, alice: Client, content: Any) -> None:
    thread = talk(alice, 1)
    assert_problem(put(alice, thread, f"r0-{thread}", content), "bad_request", 400)


def test_content_of_the_largest_size_is_taken_and_a_larger_one_not(
    model: ScriptedModel, tight: Client
) -> None:
    thread = talk(tight, 1)
    assert put(tight, thread, f"r0-{thread}", "x" * 25_000).is_success
    assert_problem(put(tight, thread, f"r0-{thread}", "x" * 25_001), "too_large", 413)
    assert len(tight.messages(thread)[-1]["content"]) == 25_000


def long_thread(client: Client, number: int) -> str:
    """Return a thread of so many replies of 1 MB, each with a character that makes Python keep four bytes for all."""
    owner = User.objects.get(username=client.username)
    thread, parent = Thread.objects.create(owner=owner, public_id=new_id("t"), model="c1"), None
    for turn in range(1, number + 1):
        parent = Message.objects.create(
            owner=owner,
            thread=thread,
            public_id=f"{turn}-{thread.public_id}",
            parent=parent,
            turn=turn,
            role="assistant",
            content="\U0001f34e" + "Many words. " * 83_000,
        )
    Thread.objects.filter(pk=thread.pk).update(leaf=parent)
    return thread.public_id


def test_pages_of_long_messages_are_bounded_and_hold_each_message_once(alice: Client, server: Any) -> None:
    thread = long_thread(alice, 30)
    before, seen, more, sizes = None, list[str](), True, list[int]()
    resting = resident(server)
    while more:
        answer = alice.get(
            f"/api/threads/{thread}/messages", limit=1000, **({"before": before} if before else {})
        )
        page = answer.json()
        sizes.append(len(answer.content))
        seen = [message["id"] for message in page["messages"]] + seen
        before, more = seen[0], page["hasMore"]
    assert [name.partition("-")[0] for name in seen] == [str(turn) for turn in range(1, 31)]
    assert max(sizes) < 5_000_000
    assert resident(server) - resting < 100
