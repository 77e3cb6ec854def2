"""What the pages about content share: they can be looked at and nothing else, and a list loads only what it shows."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from chat.models import Message

M = TypeVar("M", bound=Model)

ROWS = 50  # of a list's page: two screens of a desktop


class SlimList(ChangeList):
    """A list that leaves texts in the database: one reply can be a mebibyte."""

    model_admin: ReadOnlyAdmin[Any]

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        return super().get_queryset(request, exclude_parameters).only(*self.model_admin.listed)


class ReadOnlyAdmin(admin.ModelAdmin[M]):
    """`listed` are the columns that a list loads."""

    listed: ClassVar[tuple[str, ...]] = ()
    actions = None
    list_per_page = ROWS
    show_full_result_count = False  # it would count the whole table for a number that nobody needs

    class Media:
        css = {"all": ["chat/admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SlimList

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Django calls this when it has judged who may see the page."""
        row = context["original"]
        if self.may_read(request):
            context.update(self.contents(row))
        return super().render_change_form(request, context, *args, **kwargs)

    def may_read(self, request: HttpRequest) -> bool:
        """Whether this person may read what was said, wherever it is shown."""
        return self.admin_site.get_model_admin(Message).has_view_permission(request)

    def contents(self, row: M) -> dict[str, Any]:
        """For the page's template: what only those get who may read messages."""
        return {}


def link(kind: str, key: int | None, label: object) -> str:
    """A link to a row's page; `kind` is the table's name in the admin's addresses."""
    return (
        format_html('<a href="{}">{}</a>', reverse(f"admin:chat_{kind}_change", args=[key]), label)
        if key
        else "-"
    )


def badge(kind: str, label: object) -> str:
    """A short mark; `kind` is its style in `chat/admin.css`."""
    return format_html('<span class="chat-badge chat-{}">{}</span>', kind, label)
