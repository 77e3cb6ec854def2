"""Links to threads: strangers read the shared branch and nothing else."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from chat.models import Message, Response, Share
from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from tests.contract.expect import APPLE, assert_problem, assert_utc
from tests.integration.thought_rows import write_provider_fields, write_thought
from tests.live.client import Client, new_id

SCRIPT = "<script>alert(1)</script>"


def thread_of(client: Client, *prompts: str) -> str:
    name = new_id("t")
    for prompt in prompts:
        assert client.chat(prompt, thread=name).is_success
    return name


def share(client: Client, thread: str, **body: Any) -> dict[str, Any]:
    answered = client.http.post(f"/api/threads/{thread}/shares", json=body)
    assert answered.status_code == 201, answered.text
    return dict(answered.json())


def read(client: Client, made: dict[str, Any]) -> httpx.Response:
    """Read a page without cookies or token."""
    return httpx.get(client.server.url + made["url"])


def replies(page: httpx.Response) -> list[str]:
    """Return the data from which the page's script draws."""
    found = re.search(r'<script id="replies" type="application/json">(.*?)</script>', page.text)
    assert found
    return list(json.loads(found[1]))


def test_a_link_has_an_unguessable_id(model: ScriptedModel, alice: Client) -> None:
    thread = thread_of(alice, "Hello")
    made = share(alice, thread)
    assert made.keys() == {"shareId", "url", "createdAt", "expiresAt", "messageId"}
    assert (made["url"], made["expiresAt"], made["messageId"]) == (f"/s/{made['shareId']}", None, None)
    assert len(made["shareId"]) >= 22  # 128 bits in base64
    assert share(alice, thread)["shareId"] != made["shareId"]
    assert_utc(made["createdAt"])


def test_a_link_shows_neither_thought_nor_calls(model: ScriptedModel, alice: Client) -> None:
    thread, canary = new_id("t"), "kassiber"
    model.script(tool_round(Call("calculate", json.dumps({"expression": canary}))), answer("Two."))
    alice.chat("Count", thread=thread)
    response = Response.objects.get(thread__public_id=thread)
    write_thought(response, (0, [(10, f"They want {canary}")]))
    write_provider_fields(Message.objects.get(response=response, tool_calls__isnull=False), canary)
    made = share(alice, thread)
    page, listed = read(alice, made), alice.get(f"/api/threads/{thread}/shares")
    assert "Two." in page.text
    for text in (page.text, listed.text, json.dumps(made)):
        assert not [word for word in (canary, "thinking", "calculate", "call_") if word in text]
    # The owner sees both.
    said = alice.get(f"/api/threads/{thread}/messages").json()["messages"][1]
    assert said["thinking"] == {"text": f"They want {canary}", "seconds": 2.5}
    assert [tool["name"] for tool in said["tools"]] == ["calculate"]


def test_anybody_reads_the_words_without_a_script_and_the_interface_with_one(
    model: ScriptedModel, alice: Client
) -> None:
    model.script(answer(APPLE))
    page = read(alice, share(alice, thread_of(alice, "How big is it?")))
    assert page.status_code == 200
    assert "How big is it?" in page.text
    assert "Größe: 5 € 🍎" in re.sub(r"<script.*?</script>", "", page.text)
    assert replies(page)[-1] == APPLE


def test_a_reader_leaves_no_trace_and_the_page_none_elsewhere(model: ScriptedModel, alice: Client) -> None:
    page = read(alice, share(alice, thread_of(alice, "Hello")))
    assert page.headers.get("set-cookie") is None
    headers = {name: page.headers[name] for name in ("x-robots-tag", "referrer-policy", "cache-control")}
    assert headers["x-robots-tag"].startswith("noindex")
    assert headers["referrer-policy"] == "no-referrer"
    assert "no-store" in headers["cache-control"]


def test_markup_in_title_prompt_and_reply_stays_text(model: ScriptedModel, alice: Client) -> None:
    model.script(answer(f"{SCRIPT}</script>"))
    page = read(alice, share(alice, thread_of(alice, SCRIPT)))
    assert SCRIPT not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert replies(page)[-1] == f"{SCRIPT}</script>"


def test_later_messages_are_not_shared(model: ScriptedModel, alice: Client) -> None:
    thread = thread_of(alice, "The first")
    made = share(alice, thread)
    alice.chat("The second", thread=thread)
    assert "The first" in read(alice, made).text
    assert "The second" not in read(alice, made).text


def test_an_answer_that_is_being_written_is_not_shared(model: ScriptedModel, alice: Client) -> None:
    thread, gate = thread_of(alice, "The first"), Gate()
    model.script(answer("half of", gate, " a secret"))
    response = new_id("r")
    with alice.http.stream(
        "POST",
        "/api/chat",
        json={"prompt": {"role": "user", "content": "Next"}, "threadId": thread, "responseId": response},
    ):
        gate.wait_until_reached()
        made = share(alice, thread)
        gate.open()
    alice.wait_until(response, "done")
    assert "Next" in read(alice, made).text
    assert "secret" not in read(alice, made).text


