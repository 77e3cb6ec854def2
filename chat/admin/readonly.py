"""What the pages about content share: they can be looked at and nothing else, and a list loads only what it shows."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.contrib.admin.options import ShowFacets
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from chat.admin import audit
from chat.admin.lists.paging import KeysetAdmin, KeysetChangeList
from chat.models import AuditAction, Thread

M = TypeVar("M", bound=Model)

ROWS = 50  # of a list's page: two screens of a desktop


class DeferredColumnsChangeList(KeysetChangeList):
    """A list that leaves texts in the database: one reply can be a mebibyte."""

    model_admin: ReadOnlyAdmin[Any]

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        return super().get_queryset(request, exclude_parameters).only(*self.model_admin.listed)


class ReadOnlyAdmin(KeysetAdmin[M]):
    """`listed` are the columns that a list loads."""

    listed: ClassVar[tuple[str, ...]] = ()
    actions = None
    list_per_page = ROWS
    show_full_result_count = False  # it would count the whole table for a number that nobody needs
    show_facets = ShowFacets.NEVER  # the same for each choice of each filter
    sortable_by: ClassVar[tuple[str, ...]] = ()

    class Media:
        css = {"all": ["chat/admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DeferredColumnsChangeList


class ContentAdmin(ReadOnlyAdmin[M]):
    """Pages on which content stands, for those who may read it, each look on record.

    Whoever has only Django's right to view sees that a row exists. `said` are the fields and list columns that hold content
    and are left out then, as are the filters `said_filters`. `unfilterable` columns no address can ask about: a filter would
    tell them letter by letter. Words are searched for by who is shown content, in `get_search_results`.
    """

    content_fields: ClassVar[tuple[str, ...]] = ()
    content_filters: ClassVar[tuple[Any, ...]] = ()
    unfilterable: ClassVar[tuple[str, ...]] = ()

    def get_list_display(self, request: HttpRequest) -> Any:
        """Without its text a row is called by its id."""
        names = self._without_content_fields(
            super().get_list_display(request), self.shows_content(request, None)
        )
        return names if "public_id" in names or self.shows_content(request, None) else ["public_id", *names]

    def get_fields(self, request: HttpRequest, obj: M | None = None) -> Any:
        return self._without_content_fields(
            super().get_fields(request, obj), self.shows_content(request, obj)
        )

    def get_list_filter(self, request: HttpRequest) -> Any:
        shows_content = self.shows_content(request, None)
        return [
            one
            for one in super().get_list_filter(request)
            if shows_content or one not in self.content_filters
        ]

    def _without_content_fields(self, names: Any, shows_content: bool) -> list[Any]:
        return [name for name in names if shows_content or name not in self.content_fields]

    def shows_content(self, request: HttpRequest, row: M | None) -> bool:
        """Whether the page of a row (None: the list) may show content: a reader's, whose reason is known if one is wanted."""
        thread = self.thread_of(row) if row is not None else None
        return audit.can_read(request) and audit.reason_for(request, thread) is not None

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup.split("__", maxsplit=1)[0] not in self.unfilterable and super().lookup_allowed(
            lookup, value, request
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list; where it shows content, whose it is goes on record before the page is made."""
        answer = super().changelist_view(request, extra_context)
        context = answer.context_data if isinstance(answer, TemplateResponse) else None
        if context and "cl" in context and audit.can_read(request):
            shown = audit.record_list_view(request, self.opts.model_name or "", context["cl"].result_list)
            context["reason_wanted"] = not shown
        return answer

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Django calls this when it has judged who may see the page."""
        row = context["original"]
        if audit.can_read(request):
            thread = self.thread_of(row)
            if audit.record_view(request, thread=thread, action=self.view_action(request), obj=row):
                context.update(self.content_context(request, row))
            else:
                context.update(reason_wanted=True, reason_thread=thread.pk)
        return super().render_change_form(request, context, *args, **kwargs)

    def view_action(self, request: HttpRequest) -> AuditAction:
        """What the record says of a page: whether its reader could see hidden parts."""
        return AuditAction.HIDDEN if audit.can_read_hidden(request) else AuditAction.VIEWED

    def thread_of(self, row: M) -> Thread:
        """The thread whose content the row's page shows."""
        raise NotImplementedError

    def content_context(self, request: HttpRequest, row: M) -> dict[str, Any]:
        """For the page's template: what only those get who may read. Hidden parts only where `access.can_read_hidden`."""
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
