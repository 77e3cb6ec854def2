"""The chat page: a thin, synchronous view that returns HTML. Its content comes from the API."""

from __future__ import annotations

import math
from pathlib import Path

from django.contrib.auth.views import redirect_to_login
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from chat.accounts.identity import admitted, ensure_guest
from chat.exceptions import QuotaExceeded
from chat.web import frontend_build, script_texts

# Suggested prompts for a new user, each with a description of its answer: together they show what the product does.
SUGGESTIONS = (
    (_("Show me sales by region"), _("A chart, a table and what they say")),
    (_("Plan a trip to Lisbon"), _("Days, places and a form for your dates")),
    (_("Book a table"), _("A form, sent from the answer itself")),
    (_("What is 17% of 4,350 + 12^2?"), _("Computed by a tool")),
)


@never_cache
@ensure_csrf_cookie
@require_safe
def chat(request: HttpRequest, thread_id: str = "") -> HttpResponse:
    """Return the chat page: the built one if a build exists, else the plain one.

    A thread's address returns the same page: its script opens the thread, and the API checks access.
    """
    try:
        ensure_guest(request)
    except QuotaExceeded as refusal:
        refused = render(request, "429.html", status=refusal.status)
        refused["Retry-After"] = str(math.ceil(refusal.retry_after or 0))
        return refused
    if not admitted(request.user):
        return redirect_to_login(request.get_full_path())
    nonce = frontend_build.new_nonce()
    if page := frontend_build.html(nonce):
        request.style_nonce = nonce  # type: ignore[attr-defined]  # read by the middleware that sends the policy
        return HttpResponse(page)
    shown = {"suggestions": SUGGESTIONS, "translations": script_texts.translations()}
    return render(request, "chat/chat.html", shown)


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Return the service worker at the root of the site: its folder is the part of the site that it may work for."""
    found = finders.find("chat/js/service-worker.js")
    if not isinstance(found, str):
        raise Http404
    response = HttpResponse(Path(found).read_bytes(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response
