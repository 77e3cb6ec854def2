"""The admin's page for staff to change their own password, with the throttle of every other form that takes one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from chat.web.account_forms import StaffPasswordChangeForm


def password_change(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
    """Answer as `AdminSite.password_change`, which offers no setting for its form."""
    request.current_app = admin.site.name  # read by the template's links
    view = PasswordChangeView.as_view(
        form_class=StaffPasswordChangeForm,
        success_url=reverse("admin:password_change_done", current_app=admin.site.name),
        extra_context={**admin.site.each_context(request), **(extra_context or {})},
    )
    return view(request)
