"""Searches of the admin show what they found, and lead to it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chat.admin.inspection import transcript
from chat.models import Message, Thread, User
from tests.integration.admin_rows import add_turn, make_thread, page
from tests.integration.thought_rows import write_thought

pytestmark = pytest.mark.django_db

LINK = re.compile(r'href="([^"]*\?at=(\d+)#message-\2)">([^\n]*?)</a>')


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


def found(client: Client, words: str) -> list[tuple[str, int, str]]:
    """Return address, message and excerpt of each thread that a search lists."""
    text = page(client, "chat_thread_changelist", q=words)
    return [(address, int(message), excerpt) for address, message, excerpt in LINK.findall(text)]


def long_thread(owner: User) -> tuple[Thread, Message]:
    """Return a thread of several pages and a message in its middle."""
    thread = make_thread(owner)
    rows = [add_turn(thread, turn, text=f"answer{turn}") for turn in range(2, 30)]
    return thread, rows[9]


def test_a_thread_is_listed_with_the_words_that_a_search_found(admin: Client, owner: User) -> None:
    thread = make_thread(owner, "sales")
    (address, message, excerpt) = found(admin, "reply sal")[0]
    assert excerpt == "<mark>reply</mark> <mark>sales</mark>"
    assert message == thread.messages.get(plain_text="reply sales").pk
    assert "reply sales" in admin.get(address).content.decode()


def test_a_message_is_listed_with_the_words_that_a_search_found(admin: Client, owner: User) -> None:
    make_thread(owner, "sales")
    text = page(admin, "chat_message_changelist", q="prompt")
    assert "<mark>prompt</mark> sales</a>" in text


def test_a_thought_that_a_search_found_leads_to_its_response(admin: Client, owner: User) -> None:
    response = make_thread(owner).responses.get()
    write_thought(response, (0, [(10, "perhaps a riddle")]))
    text = page(admin, "chat_thread_changelist", q="riddle")
    address = reverse("admin:chat_response_change", args=[response.pk])
    assert f'<a href="{address}">perhaps a <mark>riddle</mark></a> (thought)' in text


def test_markup_in_an_excerpt_is_shown_as_text(admin: Client, owner: User) -> None:
    thread = make_thread(owner, "x")
    Message.objects.filter(thread=thread, position=0).update(plain_text="<b>sales</b> & more", terms=None)
    assert "&lt;b&gt;<mark>sales</mark>&lt;/b&gt; &amp; more" in page(
        admin, "chat_message_changelist", q="sales"
    )


def test_without_the_permission_to_read_a_search_shows_no_excerpt(
    staff: Callable[..., Client], owner: User
) -> None:
    thread = make_thread(owner, "sales")
    text = page(staff("view_thread"), "chat_thread_changelist", q=thread.public_id)
    assert thread.public_id in text
    assert "<mark>" not in text
    assert "reply" not in text


def test_a_link_to_a_message_leads_to_its_page_of_a_long_thread(
    admin: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcript, "MESSAGES", 6)
    thread, message = long_thread(owner)
    text = page(admin, "chat_thread_change", thread.pk, at=message.pk)
    assert f'id="message-{message.pk}"' in text
    assert "answer29" not in text
    assert "Newest messages" in text


def test_a_link_to_a_message_of_another_branch_leads_to_that_branch(admin: Client, owner: User) -> None:
    thread = make_thread(owner)
    first = thread.leaf
    other = add_turn(thread, 2, first, "abandoned")
    add_turn(thread, 3, first, "chosen")
    assert "abandoned" not in page(admin, "chat_thread_change", thread.pk)
    assert "abandoned" in page(admin, "chat_thread_change", thread.pk, at=other.pk)


def test_a_link_to_a_message_of_another_thread_shows_the_newest_page(admin: Client, owner: User) -> None:
    thread, stranger = make_thread(owner, "mine"), make_thread(owner, "other").leaf
    assert stranger is not None
    assert "reply mine" in page(admin, "chat_thread_change", thread.pk, at=stranger.pk)
    assert admin.get(reverse("admin:chat_thread_change", args=[thread.pk]), {"at": "x"}).status_code == 404


@pytest.mark.parametrize("kind", ["thread", "message"])
def test_excerpts_cost_as_many_queries_for_many_rows_as_for_one(
    admin: Client, owner: User, kind: str
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(admin, f"chat_{kind}_changelist", q="reply")
        return len(captured)

    make_thread(owner)
    cost()
    one = cost()
    for number in range(9):
        make_thread(owner, f"text{number}")
    cost()
    assert cost() == one
