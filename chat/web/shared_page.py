"""What somebody with a link reads: a shared thread, as a page for anybody, without a session."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from chat.threads import shares

SKIP_DIGITS = 7  # of the number of newer messages left out: no thread has ten million


@csrf_exempt  # nothing is changed here, and a failed check would be logged with the address
@never_cache
@require_safe
def shared(request: HttpRequest, share_id: str) -> HttpResponse:
    """Readable as it is; a script shows the generated interfaces on top. Unknown, expired and revoked links are one page."""
    page = shares.read(share_id, _parse_skip(request))
    if page is None:
        raise Http404
    replies = [one.content for one in page.said]
    response = render(request, "chat/shared.html", {"page": page, "replies": replies})
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = (
        "no-referrer"  # the address is the key: no site that is linked to may learn it
    )
    return response


def _parse_skip(request: HttpRequest) -> int:
    text = request.GET.get("skip", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= SKIP_DIGITS else 0
