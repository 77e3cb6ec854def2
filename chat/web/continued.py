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
from chat.threads import shares


@never_cache
@require_safe
def confirm(request: HttpRequest, share_id: str) -> HttpResponse:
    """Ask the reader, who is made a guest or sent to the login. The form's own address holds no key, so no log does."""
    found = shares.continued(share_id)
    if found is None:
        raise Http404
    title, messages = found
    try:
        ensure_guest(request)
    except QuotaExceeded as refusal:
        return _refused(request, refusal)
    if not admitted(request.user):
        return redirect_to_login(request.get_full_path())
    return _form(request, share_id, title, len(messages))


@never_cache
@csrf_protect
@require_POST
def copy(request: HttpRequest) -> HttpResponse:
    """Copy the shared messages, and open the new thread."""
    if not admitted(request.user):
        return redirect_to_login("/")
    share_id = request.POST.get("share", "")
    found = shares.continued(share_id)
    if found is None:
        raise Http404
    title, messages = found
    try:
        with transaction.atomic():
            turns = shares.turns_of(messages)
            model = rights.of_user(request.user.pk).default_model
            thread = imports.create_thread(request.user.pk, str(uuid4()), model, turns, None)
            Thread.objects.filter(pk=thread.pk).update(title=title, has_custom_title=True)
    except QuotaExceeded as refusal:
        return _form(request, share_id, title, len(messages), refusal)
    return redirect("thread", thread.public_id)


def _form(
    request: HttpRequest, share_id: str, title: str, count: int, refusal: QuotaExceeded | None = None
) -> HttpResponse:
    shown = {"share_id": share_id, "title": title, "count": count, "refused": refusal is not None}
    response = render(request, "chat/continue.html", shown, status=refusal.status if refusal else 200)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _refused(request: HttpRequest, refusal: QuotaExceeded) -> HttpResponse:
    response = render(request, "429.html", status=refusal.status)
    response["Retry-After"] = str(math.ceil(refusal.retry_after or 0))
    return response
