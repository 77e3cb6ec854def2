"""Hourly and daily roll-ups, which make a dashboard over months as fast as over a day.

An hour is rolled up once it is over for a while, and the day before it again, for rows that came late. Later calls are
read from the calls themselves: each query joins both. A changed price rebuilds everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Min

from chat.models import QuotaHit, RollupState, UpstreamCall, UserDay
from chat.responses.usage.upstream_calls import COST, PRICE

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Delay after an hour's end before its roll-up: a call's row is written when its response ends.
ROLLUP_DELAY = HOUR
# Time rolled up again: a row may be late while the database is away.
LATE = DAY
# Advisory lock of the roll-up ("stat").
LOCK = 0x73746174

_DIGEST = "SELECT md5(coalesce(string_agg(p::text, ',' ORDER BY id), '')) FROM chat_price p"

_TROUBLE = "CASE c.outcome WHEN 'done' THEN '' WHEN 'failed' THEN c.error_code ELSE c.outcome END"
_WAIT = "extract(epoch FROM c.first_token_at - c.started_at)"
_BEGAN = "c.started_at >= %(since)s AND c.started_at < %(until)s"
_FIRST_CALL = "count(*) FILTER (WHERE c.round = 0 AND c.attempt = 0)"

_HOURS = f"""
SELECT date_trunc('hour', c.started_at, 'UTC') AS hour, c.model, {_TROUBLE} AS trouble, coalesce(p.currency, '') AS currency,
       {_FIRST_CALL} AS responses, count(*) AS calls, sum(c.prompt_tokens) AS prompt_tokens,
       sum(c.completion_tokens) AS completion_tokens, coalesce(sum(c.reasoning_tokens), 0) AS reasoning_tokens,
       coalesce(sum(c.cached_tokens), 0) AS cached_tokens, coalesce(sum({COST}), 0) AS cost
FROM chat_upstreamcall c {PRICE} WHERE {_BEGAN} GROUP BY 1, 2, 3, 4
"""

# The columns of `_HOURS`.
_HOUR_COLUMNS = """
    hour, model, trouble, currency, responses, calls, prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens, cost
"""

_WAITS = f"""
SELECT start, CASE WHEN grouping(model) = 1 THEN '' ELSE model END AS model, count(*) AS calls,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY wait) AS p50, percentile_cont(0.95) WITHIN GROUP (ORDER BY wait) AS p95
FROM (
    SELECT date_trunc(%(unit)s, c.started_at, 'UTC') AS start, c.model, {_WAIT}::float8 AS wait
    FROM chat_upstreamcall c WHERE {_BEGAN} AND c.first_token_at IS NOT NULL
) waits GROUP BY GROUPING SETS ((start, model), (start))
"""

_USERS = f"""
SELECT (c.started_at AT TIME ZONE 'UTC')::date AS day, c.owner_id AS owner, coalesce(p.currency, '') AS currency,
       {_FIRST_CALL} AS responses, sum(c.prompt_tokens + c.completion_tokens) AS tokens, coalesce(sum({COST}), 0) AS cost
FROM chat_upstreamcall c {PRICE} WHERE {_BEGAN} GROUP BY 1, 2, 3
"""

# Pairs of a deletion and the insertion that replaces it.
_ADDING_HOURS = (
    "DELETE FROM chat_usagehour WHERE hour >= %(since)s AND hour < %(until)s",
    f"INSERT INTO chat_usagehour ({_HOUR_COLUMNS}) {_HOURS}",
)
_ADDING_WAITS = (
    "DELETE FROM chat_firsttokens WHERE daily = %(daily)s AND start >= %(since)s AND start < %(until)s",
    "INSERT INTO chat_firsttokens (daily, start, model, calls, p50, p95) SELECT %(daily)s, w.* FROM ("
    + _WAITS
    + ") w",
)
_ADDING_USERS = (
    "DELETE FROM chat_userday WHERE day >= (%(since)s AT TIME ZONE 'UTC')::date AND day < (%(until)s AT TIME ZONE 'UTC')::date",
    "INSERT INTO chat_userday (day, owner, currency, responses, tokens, cost)" + _USERS,
)

_USAGE = f"""
SELECT date_trunc(%(unit)s, hour, 'UTC') AS start, model, trouble, currency, sum(responses)::bigint, sum(calls)::bigint,
       sum(prompt_tokens)::bigint, sum(completion_tokens)::bigint, sum(reasoning_tokens)::bigint,
       sum(cached_tokens)::bigint, sum(cost)
FROM (
    SELECT {_HOUR_COLUMNS} FROM chat_usagehour WHERE hour >= %(start)s AND hour < least(%(until)s, %(since)s)
    UNION ALL {_HOURS}
) hours GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""