def test_the_current_branch_is_shared(model: ScriptedModel, alice: Client) -> None:
    thread, first = new_id("t"), new_id("p")
    alice.http.post("/api/threads", json={"threadId": thread, "title": "Ways"})
    alice.chat("One way", thread=thread, prompt=first)
    alice.chat("Another way", thread=thread, parentId=None)
    made = share(alice, thread)
    alice.http.patch(f"/api/threads/{thread}", json={"leaf": first})
    assert "Another way" in read(alice, made).text
    assert "One way" not in read(alice, made).text


def test_hidden_messages_are_never_shared(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "40+2"}')), answer("Done."))
    thread = thread_of(alice, "Reckon")
    alice.http.patch(f"/api/threads/{thread}", json={"systemPrompt": "the canary sings"})
    hidden = Message.objects.filter(thread__public_id=thread, hidden=True)
    assert hidden.count() == 2
    page = read(alice, share(alice, thread)).text
    for canary in ("calculate", "expression", "40+2", "canary", *hidden.values_list("public_id", flat=True)):
        assert canary not in page


def test_a_message_that_is_erased_or_edited_is_so_under_the_link_too(
    model: ScriptedModel, alice: Client
) -> None:
    alice.http.post("/api/threads", json={"threadId": (thread := new_id("t")), "title": "Words"})
    alice.chat("Words to erase", thread=thread)
    made = share(alice, thread)
    Message.objects.filter(thread__public_id=thread, role="user").update(content="", plain_text="")
    reply = alice.messages(thread)[-1]["id"]
    alice.http.put(f"/api/threads/{thread}/messages/{reply}", json={"content": "Edited."})
    page = read(alice, made).text
    assert "Words to erase" not in page
    assert "Edited." in page


def gone(client: Client) -> str:
    return httpx.get(f"{client.server.url}/s/{new_id('unknown')}").text


def test_a_revoked_link_an_expired_one_and_one_that_never_was_are_the_same_page(
    model: ScriptedModel, alice: Client
) -> None:
    thread = thread_of(alice, "Hello")
    revoked, expired = share(alice, thread), share(alice, thread)
    assert alice.http.delete(f"/api/threads/{thread}/shares/{revoked['shareId']}").status_code == 204
    Share.objects.filter(public_id=expired["shareId"]).update(
        expires_at=datetime.now(UTC) - timedelta(seconds=1)
    )
    for made in (revoked, expired):
        page = read(alice, made)
        assert (page.status_code, page.text) == (404, gone(alice))
    again = alice.http.delete(f"/api/threads/{thread}/shares/{revoked['shareId']}")
    assert_problem(again, "not_found", 404)


def test_a_link_goes_with_its_thread(model: ScriptedModel, alice: Client) -> None:
    thread = thread_of(alice, "Hello")
    made = share(alice, thread)
    assert alice.http.delete(f"/api/threads/{thread}").status_code == 204
    assert read(alice, made).status_code == 404
    assert not Share.objects.filter(public_id=made["shareId"]).exists()


def test_the_links_that_work_are_listed(model: ScriptedModel, alice: Client) -> None:
    thread, other = thread_of(alice, "Hello"), thread_of(alice, "Elsewhere")
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    first, second = share(alice, thread), share(alice, thread, expiresAt=soon)
    share(alice, other)
    listed = alice.get(f"/api/threads/{thread}/shares").json()
    assert listed == {"shares": [second, first]}
    assert datetime.fromisoformat(second["expiresAt"]) == datetime.fromisoformat(soon)
    assert_problem(alice.http.delete(f"/api/threads/{other}/shares/{first['shareId']}"), "not_found", 404)


@pytest.mark.parametrize(
    "moment",
    ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00", "tomorrow", 7, True, "9999-12-31T23:59:59-14:00"],
)
def test_an_end_that_is_none_is_refused(model: ScriptedModel, alice: Client, moment: Any) -> None:
    thread = thread_of(alice, "Hello")
    answered = alice.http.post(f"/api/threads/{thread}/shares", json={"expiresAt": moment})
    assert_problem(answered, "bad_request", 400)


def test_an_empty_thread_has_nothing_to_share(alice: Client) -> None:
    thread = alice.http.post("/api/threads", json={}).json()["threadId"]
    assert_problem(alice.http.post(f"/api/threads/{thread}/shares"), "bad_request", 400)


def test_a_long_thread_is_read_page_by_page(model: ScriptedModel, alice: Client) -> None:
    thread = thread_of(alice, "Prompt 0")
    first = Message.objects.get(thread__public_id=thread, role="user")
    parent = Message.objects.get(thread__public_id=thread, role="assistant")
    for turn in range(2, 122):
        parent = Message.objects.create(
            owner=first.owner,
            thread=first.thread,
            parent=parent,
            turn=turn,
            role="user",
            public_id=new_id(),
            content=f"Prompt {turn}.",
            plain_text=f"Prompt {turn}.",
        )
    first.thread.leaf = parent
    first.thread.save(update_fields=["leaf"])
    made = share(alice, thread)
    newest = read(alice, made)
    assert ("Prompt 121." in newest.text, "Prompt 21." in newest.text) == (True, False)
    (older,) = re.findall(r'href="(\?skip=\d+)"', newest.text)
    oldest = httpx.get(alice.server.url + made["url"] + older).text
    assert ("Prompt 21." in oldest, "Prompt 22." in oldest, "?skip=" in oldest) == (True, False, False)


