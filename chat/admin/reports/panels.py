"""Panels of the dashboard: charts, and the same figures as a table and as CSV."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.admin.lists.columns import short_name
from chat.admin.lists.formatting import format_number
from chat.admin.reports.charts import Chart, Series, lines, stacked
from chat.admin.reports.periods import Period
from chat.models import ACTIVE, Response
from chat.reporting import rollups
from chat.reporting.quota_hits import by_user, over_time
from chat.reporting.rollups import FirstTokenLatency, UsageBucket

# Users listed in a panel.
TOP_USERS = 20
# The error code of calls that a user stopped, which are no failures.
STOPPED = "stopped"


# The name of the series with the period before.
BEFORE = _("period before")


def is_failure(row: UsageBucket) -> bool:
    return row.error_code not in ("", STOPPED)


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `rows` are those of the table and the CSV; None is an empty cell."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    charts: list[Chart] = field(default_factory=list)
    note: str = ""

    @property
    def cells(self) -> list[list[tuple[str, bool]]]:
        """The rows as pairs of text and True for a number; guests by their short names."""
        return [[_cell(value) for value in row] for row in self.rows]


class DashboardData:
    """The data of the panels, loaded at first use. An empty `model` stands for all models."""

    def __init__(self, period: Period, model: str) -> None:
        self.period, self.model = period, model
        self.starts = period.starts()
        self.labels = [period.label(start) for start in self.starts]

    @cached_property
    def done(self) -> datetime:
        return rollups.roll_up()

    @cached_property
    def usage(self) -> list[UsageBucket]:
        rows = rollups.usage(self.period.span, self.done)
        return [row for row in rows if self.model in ("", row.model)]

    @cached_property
    def usage_before(self) -> list[UsageBucket]:
        """The usage of the period before."""
        rows = rollups.usage(self.period.before, self.done)
        return [row for row in rows if self.model in ("", row.model)]

    def before(self, value: Callable[[UsageBucket], float]) -> Series | None:
        """Return the sums of the period before at the starts of this one, or None without any."""
        sums: dict[datetime, float] = defaultdict(float)
        for row in self.usage_before:
            sums[row.start.astimezone(UTC) + self.period.length] += value(row)
        values = [sums[start] for start in self.starts]
        return Series(str(BEFORE), values) if any(values) else None

    @property
    def failed(self) -> list[UsageBucket]:
        return [row for row in self.usage if is_failure(row)]

    @cached_property
    def first_token_waits(self) -> dict[datetime, FirstTokenLatency]:
        waits = rollups.first_tokens(self.period.span, self.done, self.model)
        return {wait.start.astimezone(UTC): wait for wait in waits}

    def series(
        self,
        rows: Sequence[UsageBucket],
        key: Callable[[UsageBucket], str],
        value: Callable[[UsageBucket], float],
    ) -> list[Series]:
        """Return for each key the sums of the values by start time."""
        sums: dict[str, dict[datetime, float]] = defaultdict(lambda: defaultdict(float))
        for row in rows:
            sums[key(row)][row.start.astimezone(UTC)] += value(row)
        return [
            Series(name, [by_start[start] for start in self.starts])
            for name, by_start in sorted(sums.items())
        ]

    def sums(self, column: str) -> list[int]:
        """Return the sums of a column of the usage by start time."""
        by_start: dict[datetime, int] = defaultdict(int)
        for row in self.usage:
            by_start[row.start.astimezone(UTC)] += getattr(row, column)
        return [by_start[start] for start in self.starts]


def responses(data: DashboardData) -> Panel:
    series = data.series(data.usage, lambda row: row.model, lambda row: row.responses)
    before = data.before(lambda row: row.responses)
    return _over_time(data, _per_unit(data, gettext("Responses per %(unit)s")), series, before)


def tokens(data: DashboardData) -> Panel:
    prompt = data.series(data.usage, lambda row: gettext("prompt"), lambda row: row.prompt_tokens)
    completion = data.series(data.usage, lambda row: gettext("completion"), lambda row: row.completion_tokens)
    before = data.before(lambda row: row.prompt_tokens + row.completion_tokens)
    return _over_time(data, _per_unit(data, gettext("Tokens per %(unit)s")), [*prompt, *completion], before)


def token_shares(data: DashboardData) -> Panel:
    """Return how much of the prompts was cached and how much of the completions was reasoning, where providers say it."""
    title = _per_unit(data, gettext("Cached and reasoning tokens per %(unit)s"))
    cached, reasoning = data.sums("cached_tokens"), data.sums("reasoning_tokens")
    of_prompt = _percentages(cached, data.sums("prompt_tokens"))
    of_completion = _percentages(reasoning, data.sums("completion_tokens"))
    columns = zip(data.labels, cached, of_prompt, reasoning, of_completion, strict=True)
    rows = [row for row in columns if row[1] or row[3]]
    series = [
        Series(gettext("cached, of the prompt"), of_prompt),
        Series(gettext("reasoning, of the completion"), of_completion),
    ]
    chart = [lines(title, data.labels, series, "%")] if rows else []
    head = (
        _time(data),
        gettext("cached"),
        gettext("%% of the prompt") % (),
        gettext("reasoning"),
        gettext("%% of the completion") % (),
    )
    return Panel(title, head, rows, chart)


def first_token(data: DashboardData) -> Panel:
    """Return the median and the 95th percentile of the time to the first token."""
    title = gettext("Time to first token")
    first_token_waits = [data.first_token_waits.get(start) for start in data.starts]
    series = [
        Series("p50", [wait.p50 if wait else None for wait in first_token_waits]),
        Series("p95", [wait.p95 if wait else None for wait in first_token_waits]),
    ]
    rows = [
        (label, wait.calls, round(wait.p50, 3), round(wait.p95, 3))
        for label, wait in zip(data.labels, first_token_waits, strict=True)
        if wait
    ]
    chart = [lines(title, data.labels, series, "s")] if rows else []
    return Panel(
        title, (_time(data), gettext("calls"), gettext("p50, seconds"), gettext("p95, seconds")), rows, chart
    )


def failures(data: DashboardData) -> Panel:
    """Return the failed calls by error code; a fallback may have answered the prompt."""
    series = data.series(data.failed, lambda row: row.error_code, lambda row: row.calls)
    before = data.before(lambda row: row.calls if is_failure(row) else 0)
    return _over_time(data, _per_unit(data, gettext("Failed calls per %(unit)s")), series, before)


def failures_by_model(data: DashboardData) -> Panel:
    all_calls: dict[str, int] = defaultdict(int)
    for row in data.usage:
        all_calls[row.model] += row.calls
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for row in data.failed:
        counts[row.error_code, row.model] += row.calls
    rows = [
        (kind, model, number, round(100 * number / all_calls[model], 2))
        for (kind, model), number in sorted(counts.items(), key=lambda item: -item[1])
    ]
    head = gettext("kind"), gettext("model"), gettext("calls"), gettext("%% of the model's calls") % ()
    return Panel(gettext("Failures by kind and model"), head, rows)


def cost(data: DashboardData) -> Panel:
    """Return the cost by the prices at the time of each call; currencies are kept apart."""
    priced = [row for row in data.usage if row.currency]
    charts = []
    for currency in sorted({row.currency for row in priced}):
        in_currency = [row for row in priced if row.currency == currency]
        series = data.series(in_currency, lambda row: row.model, lambda row: float(row.cost))
        charts.append(stacked(gettext("Cost, %(currency)s") % {"currency": currency}, data.labels, series))
    sums: dict[tuple[str, str, str], Any] = defaultdict(int)
    for row in priced:
        sums[data.period.label(row.start.astimezone(UTC)), row.model, row.currency] += row.cost
    rows = [(*key, round(value, 6)) for key, value in sorted(sums.items())]
    free = sum(row.calls for row in data.usage if not row.currency)
    note = (
        gettext("Calls without a price, not included: %(number)s.") % {"number": format_number(free)}
        if free
        else ""
    )
    title = _per_unit(data, gettext("Cost per %(unit)s and model"))
    return Panel(
        title, (_time(data), gettext("model"), gettext("currency"), gettext("cost")), rows, charts, note
    )


def users(data: DashboardData) -> Panel:
    spenders = rollups.top_users(data.period.span, data.done, TOP_USERS)
    rows = [
        (
            user.name or _deleted_user_label(user.owner),
            user.responses,
            user.tokens,
            user.currency or None,
            round(user.cost, 6),
        )
        for user in spenders
    ]
    head = (
        gettext("user"),
        gettext("responses"),
        gettext("tokens"),
        gettext("currency"),
        gettext("cost"),
    )
    return Panel(gettext("Top users by cost"), head, rows, note=_of_all(data))


def quota_hits(data: DashboardData) -> Panel:
    counts = over_time(data.period.span)
    names = sorted({quota for _, quota, _ in counts})
    hits = {(start.astimezone(UTC), quota): number for start, quota, number in counts}
    series = [Series(name, [hits.get((start, name), 0) for start in data.starts]) for name in names]
    return replace(_over_time(data, gettext("Prompts refused by quotas"), series), note=_of_all(data))


def refused_users(data: DashboardData) -> Panel:
    refused = by_user(data.period.span, TOP_USERS)
    rows = [
        (row.name or _deleted_user_label(None), row.quota, row.hits, f"{row.last_at:%Y-%m-%d %H:%M}")
        for row in refused
    ]
    head = gettext("user"), gettext("quota"), gettext("prompts"), gettext("last")
    return Panel(gettext("Users refused by quotas"), head, rows, note=_of_all(data))


PANELS: dict[str, Callable[[DashboardData], Panel]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        responses,
        tokens,
        token_shares,
        first_token,
        failures,
        failures_by_model,
        cost,
        users,
        quota_hits,
        refused_users,
    )
}


def active() -> dict[str, int]:
    """Return the numbers of streaming and queued responses in all processes."""
    rows = Response.objects.filter(status__in=ACTIVE).order_by().values_list("status").annotate(Count("pk"))
    counts = dict(rows)
    return {status.value: counts.get(status.value, 0) for status in reversed(ACTIVE)}


def _over_time(data: DashboardData, title: str, series: list[Series], before: Series | None = None) -> Panel:
    """Return a panel with a column for each series; the table leaves out empty hours and days."""
    columns = [*series, before] if before else series
    rows = [
        (label, *(_plain(column.values[index]) for column in columns))
        for index, label in enumerate(data.labels)
        if any(column.values[index] for column in columns)
    ]
    charts = [stacked(title, data.labels, series, before=before)] if rows else []
    return Panel(title, (_time(data), *(column.name for column in columns)), rows, charts)


def _percentages(parts: list[int], wholes: list[int]) -> list[float | None]:
    return [
        round(100 * part / whole, 2) if whole else None for part, whole in zip(parts, wholes, strict=True)
    ]


def _of_all(data: DashboardData) -> str:
    """Return the note of panels that do not distinguish models."""
    return gettext("All models together.") if data.model else ""


def _plain(value: float | None) -> float | int | None:
    return int(value) if value is not None and value == int(value) else value


def _cell(value: Any) -> tuple[str, bool]:
    if isinstance(value, int | float | Decimal):
        return format_number(value), True
    return ("-" if value is None else short_name(str(value))), False


def _per_unit(data: DashboardData, text: str) -> str:
    """Return a title with the unit of the period in it."""
    return text % {"unit": gettext(data.period.span.unit)}


def _time(data: DashboardData) -> str:
    return f"{gettext(data.period.span.unit)} (UTC)"


def _deleted_user_label(owner: int | None) -> str:
    return f"({gettext('deleted')})" if owner is None else f"({gettext('deleted')}, #{owner})"
