"""Navigation of a list by date: years or months, then days.

Choices come from the first and last date alone, two reads of an index; some may be empty.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Max, Min
from django.utils.formats import date_format
from django.utils.translation import gettext

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList

# Months offered side by side; if a table spans more, years come first.
MONTHS = 24


@dataclass(frozen=True, slots=True)
class DateChoice:
    title: str
    link: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class DateHierarchy:
    """The choices of a list, and the link one level up."""

    choices: list[DateChoice]
    back: DateChoice | None

    @classmethod
    def of(cls, changes: ChangeList) -> DateHierarchy | None:
        """Return the navigation of a list, or None for an empty table."""
        field = str(changes.date_hierarchy)
        ends = changes.model._default_manager.aggregate(first=Min(field), last=Max(field))
        if ends["first"] is None:
            return None
        return cls(*_ChoiceBuilder(changes, field, ends["first"], ends["last"]).build())


class _ChoiceBuilder:
    def __init__(self, changes: ChangeList, field: str, first: datetime, last: datetime) -> None:
        self._changes, self._field = changes, field
        self._first, self._last = first.date(), last.date()
        year, month, day = (
            _number(changes.params.get(f"{field}__{unit}")) for unit in ("year", "month", "day")
        )
        self._year, self._month, self._day = year, month, day

    def build(self) -> tuple[list[DateChoice], DateChoice | None]:
        if self._year and self._month:
            back = (
                self._choice(gettext("All dates"))
                if self._few
                else self._choice(str(self._year), year=self._year)
            )
            return self._days(self._year, self._month), back
        if self._few:
            return self._months(self._first, self._last), None
        if self._year:
            ends = max(self._first, date(self._year, 1, 1)), min(self._last, date(self._year, 12, 31))
            return self._months(*ends), self._choice(gettext("All dates"))
        years = range(self._first.year, self._last.year + 1)
        return [self._choice(str(year), year=year) for year in years], None

    @property
    def _few(self) -> bool:
        return _months_since_0(self._last) - _months_since_0(self._first) < MONTHS

    def _months(self, first: date, last: date) -> list[DateChoice]:
        numbers = range(_months_since_0(first), _months_since_0(last) + 1)
        starts = [date(number // 12, number % 12 + 1, 1) for number in numbers]
        return [
            self._choice(date_format(start, "F Y"), year=start.year, month=start.month) for start in starts
        ]

    def _days(self, year: int, month: int) -> list[DateChoice]:
        days = range(1, monthrange(year, month)[1] + 1) if 1 <= month <= 12 and year <= 9999 else []
        inside = [day for day in days if self._first <= date(year, month, day) <= self._last]
        return [
            self._choice(date_format(date(year, month, day), "M j"), year=year, month=month, day=day)
            for day in inside
        ]

    def _choice(self, title: str, **units: int) -> DateChoice:
        wanted = {f"{self._field}__{unit}": number for unit, number in units.items()}
        link = self._changes.get_query_string(wanted, [f"{self._field}__"])
        return DateChoice(title, link, "day" in units and units["day"] == self._day)


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) <= 4 else None


def _months_since_0(day: date) -> int:
    return day.year * 12 + day.month - 1
