"""Charts as numbers, periods of the dashboard, and protection against formulas in CSV."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.http import QueryDict

from chat.admin.reports.charts import COLOURS, Series, lines, shown, stacked
from chat.admin.reports.periods import MAX_DAYS, RANGES, parse_period
from chat.admin.reports.spreadsheet import cell, spreadsheet

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


def test_bars_are_stacked_and_the_axis_ends_at_a_round_number() -> None:
    chart = stacked("t", ["a", "b"], [Series("x", [3, 1]), Series("y", [5, None])])
    assert (chart.top, chart.middle, chart.width) == ("10", "5", 2)
    assert [(bar.y, bar.height, bar.colour) for bar in chart.bars] == [(70, 30, 0), (20, 50, 1), (90, 10, 0)]
    assert [slot.text for slot in chart.slots] == ["a; x: 3; y: 5", "b; x: 1"]


def test_the_period_before_is_a_line_that_the_axis_holds() -> None:
    chart = stacked("t", ["a", "b"], [Series("x", [3, 1])], before=Series("before", [10, 0]))
    assert (chart.top, chart.before[0].points) == ("10", "0.50,0.00 1.50,100.00")
    assert chart.slots[0].text == "a; x: 3; before: 10"


def test_an_axis_is_at_least_as_high_as_its_largest_value() -> None:
    for value in (0.003, 0.1, 0.9, 1, 7, 10, 10.1, 24.9, 26, 99, 1e6, 1.01e6):
        chart = stacked("t", ["a"], [Series("x", [value])])
        assert 20 <= chart.bars[0].height <= 100, value


def test_an_empty_chart_has_an_axis() -> None:
    assert stacked("t", [], []).top == "1"
    assert stacked("t", ["a"], [Series("x", [0])]).bars == []


def test_a_line_is_interrupted_at_missing_values_and_a_single_one_is_a_dot() -> None:
    chart = lines("t", list("abcd"), [Series("x", [1, 2, None, 2])])
    assert [line.points for line in chart.lines] == ["0.50,50.00 1.50,0.00", "3.20,0.00 3.80,0.00"]


def test_more_series_than_colours_reuse_the_first_colour() -> None:
    chart = stacked("t", ["a"], [Series(str(number), [1]) for number in range(COLOURS + 1)])
    assert chart.bars[-1].colour == chart.legend[-1].colour == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (0.123456, "0.123"),
        (9_999, "9,999"),
        (12_345, "12.3k"),
        (2_500_000, "2.5M"),
        (3e9, "3G"),
    ],
)
def test_a_number_is_abbreviated(value: float, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(("name", "number"), [("24h", 24), ("7d", 168), ("30d", 30), ("90d", 90)])
def test_a_period_has_as_many_hours_or_days_as_its_name_says(name: str, number: int) -> None:
    period = parse_period(QueryDict(f"range={name}"), NOW)
    starts = period.starts()
    assert len(starts) == number
    assert starts[-1] <= NOW < starts[-1] + (starts[1] - starts[0])
    assert period.query == {"range": name}


def test_a_short_period_between_two_dates_is_shown_by_the_hour() -> None:
    near, far = (
        parse_period(QueryDict(f"from=2026-04-01&to={to}"), NOW) for to in ("2026-04-02", "2026-04-30")
    )
    assert (len(near.starts()), near.span.daily) == (48, False)
    assert (len(far.starts()), far.span.daily) == (30, True)
    assert far.query == {"from": "2026-04-01", "to": "2026-04-30"}


@pytest.mark.parametrize(
    "query",
    [
        "from=x",
        "from=2026-05-03&to=2026-05-01",
        "from=2020-01-01&to=2026-01-01",
        "from=0001-01-01&to=0001-01-02",
        "from=9999-12-31&to=9999-12-31",
        "to=2000-01-01",
    ],
)
def test_invalid_dates_are_refused_with_a_reason(query: str) -> None:
    period = parse_period(QueryDict(query), NOW)
    assert period.error
    assert len(period.starts()) == 24


def test_an_unknown_period_is_the_default_one() -> None:
    assert parse_period(QueryDict("range=century"), NOW).name in RANGES
    assert parse_period(QueryDict(""), NOW).error == ""


def test_a_day_in_the_future_is_empty_and_not_an_error() -> None:
    period = parse_period(QueryDict("from=2026-06-01&to=2026-06-02"), NOW)
    assert (period.error, period.first, len(period.starts())) == ("", date(2026, 6, 1), 1)


def test_the_period_between_two_dates_is_bounded() -> None:
    assert len(parse_period(QueryDict("from=2025-04-01&to=2026-05-04"), NOW).starts()) <= MAX_DAYS


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_would_be_evaluated_is_quoted(words: str) -> None:
    assert cell(words) == "'" + words


def test_numbers_and_plain_text_are_unchanged() -> None:
    assert [cell(-5), cell(2.5), cell("a=b"), cell(None)] == [-5, 2.5, "a=b", ""]
    answer = spreadsheet("x", ("a", "b"), [("=1", 2), ('say "hi", you', None)])
    assert answer.content.decode().splitlines() == ["a,b", "'=1,2", '"say ""hi"", you",']
