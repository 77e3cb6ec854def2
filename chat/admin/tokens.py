"""API tokens: created and revoked. A token is shown once, to the user who creates it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from chat.admin.lists.lookups import ValidatedChangeList
from chat.admin.readonly import ROWS
from chat.models import ApiToken


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin[ApiToken]):
    list_display = ("__str__", "user", "created_at")
    list_select_related = ("user",)
    list_per_page = ROWS
    show_full_result_count = False
    search_fields = ("name", "user__username")
    ordering = ("-pk",)
    autocomplete_fields = ("user",)

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> tuple[str, ...]:
        """Offer the choice of a user to superusers alone: a token has all rights of its user."""
        if obj:
            return ("user", "name", "created_at")
        return ("user", "name") if request.user.is_superuser else ("name",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ValidatedChangeList]:
        return ValidatedChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        return super().get_queryset(request).defer("digest")

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse filters by digest, which would disclose it letter by letter."""
        return not lookup.startswith("digest") and super().lookup_allowed(lookup, value, request)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Create the token and show it; users other than superusers create their own."""
        if not request.user.is_superuser:
            obj.user_id = int(request.user.pk or 0)
        token = ApiToken.issue(obj.user, obj.name)
        obj.pk = ApiToken.objects.values_list("pk", flat=True).get(digest=ApiToken.digest_of(token))
        self.message_user(request, f"The token, shown only this once: {token}", messages.WARNING)