_FIRST_TOKENS = f"""
SELECT start, calls, p50, p95 FROM (
    SELECT start, model, calls, p50, p95 FROM chat_firsttokens
    WHERE daily = %(daily)s AND start >= %(start)s AND start < least(%(until)s, %(since)s)
    UNION ALL {_WAITS}
) found WHERE model = %(model)s ORDER BY start
"""

_TOP = f"""
SELECT owner, u.username, currency, sum(responses)::bigint, sum(tokens)::bigint, sum(cost) AS cost
FROM (
    SELECT day, owner, currency, responses, tokens, cost FROM chat_userday
    WHERE %(daily)s AND day >= (%(start)s AT TIME ZONE 'UTC')::date
      AND day < (least(%(until)s, %(since)s) AT TIME ZONE 'UTC')::date
    UNION ALL {_USERS}
) days LEFT JOIN chat_user u ON u.id = owner
GROUP BY owner, u.username, currency ORDER BY cost DESC, sum(tokens) DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """The time from `since` up to `until`, exclusive, in days or hours; `since` begins one."""

    since: datetime
    until: datetime
    daily: bool

    @property
    def unit(self) -> str:
        return "day" if self.daily else "hour"


@dataclass(frozen=True, slots=True)
class UsageBucket:
    """Usage of one model's calls that began in one hour or day with the same outcome; see `UsageHour`."""

    start: datetime
    model: str
    error_code: str
    currency: str
    responses: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    cached_tokens: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class FirstTokenLatency:
    """Median and 95th percentile, in seconds, of calls that began in one hour or day."""

    start: datetime
    calls: int
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class TopUser:
    """Usage of one user; `name` is None for a deleted user."""

    owner: int | None
    name: str | None
    currency: str
    responses: int
    tokens: int
    cost: Decimal


def roll_up(now: datetime | None = None) -> datetime:
    """Roll up the finished hours. Return the moment up to which all are; never wait for another process."""
    settled = truncate_time((now or datetime.now(UTC)) - ROLLUP_DELAY, "hour")
    with transaction.atomic():
        mine, prices = _value("SELECT pg_try_advisory_xact_lock(%s)", LOCK), _value(_DIGEST)
        state = RollupState.objects.first()
        known = state.until if state else _first_call() or settled
        if not mine or (state and state.prices == prices and known >= settled):
            return known
        since = known - LATE if state and state.prices == prices else min(known, _first_call() or known)
        _add(truncate_time(since, "hour"), settled)
        RollupState.objects.update_or_create(pk=1, defaults={"until": settled, "prices": prices})
    return settled


def usage(span: TimeRange, done: datetime) -> list[UsageBucket]:
    """Return the usage in buckets; `done` is the result of `roll_up`, as in the other queries."""
    return [UsageBucket(*row) for row in _rows(_USAGE, span, done)]


def first_tokens(span: TimeRange, done: datetime, model: str = "") -> list[FirstTokenLatency]:
    """Return latencies of one model or of all. A day counts as rolled up when its last hour is."""
    return [
        FirstTokenLatency(*row)
        for row in _rows(_FIRST_TOKENS, span, truncate_time(done, span.unit), model=model)
    ]


def top_users(span: TimeRange, done: datetime, limit: int) -> list[TopUser]:
    """Return the users with the highest cost. Ranges of hours are short enough to read from the calls."""
    since = truncate_time(done, "day") if span.daily else span.since
    return [TopUser(*row) for row in _rows(_TOP, span, since, limit=limit)]


def reassign(owner: int, to: int | None) -> None:
    """Move a user's roll-ups to another user, or to none."""
    UserDay.objects.filter(owner=owner).update(owner=to)
    if to is None:
        QuotaHit.objects.filter(owner=owner).delete()


def truncate_time(moment: datetime, unit: str) -> datetime:
    """Return the beginning of the hour or day (UTC)."""
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour.replace(hour=0) if unit == "day" else hour


def _add(since: datetime, until: datetime) -> None:
    hours: dict[str, Any] = {"since": since, "until": until, "unit": "hour", "daily": False}
    days: dict[str, Any] = {
        "since": truncate_time(since, "day"),
        "until": truncate_time(until, "day"),
        "unit": "day",
        "daily": True,
    }
    for statements, values in (
        (_ADDING_HOURS, hours),
        (_ADDING_WAITS, hours),
        (_ADDING_WAITS, days),
        (_ADDING_USERS, days),
    ):
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement, values)


def _rows(statement: str, span: TimeRange, done: datetime, **more: Any) -> list[tuple[Any, ...]]:
    """Run a statement; its parameter `since` is the moment from which calls are read directly."""
    values = {"start": span.since, "until": span.until, "since": max(span.since, done)}
    with connection.cursor() as cursor:
        cursor.execute(statement, {**values, "unit": span.unit, "daily": span.daily, **more})
        return list(cursor.fetchall())


def _first_call() -> datetime | None:
    found: datetime | None = UpstreamCall.objects.aggregate(first=Min("started_at"))["first"]
    return found


def _value(statement: str, *values: int) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]
