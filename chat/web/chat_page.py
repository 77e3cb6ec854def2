"""The page and the way in: thin, synchronous views that give HTML. What the page shows comes from the API."""

from __future__ import annotations

import secrets

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from chat.accounts.identity import admitted, ensure_guest
from chat.web import frontend_build

SUGGESTIONS = (
    ("Show me sales by region", "A chart, a table and what they say"),
    ("Plan a trip to Lisbon", "Days, places and a form for your dates"),
    ("A form to book a table", "Filled in and sent from the answer itself"),
    ("What time is it in Tokyo?", "The model asks a tool"),
)
"""What a newcomer can say at once, with what comes of it: together they show what the product does."""

NONCE_BYTES = 16
"""Of randomness in the nonce of a page's styles, as CSP asks for."""


@never_cache
@ensure_csrf_cookie
@require_safe
def chat(request: HttpRequest, thread_id: str = "") -> HttpResponse:
    """The chat page, at a thread's address too: which one is open is the script's business, who may see it the API's.

    It is the built one where there is a build, else the plain one.
    """
    ensure_guest(request)
    if not admitted(request.user):
        return redirect_to_login(request.get_full_path())
    nonce = secrets.token_urlsafe(NONCE_BYTES)
    if page := frontend_build.html(nonce):
        request.style_nonce = nonce  # type: ignore[attr-defined]  # for the policy, which a middleware sends
        return HttpResponse(page)
    return render(request, "chat/chat.html", {"suggestions": SUGGESTIONS})
