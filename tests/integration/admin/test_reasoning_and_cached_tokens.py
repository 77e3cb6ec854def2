"""Reasoning and cached tokens on the pages of the admin, and their price."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import Price, Response, User
from tests.integration.admin.reports.test_dashboard import call, table
from tests.integration.admin_rows import make_call, make_thread, page
from tests.integration.trace_rows import make_call as make_attempt
from tests.integration.trace_rows import make_recorded

pytestmark = pytest.mark.django_db

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
COUNTED: dict[str, Any] = {
    "prompt_tokens": 1000,
    "completion_tokens": 500,
    "reasoning_tokens": 400,
    "cached_tokens": 750,
}


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


def words_of(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_the_dashboard_shows_their_sums_and_shares(admin: Client, owner: User) -> None:
    call(owner, **COUNTED)
    call(owner, **{**COUNTED, "reasoning_tokens": None, "cached_tokens": None})
    head, row = table(admin, "token-shares")
    assert head[1:] == ["cached", "% of the prompt", "reasoning", "% of the completion"]
    assert row[1:] == ["750", "37.5", "400", "40.0"]
    assert table(admin, "tokens")[1][1:] == ["2000", "1000"]
    text = words_of(page(admin, "dashboard"))
    assert "tokens 3,000 cached tokens 750 reasoning tokens 400" in text


def test_the_shares_of_a_single_model_are_those_of_its_calls(admin: Client, owner: User) -> None:
    call(owner, **COUNTED)
    call(owner, **{**COUNTED, "cached_tokens": 0, "reasoning_tokens": 0}, model="local")
    assert table(admin, "token-shares", model="c1")[1][1:] == ["750", "75.0", "400", "80.0"]
    assert table(admin, "token-shares", model="local")[1:] == []


def test_the_list_of_calls_has_them(admin: Client, owner: User) -> None:
    make_call(make_thread(owner), **COUNTED)
    text = page(admin, "chat_upstreamcall_changelist")
    assert re.findall(r'field-tokens">(.+?)</td>', text) == ["1,000 (750 cached) + 500 (400 reasoning)"]


def test_a_response_shows_them_for_itself_and_for_each_call(admin: Client, owner: User) -> None:
    response = make_recorded(owner, **COUNTED, usage_source="provider")
    make_attempt(response, 2, 0, 3.8, None, 3.9, cached_tokens=0)
    text = words_of(page(admin, "chat_response_change", response.pk))
    assert "1,000 (750 cached) + 500 (400 reasoning)" in text
    assert "1,000 (0 cached) + 500 (provider)" in text
    assert "1,000 (750 cached) + 500 (400 reasoning)" in words_of(page(admin, "chat_response_changelist"))


def test_a_transcript_shows_them_where_they_are_known(admin: Client, owner: User) -> None:
    thread = make_thread(owner)
    known = {**COUNTED, "cached_tokens": None, "usage_source": "provider"}
    Response.objects.filter(thread=thread).update(**known)
    text = page(admin, "chat_thread_change", thread.pk)
    assert "1,000 + 500 (400 reasoning) tokens (provider)" in text


def test_a_price_of_cached_tokens_is_optional_and_never_negative(admin: Client) -> None:
    form = {"model": "c1", "valid_from_0": "2026-05-04", "prompt_price": "3", "completion_price": "15"}
    for hour, cached_price in enumerate(["", "0.3", "-0.3"]):
        values = {**form, "valid_from_1": f"{hour}:00", "currency": "USD", "cached_price": cached_price}
        admin.post(reverse("admin:chat_price_add"), values)
    prices = Price.objects.order_by("valid_from").values_list("cached_price", flat=True)
    assert list(prices) == [None, Decimal("0.3")]
    assert "0.300000" in page(admin, "chat_price_changelist")


@pytest.mark.parametrize(
    ("cached_price", "shown"),
    [(None, "3 + 4 USD"), (Decimal("0.3"), "3 (0.3 cached) + 4 USD"), (Decimal(0), "3 (0 cached) + 4 USD")],
    ids=["none", "a fraction", "free"],
)
def test_the_models_page_shows_the_price_of_cached_tokens(
    admin: Client, cached_price: Decimal | None, shown: str
) -> None:
    Price.objects.create(
        model="c1", valid_from=LONG_AGO, prompt_price=3, cached_price=cached_price, completion_price=4
    )
    assert shown in words_of(page(admin, "models"))
