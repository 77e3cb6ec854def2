"""The period of the dashboard: the last days, or from one date to another. Times are UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.http import QueryDict
from django.utils.translation import gettext

from chat.reporting.rollups import DAY, HOUR, TimeRange, truncate_time

# Days.
RANGES = {"24h": 1, "7d": 7, "30d": 30, "90d": 90}
DEFAULT_RANGE = "24h"
# The longest period shown by the hour: 192 bars of a few pixels; longer ones are shown by the day.
HOURLY = timedelta(days=8)
# There is no data outside, and arithmetic on dates near the ends of the calendar overflows.
FIRST_YEAR, LAST_YEAR = 2000, 2999
# Days between two dates: a year and a month to compare it with.
MAX_DAYS = 400


@dataclass(frozen=True, slots=True)
class Period:
    """A period: `name` is one of RANGES, or "" for two dates. `error` explains why the requested dates were refused."""

    span: TimeRange
    name: str
    first: date
    last: date
    error: str = ""

    @property
    def query(self) -> dict[str, str]:
        """The query string of this period."""
        return {"range": self.name} if self.name else {"from": str(self.first), "to": str(self.last)}

    def starts(self) -> list[datetime]:
        """Return the starts of all hours or days in the period."""
        step = DAY if self.span.daily else HOUR
        number = -((self.span.since - self.span.until) // step)
        return [self.span.since + step * index for index in range(number)]

    @property
    def whole_until(self) -> datetime:
        """The end of the last whole hour or day: the one that lasts is left out of comparisons."""
        return max(self.span.since, truncate_time(self.span.until, self.span.unit))

    @property
    def length(self) -> timedelta:
        """The time from this period to the one before."""
        return len(self.starts()) * (DAY if self.span.daily else HOUR)

    @property
    def before(self) -> TimeRange:
        """The period before, up to the time of day that this one has reached in whole hours or days."""
        return TimeRange(self.span.since - self.length, self.whole_until - self.length, self.span.daily)

    def label(self, start: datetime) -> str:
        return f"{start:%Y-%m-%d}" if self.span.daily else f"{start:%m-%d %H:%M}"


def parse_period(query: QueryDict, now: datetime | None = None) -> Period:
    """Return the period of a query string; the default one if it has none or an invalid one."""
    now = now or datetime.now(UTC)
    if not (query.get("from") or query.get("to")):
        return _last(query.get("range", ""), now)
    try:
        first, last = (date.fromisoformat(query.get(name) or str(now.date())) for name in ("from", "to"))
        if min(first, last).year < FIRST_YEAR or max(first, last).year > LAST_YEAR:
            raise ValueError("far from any data")
    except ValueError:
        return _last(DEFAULT_RANGE, now, gettext("Write dates as 2026-11-20."))
    if not timedelta() <= last - first < timedelta(days=MAX_DAYS):
        text = gettext("The second date must be later, by at most %(number)s days.")
        return _last(DEFAULT_RANGE, now, text % {"number": MAX_DAYS})
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
