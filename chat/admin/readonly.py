"""Base classes of the admin's tables: read-only pages, lists that load only the columns they show, audited content."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.contrib.admin.options import ShowFacets
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from chat.admin.access import audit
from chat.admin.lists.paging import KeysetAdmin, KeysetChangeList
from chat.models import AuditAction, Thread

M = TypeVar("M", bound=Model)

# Rows of a list's page: two screens of a desktop.
ROWS = 50


class DeferredColumnsChangeList(KeysetChangeList):
    """A list that does not load texts: one reply can be a mebibyte."""

    model_admin: ReadOnlyAdmin[Any]

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        return super().get_queryset(request, exclude_parameters).only(*self.model_admin.listed)


class ReadOnlyAdmin(KeysetAdmin[M]):
    """A table that cannot be changed. `listed` are the columns that its list loads."""

    listed: ClassVar[tuple[str, ...]] = ()
    actions = None
    list_per_page = ROWS
    # Both would count the whole table, facets once for each choice of each filter.
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    sortable_by: ClassVar[tuple[str, ...]] = ()

    class Media:
        css = {"all": ["chat/css/admin/admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DeferredColumnsChangeList]:
        return DeferredColumnsChangeList


class ContentAdmin(ReadOnlyAdmin[M]):
    """A table with content, shown to users with `chat.read_content`; each view is recorded in the audit log.

    Django's view permission alone shows that a row exists: the fields and columns `content_fields` and the filters
    `content_filters` are left out. Columns in `unfilterable` cannot be queried by address, because a filter would disclose
    them letter by letter. `get_search_results` searches words only if content is shown.
    """

    content_fields: ClassVar[tuple[str, ...]] = ()
    content_filters: ClassVar[tuple[Any, ...]] = ()
    unfilterable: ClassVar[tuple[str, ...]] = ()

    def get_list_display(self, request: HttpRequest) -> Any:
        """Add the id if the text is left out, so that a row has a name."""
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
            choice
            for choice in super().get_list_filter(request)
            if shows_content or choice not in self.content_filters
        ]

    def _without_content_fields(self, names: Any, shows_content: bool) -> list[Any]:
        return [name for name in names if shows_content or name not in self.content_fields]

    def shows_content(self, request: HttpRequest, row: M | None) -> bool:
        """Return True if the page of a row (None: the list) may show content: permission is given, and a reason if required."""
        thread = self.thread_of(row) if row is not None else None
        return audit.can_read(request) and audit.reason_for(request, thread) is not None

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup.split("__", maxsplit=1)[0] not in self.unfilterable and super().lookup_allowed(
            lookup, value, request
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Return the list; if it shows content, the view is recorded before the page is rendered."""
        response = super().changelist_view(request, extra_context)
        context = response.context_data if isinstance(response, TemplateResponse) else None
        if context and "cl" in context and audit.can_read(request):
            shown = audit.record_list_view(request, self.opts.model_name or "", context["cl"].result_list)
            context["reason_required"] = not shown
            if shown and context["cl"].query:
                self.attach_excerpts(context["cl"].result_list, context["cl"].query)
        return response

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the page of a row. Raises Http404 also if it is deleted while the page is being made."""
        try:
            return super().change_view(request, *args, **kwargs)
        except ObjectDoesNotExist as error:
            raise Http404 from error

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add content after Django has checked the permission to view the row."""
        row = context["original"]
        if audit.can_read(request):
            thread = self.thread_of(row)
            if audit.record_view(request, thread=thread, action=self.view_action(request), obj=row):
                context.update(self.content_context(request, row))
            else:
                context.update(reason_required=True, reason_thread=thread.pk)
        return super().render_change_form(request, context, *args, **kwargs)

    def view_action(self, request: HttpRequest) -> AuditAction:
        """Return the audit log's action for a page: its reader could see hidden content, or visible content alone."""
        return AuditAction.HIDDEN if audit.can_read_hidden(request) else AuditAction.VIEWED

    def attach_excerpts(self, rows: list[M], words: str) -> None:
        """Set `found` on each row that contains the words of a search."""

    def thread_of(self, row: M) -> Thread:
        """Return the thread whose content the row's page shows."""
        raise NotImplementedError

    def content_context(self, request: HttpRequest, row: M) -> dict[str, Any]:
        """Return the template's content; hidden content only if `audit.can_read_hidden` allows it."""
        return {}


def link(kind: str, key: int | None, label: object) -> str:
    """Return a link to a row's page; `kind` is the table's name in the admin's addresses."""
    return (
        format_html('<a href="{}">{}</a>', reverse(f"admin:chat_{kind}_change", args=[key]), label)
        if key
        else "-"
    )


def badge(kind: str, label: object) -> str:
    """Return a short label; `kind` is its style in `chat/css/admin/admin.css`."""
    return format_html('<span class="chat-badge chat-{}">{}</span>', kind, label)
