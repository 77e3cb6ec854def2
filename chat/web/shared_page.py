"""The public page of a shared thread, without a session."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from chat.threads import shares

# Digits of the number of newer messages left out: no thread has ten million.
SKIP_DIGITS = 7


@csrf_exempt  # the view changes nothing, and a failed check would be logged with the address
@never_cache
@require_safe
def shared(request: HttpRequest, share_id: str) -> HttpResponse:
    """Return a readable page; its script renders generated interfaces. Unknown, expired and revoked links look alike: 404."""
    page = shares.read(share_id, _parse_skip(request))
    if page is None:
        raise Http404
    replies = [one.content for one in page.said]
    response = render(request, "chat/shared.html", {"page": page, "replies": replies})
    response["X-Robots-Tag"] = "noindex, nofollow"
    # The address is the key: no linked site may learn it.
    response["Referrer-Policy"] = "no-referrer"
    return response


def _parse_skip(request: HttpRequest) -> int:
    text = request.GET.get("skip", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= SKIP_DIGITS else 0
