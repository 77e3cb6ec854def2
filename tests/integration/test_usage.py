"""Rows of model calls, prices and quotas, in the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.urls import reverse

from chat.conf import settings
from chat.exceptions import QuotaExceeded
from chat.governance import deletion
from chat.models import (
    CallOutcome,
    Price,
    QuotaReservation,
    Response,
    Status,
    Thread,
    TokenSource,
    UpstreamCall,
    User,
)
from chat.responses import lifecycle
from chat.responses.claims import quotas
from chat.responses.claims.claim import Claim
from chat.responses.lifecycle import Outcome
from chat.responses.usage import upstream_calls
from chat.responses.usage.upstream_calls import CallCost, CallRecord
from chat.schemas import Content, SendRequest
from chat.streams import storage
from chat.streams.storage import Append, LogSegment
from tests.integration.admin_rows import client_of, page

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
CALL = CallRecord(
    model="c1",
    upstream_model="c1-nightly",
    round=0,
    attempt=0,
    started_at=NOON,
    first_token_at=NOON + timedelta(seconds=1),
    finished_at=NOON + timedelta(seconds=2),
    outcome=CallOutcome.DONE,
    error_code=None,
    prompt_tokens=1_000_000,
    completion_tokens=500_000,
    source=TokenSource.PROVIDER,
)


@pytest.fixture
def ada() -> User:
    return User.objects.create(username="ada")


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that overrides settings of the quotas."""

    def limit(**values: Any) -> None:
        monkeypatch.setattr(quotas, "settings", replace(settings, **{"active_per_user": 100, **values}))

    return limit


def claim(user: User, words: str = "Hello", **fields: Any) -> Response:
    claim = Claim(user.pk, uuid4(), True, "")
    claim.claim(SendRequest(Content(words), **fields))
    return claim.response


def end(response: Response, *calls: CallRecord, status: Status = Status.DONE) -> None:
    lifecycle.finish(
        Append(response.pk, response.lease_epoch, 0, []), Outcome(status, calls=calls, unstored=calls)
    )


def age(response: Response, **ago: float) -> None:
    """Move a claim into the past."""
    QuotaReservation.objects.filter(response=response.pk).update(claimed_at=Now() - timedelta(**ago))


def refusal(user: User, words: str = "Hello") -> QuotaExceeded:
    with pytest.raises(QuotaExceeded) as refused, transaction.atomic():
        claim(user, words)
    return refused.value


def price(prompt: str, completion: str, since: datetime, **fields: Any) -> None:
    values = {"model": "c1", "currency": "USD", **fields}
    Price.objects.create(
        valid_from=since, prompt_price=Decimal(prompt), completion_price=Decimal(completion), **values
    )


def costs(*by: str, days: int = 1) -> list[CallCost]:
    return upstream_calls.call_costs(by, NOON - timedelta(days=days), NOON + timedelta(days=days))


# Calls


def test_the_end_stores_the_calls_and_settles_the_reservation(ada: User) -> None:
    response = claim(ada, "x" * 400)
    assert QuotaReservation.objects.values_list("tokens", "finalized").get() == (
        100 + quotas.ALLOWANCE_TOKENS,
        False,
    )
    end(response, CALL)
    row = UpstreamCall.objects.get()
    assert (row.owner, row.thread, row.response) == (ada, response.thread_id, response.pk)
    assert (row.outcome, row.upstream_model, row.prompt_tokens) == ("done", "c1-nightly", 1_000_000)
    assert QuotaReservation.objects.values_list("tokens", "finalized").get() == (1_500_000, True)


def test_a_response_without_a_call_takes_no_tokens_but_counts_in_the_hour(ada: User) -> None:
    end(claim(ada), status=Status.STOPPED)
    assert list(QuotaReservation.objects.values_list("tokens", "finalized")) == [(0, True)]
    assert not UpstreamCall.objects.exists()


def test_storing_calls_twice_stores_them_once(ada: User) -> None:
    for _ in range(2):
        upstream_calls.add(ada.pk, 1, 2, [CALL, replace(CALL, attempt=1)])
    assert UpstreamCall.objects.count() == 2


def test_the_rows_outlive_thread_and_user(ada: User) -> None:
    response = claim(ada)
    end(response, CALL)
    thread = Thread.objects.get()
    deletion.delete_thread(ada.pk, thread.pk, thread.public_id)
    ada.delete()
    assert [(row.owner, row.response) for row in UpstreamCall.objects.all()] == [(None, response.pk)]
    assert [(row.owner, row.response) for row in QuotaReservation.objects.all()] == [(None, response.pk)]


