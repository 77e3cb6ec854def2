"""The dashboard's panels: each a chart or some, the same as a table, and so as CSV."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Count

from chat.admin.charts import Chart, Series, lines, stacked
from chat.admin.spans import Choice
from chat.models import ACTIVE, Response
from chat.store import refusals, statistics
from chat.store.statistics import Usage, Wait

TOP = 20  # users that a panel names
STOPPED = "stopped"  # somebody's wish, and no failure


@dataclass(frozen=True, slots=True)
class Panel:
    """`rows` are what the table shows and the CSV holds; None is an empty cell."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    charts: list[Chart] = field(default_factory=list)
    note: str = ""

    @property
    def cells(self) -> list[list[tuple[str, bool]]]:
        """The rows for people: each cell's text, and whether it is a number."""
        return [[_cell(value) for value in row] for row in self.rows]


class Facts:
    """What the panels are made from, each read when it is first asked for. `model` "" stands for all."""

    def __init__(self, choice: Choice, model: str) -> None:
        self.choice, self.model = choice, model
        self.starts = choice.starts()
        self.labels = [choice.label(start) for start in self.starts]

    @cached_property
    def done(self) -> datetime:
        return statistics.add_up()

    @cached_property
    def usage(self) -> list[Usage]:
        found = statistics.usage(self.choice.span, self.done)
        return [row for row in found if self.model in ("", row.model)]

    @property
    def failed(self) -> list[Usage]:
        return [row for row in self.usage if row.trouble not in ("", STOPPED)]

    @cached_property
    def waits(self) -> dict[datetime, Wait]:
        found = statistics.first_tokens(self.choice.span, self.done, self.model)
        return {wait.start.astimezone(UTC): wait for wait in found}

    def series(
        self, rows: Sequence[Usage], key: Callable[[Usage], str], value: Callable[[Usage], float]
    ) -> list[Series]:
        """For each key the sum of the values at each start."""
        sums: dict[str, dict[datetime, float]] = defaultdict(lambda: defaultdict(float))
        for row in rows:
            sums[key(row)][row.start.astimezone(UTC)] += value(row)
        return [
            Series(name, [places[start] for start in self.starts]) for name, places in sorted(sums.items())
        ]


def responses(facts: Facts) -> Panel:
    series = facts.series(facts.usage, lambda row: row.model, lambda row: row.responses)
    return _over_time(facts, f"Responses per {facts.choice.span.unit}", series)


def tokens(facts: Facts) -> Panel:
    prompt = facts.series(facts.usage, lambda row: "prompt", lambda row: row.prompt_tokens)
    completion = facts.series(facts.usage, lambda row: "completion", lambda row: row.completion_tokens)
    return _over_time(facts, f"Tokens per {facts.choice.span.unit}", [*prompt, *completion])


def first_token(facts: Facts) -> Panel:
    """Half and 95 in a hundred of the calls were quicker."""
    title = "Time to first token"
    waits = [facts.waits.get(start) for start in facts.starts]
    series = [
        Series("p50", [wait.p50 if wait else None for wait in waits]),
        Series("p95", [wait.p95 if wait else None for wait in waits]),
    ]
    rows = [
        (label, wait.calls, round(wait.p50, 3), round(wait.p95, 3))
        for label, wait in zip(facts.labels, waits, strict=True)
        if wait
    ]
    chart = [lines(title, facts.labels, series, "s")] if rows else []
    return Panel(title, (_time(facts), "calls", "p50, seconds", "p95, seconds"), rows, chart)


def failures(facts: Facts) -> Panel:
    """Of calls: after one that fails another model may have answered."""
    series = facts.series(facts.failed, lambda row: row.trouble, lambda row: row.calls)
    return _over_time(facts, f"Failed calls per {facts.choice.span.unit}", series)


