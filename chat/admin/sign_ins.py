"""The record of sign-ins, without keys of sessions."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.admin.lists.columns import owner_link, time_column
from chat.admin.readonly import ReadOnlyAdmin, badge
from chat.models import SignInRecord, User
from chat.text import storable

# Keys and tokens; a filter would disclose them letter by letter.
SECRET_FIELDS = ("session_key", "subject", "provider_session", "refresh_token")
_AT = time_column("at", _("time"), exact=True)


@admin.register(SignInRecord)
class SignInRecordAdmin(ReadOnlyAdmin[SignInRecord]):
    list_display = ("outcome", "user_link", "steps", "address", time_column("at", _("time")))
    list_select_related = ("user",)
    listed = ("succeeded", "user__username", "user__is_active", "method", "address", "at")
    list_filter = (("at", admin.DateFieldListFilter), "succeeded")
    search_fields = (
        "user__username",
    )  # makes Django show the search box; `get_search_results` does the search
    search_help_text = _("User names")
    ordering = ("-pk",)
    fields = (("outcome", "user_link"), _AT, "steps", "address", "agent")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SignInRecord]:
        return super().get_queryset(request).defer(*SECRET_FIELDS)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SignInRecord], search_term: str
    ) -> tuple[QuerySet[SignInRecord], bool]:
        text = storable(search_term.strip())
        users = User.objects.filter(username=text)
        return queryset.filter(user__in=users.values("pk")) if text else queryset, False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return not lookup.startswith(SECRET_FIELDS) and super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("outcome"))
    def outcome(self, row: SignInRecord) -> str:
        return badge("done", gettext("signed in")) if row.succeeded else badge("failed", gettext("failed"))

    @admin.display(description=_("method"))
    def steps(self, row: SignInRecord) -> str:
        return row.steps

    @admin.display(description=_("user"))
    def user_link(self, row: SignInRecord) -> str:
        return owner_link(row.user_id, row.user.username)
