"""Columns of the admin in words: names of guests, ids, times and excerpts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from chat.admin.lists.columns import format_id, format_name, format_time, short_name
from chat.admin.lists.formatting import format_excerpt, format_tokens
from chat.models import Response
from chat.threads.search.excerpts import Excerpt

GUEST = "guest-4f2a0123456789abcdef0123456789ab"


def test_a_guest_has_a_short_name_with_the_whole_one_as_its_title() -> None:
    assert short_name(GUEST) == "Guest 4f2a"
    assert format_name(GUEST) == f'<span class="chat-short" title="{GUEST}">Guest 4f2a</span>'


@pytest.mark.parametrize("name", ["olga", "guest-olga", "guest-4f2a", f"{GUEST}0", "<b>"])
def test_any_other_name_is_shown_whole(name: str) -> None:
    assert format_name(name) == name


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "6,472 (1,024 cached) + 310"), ("de", "6.472 (1.024 aus dem Cache) + 310")]
)
def test_tokens_are_grouped_as_the_language_writes_them(language: str, shown: str) -> None:
    row = Response(prompt_tokens=6472, cached_tokens=1024, completion_tokens=310)
    with translation.override(language):
        assert format_tokens(row) == shown


def test_a_long_id_is_shown_by_its_beginning() -> None:
    assert format_id("short-id") == "short-id"
    whole = "0123456789abcdef0123456789abcdef"
    assert format_id(whole) == f'<code title="{whole}">01234567…</code>'


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=130), "2 minutes ago"),
        (timedelta(hours=5, minutes=59), "5 hours ago"),
        (timedelta(days=3, hours=23), "3 days ago"),
        (timedelta(days=-2, minutes=-1), "2 days from now"),
    ],
)
def test_a_time_within_a_week_is_shown_by_its_distance(distance: timedelta, words: str) -> None:
    time = timezone.now() - distance
    shown = format_time(time)
    assert f">{words}</time>" in shown
    assert f'title="{time:%Y-%m-%d %H:%M:%S} UTC"' in shown


def test_an_older_time_is_shown_as_its_date_and_a_missing_one_in_words() -> None:
    assert ">2026-01-02 03:04</time>" in format_time(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert format_time(None, "never") == "never"


def test_an_excerpt_has_its_words_marked() -> None:
    assert format_excerpt(Excerpt("a <b> c", [(2, 5)])) == "a <mark>&lt;b&gt;</mark> c"
    assert format_excerpt(Excerpt("plain", [])) == "plain"