@pytest.mark.parametrize("name", ["%00", "%F0%9F%8D%8E", "a%2Fb", "x" * 300, "'"])
def test_no_address_does_harm(alice: Client, name: str) -> None:
    assert alice.get(f"/s/{name}").status_code == 404
    for skip in ("-1", "9" * 40, "%00", "%D9%A1"):
        assert alice.get(f"/s/{name}?skip={skip}").status_code == 404
    for path in (f"/api/attachments/{name}", f"/api/threads/{name}/shares", f"/api/threads/{name}/export"):
        assert alice.get(path).status_code == 404
    assert alice.http.delete(f"/api/threads/x/shares/{name}").status_code == 404


def test_the_logs_never_hold_the_key_to_a_thread(model: ScriptedModel, alice: Client) -> None:
    thread = thread_of(alice, "Hello")
    made = share(alice, thread)
    httpx.post(alice.server.url + made["url"])
    alice.http.delete(f"/api/threads/{thread}/shares/{made['shareId']}")
    assert read(alice, made).status_code == 404
    assert made["shareId"] not in alice.server.log


def test_one_message_is_shared_alone(model: ScriptedModel, alice: Client, bob: Client) -> None:
    thread = thread_of(alice, "The first", "The second")
    reply = alice.messages(thread)[1]["id"]
    made = share(alice, thread, messageId=reply)
    assert made["messageId"] == reply
    assert alice.get(f"/api/threads/{thread}/shares").json() == {"shares": [made]}
    page = read(alice, made)
    assert len(replies(page)) == 1
    assert not [words for words in ("The second", "?skip=") if words in page.text]
    other = bob.messages(thread_of(bob, "Mine"))[1]["id"]
    for wanted in (other, "unknown", 7, "/"):
        answered = alice.http.post(f"/api/threads/{thread}/shares", json={"messageId": wanted})
        assert_problem(answered, "bad_request", 400)


def test_a_preview_of_a_link_tells_the_title_alone(model: ScriptedModel, alice: Client) -> None:
    page = read(alice, share(alice, thread_of(alice, f"Sums {SCRIPT}"))).text
    tags = dict(re.findall(r'<meta property="og:(\w+)" content="([^"]*)">', page))
    assert tags.keys() == {"type", "site_name", "title", "description"}
    assert tags["title"].startswith("Sums &lt;script&gt;")
    assert "http" not in "".join(tags.values())


def continued(client: Client, made: dict[str, Any]) -> httpx.Response:
    """Open the page that asks, and send its form."""
    page = client.get(f"{made['url']}/continue")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token, page.text
    form = {"share": made["shareId"], "csrfmiddlewaretoken": token[1]}
    headers = {"Referer": client.server.url, "Origin": client.server.url}
    return client.http.post("/continue", data=form, headers=headers)


def test_a_reader_continues_a_shared_chat_in_a_thread_of_their_own(
    model: ScriptedModel, alice: Client, visit: Any
) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "40+2"}')), answer(APPLE))
    thread = thread_of(alice, "How big is it?")
    made = share(alice, thread)
    alice.chat("Later and private", thread=thread)
    stranger = visit()
    answered = continued(stranger, made)
    assert answered.status_code == 302
    own = answered.headers["location"].removeprefix("/c/")
    said = [(message["role"], message["content"]) for message in stranger.messages(own)]
    assert said == [("user", "How big is it?"), ("assistant", APPLE)]
    assert (
        stranger.get(f"/api/threads/{own}").json()["title"]
        == alice.get(f"/api/threads/{thread}").json()["title"]
    )
    assert stranger.get(f"/api/threads/{thread}/messages").status_code == 404
    assert made["shareId"] not in alice.server.log


def test_a_dead_link_cannot_be_continued_nor_one_without_the_form_s_token(
    model: ScriptedModel, alice: Client, visit: Any
) -> None:
    made = share(alice, thread_of(alice, "Hello"))
    stranger = visit()
    assert stranger.http.post("/continue", data={"share": made["shareId"]}).status_code == 403
    alice.http.delete(
        f"/api/threads/{Share.objects.get(public_id=made['shareId']).thread.public_id}/shares/{made['shareId']}"
    )
    assert stranger.get(f"{made['url']}/continue").status_code == 404
    assert made["shareId"] not in alice.server.log


def test_continuing_counts_against_the_reader_s_storage(
    model: ScriptedModel, alice: Client, servers: Any, make_client: Any
) -> None:
    model.default(answer("word " * 2000))
    made = share(alice, thread_of(alice, "Hello"))
    small = make_client(servers.keep(CHAT_STORED_BYTES="5000", CHAT_GUESTS="on"), token=False)
    small.get("/api/session")
    answered = continued(small, made)
    assert answered.status_code == 429
    assert "You have reached a limit of this server. Wait a while, or delete chats." in answered.text