def test_the_usage_of_a_dead_process_is_estimated_from_the_log(ada: User) -> None:
    response = claim(ada, "x" * 40)
    upstream_calls.add(
        ada.pk, response.thread_id, response.pk, [replace(CALL, prompt_tokens=30, completion_tokens=4)]
    )
    Response.objects.filter(pk=response.pk).update(lease_until=Now() - timedelta(seconds=1))
    storage.append([Append(response.pk, response.lease_epoch, 0, [LogSegment(b"y" * 80, b"", False)])])
    ended = lifecycle.finish_orphan(response.pk, expired=True)
    lost = UpstreamCall.objects.get(outcome=CallOutcome.LOST)
    assert (lost.round, lost.prompt_tokens, lost.completion_tokens, lost.source) == (1, 30, 16, "estimated")
    assert QuotaReservation.objects.values_list("tokens", "finalized").get() == (80, True)
    assert ended is not None
    assert ended.usage == {"promptTokens": 60, "completionTokens": 20, "source": "estimated"}


def test_an_owner_that_lost_its_lease_stores_no_calls(ada: User) -> None:
    response = claim(ada)
    lifecycle.finish_orphan(response.pk, expired=False)
    end(response, CALL)
    assert [row.outcome for row in UpstreamCall.objects.all()] == ["lost"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"outcome": "perhaps"},
        {"source": "guessed"},
        {"prompt_tokens": -1},
        {"finished_at": NOON - timedelta(seconds=1)},
        {"first_token_at": NOON + timedelta(seconds=3)},
        {"outcome": "failed", "error_code": None},
        {"outcome": "done", "error_code": "model_failed"},
    ],
    ids=str,
)
def test_the_database_refuses_a_call_that_cannot_be(wrong: dict[str, Any]) -> None:
    fields = {name: getattr(CALL, name) for name in CALL.__slots__}
    with pytest.raises(IntegrityError):
        UpstreamCall.objects.create(thread=1, response=1, **{**fields, **wrong})


# Prices


def test_a_call_costs_the_price_that_was_valid_when_it_began() -> None:
    price("1", "10", NOON - timedelta(days=2))
    price("2", "20", NOON)
    price("4", "40", NOON + timedelta(seconds=1))
    upstream_calls.add(None, 1, 1, [CALL, replace(CALL, round=1, started_at=NOON - timedelta(seconds=1))])
    assert [cost.cost for cost in costs("thread")] == [Decimal(2 + 10 + 1 + 5)]


def test_calls_without_a_price_are_counted_apart() -> None:
    price("1", "1", NOON + timedelta(hours=1))
    later: dict[str, Any] = {
        "started_at": NOON + timedelta(hours=2),
        "finished_at": NOON + timedelta(hours=3),
    }
    late = replace(CALL, round=1, first_token_at=None, source=TokenSource.ESTIMATED, **later)
    upstream_calls.add(None, 1, 1, [CALL, late])
    priced, unpriced = costs("model")
    assert priced == CallCost(("c1",), "USD", Decimal("1.5"), 1_000_000, 500_000, None, None, 1, 1)
    assert unpriced == CallCost(("c1",), None, None, 1_000_000, 500_000, None, None, 1, 0)


def test_costs_are_summed_by_user_and_day_and_never_across_currencies(ada: User) -> None:
    price("1", "0", NOON - timedelta(days=9))
    price("1", "0", NOON - timedelta(days=9), model="other", currency="EUR")
    upstream_calls.add(ada.pk, 1, 1, [CALL, replace(CALL, round=1, model="other")])
    yesterday: dict[str, Any] = {"started_at": NOON - timedelta(hours=13), "first_token_at": None}
    upstream_calls.add(None, 2, 2, [replace(CALL, **yesterday)])
    sums: list[Any] = [(cost.key, cost.currency, cost.cost) for cost in costs("user", "day")]
    day = NOON.date()
    assert sums == [
        ((ada.pk, day), "EUR", 1),
        ((ada.pk, day), "USD", 1),
        ((None, day - timedelta(days=1)), "USD", 1),
    ]


def test_only_the_calls_of_the_period_are_summed() -> None:
    upstream_calls.add(None, 1, 1, [CALL])
    assert upstream_calls.call_costs(("day",), NOON, NOON + timedelta(seconds=1))[0].calls == 1
    assert upstream_calls.call_costs(("day",), NOON - timedelta(days=1), NOON) == []


