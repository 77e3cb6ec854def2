"""Which time the dashboard shows: some last days, or from one date to another. Times are UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.http import QueryDict

from chat.reporting.rollups import DAY, HOUR, TimeRange, truncate_time

RANGES = {"24h": 1, "7d": 7, "30d": 30, "90d": 90}  # days
DEFAULT_RANGE = "24h"
HOURLY = timedelta(days=8)  # shown by the hour up to here: 192 bars, a few pixels each; beyond, by the day
FIRST_YEAR, LAST_YEAR = 2000, 2999  # no data lies outside, and some dates there have no neighbours
MAX_DAYS = 400  # between two dates: a year and what one compares it with


@dataclass(frozen=True, slots=True)
class Period:
    """What was asked for: one of RANGES, or "" with two dates. `fault` says what was wrong with them."""

    span: TimeRange
    name: str
    first: date
    last: date
    error: str = ""

    @property
    def query(self) -> dict[str, str]:
        """The query string that asks for it again."""
        return {"range": self.name} if self.name else {"from": str(self.first), "to": str(self.last)}

    def starts(self) -> list[datetime]:
        """Of all hours or days in the span."""
        step = DAY if self.span.daily else HOUR
        number = -((self.span.since - self.span.until) // step)
        return [self.span.since + step * index for index in range(number)]

    def label(self, start: datetime) -> str:
        return f"{start:%Y-%m-%d}" if self.span.daily else f"{start:%m-%d %H:%M}"


def parse_period(query: QueryDict, now: datetime | None = None) -> Period:
    """The span that a query string asks for; the usual one where it asks for none, or for one that cannot be."""
    now = now or datetime.now(UTC)
    if not (query.get("from") or query.get("to")):
        return _last(query.get("range", ""), now)
    try:
        first, last = (date.fromisoformat(query.get(name) or str(now.date())) for name in ("from", "to"))
        if min(first, last).year < FIRST_YEAR or max(first, last).year > LAST_YEAR:
            raise ValueError("far from any data")
    except ValueError:
        return _last(DEFAULT_RANGE, now, "Dates are written like 2026-11-20.")
    if not timedelta() <= last - first < timedelta(days=MAX_DAYS):
        return _last(DEFAULT_RANGE, now, f"From one date to a later one, {MAX_DAYS} days at most.")
    return _between(first, last, now)


def _last(name: str, now: datetime, error: str = "") -> Period:
    name = name if name in RANGES else DEFAULT_RANGE
    length = timedelta(days=RANGES[name])
    daily = length > HOURLY
    since = truncate_time(now - length, "day") + DAY if daily else truncate_time(now - length, "hour") + HOUR
    return Period(TimeRange(since, now, daily), name, since.date(), now.date(), error)


def _between(first: date, last: date, now: datetime) -> Period:
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    until = min(max(now, since + HOUR), since + (last - first) + DAY)
    return Period(TimeRange(since, until, last - first >= HOURLY), "", first, last)
