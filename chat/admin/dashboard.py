"""The dashboard: what runs, what it takes, what fails, and who is refused; each panel as CSV too."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from chat.admin.charts import shown
from chat.admin.panels import PANELS, Facts, active
from chat.admin.spans import MAX_DAYS, RANGES, chosen
from chat.admin.spreadsheet import spreadsheet
from chat.conf_models import MODELS
from chat.store.inspection import models_of

RIGHT = "chat.view_dashboard"


def dashboard(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The page. Raises PermissionDenied."""
    facts = _facts(request)
    query = urlencode({**facts.choice.query, **({"model": facts.model} if facts.model else {})})
    context = {
        **site.each_context(request),
        "title": "Dashboard",
        "choice": facts.choice,
        "ranges": list(RANGES),
        "models": models_of("chat_upstreamcall", MODELS),
        "model": facts.model,
        "max_days": MAX_DAYS,
        "active": active(),
        "totals": _totals(facts),
        "panels": [
            (name, make(facts), f"{reverse('admin:dashboard_csv', args=[name])}?{query}")
            for name, make in PANELS.items()
        ],
    }
    return TemplateResponse(request, "admin/chat/dashboard.html", context)


def panel_csv(request: HttpRequest, site: AdminSite, panel: str) -> HttpResponse:
    """One panel's table. Raises PermissionDenied, Http404."""
    facts = _facts(request)
    if panel not in PANELS:
        raise Http404
    made = PANELS[panel](facts)
    span = facts.choice
    return spreadsheet(f"{panel}-{span.first}-{span.last}", made.head, made.rows)


def _facts(request: HttpRequest) -> Facts:
    if not request.user.has_perm(RIGHT):
        raise PermissionDenied
    return Facts(chosen(request.GET), request.GET.get("model", ""))


def _totals(facts: Facts) -> dict[str, str]:
    """Of the whole span."""
    rows = facts.usage
    sums = {
        "responses": sum(row.responses for row in rows),
        "calls of models": sum(row.calls for row in rows),
        "tokens": sum(row.prompt_tokens + row.completion_tokens for row in rows),
        "failed calls": sum(row.calls for row in facts.failed),
    }
    return {name: shown(number) for name, number in sums.items()}
