"""The admin's pages: their content, and the number of their queries."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chat.admin.inspection import transcript
from chat.admin.inspection.transcript import TranscriptPosition
from chat.models import ApiToken, Message, Response, Role, Status, Thread, User
from tests.integration.admin_rows import (
    LISTS,
    add_turn,
    make_response,
    make_thread,
    page,
    write_log,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


def test_the_admin_is_named_after_the_product(admin: Client) -> None:
    assert "Chat server" in page(admin, "index")


def test_the_thread_list_shows_owner_and_state_and_counts_hidden_messages_separately(
    admin: Client, owner: User
) -> None:
    make_thread(owner, "Sales by region")
    text = page(admin, "chat_thread_changelist")
    row = re.sub(r"<[^>]+>", " ", text[text.index("<tbody>") :])
    assert " ".join(row.split()).startswith("Sales by region done 2 2 olga")


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        ((Status.STREAMING, Status.QUEUED), Status.STREAMING),
        ((Status.QUEUED, Status.DONE), Status.QUEUED),
        ((Status.DONE, Status.FAILED), Status.FAILED),
    ],
)
def test_the_state_of_a_thread_is_that_of_its_active_response_or_else_of_the_last(
    admin: Client, owner: User, statuses: tuple[Status, ...], state: Status
) -> None:
    thread = make_thread(owner)
    prompt = thread.messages.get(position=0)
    for turn, status in enumerate(statuses, 2):
        make_response(thread, turn, prompt, status=status)
    assert thread.public_id in page(admin, "chat_thread_changelist", q=thread.public_id, state=state)
    assert "0 threads" in page(admin, "chat_thread_changelist", state=Status.INTERRUPTED)
    assert f"chat-{state}" in page(admin, "chat_thread_changelist")


def test_a_thread_without_a_response_has_a_state_to_filter_by(admin: Client, owner: User) -> None:
    Thread.objects.create(owner=owner, public_id="empty-one", model="c1")
    make_thread(owner, "full one")
    text = page(admin, "chat_thread_changelist", state="none")
    assert "empty-one" in text
    assert "full one" not in text


@pytest.mark.parametrize("words", ["Sales", "olga", "the-id"])
def test_threads_are_found_by_title_owner_and_id(admin: Client, owner: User, words: str) -> None:
    make_thread(owner, "Sales", public_id="the-id")
    make_thread(User.objects.create(username="other"), "something else")
    text = page(admin, "chat_thread_changelist", q=words)
    assert "1 result" in text
    assert "something else" not in text


def test_a_transcript_shows_calls_arguments_results_and_the_raw_content(admin: Client, owner: User) -> None:
    text = page(admin, "chat_thread_change", make_thread(owner).pk)
    expected = [
        "prompt hello",
        "tool hello",
        "{&quot;a&quot;: &quot;hello&quot;}",
        "result hello",
        ">reply hello<",
    ]
    places = [text.index(piece) for piece in expected]
    assert places == sorted(places)
    assert "&lt;content&gt;reply hello&lt;/content&gt;" in text
    assert text.count('<span class="chat-badge chat-hidden">hidden</span>') == 2


def test_a_tool_result_has_the_name_of_the_tool_as_its_author(owner: User) -> None:
    entries = transcript.transcript(make_thread(owner), TranscriptPosition(), hidden=True).entries
    assert [entry.author for entry in entries] == ["olga", "c1", "tool hello", "c1"]


def test_a_transcript_shows_how_each_response_ended(admin: Client, owner: User) -> None:
    thread = make_thread(owner)
    failed = {"status": Status.FAILED, "error_code": "model_failed", "error_detail": "The model broke off."}
    tokens = {"prompt_tokens": 12, "completion_tokens": 34, "usage_source": "provider"}
    Response.objects.filter(thread=thread).update(**failed, **tokens)
    text = page(admin, "chat_thread_change", thread.pk)
    assert "model_failed: The model broke off." in text
    assert "12 + 34 tokens (provider)" in text


def test_a_transcript_is_bounded_and_shows_the_newest(
    admin: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = make_thread(owner)
    monkeypatch.setattr(transcript, "MESSAGES", 2)
    monkeypatch.setattr(transcript, "CHARACTERS", 8)
    text = page(admin, "chat_thread_change", thread.pk)
    assert "Older messages" in text
    assert "prompt h" not in text
    assert "result h" in text
    assert "result hello" not in text
    assert "open the message for the full text" in text


def test_a_queued_prompt_comes_last(owner: User) -> None:
    thread = make_thread(owner)
    Message.objects.create(owner=owner, thread=thread, public_id="late", role=Role.USER, content="later")
    assert transcript.transcript(thread, TranscriptPosition(), hidden=True).entries[-1].text == "later"


def test_calls_that_cannot_be_parsed_are_shown_as_stored(owner: User) -> None:
    thread = make_thread(owner)
    thread.messages.filter(position=1).update(tool_calls='[{"id":')
    entry = transcript.transcript(thread, TranscriptPosition(), hidden=True).entries[1]
    assert (entry.calls, entry.calls_text) == ([], '[{"id":')


def test_the_page_of_a_message_shows_the_whole_of_a_long_text(admin: Client, owner: User) -> None:
    thread = make_thread(owner)
    long = "x" * (transcript.CHARACTERS + 5)
    thread.messages.filter(position=0).update(content=long, plain_text=long)
    assert long in page(admin, "chat_message_change", thread.messages.get(position=0).pk)
    assert long not in page(admin, "chat_thread_change", thread.pk)


def test_the_message_list_marks_hidden_messages_and_filters_by_them(admin: Client, owner: User) -> None:
    thread = make_thread(owner)
    whole = page(admin, "chat_message_changelist", thread__id__exact=thread.pk)
    assert whole.count('<span class="chat-badge chat-hidden">hidden</span>') == 2
    assert whole.index("reply hello") < whole.index("result hello") < whole.index("prompt hello")
    visible = page(admin, "chat_message_changelist", hidden__exact=0)
    assert "result hello" not in visible
    assert "reply hello" in visible


def test_the_page_of_a_response_shows_its_log_with_think_items_marked(admin: Client, owner: User) -> None:
    response = make_response(*_turn(owner))
    half = "é".encode()
    think = b'<thinkitem ephemeral="true"><thinkitemtitle>Using a tool</thinkitemtitle></thinkitem>'
    write_log(
        response, (b"one " + half[:1], False), (half[1:] + b" two", False), (think, True), (b" three", False)
    )
    text = page(admin, "chat_response_change", response.pk)
    assert "<pre>one é two</pre>" in text
    assert f'10 to {10 + len(think)} <span class="chat-badge chat-hidden">think item' in text
    assert "one é two three" in text
    assert "1.25 s" in text


def _turn(owner: User) -> tuple[Thread, int, Message]:
    thread = make_thread(owner)
    return thread, 2, thread.messages.get(position=0)


def test_a_long_log_is_cut_at_its_bound(admin: Client, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    response = make_response(*_turn(owner))
    write_log(response, (b"first", False), (b"the rest", False))
    monkeypatch.setattr("chat.admin.responses.LOG_BYTES", 5)
    text = page(admin, "chat_response_change", response.pk)
    assert "Only the beginning of the log is shown." in text
    assert "the rest" not in text


def queries(client: Client, name: str) -> tuple[int, str]:
    with CaptureQueriesContext(connection) as captured:
        page(client, name)
    return len(captured), "\n".join(query["sql"] for query in captured.captured_queries)


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_costs_as_many_queries_for_many_rows_as_for_one(admin: Client, owner: User, kind: str) -> None:
    make_thread(owner)
    ApiToken.issue(owner)
    page(admin, f"chat_{kind}_changelist")
    one, _ = queries(admin, f"chat_{kind}_changelist")
    for number in range(11):  # four messages each: one page
        other = User.objects.create(username=f"user{number}")
        make_thread(other)
        ApiToken.issue(other)
    many, _ = queries(admin, f"chat_{kind}_changelist")
    assert many == one


def test_a_transcript_costs_as_many_queries_for_many_messages_as_for_few(admin: Client, owner: User) -> None:
    thread = make_thread(owner)
    address = reverse("admin:chat_thread_change", args=[thread.pk])
    admin.get(address)
    with CaptureQueriesContext(connection) as few:
        admin.get(address)
    for turn in range(2, 30):
        add_turn(thread, turn)
    with CaptureQueriesContext(connection) as many:
        admin.get(address)
    assert len(many) == len(few)


@pytest.mark.parametrize("kind", ["thread", "message", "response"])
def test_a_list_leaves_whole_texts_in_the_database(admin: Client, owner: User, kind: str) -> None:
    make_thread(owner)
    _, sql = queries(admin, f"chat_{kind}_changelist")
    loaded = re.sub(r"LEFT\(.*?\) AS|COALESCE\(\(SELECT.*?\) AS", "", sql)
    for column in ('"content"', '"readable"', '"tool_calls"', '"terms"', '"data"', '"error_detail"'):
        assert column not in loaded
