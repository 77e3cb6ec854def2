"""Continue a shared thread: its messages are copied into a new thread of the reader."""

from __future__ import annotations

import math
from uuid import uuid4

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST, require_safe

from chat.accounts.identity import admitted, ensure_guest
from chat.exceptions import QuotaExceeded
from chat.models import Thread
from chat.permissions import rights
from chat.responses.claims import imports
from chat.schemas import Turn
from chat.threads import shares

# The title and the messages, oldest first.
SharedTurns = tuple[str, tuple[Turn, ...]]


@never_cache
@require_safe
def confirm(request: HttpRequest, share_id: str) -> HttpResponse:
    """Ask the reader, who is made a guest or sent to the login. The form's own address holds no key, so no log does."""
    found = shares.read_turns(share_id)
    if found is None:
        raise Http404
    try:
        ensure_guest(request)
    except QuotaExceeded as refusal:
        return _refused(request, refusal)
    if not admitted(request.user):
        return redirect_to_login(request.get_full_path())
    return _form(request, share_id, found)


@never_cache
@csrf_protect
@require_POST
def copy(request: HttpRequest) -> HttpResponse:
    """Copy the shared messages, and open the new thread."""
    if not admitted(request.user):
        return redirect_to_login("/")
    share_id = request.POST.get("share", "")
    found = shares.read_turns(share_id)
    if found is None:
        raise Http404
    title, turns = found
    try:
        with transaction.atomic():
            model = rights.of_user(request.user.pk).default_model
            thread = imports.create_thread(request.user.pk, str(uuid4()), model, turns, None)
            Thread.objects.filter(pk=thread.pk).update(title=title, has_custom_title=True)
    except QuotaExceeded as refusal:
        return _form(request, share_id, found, refusal)
    return redirect("thread", thread.public_id)


def _form(
    request: HttpRequest, share_id: str, found: SharedTurns, refusal: QuotaExceeded | None = None
) -> HttpResponse:
    title, turns = found
    shown = {"share_id": share_id, "title": title, "count": len(turns), "refused": refusal is not None}
    response = render(request, "chat/continue.html", shown, status=refusal.status if refusal else 200)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _refused(request: HttpRequest, refusal: QuotaExceeded) -> HttpResponse:
    response = render(request, "429.html", status=refusal.status)
    response["Retry-After"] = str(math.ceil(refusal.retry_after or 0))
    return response
