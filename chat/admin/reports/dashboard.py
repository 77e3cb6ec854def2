"""The dashboard: activity, usage, failures and refused prompts; each panel is also available as CSV."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from chat.admin.reports.charts import shown
from chat.admin.reports.panels import PANELS, DashboardData, active
from chat.admin.reports.periods import MAX_DAYS, RANGES, parse_period
from chat.admin.reports.spreadsheet import spreadsheet
from chat.llm import config
from chat.reporting.admin_queries import models_of
from chat.text import storable

DASHBOARD_PERMISSION = "chat.view_dashboard"


def dashboard(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show the dashboard. Raises PermissionDenied."""
    data = _load_data(request)
    query = urlencode({**data.period.query, **({"model": data.model} if data.model else {})})
    context = {
        **site.each_context(request),
        "title": "Dashboard",
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


def _totals(data: DashboardData) -> dict[str, str]:
    """Return the totals of the whole period."""
    rows = data.usage
    sums = {
        "responses": sum(row.responses for row in rows),
        "calls of models": sum(row.calls for row in rows),
        "tokens": sum(row.prompt_tokens + row.completion_tokens for row in rows),
        "cached tokens": sum(row.cached_tokens for row in rows),
        "reasoning tokens": sum(row.reasoning_tokens for row in rows),
        "failed calls": sum(row.calls for row in data.failed),
    }
    return {name: shown(number) for name, number in sums.items()}