def failures_by_model(facts: Facts) -> Panel:
    all_calls: dict[str, int] = defaultdict(int)
    for row in facts.usage:
        all_calls[row.model] += row.calls
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for row in facts.failed:
        counts[row.trouble, row.model] += row.calls
    rows = [
        (kind, model, number, round(100 * number / all_calls[model], 2))
        for (kind, model), number in sorted(counts.items(), key=lambda item: -item[1])
    ]
    return Panel("Failures by kind and model", ("kind", "model", "calls", "% of the model's calls"), rows)


def cost(facts: Facts) -> Panel:
    """By the prices of their time. Currencies are never added up."""
    priced = [row for row in facts.usage if row.currency]
    charts = []
    for currency in sorted({row.currency for row in priced}):
        here = [row for row in priced if row.currency == currency]
        series = facts.series(here, lambda row: row.model, lambda row: float(row.cost))
        charts.append(stacked(f"Cost, {currency}", facts.labels, series))
    sums: dict[tuple[str, str, str], Any] = defaultdict(int)
    for row in priced:
        sums[facts.choice.label(row.start.astimezone(UTC)), row.model, row.currency] += row.cost
    rows = [(*key, round(value, 6)) for key, value in sorted(sums.items())]
    free = sum(row.calls for row in facts.usage if not row.currency)
    note = f"Calls without a price, which are not in it: {free:,}." if free else ""
    title = f"Cost per {facts.choice.span.unit} and model"
    return Panel(title, (_time(facts), "model", "currency", "cost"), rows, charts, note)


def users(facts: Facts) -> Panel:
    found = statistics.top_users(facts.choice.span, facts.done, TOP)
    rows = [
        (one.name or _gone(one.owner), one.responses, one.tokens, one.currency or None, round(one.cost, 6))
        for one in found
    ]
    head = ("user", "responses", "tokens", "currency", "cost")
    return Panel("Top users by cost", head, rows, note=_of_all(facts))


def quota_hits(facts: Facts) -> Panel:
    found = refusals.over_time(facts.choice.span)
    names = sorted({quota for _, quota, _ in found})
    hits = {(start.astimezone(UTC), quota): number for start, quota, number in found}
    series = [Series(name, [hits.get((start, name), 0) for start in facts.starts]) for name in names]
    return replace(_over_time(facts, "Prompts refused by quotas", series), note=_of_all(facts))


def refused_users(facts: Facts) -> Panel:
    found = refusals.by_user(facts.choice.span, TOP)
    rows = [(one.name or _gone(None), one.quota, one.hits, f"{one.last_at:%Y-%m-%d %H:%M}") for one in found]
    return Panel("Users refused by quotas", ("user", "quota", "prompts", "last"), rows, note=_of_all(facts))


PANELS: dict[str, Callable[[Facts], Panel]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        responses,
        tokens,
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
    """Responses that run or wait now, in all processes."""
    rows = Response.objects.filter(status__in=ACTIVE).order_by().values_list("status").annotate(Count("pk"))
    counts = dict(rows)
    return {status.value: counts.get(status.value, 0) for status in reversed(ACTIVE)}


def _over_time(facts: Facts, title: str, series: list[Series]) -> Panel:
    """A column for each series; hours or days in which nothing was are left out of the table."""
    rows = [
        (label, *(_plain(one.values[place]) for one in series))
        for place, label in enumerate(facts.labels)
        if any(one.values[place] for one in series)
    ]
    charts = [stacked(title, facts.labels, series)] if rows else []
    return Panel(title, (_time(facts), *(one.name for one in series)), rows, charts)


def _of_all(facts: Facts) -> str:
    """For panels that cannot tell models apart."""
    return "Of all models together." if facts.model else ""


def _plain(value: float | None) -> float | int | None:
    return int(value) if value is not None and value == int(value) else value


def _cell(value: Any) -> tuple[str, bool]:
    if isinstance(value, int | float | Decimal):
        return f"{value:,}", True
    return ("-" if value is None else str(value)), False


def _time(facts: Facts) -> str:
    return f"{facts.choice.span.unit} (UTC)"


def _gone(owner: int | None) -> str:
    return "(gone)" if owner is None else f"(gone, #{owner})"
