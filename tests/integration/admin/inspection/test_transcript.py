"""A thread's page: the branch shown, other versions, older pages, and the details of each message."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from chat.admin.inspection import transcript
from chat.admin.inspection.transcript import TranscriptPosition
from chat.models import (
    AuditLogEntry,
    Message,
    PersonRequest,
    Response,
    Revision,
    Role,
    Thread,
    UpstreamCall,
    User,
)
from chat.threads import messages, revisions
from tests.integration.admin_rows import add_turn, make_response, make_thread, page
from tests.integration.thought_rows import write_provider_fields, write_request, write_thought
from tests.integration.trace_rows import make_recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


def texts(thread: Thread, position: TranscriptPosition | None = None, *, hidden: bool = True) -> list[str]:
    shown = transcript.transcript(thread, position or TranscriptPosition(), hidden=hidden)
    return [entry.text for entry in shown.entries]


def regenerate(thread: Thread, prompt: Message, text: str) -> Message:
    """Add another reply to a prompt, which the thread then shows."""
    response = make_response(thread, 100 + Response.objects.count(), prompt)
    said = {"turn": 100 + response.pk, "position": 1, "role": Role.ASSISTANT, "public_id": response.public_id}
    said |= {"content": text, "plain_text": text}
    thread.leaf = Message.objects.create(
        owner=thread.owner, thread=thread, parent=prompt, response=response, **said
    )
    thread.save()
    return thread.leaf


def test_the_branch_that_the_owner_sees_is_shown_with_links_to_others(admin: Client, owner: User) -> None:
    thread = make_thread(owner)
    first = thread.leaf
    prompt = thread.messages.get(position=0)
    add_turn(thread, 2, text="follows the first")
    second = regenerate(thread, prompt, "second version")
    assert texts(thread) == ["prompt hello", "second version"]
    text = page(admin, "chat_thread_change", thread.pk)
    assert "version 2 of 2" in text
    assert first is not None
    assert f'href="?via={first.pk}"' in text
    other = page(admin, "chat_thread_change", thread.pk, via=first.pk)
    assert "version 1 of 2" in other
    assert f'href="?via={second.pk}"' in other
    assert "follows the first" in other
    assert "second version" not in other


def test_an_edited_prompt_is_a_version_also_at_the_root(owner: User) -> None:
    thread = make_thread(owner)
    middle = thread.leaf
    add_turn(thread, 2, text="one way")
    add_turn(thread, 3, after=middle, text="other way")
    entries = transcript.transcript(thread, TranscriptPosition(), hidden=True).entries
    found = {entry.text: entry.version for entry in entries if entry.version}
    assert [(one.number, one.count) for one in found.values()] == [(2, 2)]
    root = Message.objects.create(
        owner=owner, thread=thread, public_id="root", turn=4, role=Role.USER, content="anew"
    )
    Thread.objects.filter(pk=thread.pk).update(leaf=root)
    thread.refresh_from_db()
    [entry] = transcript.transcript(thread, TranscriptPosition(), hidden=True).entries
    assert entry.version
    assert (entry.version.number, entry.version.count, entry.version.after) == (2, 2, None)


def test_older_pages_join_without_a_gap_or_an_overlap(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = make_thread(owner)
    for turn in range(2, 6):
        add_turn(thread, turn, text=f"turn {turn}")
    whole = texts(thread)
    monkeypatch.setattr(transcript, "MESSAGES", 3)
    pages, position = [], TranscriptPosition()
    while True:
        shown = transcript.transcript(thread, position, hidden=True)
        pages.append([entry.text for entry in shown.entries])
        if shown.older is None:
            break
        position = TranscriptPosition(before=shown.older)
    assert [text for one in reversed(pages) for text in one] == whole
    assert [len(one) for one in pages] == [3, 3, 3, 3]


def test_an_invalid_position_is_not_found(admin: Client, owner: User) -> None:
    address = reverse("admin:chat_thread_change", args=[make_thread(owner).pk])
    for query in ({"before": "x"}, {"before": "9" * 30}, {"via": "-1"}, {"via": "<b>"}):
        assert admin.get(address, query).status_code == 404
    other = make_thread(owner)
    assert other.leaf is not None
    for name in ("before", "via"):
        text = admin.get(address, {name: other.leaf.pk}).content.decode()
        assert "No messages yet." in text
        assert "reply hello" not in text


def test_a_thread_without_a_leaf_shows_its_last_message(owner: User) -> None:
    thread = make_thread(owner)
    thread.leaf = None
    assert texts(thread)[-1] == "reply hello"


def test_feedback_is_shown_with_the_reply(admin: Client, owner: User) -> None:
    thread = make_thread(owner)
    thread.messages.filter(position=3).update(feedback_score=-1, feedback_comment="not <b>that</b>")
    text = page(admin, "chat_thread_change", thread.pk)
    assert "<strong>Bad</strong>: not &lt;b&gt;that&lt;/b&gt;" in text


def test_each_reply_has_a_bar_with_its_timeline(admin: Client, owner: User) -> None:
    response = make_recorded(owner)
    text = page(admin, "chat_thread_change", response.thread_id)
    assert 'aria-label="4.00 s in all. in the queue: 0.50 s' in text
    kinds = re.findall(r'<rect class="chat-span-(\w+)"', text)
    assert kinds == ["queued", "failed", "waiting", "writing", "tools", "waiting", "writing", "ending"]
    UpstreamCall.objects.all().delete()
    without = page(admin, "chat_thread_change", response.thread_id)
    assert re.findall(r'<rect class="chat-span-(\w+)"', without) == ["queued", "waiting", "writing"]


def test_a_system_prompt_needs_the_permission_to_read_hidden_content(
    staff: Callable[..., Client], owner: User
) -> None:
    thread = make_thread(owner, system_prompt="be brief")
    client = staff("view_thread", "read_content", "read_hidden_content")
    assert "be brief" in page(client, "chat_thread_change", thread.pk)
    User.objects.filter(username="staff").delete()
    assert "be brief" not in page(staff("view_thread", "read_content"), "chat_thread_change", thread.pk)


def test_hidden_messages_do_not_count_towards_a_page_without_permission(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = make_thread(owner)
    monkeypatch.setattr(transcript, "MESSAGES", 2)
    shown = transcript.transcript(thread, TranscriptPosition(), hidden=False)
    assert [entry.text for entry in shown.entries] == ["prompt hello", "reply hello"]
    assert shown.older is None


def test_earlier_revisions_of_a_reply_are_on_its_page(admin: Client, owner: User) -> None:
    thread = make_thread(owner)
    assert thread.leaf is not None
    for content in ("<i>second</i>", "third"):
        messages.replace(owner.pk, thread.public_id, thread.leaf.public_id, content)
    text = page(admin, "chat_message_change", thread.leaf.pk)
    assert "Replaced 2 times" in text
    places = [
        text.index(said) for said in ("third", "&lt;i&gt;second&lt;/i&gt;", "reply hello&lt;/content&gt;")
    ]
    assert places == sorted(places)


def test_the_first_and_the_newest_revisions_are_kept(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revisions, "KEPT", 3)
    thread = make_thread(owner)
    assert thread.leaf is not None
    for number in range(6):
        messages.replace(owner.pk, thread.public_id, thread.leaf.public_id, f"content {number}")
    kept = Revision.objects.order_by("number").values_list("number", "content")
    assert [number for number, _ in kept] == [0, 3, 4, 5]
    assert [content for _, content in kept][1:] == ["content 2", "content 3", "content 4"]


def test_a_thought_is_shown_folded_with_its_seconds_and_where_it_stood(
    staff: Callable[..., Client], owner: User
) -> None:
    thread = make_thread(owner)
    response = thread.responses.get()
    write_thought(response, (0, [(10, "They <b>greet</b>")]), (7, [(20, "and leave")]))
    client = staff("view_thread", "view_message", "view_response", "read_content")
    assert thread.leaf is not None
    for name, key in (("thread", thread.pk), ("message", thread.leaf.pk), ("response", response.pk)):
        text = page(client, f"chat_{name}_change", key)
        assert "<summary>Thought for 2.5 s</summary>" in text
        places = [
            "ahead of the text",
            "They &lt;b&gt;greet&lt;/b&gt;",
            "after 7 bytes of the text",
            "and leave",
        ]
        assert [text.index(place) for place in places] == sorted(text.index(place) for place in places)
    kinds = ["thread", "message", "response"]
    assert sorted(AuditLogEntry.objects.values_list("kind", flat=True)) == sorted(kinds)


def test_a_thought_needs_the_permission_to_read_content(staff: Callable[..., Client], owner: User) -> None:
    thread = make_thread(owner)
    response = thread.responses.get()
    write_thought(response, (0, [(10, "canary")]))
    client = staff("view_thread", "view_message", "view_response", "read_hidden_content", "export_content")
    assert thread.leaf is not None
    for name, key in (("thread", thread.pk), ("message", thread.leaf.pk), ("response", response.pk)):
        assert "canary" not in page(client, f"chat_{name}_change", key)


def test_a_long_thought_is_cut_and_the_page_says_so(
    admin: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcript, "CHARACTERS", 20)
    thread = make_thread(owner)
    write_thought(thread.responses.get(), (0, [(10, "é" * 9)]), (4, [(20, "x and the rest")]))
    text = page(admin, "chat_thread_change", thread.pk)
    assert "Only the beginning of the thought is shown." in text
    assert (f"{'é' * 9}</pre>" in text, ">x </pre>" in text, "rest" in text) == (True, True, False)


def test_provider_fields_need_the_permission_to_read_hidden_content(
    staff: Callable[..., Client], owner: User
) -> None:
    thread = make_thread(owner)
    for position in (1, 3):
        write_provider_fields(thread.messages.get(position=position), f"canary-{position}")
    visible = thread.messages.get(position=3)
    for rights, expected in (((), False), (("read_hidden_content",), True)):
        User.objects.filter(username="staff").delete()
        client = staff("view_thread", "view_message", "read_content", *rights)
        assert ("canary-1" in page(client, "chat_thread_change", thread.pk)) == expected
        hidden = page(client, "chat_message_change", thread.messages.get(position=1).pk)
        assert ("canary-1" in hidden) == expected
        assert "canary-3" not in page(client, "chat_message_change", visible.pk)
        lookup = {"provider_fields__contains": "canary"}
        assert client.get(reverse("admin:chat_message_changelist"), lookup).status_code == 400


def test_requests_stand_at_their_reply_with_content_for_readers_of_hidden_content(
    staff: Callable[..., Client], owner: User
) -> None:
    response = make_recorded(owner)
    write_request(response, "canary")
    PersonRequest.objects.update(tool="pay", answered_by=owner)
    Response.objects.update(tool_changes=2)
    rights = ("view_thread", "view_message", "read_content")
    text = page(staff(*rights), "chat_thread_change", response.thread_id)
    assert all(words in text for words in ("pay", "answered", "olga"))
    assert "canary" not in text
    text = page(staff(*rights, "read_hidden_content"), "chat_thread_change", response.thread_id)
    assert text.count("<pre>canary</pre>") == 4
