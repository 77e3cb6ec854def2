"""Reasoning and cached tokens in the database: rows of calls, usage, quotas, and every figure of a cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F
from django.db.models.functions import Now

from chat.admin.inspection.call_attempts import calls_of, total_cost
from chat.models import CallOutcome, QuotaReservation, Response, UpstreamCall, User
from chat.reporting import rollups, usage_totals
from chat.reporting.rollups import TimeRange
from chat.responses import lifecycle
from chat.responses.usage import upstream_calls
from tests.integration.test_usage import CALL, NOON, claim, costs, end, price

pytestmark = pytest.mark.django_db

COUNTED = replace(CALL, reasoning_tokens=400_000, cached_tokens=750_000)


@pytest.fixture
def ada() -> User:
    return User.objects.create(username="ada")


def figures_of_cost(response: Response) -> set[Decimal]:
    """Return the cost of a response's calls from every place that tells it."""
    thread = response.thread_id
    day = TimeRange(rollups.truncate_time(NOON, "day"), NOON + timedelta(hours=1), daily=True)
    done = rollups.roll_up(NOON + timedelta(days=2))
    listed = usage_totals.of_threads([thread])[thread].taken.costs["USD"]
    shown = Decimal((total_cost(calls_of(response.pk)) or "").removesuffix(" USD"))
    summed = [cost.cost or Decimal() for cost in costs("thread")]
    rolled_up = [row.cost for row in rollups.usage(day, done)]
    by_user = [row.cost for row in rollups.top_users(day, done, 1)]
    return {listed, shown, *summed, *rolled_up, *by_user}


def test_the_end_of_a_response_stores_reasoning_and_cached_tokens(ada: User) -> None:
    response = claim(ada)
    end(response, COUNTED, replace(CALL, round=1), replace(COUNTED, round=2))
    counts = UpstreamCall.objects.order_by("round").values_list("reasoning_tokens", "cached_tokens")
    assert list(counts) == [(400_000, 750_000), (None, None), (400_000, 750_000)]
    response.refresh_from_db()
    assert response.usage == {
        "promptTokens": 3_000_000,
        "completionTokens": 1_500_000,
        "reasoningTokens": 800_000,
        "cachedTokens": 1_500_000,
        "source": "provider",
    }


def test_reasoning_and_cached_tokens_take_nothing_more_out_of_the_quotas(ada: User) -> None:
    end(claim(ada), COUNTED)
    assert QuotaReservation.objects.values_list("tokens", "finalized").get() == (1_500_000, True)


def test_the_thought_of_a_dead_process_counts_as_completion(ada: User) -> None:
    response = claim(ada, "x" * 40)
    expired = {"lease_until": Now() - timedelta(seconds=1), "thinking_length": F("thinking_length") + 80}
    Response.objects.filter(pk=response.pk).update(**expired)
    ended = lifecycle.finish_orphan(response.pk, expired=True)
    lost = UpstreamCall.objects.get(outcome=CallOutcome.LOST)
    assert (lost.completion_tokens, lost.reasoning_tokens, lost.cached_tokens) == (20, None, None)
    assert ended is not None
    assert ended.usage == {"promptTokens": 10, "completionTokens": 20, "source": "estimated"}


@pytest.mark.parametrize(
    ("cached_price", "cost"),
    [(None, "9"), ("0", "7.5"), ("0.5", "7.875")],
    ids=["without a price of their own", "free", "at a quarter"],
)
def test_cached_tokens_cost_their_own_price_in_every_figure(
    ada: User, cached_price: str | None, cost: str
) -> None:
    price("2", "14", NOON - timedelta(days=1), cached_price=cached_price)
    response = claim(ada)
    end(response, COUNTED)
    assert figures_of_cost(response) == {Decimal(cost)}


def test_unknown_cached_tokens_cost_the_price_of_the_prompt(ada: User) -> None:
    price("2", "14", NOON - timedelta(days=1), cached_price="0")
    response = claim(ada)
    end(response, CALL)
    assert figures_of_cost(response) == {Decimal(9)}


def test_costs_come_with_the_sums_of_reasoning_and_cached_tokens() -> None:
    upstream_calls.add(None, 1, 1, [COUNTED, replace(CALL, round=1)])
    assert [(cost.reasoning_tokens, cost.cached_tokens) for cost in costs("model")] == [(400_000, 750_000)]


def test_a_roll_up_keeps_reasoning_and_cached_tokens(ada: User) -> None:
    end(claim(ada), COUNTED, replace(CALL, round=1))
    day = TimeRange(rollups.truncate_time(NOON, "day"), NOON + timedelta(hours=1), daily=True)
    for done in (NOON, rollups.roll_up(NOON + timedelta(days=2))):
        rows = rollups.usage(day, done)
        assert [(row.reasoning_tokens, row.cached_tokens) for row in rows] == [(400_000, 750_000)]
