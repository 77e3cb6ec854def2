"""The public page of a shared thread, without a session."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from chat.threads import shares
from chat.web import frontend_build, script_texts

# Digits of the number of newer messages left out: no thread has ten million.
SKIP_DIGITS = 7


@csrf_exempt  # the view changes nothing, and a failed check would be logged with the address
@never_cache
@require_safe
def shared(request: HttpRequest, share_id: str) -> HttpResponse:
    """Return a readable page; its script draws answers as the chat does. Unknown, expired and revoked links: 404."""
    page = shares.read(share_id, _parse_skip(request))
    if page is None:
        raise Http404
    replies = [one.content for one in page.said]
    build = frontend_build.entry("src/shared.tsx")
    request.style_nonce = frontend_build.new_nonce() if build else ""  # type: ignore[attr-defined]  # read by the middleware
    shown = {"page": page, "replies": replies, "share_id": share_id, "build": build}
    shown |= {"translations": script_texts.translations()}
    response = render(request, "chat/shared.html", shown)
    response["X-Robots-Tag"] = "noindex, nofollow"
    # The address is the key: no linked site may learn it.
    response["Referrer-Policy"] = "no-referrer"
    return response


def _parse_skip(request: HttpRequest) -> int:
    text = request.GET.get("skip", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= SKIP_DIGITS else 0
