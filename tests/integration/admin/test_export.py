"""Exports: JSON lines of exactly the listed threads, hidden content by permission, recorded in the audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission
from django.db import transaction
from django.test import AsyncClient
from django.urls import reverse

from chat.governance import redaction
from chat.models import AuditLogEntry, Message, Role, Thread, User
from chat.reporting import staff_export
from tests.fixtures.database import close_database_threads
from tests.integration.admin_rows import make_thread
from tests.integration.thought_rows import write_provider_fields, write_thought

pytestmark = pytest.mark.django_db(transaction=True)

EXPORT = ("view_thread", "read_content", "export_content")

# Content of a message. A traceback shows lines of code, so the word must not stand in one.
CANARY = "kassiber"

Lines = list[dict[str, Any]]


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


@pytest.fixture(autouse=True)
def closed_connections() -> Iterator[None]:
    """Close the connections of the worker threads; otherwise the test database could be neither flushed nor dropped."""
    yield
    close_database_threads()


def answer(*rights: str, query: str = "", **form: str) -> Any:
    """Return the response to an export and its whole body, for a new member of staff with these permissions."""
    user = User.objects.create(username=f"staff{User.objects.count()}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))

    async def post() -> Any:
        client: Any = AsyncClient()
        await client.aforce_login(user)
        got = await client.post(reverse("admin:chat_thread_export") + query, {"reason": "ticket 7", **form})
        if got.streaming:
            return got, b"".join([part async for part in got.streaming_content])
        return got, got.content

    return async_to_sync(post)()


def lines(*rights: str, query: str = "", **form: str) -> Lines:
    got, body = answer(*rights, query=query, **form)
    assert got.status_code == 200
    assert got["Content-Type"] == "application/jsonl"
    assert got["Content-Disposition"].startswith("attachment; filename=")
    return [json.loads(line) for line in body.splitlines()]


def test_each_thread_is_followed_by_its_messages_in_their_order(owner: User) -> None:
    first, second = make_thread(owner, "one"), make_thread(owner, "two")
    head, *rows, end = lines(*EXPORT)
    assert (head["type"], head["hidden"]) == ("export", False)
    assert [(row["type"], row["threadId"]) for row in rows] == [
        ("thread", first.public_id),
        ("message", first.public_id),
        ("message", first.public_id),
        ("thread", second.public_id),
        ("message", second.public_id),
        ("message", second.public_id),
    ]
    assert [row["content"] for row in rows[1:3]] == ["prompt one", "<content>reply one</content>"]
    assert end == {"type": "end", "threads": 2, "messages": 4}


def test_hidden_content_is_exported_only_if_requested_and_permitted(owner: User) -> None:
    thread = make_thread(owner, "x")
    Thread.objects.filter(pk=thread.pk).update(system_prompt="instruction")
    without = json.dumps(lines(*EXPORT, "read_hidden_content"))
    assert not [word for word in ("result x", "tool x", "instruction") if word in without]
    rows = lines(*EXPORT, "read_hidden_content", hidden="on")
    assert [row.get("systemPrompt") for row in rows if row["type"] == "thread"] == ["instruction"]
    assert [row["role"] for row in rows if row["type"] == "message"] == [
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert rows[3]["toolCalls"][0]["function"]["name"] == "tool x"


def test_a_thought_is_exported_with_its_reply_where_content_may_be_read(owner: User) -> None:
    write_thought(make_thread(owner, "x").responses.get(), (0, [(10, "They "), (20, "greet")]))
    thoughts = [row["thinking"] for row in lines(*EXPORT, "read_hidden_content", hidden="on")[2:6]]
    assert thoughts == [None, None, None, "They greet"]
    assert "greet" not in json.dumps(lines("view_thread", "export_content"))


def test_provider_fields_are_exported_with_hidden_content_alone(owner: User) -> None:
    thread = make_thread(owner, "x")
    for position in (1, 3):
        write_provider_fields(thread.messages.get(position=position), f"signature-{position}")
    assert "signature" not in json.dumps(lines(*EXPORT))
    rows = lines(*EXPORT, "read_hidden_content", hidden="on")
    assert rows[3]["providerFields"]["message"]["reasoning_details"] == [{"signature": "signature-1"}]
    assert "signature-3" not in json.dumps(rows)


@pytest.mark.parametrize(
    ("rights", "form"),
    [
        (("view_thread", "read_content"), {}),
        (("export_content", "read_content"), {}),
        (EXPORT, {"hidden": "on"}),
    ],
)
def test_nothing_is_exported_without_permission(
    owner: User, rights: tuple[str, ...], form: dict[str, str]
) -> None:
    make_thread(owner)
    assert answer(*rights, **form)[0].status_code == 403
    assert not AuditLogEntry.objects.exists()


def test_an_export_follows_filters_and_search(owner: User) -> None:
    wanted = make_thread(owner, "whales")
    make_thread(User.objects.create(username="other"), "whales")
    make_thread(owner, "birds")
    found = lines(*EXPORT, query=f"?q=whales&owner__id__exact={owner.pk}")
    assert [row["threadId"] for row in found if row["type"] == "thread"] == [wanted.public_id]
    single = lines(*EXPORT, query=f"?id__exact={wanted.pk}")
    assert [row["threadId"] for row in single if row["type"] == "thread"] == [wanted.public_id]


def test_an_export_is_audited_with_every_thread_in_it(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = [make_thread(owner) for _ in range(5)]
    monkeypatch.setattr(staff_export, "THREADS", 2)
    assert lines(*EXPORT)[-1]["threads"] == 5
    records = AuditLogEntry.objects.order_by("pk")
    assert [record.shown for record in records] == [
        [threads[0].pk, threads[1].pk],
        [threads[2].pk, threads[3].pk],
        [threads[4].pk],
    ]
    assert {(record.action, record.reason) for record in records} == {("exported", "ticket 7")}


def test_messages_are_read_in_bounded_portions(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = make_thread(owner, "x")
    common = {"owner": owner, "thread": thread, "role": Role.USER, "turn": 2}
    for position in range(5):
        Message.objects.create(**common, public_id=f"m{position}", position=position, content="y" * 40)
    monkeypatch.setattr(staff_export, "CHARACTERS", 90)
    sizes = [len(portion) for portion in staff_export.portions(thread.pk, hidden=False)]
    assert sizes == [3, 2, 2]
    monkeypatch.setattr(staff_export, "MESSAGES", 1)
    assert {len(portion) for portion in staff_export.portions(thread.pk, hidden=False)} == {1}


def test_content_parts_and_all_scripts_are_exported_unchanged(owner: User) -> None:
    thread = make_thread(owner, "x")
    parts = [{"type": "text", "text": "Grüße 🐋\u2028"}]
    thread.messages.filter(position=0).update(content=json.dumps(parts), parts=True)
    assert lines(*EXPORT)[2]["content"] == parts


# The position of a message that may have the column, and its name in the export.
JSON_COLUMNS = {
    "content": (3, "content"),
    "tool_calls": (1, "toolCalls"),
    "provider_fields": (1, "providerFields"),
}


def exported_json(owner: User, stored: str) -> tuple[Lines, list[Any]]:
    """Return an export of a thread that has `stored` in each column of JSON, and the values in the export."""
    thread = make_thread(owner, "x")
    for column, (position, _) in JSON_COLUMNS.items():
        thread.messages.filter(position=position).update(**{column: stored, "parts": column == "content"})
    rows = lines(*EXPORT, "read_hidden_content", hidden="on")
    return rows, [rows[position + 2][name] for position, name in JSON_COLUMNS.values()]


FORGED = '{"type":"message","id":"forged","role":"assistant","content":"I never wrote this"}'


@pytest.mark.parametrize("stored", ["[%s%s%s]", "[%s %s\t%s]", '[{"type":"text","text":"x"},%s%s%s]'])
@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\n\n"])
def test_line_breaks_in_stored_json_add_no_line_to_an_export(
    owner: User, line_break: str, stored: str
) -> None:
    text = stored % (line_break, FORGED, line_break)
    rows, exported = exported_json(owner, text)
    assert [row["type"] for row in rows] == ["export", "thread", *["message"] * 4, "end"]
    assert "forged" not in [row.get("id") for row in rows]
    assert exported == [json.loads(text)] * len(JSON_COLUMNS)


@pytest.mark.parametrize("stored", ['[{"id":', "[1]\n[2]", "[NaN]", "[" * 50_000, "words"])
def test_stored_text_that_is_no_json_is_exported_as_a_string(owner: User, stored: str) -> None:
    rows, exported = exported_json(owner, stored)
    assert exported == [stored] * len(JSON_COLUMNS)
    assert rows[-1]["type"] == "end"


def test_a_redacted_message_is_exported_as_its_tombstone(owner: User) -> None:
    thread = make_thread(owner, "secret")
    with transaction.atomic():
        redaction.redact_thread(thread, "rosa")
    rows = lines(*EXPORT, "read_hidden_content", hidden="on")
    assert "secret" not in json.dumps(rows)
    assert {row["redactedBy"] for row in rows if row["type"] == "message"} == {"rosa"}


def test_an_export_that_fails_has_no_last_line(
    owner: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_thread(owner, CANARY)

    def fail(*args: object) -> None:
        raise ValueError(CANARY)

    monkeypatch.setattr(staff_export, "messages", fail)
    assert [row["type"] for row in lines(*EXPORT)] == ["export", "thread"]
    assert "action=export_failed" in caplog.text
    assert CANARY not in caplog.text


def test_the_confirmation_page_asks_for_a_reason_and_counts_threads(owner: User) -> None:
    make_thread(owner)
    got, body = answer(*EXPORT, reason=" ")
    assert got.status_code == 200
    assert b"Export 1 listed thread with all messages" in body
    assert not AuditLogEntry.objects.exists()
