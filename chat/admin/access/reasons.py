"""The view that stores a reason for reading content and returns to the page that asked for it."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from chat.admin.access.audit import can_read, give_reason


@require_POST
def reason(request: HttpRequest) -> HttpResponse:
    """Store a reason. Fields: `thread` (a primary key, empty for lists), `reason`, and `next`, the page to return to."""
    thread, text = request.POST.get("thread", ""), request.POST.get("reason", "").replace("\0", "").strip()
    if not can_read(request):
        return HttpResponse(status=403)
    if not text or (thread and not (thread.isascii() and thread.isdigit() and len(thread) < 19)):
        return HttpResponseBadRequest()
    give_reason(request, int(thread) if thread else None, text)
    back = request.POST.get("next", "")
    own = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if own else reverse("admin:index"))


ADDRESS = path("reason/", admin.site.admin_view(reason), name="chat_reason")
