"""The dashboard: activity, usage, failures and refused prompts; each panel is also available as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext

from chat.admin.lists.formatting import format_number
from chat.admin.reports.charts import shown
from chat.admin.reports.panels import PANELS, DashboardData, active, is_failure
from chat.admin.reports.periods import MAX_DAYS, RANGES, parse_period
from chat.admin.reports.spreadsheet import spreadsheet
from chat.llm import config
from chat.reporting.admin_queries import models_of
from chat.reporting.rollups import UsageBucket
from chat.text import storable


@dataclass(frozen=True, slots=True)
class Total:
    """A figure of the whole period; `change` compares it with the period before, `direction` is "up", "down" or ""."""

    name: str
    number: str
    change: str
    direction: str


DASHBOARD_PERMISSION = "chat.view_dashboard"


def dashboard(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show the dashboard. Raises PermissionDenied."""
    data = _load_data(request)
    query = urlencode({**data.period.query, **({"model": data.model} if data.model else {})})
    context = {
        **site.each_context(request),
        "title": gettext("Dashboard"),
        "period": data.period,
        "ranges": list(RANGES),
        "models": models_of("chat_upstreamcall", config.names()),
        "model": data.model,
        "max_days": MAX_DAYS,
        "active": active(),
        "totals": _totals(data),
        "panels": [
            (name, make(data), f"{reverse('admin:dashboard_csv', args=[name])}?{query}")
            for name, make in PANELS.items()
        ],
    }
    return TemplateResponse(request, "admin/chat/reports/dashboard.html", context)


def panel_csv(request: HttpRequest, site: AdminSite, panel: str) -> HttpResponse:
    """Return a panel's table as CSV. Raises PermissionDenied, Http404."""
    data = _load_data(request)
    if panel not in PANELS:
        raise Http404
    made = PANELS[panel](data)
    span = data.period
    return spreadsheet(f"{panel}-{span.first}-{span.last}", made.head, made.rows)


def _load_data(request: HttpRequest) -> DashboardData:
    if not request.user.has_perm(DASHBOARD_PERMISSION):
        raise PermissionDenied
    return DashboardData(parse_period(request.GET), storable(request.GET.get("model", "")))


def _totals(data: DashboardData) -> list[Total]:
    """Return the totals of the whole period, compared by their whole hours or days with the period before."""
    all_rows, before = _sums(data.usage), _sums(data.usage_before)
    whole = _sums([row for row in data.usage if row.start < data.period.whole_until])
    return [
        Total(name, shown(number), *_comparison(whole[name], before[name]))
        for name, number in all_rows.items()
    ]


def _sums(rows: list[UsageBucket]) -> dict[str, int]:
    return {
        gettext("responses"): sum(row.responses for row in rows),
        gettext("calls of models"): sum(row.calls for row in rows),
        gettext("tokens"): sum(row.prompt_tokens + row.completion_tokens for row in rows),
        gettext("cached tokens"): sum(row.cached_tokens for row in rows),
        gettext("reasoning tokens"): sum(row.reasoning_tokens for row in rows),
        gettext("failed calls"): sum(row.calls for row in rows if is_failure(row)),
    }


def _comparison(now: int, before: int) -> tuple[str, str]:
    """Return the change in words, and the direction as a class; empty without anything to compare."""
    if not before:
        return (gettext("none in the period before") if now else ""), ""
    percent = round(100 * (now - before) / before)
    if not percent:
        return gettext("as many as before: %(number)s") % {"number": shown(before)}, ""
    text = (
        gettext("%(percent)s %% more: %(now)s, before %(before)s")
        if percent > 0
        else gettext("%(percent)s %% fewer: %(now)s, before %(before)s")
    )
    values = {"percent": format_number(abs(percent)), "now": shown(now), "before": shown(before)}
    return text % values, "up" if percent > 0 else "down"
