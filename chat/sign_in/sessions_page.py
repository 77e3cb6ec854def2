"""A user's sessions, each with its end, and the record of their sign-ins."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from chat.accounts import sign_ins, suspension


@never_cache
@csrf_protect
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def sessions_page(request: HttpRequest) -> HttpResponse:
    """Show the sessions and the sign-ins of the user, or end one session or all."""
    user = request.user
    assert user.pk is not None, "a user who is logged in is stored"
    if request.method == "POST":
        with transaction.atomic():
            if request.POST.get("do") == "end-all":
                suspension.end_sessions(user.pk)
            elif (chosen := request.POST.get("session", "")).isdecimal() and len(chosen) < 19:
                sign_ins.end(user.pk, int(chosen))
        return redirect("sessions")
    shown = {
        "sessions": sign_ins.open_sessions(user),
        "current": request.session.session_key,
        "sign_ins": sign_ins.latest(user.pk),
    }
    return render(request, "account/sessions.html", shown)