# Quotas


def test_the_hour_slides_and_retry_after_is_the_time_until_a_slot_becomes_free(
    ada: User, limits: Callable[..., None]
) -> None:
    limits(per_hour=2)
    for minutes in (70, 50, 20):
        age(claim(ada), minutes=minutes)
    refused = refusal(ada)
    assert refused.fields == {"quota": "per_hour"}
    assert refused.retry_after == pytest.approx(600, abs=5)
    age(Response.objects.order_by("pk")[1], minutes=61)
    assert claim(ada).pk


def test_retry_after_is_the_time_until_enough_tokens_become_free(
    ada: User, limits: Callable[..., None]
) -> None:
    limits(tokens_per_day=10_000)
    for hours, tokens in ((23, 3_000), (20, 3_000), (10, 3_000)):
        age(response := claim(ada), hours=hours)
        end(response, replace(CALL, prompt_tokens=tokens, completion_tokens=0))
    assert (refused := refusal(ada)).fields == {"quota": "tokens_per_day"}
    assert refused.retry_after == pytest.approx(3600, abs=5)
    assert refusal(ada, "x" * 4 * 3_000).retry_after == pytest.approx(4 * 3600, abs=5)


def test_a_prompt_beyond_the_whole_quota_is_accepted_when_the_quota_is_unused(
    ada: User, limits: Callable[..., None]
) -> None:
    limits(tokens_per_day=100)
    response = claim(ada, "x" * 8_000)
    assert refusal(ada).retry_after == pytest.approx(86_400, abs=5)
    age(response, hours=25)
    assert claim(ada, "x" * 8_000).pk


def test_without_quotas_no_prompt_is_refused(ada: User, limits: Callable[..., None]) -> None:
    limits(per_hour=0, tokens_per_day=0)
    responses = [claim(ada, "x" * 4_000_000) for _ in range(3)]
    assert len(responses) == QuotaReservation.objects.count() == 3


@pytest.mark.parametrize(
    ("quota", "limit"), [("guests_per_hour", 2), ("guests_tokens_per_day", 3 * quotas.ALLOWANCE_TOKENS)]
)
def test_all_guests_share_a_quota_that_users_do_not_use(
    ada: User, limits: Callable[..., None], quota: str, limit: int
) -> None:
    limits(**{"guests_per_hour": 0, "guests_tokens_per_day": 0, quota: limit})
    guests = [User.objects.create(username=f"guest-{number}", is_guest=True) for number in range(3)]
    claim(ada)
    for guest in guests[:2]:
        claim(guest)
    assert refusal(guests[2]).fields == {"quota": quota}
    assert claim(ada).pk
    guests[0].delete()
    assert refusal(guests[2]).fields == {"quota": quota}


# The admin


def test_the_admin_shows_calls_and_changes_none_of_them(ada: User) -> None:
    admin = client_of(User.objects.create_superuser("root"))
    upstream_calls.add(ada.pk, 1, 2, [replace(CALL, outcome=CallOutcome.FAILED, error_code="model_timeout")])
    call = UpstreamCall.objects.get()
    listed = page(admin, "chat_upstreamcall_changelist", q="ada")
    assert "model_timeout" in listed
    assert "c1-nightly" in page(admin, "chat_upstreamcall_change", call.pk)
    for name, args in (("add", []), ("change", [call.pk]), ("delete", [call.pk])):
        assert admin.post(reverse(f"admin:chat_upstreamcall_{name}", args=args), {}).status_code == 403
    assert "0 results" in page(admin, "chat_upstreamcall_changelist", q="not a number")


def test_the_admin_creates_prices_and_refuses_invalid_ones(ada: User) -> None:
    admin = client_of(User.objects.create_superuser("root"))
    form = {"model": "c1", "valid_from_0": "2026-05-04", "valid_from_1": "12:00", "prompt_price": "3"}
    answer = admin.post(
        reverse("admin:chat_price_add"), {**form, "completion_price": "15", "currency": "EUR"}
    )
    assert answer.status_code == 302
    assert Price.objects.get().completion_price == 15
    answer = admin.post(reverse("admin:chat_price_add"), {**form, "completion_price": "-1", "currency": "e"})
    assert answer.status_code == 200
    assert Price.objects.count() == 1
    assert "c1 from 2026-05-04" in page(admin, "chat_price_changelist")
