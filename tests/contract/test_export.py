"""Exports are complete, hold visible messages only, and cost little however slowly they are read."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import httpx
from django.db import connection

from chat.models import ApiToken, Message, Thread, User
from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.contract.expect import APPLE, assert_problem, assert_utc
from tests.contract.waits import payment, settings, waiting
from tests.live.client import Client, new_id
from tests.live.harness import eventually
from tests.live.pictures import PNG, part, upload

CANARY = "hidden-canary-93"


def branched(model: ScriptedModel, client: Client) -> str:
    """Return a thread with a round of tools, an edited prompt and a rated reply."""
    thread, reply = new_id("t"), new_id("r")
    model.script(
        tool_round(Call("calculate", json.dumps({"expression": CANARY}))), answer(APPLE), answer("Two.")
    )
    client.chat("First?", thread=thread, prompt=new_id("p"), response=reply)
    client.chat("First, edited?", thread=thread, parentId=None)
    client.http.patch(f"/api/threads/{thread}", json={"systemPrompt": CANARY, "title": "Größe & Co."})
    rated = {"score": 1, "comment": "Just so"}
    assert client.http.put(f"/api/threads/{thread}/messages/{reply}/feedback", json=rated).is_success
    return thread


def export(client: Client, thread: str, form: str) -> httpx.Response:
    answered = client.get(f"/api/threads/{thread}/export", format=form)
    assert answered.status_code == 200, answered.text
    return answered


def test_a_json_export_has_all_branches_and_their_parents(model: ScriptedModel, alice: Client) -> None:
    thread = branched(model, alice)
    answered = export(alice, thread, "json")
    exported = answered.json()["thread"]
    assert (exported["threadId"], exported["title"]) == (thread, "Größe & Co.")
    said = [(one["role"], one["content"]) for one in exported["messages"]]
    prompts = [("user", "First?"), ("assistant", APPLE), ("user", "First, edited?"), ("assistant", "Two.")]
    assert said == prompts
    first, reply, edited, other = (one["id"] for one in exported["messages"])
    assert [one["parentId"] for one in exported["messages"]] == [None, first, None, edited]
    assert exported["messages"][1]["feedback"] == {"score": 1, "comment": "Just so"}
    assert [one["model"] for one in exported["messages"]] == [None, "c1", None, "c1"]
    assert_utc(exported["messages"][0]["createdAt"])
    assert {reply, other} <= {one["id"] for one in exported["messages"]}


def test_a_markdown_export_is_the_current_branch(model: ScriptedModel, alice: Client) -> None:
    text = export(alice, branched(model, alice), "markdown").text
    assert text.startswith("# Größe & Co.\n")
    assert "## You" in text
    assert "First, edited?" in text
    assert "Größe: 5 € 🍎" not in text  # the other branch
    alice.chat("Show it", thread=(thread := new_id("t")))
    model.script(answer(APPLE))
    alice.chat("Show it", thread=thread)
    text = export(alice, thread, "markdown").text
    assert "Größe: 5 € 🍎" in text
    assert "openui-lang" not in text


def test_exports_have_requests_and_their_answers(
    model: ScriptedModel, make_client: Any, servers: Any
) -> None:
    client = make_client(servers.keep(**settings()))
    thread = new_id("t")
    response, [request] = waiting(model, client, *payment(), thread=thread)
    given = {"requestId": request["requestId"], "outcome": "approved", "arguments": {"amount": 3}}
    assert client.http.post(f"/api/responses/{response}/answers", json=given).is_success
    client.wait_until(response, "done")
    prompt, reply = export(client, thread, "json").json()["thread"]["messages"]
    assert prompt["requests"] == []
    [asked] = reply["requests"]
    assert asked["outcome"] == "approved"
    assert (asked["arguments"], asked["answer"]) == ({"amount": 5}, {"amount": 3})
    assert_utc(asked["answeredAt"])
    text = export(client, thread, "markdown").text
    assert re.search(r"\n> \*Request: pay · approved · [-:\d ]+ UTC\*\n>\n", text)
    assert '\n> Arguments:\n>\n> ```json\n> {"amount":5}\n> ```\n' in text
    assert '\n> Answer:\n>\n> ```json\n> {"amount":3}\n> ```\n' in text
    assert asked in client.get("/api/export").json()["threads"][0]["messages"][1]["requests"]


def test_an_interface_is_exported_as_markdown(model: ScriptedModel, alice: Client) -> None:
    program = 'root = Card([h, t])\nh = CardHeader("Sales")\nt = Table([Col("Region", ["North"]), Col("Sum", [41])])'
    model.script(answer(f"```openui-lang\n{program}\n```"))
    alice.chat("Show it", thread=(thread := new_id("t")))
    text = export(alice, thread, "markdown").text
    assert text.endswith("\n\n## Sales\n\n| Region | Sum |\n| --- | --- |\n| North | 41 |\n")


def test_an_export_is_a_file_to_save(model: ScriptedModel, alice: Client) -> None:
    thread = branched(model, alice)
    names = {"json": 'attachment; filename="groe-co.json"', "markdown": 'attachment; filename="groe-co.md"'}
    for form, name in names.items():
        headers = export(alice, thread, form).headers
        assert (headers["content-disposition"], headers["cache-control"]) == (name, "no-store")
    assert_problem(alice.get(f"/api/threads/{thread}/export", format="pdf"), "bad_request", 400)


def test_hidden_messages_and_system_prompts_are_in_no_export(model: ScriptedModel, alice: Client) -> None:
    thread = branched(model, alice)
    assert Message.objects.filter(thread__public_id=thread, hidden=True).count() == 2
    for text in (
        export(alice, thread, "json").text,
        export(alice, thread, "markdown").text,
        alice.get("/api/export").text,
    ):
        assert CANARY not in text


def test_everything_that_a_user_has_is_in_one_file(model: ScriptedModel, alice: Client, bob: Client) -> None:
    made = upload(alice)
    threads = [branched(model, alice), new_id("t")]
    alice.chat([part(made)], thread=threads[1])
    link = alice.http.post(f"/api/threads/{threads[1]}/shares").json()
    bob.chat("Bob's words", thread=threads[0])
    exported = alice.get("/api/export").json()
    assert exported["account"]["username"] == alice.username
    assert [thread["threadId"] for thread in exported["threads"]] == threads
    assert [len(thread["messages"]) for thread in exported["threads"]] == [4, 2]
    assert exported["threads"][1]["messages"][0]["content"] == [part(made)]
    assert exported["shares"] == [{"threadId": threads[1], **link}]
    assert [token["name"] for token in exported["tokens"]] == ["tests"]
    (picture,) = exported["attachments"]
    assert (picture["attachmentId"], base64.b64decode(picture["data"])) == (made["attachmentId"], PNG)


def test_a_long_thread_is_exported_to_its_end(model: ScriptedModel, alice: Client) -> None:
    alice.chat("Prompt 1.", thread=(thread := new_id("t")))
    last = Message.objects.get(thread__public_id=thread, role="assistant")
    for turn in range(2, 252):
        row = {"owner": last.owner, "thread": last.thread, "parent": last, "turn": turn, "role": "user"}
        last = Message.objects.create(public_id=new_id(), content=f"Prompt {turn}.", **row)
    Thread.objects.filter(public_id=thread).update(leaf=last)
    wanted = [f"Prompt {turn}." for turn in range(1, 252)]
    exported = export(alice, thread, "json").json()["thread"]["messages"]
    assert [one["content"] for one in exported if one["role"] == "user"] == wanted
    assert exported == alice.get("/api/export").json()["threads"][0]["messages"]
    assert re.findall(r"Prompt \d+\.", export(alice, thread, "markdown").text)[1:] == wanted


def test_an_account_without_anything_has_an_export_too(alice: Client) -> None:
    exported = alice.get("/api/export").json()
    assert (exported["threads"], exported["shares"], exported["attachments"]) == ([], [], [])


def test_a_token_stands_in_no_export(alice: Client) -> None:
    text = alice.get("/api/export").text
    (row,) = ApiToken.objects.filter(user__username=alice.username)
    assert row.digest not in text
    assert alice.headers["Authorization"].removeprefix("Bearer ") not in text


def much(username: str, megabytes: int) -> None:
    """Return threads with messages longer than any buffer on the way."""
    owner = User.objects.get(username=username)
    text = "Many words. " * 85_000
    for number in range(megabytes):
        thread = Thread.objects.create(owner=owner, public_id=f"much-{number}", model="c1")
        Message.objects.create(
            owner=owner, thread=thread, public_id=f"long-{number}", turn=1, role="user", content=text
        )


def resident(server: Any) -> int:
    """Return the resident memory of the server's process in MiB."""
    pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
    return pages * 4 // 1024


def busy_connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND state <> 'idle'"
        )
        return int(cursor.fetchone()[0])


def test_a_reader_that_takes_nothing_costs_little_memory_and_no_connection(
    alice: Client, server: Any
) -> None:
    much(alice.username, 60)
    before = resident(server)
    with alice.http.stream("GET", "/api/export") as slow:
        pieces = slow.iter_bytes(65_536)
        size = len(next(pieces))
        eventually(
            lambda: busy_connections() == 0, says="a connection is held for a reader that takes nothing"
        )
        assert resident(server) - before < 40
        size += sum(map(len, pieces))
    assert size > 60 * 1_000_000
    assert resident(server) - before < 40
