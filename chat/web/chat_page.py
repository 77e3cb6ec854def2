"""The chat page: a thin, synchronous view that returns HTML. Its content comes from the API."""

from __future__ import annotations

import math
import secrets

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from chat.accounts.identity import admitted, ensure_guest
from chat.exceptions import QuotaExceeded
from chat.web import frontend_build

# Suggested prompts for a new user, each with a description of its answer: together they show what the product does.
SUGGESTIONS = (
    ("Show me sales by region", "A chart, a table and what they say"),
    ("Plan a trip to Lisbon", "Days, places and a form for your dates"),
    ("A form to book a table", "Filled in and sent from the answer itself"),
    ("What time is it in Tokyo?", "The model asks a tool"),
)
# Random bytes in the nonce of a page's styles, as CSP asks for.
NONCE_BYTES = 16


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
    nonce = secrets.token_urlsafe(NONCE_BYTES)
    if page := frontend_build.html(nonce):
        request.style_nonce = nonce  # type: ignore[attr-defined]  # read by the middleware that sends the policy
        return HttpResponse(page)
    return render(request, "chat/chat.html", {"suggestions": SUGGESTIONS})
