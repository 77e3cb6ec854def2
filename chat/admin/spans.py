"""Which time the dashboard shows: some last days, or from one date to another. Times are UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.http import QueryDict

from chat.store.statistics import DAY, HOUR, Span, whole

RANGES = {"24h": 1, "7d": 7, "30d": 30, "90d": 90}  # days
USUAL = "24h"
HOURLY = timedelta(days=8)  # shown by the hour up to here: 192 bars, a few pixels each; beyond, by the day
FIRST_YEAR, LAST_YEAR = 2000, 2999  # no data lies outside, and some dates there have no neighbours
MAX_DAYS = 400  # between two dates: a year and what one compares it with


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked for: one of RANGES, or "" with two dates. `fault` says what was wrong with them."""

    span: Span
    name: str
    first: date
    last: date
    fault: str = ""

    @property
    def query(self) -> dict[str, str]:
        """The query string that asks for it again."""
        return {"range": self.name} if self.name else {"from": str(self.first), "to": str(self.last)}

    def starts(self) -> list[datetime]:
        """Of all hours or days in the span."""
        step = DAY if self.span.daily else HOUR
        number = -((self.span.since - self.span.until) // step)
        return [self.span.since + step * place for place in range(number)]

    def label(self, start: datetime) -> str:
        return f"{start:%Y-%m-%d}" if self.span.daily else f"{start:%m-%d %H:%M}"


def chosen(query: QueryDict, now: datetime | None = None) -> Choice:
    """The span that a query string asks for; the usual one where it asks for none, or for one that cannot be."""
    now = now or datetime.now(UTC)
    if not (query.get("from") or query.get("to")):
        return _last(query.get("range", ""), now)
    try:
        first, last = (date.fromisoformat(query.get(name) or str(now.date())) for name in ("from", "to"))
        if min(first, last).year < FIRST_YEAR or max(first, last).year > LAST_YEAR:
            raise ValueError("far from any data")
    except ValueError:
        return _last(USUAL, now, "Dates are written like 2026-11-20.")
    if not timedelta() <= last - first < timedelta(days=MAX_DAYS):
        return _last(USUAL, now, f"From one date to a later one, {MAX_DAYS} days at most.")
    return _between(first, last, now)


def _last(name: str, now: datetime, fault: str = "") -> Choice:
    name = name if name in RANGES else USUAL
    length = timedelta(days=RANGES[name])
    daily = length > HOURLY
    since = whole(now - length, "day") + DAY if daily else whole(now - length, "hour") + HOUR
    return Choice(Span(since, now, daily), name, since.date(), now.date(), fault)


def _between(first: date, last: date, now: datetime) -> Choice:
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    until = min(max(now, since + HOUR), since + (last - first) + DAY)
    return Choice(Span(since, until, last - first >= HOURLY), "", first, last)
