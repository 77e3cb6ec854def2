"""Users, and the bearer tokens of their programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from chat.admin.readonly import ROWS
from chat.models import ApiToken, Thread, User


@admin.register(User)
class AccountAdmin(UserAdmin[User]):
    """Django's own, with guests told apart. Who has threads is not deleted here: content is read-only."""

    list_display = ("username", "email", "is_guest", "is_staff", "is_active", "date_joined", "last_login")
    list_filter = ("is_guest", "is_staff", "is_superuser", "is_active", "groups")
    list_per_page = ROWS
    show_full_result_count = False
    readonly_fields = ("is_guest", "threads", "last_login", "date_joined")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """The form that makes a user has nothing of the chat's yet."""
        usual = super().get_fieldsets(request, obj)
        return [*usual, ("Chat", {"fields": ("is_guest", "threads")})] if obj else usual

    @admin.display(description="threads")
    def threads(self, user: User) -> str:
        address = reverse("admin:chat_thread_changelist", query={"owner__id__exact": user.pk})
        return format_html('<a href="{}">{}</a>', address, "the user's threads")

    def get_deleted_objects(
        self, objs: QuerySet[User] | Sequence[User], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Threads in the way are counted, never listed: there may be many, and titles are not for everyone."""
        if kept := Thread.objects.filter(owner__in=objs).count():
            return [], {}, set(), [f"threads: {kept}"]
        return super().get_deleted_objects(objs, request)


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin[ApiToken]):
    """Tokens are made and revoked. The token itself is shown once, to the person who makes it."""

    list_display = ("__str__", "user", "created_at")
    list_select_related = ("user",)
    list_per_page = ROWS
    show_full_result_count = False
    search_fields = ("name", "user__username")
    ordering = ("-pk",)
    autocomplete_fields = ("user",)

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> tuple[str, ...]:
        return ("user", "name", "created_at") if obj else ("user", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        return super().get_queryset(request).defer("digest")

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """A filter by digest would tell it, letter by letter."""
        return not lookup.startswith("digest") and super().lookup_allowed(lookup, value, request)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        token = ApiToken.issue(obj.user, obj.name)
        obj.pk = ApiToken.objects.values_list("pk", flat=True).get(digest=ApiToken.digest_of(token))
        self.message_user(request, f"The token, shown only this once: {token}", messages.WARNING)
