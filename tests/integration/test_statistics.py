"""Roll-ups by hour and day: at any time of the roll-up the sums are those of the calls."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import pytest

from chat.accounts import accounts, erasure
from chat.models import Price, QuotaHit, RollupState, UpstreamCall, UsageHour, User
from chat.reporting import quota_hits, rollups
from chat.reporting.rollups import TimeRange

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
DAYS = TimeRange(datetime(2026, 4, 20, tzinfo=UTC), NOW, daily=True)
HOURS = TimeRange(datetime(2026, 5, 3, tzinfo=UTC), NOW, daily=False)


@pytest.fixture
def ada() -> User:
    return User.objects.create(username="ada")


def call(began: datetime, owner: User | None = None, wait: float | None = 1.0, **fields: Any) -> UpstreamCall:
    given = {
        "model": "c1",
        "round": 0,
        "attempt": 0,
        "outcome": "done",
        "prompt_tokens": 1_000_000,
        "completion_tokens": 0,
        "source": "provider",
        **fields,
    }
    number = UpstreamCall.objects.count()
    times = {"started_at": began, "finished_at": began + timedelta(minutes=1)}
    first = None if wait is None else began + timedelta(seconds=wait)
    return UpstreamCall.objects.create(
        owner=owner, thread=1, response=number, first_token_at=first, **times, **given
    )


def many(ada: User) -> list[UpstreamCall]:
    dice = random.Random(7)
    since = NOW - timedelta(days=5, minutes=17)
    Price.objects.create(model="c1", valid_from=since, prompt_price=2, cached_price=1, completion_price=4)
    counted: list[dict[str, Any]] = [{}, {"cached_tokens": 500_000, "reasoning_tokens": 0}]
    ends: list[dict[str, Any]] = [{"outcome": "done"}, {"outcome": "failed", "error_code": "unavailable"}]
    return [
        call(
            NOW - timedelta(minutes=dice.randrange(14 * 24 * 60)),
            dice.choice([ada, None]),
            dice.choice([None, dice.random()]),
            model=dice.choice(["c1", "local"]),
            attempt=dice.choice([0, 1]),
            **dice.choice(ends),
            **dice.choice(counted),
        )
        for _ in range(120)
    ]


def usage_sums(span: TimeRange, done: datetime) -> dict[tuple[Any, ...], tuple[int, int, int, Decimal]]:
    return {
        (row.start.astimezone(UTC), row.model, row.error_code, row.currency): (
            row.responses,
            row.calls,
            row.cached_tokens,
            row.cost,
        )
        for row in rollups.usage(span, done)
    }


@pytest.mark.parametrize("span", [DAYS, HOURS], ids=["days", "hours"])
@pytest.mark.parametrize("ahead", [False, True], ids=["", "while another process rolls up"])
@pytest.mark.parametrize("back", [0, 1, 30, 24 * 9, 24 * 40])
def test_every_sum_is_that_of_the_calls_before_and_after_a_roll_up(
    ada: User, span: TimeRange, back: int, ahead: bool
) -> None:
    calls = many(ada)
    done = rollups.roll_up(NOW - timedelta(hours=back))
    if ahead:
        rollups.roll_up(NOW)
    wanted: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0, 0, 0, Decimal()])
    price = Price.objects.get()
    for one in calls:
        if one.started_at < span.since:
            continue
        priced = one.model == "c1" and one.started_at >= price.valid_from
        start = rollups.truncate_time(one.started_at, span.unit)
        sums = wanted[start, one.model, one.error_code or "", "USD" if priced else ""]
        sums[0] += one.attempt == 0
        sums[1] += 1
        sums[2] += one.cached_tokens or 0
        sums[3] += (Decimal("1.5") if one.cached_tokens else 2) if priced else 0
    assert usage_sums(span, done) == {key: tuple(sums) for key, sums in wanted.items()}


@pytest.mark.parametrize("span", [DAYS, HOURS], ids=["days", "hours"])
@pytest.mark.parametrize("back", [0, 30, 24 * 40])
def test_times_to_first_token_are_exact_for_each_hour_and_day_and_model(
    ada: User, span: TimeRange, back: int
) -> None:
    calls = [one for one in many(ada) if one.first_token_at and one.started_at >= span.since]
    done = rollups.roll_up(NOW - timedelta(hours=back))
    # Another process may do this meanwhile.
    rollups.roll_up(NOW)
    for model in ("", "local"):
        waits: dict[datetime, list[float]] = defaultdict(list)
        for one in calls:
            if model in ("", one.model) and one.first_token_at:
                waits[rollups.truncate_time(one.started_at, span.unit)].append(
                    (one.first_token_at - one.started_at).total_seconds()
                )
        found = rollups.first_tokens(span, done, model)
        assert len(found) == len(waits)
        assert {row.start.astimezone(UTC): row.calls for row in found} == {
            start: len(values) for start, values in waits.items()
        }
        for row in found:
            assert row.p50 == pytest.approx(median(waits[row.start.astimezone(UTC)]))
            assert row.p50 <= row.p95


@pytest.mark.parametrize("span", [DAYS, HOURS], ids=["days", "hours"])
@pytest.mark.parametrize("back", [0, 30, 24 * 40])
def test_top_users_are_those_of_the_calls_deleted_users_included(
    ada: User, span: TimeRange, back: int
) -> None:
    calls = [one for one in many(ada) if one.started_at >= span.since]
    done = rollups.roll_up(NOW - timedelta(hours=back))
    # Another process may do this meanwhile.
    rollups.roll_up(NOW)
    found = rollups.top_users(span, done, 10)
    for name in ("ada", None):
        mine = [one for one in calls if (one.owner_id == ada.pk) == (name == "ada")]
        assert sum(row.tokens for row in found if row.name == name) == 1_000_000 * len(mine)
    assert [row.cost for row in found] == sorted((row.cost for row in found), reverse=True)


def test_an_hour_is_rolled_up_one_hour_after_its_end(ada: User) -> None:
    call(NOW - timedelta(hours=3))
    # At 11:50.
    call(NOW - timedelta(minutes=40))
    assert rollups.roll_up(NOW) == datetime(2026, 5, 4, 11, tzinfo=UTC)
    assert [row.hour for row in UsageHour.objects.all()] == [datetime(2026, 5, 4, 9, tzinfo=UTC)]


def test_a_call_whose_row_came_late_is_counted_with_the_next_hour(ada: User) -> None:
    call(NOW - timedelta(hours=30))
    rollups.roll_up(NOW)
    call(NOW - timedelta(hours=20))
    done = rollups.roll_up(NOW + timedelta(hours=1))
    assert sum(calls for _, calls, *_ in usage_sums(DAYS, done).values()) == 2


def test_no_roll_up_is_repeated_before_the_next_hour_ends(ada: User) -> None:
    call(NOW - timedelta(hours=5))
    rollups.roll_up(NOW)
    kept = list(UsageHour.objects.values_list("pk", flat=True))
    rollups.roll_up(NOW + timedelta(minutes=20))
    assert list(UsageHour.objects.values_list("pk", flat=True)) == kept


@pytest.mark.parametrize("how", ["new", "changed", "cached", "deleted"])
def test_a_later_change_of_prices_changes_the_rolled_up_costs(ada: User, how: str) -> None:
    call(NOW - timedelta(days=10), cached_tokens=1_000_000)
    before = {"model": "c1", "valid_from": NOW - timedelta(days=20), "completion_price": 0}
    price = Price.objects.create(**before, prompt_price=1)
    rollups.roll_up(NOW)
    if how == "new":
        later = {**before, "valid_from": NOW - timedelta(days=15)}
        Price.objects.create(**later, prompt_price=3)
    elif how == "changed":
        Price.objects.filter(pk=price.pk).update(prompt_price=3)
    elif how == "cached":
        Price.objects.filter(pk=price.pk).update(cached_price=3)
    else:
        price.delete()
    found = usage_sums(DAYS, rollups.roll_up(NOW))
    assert [cost for *_, cost in found.values()] == [Decimal(0 if how == "deleted" else 3)]


def test_a_database_without_calls_is_rolled_up_to_nothing(db: None) -> None:
    done = rollups.roll_up(NOW)
    assert rollups.usage(DAYS, done) == []
    assert RollupState.objects.count() == 1


def test_the_sums_of_a_guest_move_to_the_account(ada: User) -> None:
    guest = User.objects.create(username="visitor", is_guest=True)
    call(NOW - timedelta(days=3), guest)
    done = rollups.roll_up(NOW)
    accounts.merge(guest.pk, ada.pk)
    assert [row.name for row in rollups.top_users(DAYS, done, 10)] == ["ada"]


def test_the_sums_of_an_erased_user_are_kept_without_a_name(ada: User) -> None:
    call(NOW - timedelta(days=3), ada)
    done = rollups.roll_up(NOW)
    quota_hits.record_refusal(ada.pk, "per_hour")
    erasure.begin(ada.pk)
    assert erasure.erase_batch(ada.pk)
    (row,) = rollups.top_users(DAYS, done, 10)
    assert (row.owner, row.name, row.tokens) == (None, None, 1_000_000)
    assert not QuotaHit.objects.exists()


def test_refusals_are_counted_by_hour_quota_and_user(ada: User) -> None:
    other = User.objects.create(username="bob")
    for owner, quota in ((ada, "per_hour"), (ada, "per_hour"), (ada, "active_per_user"), (other, "per_hour")):
        quota_hits.record_refusal(owner.pk, quota)
    now = datetime.now(UTC)
    span = TimeRange(
        rollups.truncate_time(now, "hour") - timedelta(hours=1), now + timedelta(hours=1), daily=False
    )
    hits: dict[str, int] = defaultdict(int)
    for _, quota, number in quota_hits.over_time(span):
        hits[quota] += number
    assert hits == {"per_hour": 3, "active_per_user": 1}
    other.delete()
    found = quota_hits.by_user(span, 10)
    assert [(row.name, row.quota, row.hits) for row in found] == [
        ("ada", "per_hour", 2),
        ("ada", "active_per_user", 1),
        (None, "per_hour", 1),
    ]
    assert len(quota_hits.by_user(span, 1)) == 1
