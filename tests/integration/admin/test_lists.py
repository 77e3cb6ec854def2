"""The admin's lists: paging by key, navigation by date, and the usage of each row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chat.admin import readonly
from chat.admin.lists import formatting
from chat.conf import settings
from chat.models import Message, Price, QuotaReservation, Response, Role, Status, Thread, User
from tests.integration.admin_rows import make_call, make_thread, page, shown

pytestmark = pytest.mark.django_db

# Rows of a page in these tests.
SIZE = 3
THEN = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readonly.ReadOnlyAdmin, "list_per_page", SIZE)


def threads(owner: User, number: int, **fields: Any) -> list[Thread]:
    """Create empty threads in pairs, each pair a minute older than the one before."""
    rows = [
        Thread(owner=owner, public_id=f"t{index:02}", title=f"title{index:02}", model="c1", **fields)
        for index in range(number)
    ]
    Thread.objects.bulk_create(rows)
    for index, row in enumerate(rows):
        Thread.objects.filter(pk=row.pk).update(updated_at=THEN - timedelta(minutes=index // 2))
    return rows


def link(text: str, rel: str) -> dict[str, str] | None:
    found = re.search(rf'<a href="\?([^"]*)" rel="{rel}"', text)
    return dict(parse_qsl(unescape(found[1]))) if found else None


def walk(admin: Client, rel: str = "next", **query: str) -> Iterator[str]:
    """Yield the pages from the one of `query` on, in one direction."""
    position: dict[str, str] | None = query
    while position is not None:
        text = page(admin, "chat_thread_changelist", **position)
        yield text
        position = link(text, rel)


def test_the_pages_of_a_list_contain_every_row_once(admin: Client, owner: User, small_pages: None) -> None:
    threads(owner, 10)
    pages = [shown(text) for text in walk(admin)]
    assert [len(rows) for rows in pages] == [3, 3, 3, 1]
    assert sorted(title for rows in pages for title in rows) == [f"title{index:02}" for index in range(10)]


def test_paging_backwards_shows_the_same_pages(admin: Client, owner: User, small_pages: None) -> None:
    threads(owner, 9)
    forward = list(walk(admin))
    last = link(forward[-2], "next")
    assert last is not None
    back = [shown(text) for text in walk(admin, "prev", **last)]
    assert back == [shown(text) for text in forward][::-1]


def test_rows_inserted_and_deleted_between_two_pages_neither_hide_nor_repeat_others(
    admin: Client, owner: User, small_pages: None
) -> None:
    rows = threads(owner, 9)
    seen: list[str] = []
    for number, text in enumerate(walk(admin)):
        seen += shown(text)
        Thread.objects.create(owner=owner, public_id=f"new{number}", title=f"new{number}", model="c1")
        if number == 0:
            Thread.objects.filter(pk__in=[rows[0].pk, rows[1].pk]).delete()
    assert sorted(seen) == [f"title{index:02}" for index in range(9)]


def test_a_filter_is_kept_on_the_next_page_and_changing_it_returns_to_the_first(
    admin: Client, owner: User, small_pages: None
) -> None:
    threads(owner, 5, archived=True)
    first, second = walk(admin, archived__exact="1")
    assert len(shown(first) + shown(second)) == 5
    choices = re.findall(r'<li[^>]*>\s*<a href="\?([^"]*)"', second)
    assert choices
    assert not any("after=" in choice for choice in choices)


def test_a_list_can_be_reversed_but_not_sorted_by_another_column(admin: Client, owner: User) -> None:
    threads(owner, 4)
    default = shown(page(admin, "chat_thread_changelist"))
    reversed_list = shown(page(admin, "chat_thread_changelist", o="5"))
    assert reversed_list == default[::-1]
    assert shown(page(admin, "chat_thread_changelist", o="-0")) == default
    assert "sortable" not in re.sub(r'class="sortable column-last_activity[^"]*"', "", page_head(admin))


def page_head(admin: Client) -> str:
    text = page(admin, "chat_thread_changelist")
    return text[text.index("<thead>") : text.index("</thead>")]


@pytest.mark.parametrize("cursor", ["x", "WzFd", "WyJ4IiwieSJd", "WzEsMiwzXQ", "bnVsbA", "W251bGwsbnVsbF0"])
def test_an_invalid_cursor_redirects_to_the_list(admin: Client, owner: User, cursor: str) -> None:
    threads(owner, 2)
    answer = admin.get(reverse("admin:chat_thread_changelist"), {"after": cursor}, follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain


def test_a_long_list_is_estimated_and_a_short_one_counted(
    admin: Client, owner: User, small_pages: None
) -> None:
    threads(owner, 2)
    assert "2 threads" in page(admin, "chat_thread_changelist")
    Thread.objects.all().delete()
    threads(owner, 8)
    with CaptureQueriesContext(connection) as captured:
        text = page(admin, "chat_thread_changelist")
    assert re.search(r"about \d+ threads", text)
    assert not [query for query in captured.captured_queries if "COUNT(*)" in query["sql"]]


def rated(thread: Thread, score: int) -> None:
    thread.messages.filter(role=Role.ASSISTANT, hidden=False).update(feedback_score=score)


def test_a_month_and_a_day_select_their_rows_and_link_back(admin: Client, owner: User) -> None:
    old, new = threads(owner, 2)
    Thread.objects.filter(pk=old.pk).update(updated_at=datetime(2026, 1, 31, 23, 59, tzinfo=UTC))
    text = page(admin, "chat_thread_changelist")
    assert all(month in text for month in ("January 2026", "February 2026", "March 2026"))
    month = {"updated_at__year": "2026", "updated_at__month": "1"}
    text = page(admin, "chat_thread_changelist", **month)
    assert shown(text) == [old.title]
    assert "Jan 31" in text
    assert "All dates" in text
    assert shown(page(admin, "chat_thread_changelist", **month, updated_at__day="31")) == [old.title]
    assert new.title in page(admin, "chat_thread_changelist", updated_at__year="2026", updated_at__month="3")


def test_many_months_are_offered_as_years_first(admin: Client, owner: User) -> None:
    old, _ = threads(owner, 2)
    Thread.objects.filter(pk=old.pk).update(updated_at=datetime(2021, 5, 1, tzinfo=UTC))
    text = page(admin, "chat_thread_changelist")
    assert ">2021<" in text
    assert "May 2021" not in text
    text = page(admin, "chat_thread_changelist", updated_at__year="2021")
    assert "May 2021" in text
    assert shown(text) == [old.title]


@pytest.mark.parametrize(
    "date", [{"year": "x"}, {"year": "2026", "month": "13"}, {"year": "0"}, {"year": "99999"}]
)
def test_an_invalid_date_does_not_break_a_list(admin: Client, owner: User, date: dict[str, str]) -> None:
    threads(owner, 1)
    query = {f"updated_at__{unit}": number for unit, number in date.items()}
    assert admin.get(reverse("admin:chat_thread_changelist"), query, follow=True).status_code in (200, 400)


def test_a_thread_shows_its_tokens_and_their_cost(admin: Client, owner: User) -> None:
    thread = make_thread(owner, "title01")
    Price.objects.create(model="c1", valid_from=THEN, prompt_price=2, completion_price=Decimal("4.50"))
    make_call(thread)
    make_call(thread, model="free", prompt_tokens=5, completion_tokens=0)
    Response.objects.filter(thread=thread).update(status=Status.FAILED)
    rated(thread, -1)
    text = page(admin, "chat_thread_changelist")
    cells = dict(re.findall(r'class="field-(\w+)[^"]*">(.*?)</td>', text[text.index("<tbody>") :]))
    assert cells["tokens"] == "1,500,005"
    assert cells["cost"] == "4.25 USD + unpriced"
    assert (">1<" in cells["errors"], ">1<" in cells["flagged"]) == (True, True)


def test_a_user_shows_threads_usage_and_remaining_quotas(
    admin: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formatting, "settings", replace(settings, per_hour=5, tokens_per_day=1000))
    thread = make_thread(owner)
    now = datetime.now(UTC)
    make_call(thread, started_at=now, finished_at=now, prompt_tokens=7, completion_tokens=0)
    month = {"started_at": now - timedelta(days=29), "finished_at": now, "completion_tokens": 0}
    make_call(thread, **month, prompt_tokens=10)
    make_call(thread, **{**month, "started_at": now - timedelta(days=31)}, prompt_tokens=100)
    QuotaReservation.objects.create(owner=owner, guest=False, response=1, tokens=400)
    QuotaReservation.objects.create(owner=owner, guest=False, response=2, tokens=700)
    QuotaReservation.objects.filter(response=2).update(claimed_at=now - timedelta(hours=2))
    for text in (page(admin, "chat_user_changelist", q="olga"), page(admin, "chat_user_change", owner.pk)):
        assert "7 (unpriced)" in text
        assert "17 (unpriced)" in text
        assert "2 of 2 at once · 4 of 5 this hour · 0 of 1,000 tokens today" in text
        assert f"owner__id__exact={owner.pk}" in text


def test_a_guest_shows_the_remaining_quotas_of_all_guests(admin: Client) -> None:
    guest = User.objects.create(username="visitor", is_guest=True)
    assert "200 of 200 at once, all guests" in page(admin, "chat_user_change", guest.pk)


@pytest.mark.parametrize("kind", ["user", "upstreamcall"])
def test_figures_cost_as_many_queries_for_many_rows_as_for_one(admin: Client, owner: User, kind: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(admin, f"chat_{kind}_changelist")
        return len(captured)

    make_call(make_thread(owner))
    cost()
    one = cost()
    for number in range(30):
        make_call(make_thread(User.objects.create(username=f"user{number}", last_login=THEN)))
    assert cost() == one


def test_a_queued_prompt_comes_first_in_the_list_of_its_thread(
    admin: Client, owner: User, small_pages: None
) -> None:
    thread = make_thread(owner)
    waiting = {"public_id": "late", "role": Role.USER, "content": "later", "plain_text": "later"}
    Message.objects.create(owner=owner, thread=thread, **waiting)
    text = page(admin, "chat_message_changelist", thread__id__exact=thread.pk)
    assert text.index("later") < text.index("reply hello")
    following = link(text, "next")
    assert following is not None
    assert "prompt hello" in page(admin, "chat_message_changelist", **following)
