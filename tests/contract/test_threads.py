"""Contract section 6: threads."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import Gate, ScriptedModel, answer
from chat.testing.script import Stall, broken
from tests.contract.expect import assert_problem, assert_utc
from tests.live.client import Client, new_id
from tests.live.transports import C1, SSE, Transport

FIELDS = {"threadId", "title", "createdAt", "updatedAt", "archived", "model", "activeResponseId"}


def make(client: Client, **body: Any) -> dict[str, Any]:
    answered = client.http.post("/api/threads", json=body)
    assert answered.status_code == 201, answered.text
    return dict(answered.json())


def listed(client: Client, **params: Any) -> list[str]:
    return [thread["threadId"] for thread in client.get("/api/threads", **params).json()["threads"]]


def test_a_thread_is_made_with_all_its_fields(alice: Client) -> None:
    thread = make(alice, threadId=(name := new_id("t")), title="My plans", model="openassistant")
    assert thread.keys() >= FIELDS
    for moment in ("createdAt", "updatedAt"):
        assert_utc(thread[moment])
    state = (
        thread["threadId"],
        thread["title"],
        thread["model"],
        thread["archived"],
        thread["activeResponseId"],
    )
    assert state == (name, "My plans", "openassistant", False, None)
    assert alice.get(f"/api/threads/{name}").json() == thread


def test_a_thread_without_an_id_gets_one(alice: Client) -> None:
    assert alice.get(f"/api/threads/{make(alice)['threadId']}").status_code == 200


def test_a_message_gives_the_title_and_is_not_stored(alice: Client) -> None:
    thread = make(alice, message="Plan a trip to Lisbon")
    assert thread["title"] == "Plan a trip to Lisbon"
    assert alice.messages(thread["threadId"]) == []


def test_an_existing_id_gives_that_thread(alice: Client) -> None:
    first = make(alice, threadId=(name := new_id("t")), title="One")
    again = alice.http.post("/api/threads", json={"threadId": name, "title": "Two"})
    assert (again.status_code, again.json()) == (200, first)


def test_threads_are_listed_by_last_activity(model: ScriptedModel, alice: Client) -> None:
    names = [make(alice)["threadId"] for _ in range(3)]
    assert listed(alice) == names[::-1]
    alice.chat(thread=names[0])
    assert listed(alice) == [names[0], names[2], names[1]]


def test_pages_follow_the_cursor_without_gap_or_repeat(alice: Client) -> None:
    names = [make(alice)["threadId"] for _ in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = alice.get("/api/threads", limit=2, **cursor).json()
        seen += [thread["threadId"] for thread in page["threads"]]
        if not page["nextCursor"]:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert seen == names[::-1]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", "9" * 30])
def test_a_limit_outside_1_to_100_is_refused(alice: Client, limit: str) -> None:
    assert_problem(alice.get("/api/threads", limit=limit), "bad_request", 400)


@pytest.mark.parametrize("cursor", ["x", "////", "AAAA", "\u00e9", "x" * 5000, "eyJhIjoxfQ=="])
def test_a_bad_cursor_is_refused(alice: Client, cursor: str) -> None:
    assert_problem(alice.get("/api/threads", cursor=cursor), "bad_request", 400)


def test_archived_threads_are_listed_apart(alice: Client) -> None:
    kept, put_away = make(alice)["threadId"], make(alice)["threadId"]
    changed = alice.http.patch(f"/api/threads/{put_away}", json={"archived": True})
    assert (changed.status_code, changed.json()["archived"]) == (200, True)
    assert put_away not in listed(alice, archived="0")
    assert put_away in listed(alice, archived="1")
    assert kept in listed(alice, archived="0")


def test_a_title_is_changed(alice: Client) -> None:
    name = make(alice)["threadId"]
    assert alice.http.patch(f"/api/threads/{name}", json={"title": "Größe 🍎"}).json()["title"] == "Größe 🍎"
    assert alice.get(f"/api/threads/{name}").json()["title"] == "Größe 🍎"


BAD_CHANGES = [
    b'{"title": 7}',
    b'{"archived": "x"}',
    b"[]",
    b"null",
    b'"x"',
    b'{"title": "%s"}' % (b"x" * 99_999),
]


@pytest.mark.parametrize("body", BAD_CHANGES, ids=lambda body: body[:20].decode())
def test_a_bad_change_is_refused(alice: Client, body: bytes) -> None:
    name = make(alice, title="Before")["threadId"]
    answered = alice.http.patch(
        f"/api/threads/{name}", content=body, headers={"Content-Type": "application/json"}
    )
    assert answered.status_code in {400, 413}, answered.text
    assert alice.get(f"/api/threads/{name}").json()["title"] == "Before"


def test_a_running_response_is_named(model: ScriptedModel, alice: Client) -> None:
    gate, thread, response = Gate(), new_id("t"), new_id("r")
    model.script(answer("a", gate, "b"))
    reader = C1.send(alice, thread=thread, response=response).until("a")
    assert alice.get(f"/api/threads/{thread}").json()["activeResponseId"] == response
    gate.open()
    reader.rest()
    assert alice.get(f"/api/threads/{thread}").json()["activeResponseId"] is None


def test_search_finds_titles_and_readable_text_with_excerpts(model: ScriptedModel, alice: Client) -> None:
    model.script(
        answer(
            '<content thesys="true" version="2">\nroot = Text(&quot;The zanzibar report&quot;)\n</content>'
        )
    )
    alice.chat("Something", thread=(spoken := new_id("t")), response=(reply := new_id("r")))
    titled = make(alice, title="Zanzibar trip")["threadId"]
    make(alice, title="Unrelated")
    found = alice.get("/api/threads", q="zanzibar").json()["threads"]
    assert {thread["threadId"] for thread in found} == {spoken, titled}
    excerpts = {thread["threadId"]: thread["excerpt"] for thread in found}
    assert "zanzibar" in str(excerpts[spoken]).lower()
    assert excerpts[spoken]["messageId"] == reply
    assert "messageId" not in excerpts[titled]


def test_a_search_names_the_message_even_where_the_title_matches_better(
    model: ScriptedModel, alice: Client
) -> None:
    model.script(answer("It is a cat."))
    alice.chat("Quokkas and ocelots", thread=new_id("t"), prompt=(prompt := new_id("p")))
    [found] = alice.get("/api/threads", q="ocelot").json()["threads"]
    assert found["excerpt"]["messageId"] == prompt


@pytest.mark.parametrize(
    "q", ["'", '"', "a & | !", "\\", "(" * 500, "a:*", "<b>", "%", "\u0000", "x" * 10_000, "🍎", "  "]
)
def test_no_search_text_breaks_the_search(alice: Client, q: str) -> None:
    answered = alice.get("/api/threads", q=q)
    assert answered.status_code in {200, 400}, answered.text


def test_hidden_text_is_not_found(model: ScriptedModel, alice: Client) -> None:
    from chat.testing import Call, tool_round

    model.script(tool_round(Call("calculate", '{"expression": "1+1", "note": "xylograph"}')), answer("2"))
    alice.chat("Sum?")
    assert listed(alice, q="xylograph") == []


def test_a_deleted_thread_and_everything_of_it_is_unknown(model: ScriptedModel, alice: Client) -> None:
    alice.chat(thread=(thread := new_id("t")), response=(response := new_id("r")))
    assert alice.http.delete(f"/api/threads/{thread}").status_code == 204
    gone = [f"/api/threads/{thread}", f"/api/threads/{thread}/messages", f"/api/responses/{response}"]
    for path in [*gone, f"/api/responses/{response}/stream"]:
        assert_problem(alice.get(path), "not_found", 404)
    assert_problem(alice.http.delete(f"/api/threads/{thread}"), "not_found", 404)
    assert thread not in listed(alice)


def test_a_deletion_stops_running_responses(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    model.script(broken("Hel", Stall()))
    reader = transport.send(alice, thread=(thread := new_id("t"))).until("Hel")
    assert alice.http.delete(f"/api/threads/{thread}").status_code == 204
    assert model.requests[0].wait_until_left()
    if transport is C1:
        reader.close()
    else:
        assert reader.rest().end["status"] == "stopped"


def test_ids_of_a_deleted_thread_are_free_again(model: ScriptedModel, alice: Client) -> None:
    ids = {"thread": new_id("t"), "response": new_id("r"), "prompt": new_id("p")}
    alice.chat("One", **ids)
    alice.http.delete(f"/api/threads/{ids['thread']}")
    assert alice.chat("Two", **ids).text == "Hello from the script."
    assert SSE.follow(alice, ids["response"]).rest().end["status"] == "done"
