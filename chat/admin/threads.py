"""Threads: the list with counts and states, and a page with the transcript."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Case, Count, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator

from chat import text
from chat.admin import holds
from chat.admin.access import audit, reasons
from chat.admin.actions import redactions
from chat.admin.actions.exports import ExportingAdmin
from chat.admin.actions.object_actions import ObjectActionsMixin
from chat.admin.inspection.transcript import TranscriptPosition, transcript
from chat.admin.lists.filters import HasErrors, HasHidden, IsFlagged, ModelFilter, StateFilter
from chat.admin.lists.formatting import format_cost, format_time
from chat.admin.readonly import ContentAdmin, badge, link
from chat.models import Message, Response, Status, Thread, User
from chat.reporting.admin_queries import in_threads
from chat.reporting.usage_totals import of_threads

# Characters of a title in a list: one line.
TITLE_CHARACTERS = 80

_ACTIVE_FIRST = Case(
    When(status=Status.STREAMING, then=Value(0)), When(status=Status.QUEUED, then=Value(1)), default=2
)


def _number(*, hidden: bool) -> Coalesce:
    """Return the number of hidden or visible messages of a thread, counted in their own index."""
    messages = Message.objects.filter(thread=OuterRef("pk"), hidden=hidden).order_by()
    return Coalesce(Subquery(messages.values("thread").annotate(number=Count("pk")).values("number")), 0)


def _state() -> Subquery:
    """Return the status of the active response, else of the last one."""
    responses = Response.objects.filter(thread=OuterRef("pk")).order_by(_ACTIVE_FIRST, "-pk")
    return Subquery(responses.values("status")[:1])


def _parse_position(request: HttpRequest) -> TranscriptPosition:
    """Return the position that the address asks for. Raises Http404."""
    via, before = (_key(request.GET[name]) if name in request.GET else None for name in ("via", "before"))
    return TranscriptPosition(via, before)


def _key(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return int(text)


@admin.register(Thread)
class ThreadAdmin(ObjectActionsMixin[Thread], ExportingAdmin, ContentAdmin[Thread]):
    object_actions = (holds.HOLD, redactions.THREAD)
    list_display = (
        "name",
        "state",
        "messages",
        "hidden",
        "owner",
        "last_activity",
        "tokens",
        "cost",
        "errors",
        "flagged",
    )
    list_filter = (
        StateFilter,
        ModelFilter,
        ("updated_at", admin.DateFieldListFilter),
        HasErrors,
        HasHidden,
        IsFlagged,
        "archived",
        ("expires_at", admin.EmptyFieldListFilter),
    )
    content_filters = (IsFlagged,)
    date_hierarchy = "updated_at"
    sortable_by = ("last_activity",)
    list_select_related = ("owner",)
    listed = ("title", "public_id", "owner__username", "updated_at")
    content_fields = ("name", "title", "flagged")
    unfilterable = ("title", "system_prompt", "terms", "metadata")
    search_fields = ("public_id",)  # makes Django show the search box; `get_search_results` does the search
    search_help_text = (
        "Complete thread ids and user names; words in titles and messages too if you may read content"
    )
    ordering = ("-updated_at", "-pk")
    fields = (
        "title",
        ("public_id", "owner_link"),
        ("model", "state"),
        ("messages", "hidden", "turns"),
        ("created_at", "updated_at"),
        ("archived", "has_custom_title", "soft_deleted_at", "expires_at"),
        ("held", "links"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Thread]:
        counts = {"visible_number": _number(hidden=False), "hidden_number": _number(hidden=True)}
        return super().get_queryset(request).defer("terms").annotate(state=_state(), **counts)

    def get_urls(self) -> list[Any]:
        return [reasons.ADDRESS, *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Thread], search_term: str
    ) -> tuple[QuerySet[Thread], bool]:
        words = text.storable(search_term.strip())
        if not words:
            return queryset, False
        named = Q(public_id=words) | Q(owner__in=User.objects.filter(username=words).values("pk"))
        return queryset.filter(
            named | in_threads(words) if self.shows_content(request, None) else named
        ), False

    def attach_totals(self, rows: list[Thread]) -> None:
        totals = of_threads([row.pk for row in rows])
        for row in rows:
            row.totals = totals[row.pk]  # type: ignore[attr-defined]

    def thread_of(self, row: Thread) -> Thread:
        return row

    def content_context(self, request: HttpRequest, row: Thread) -> dict[str, Any]:
        hidden, position = audit.can_read_hidden(request), _parse_position(request)
        shown = transcript(row, position, hidden=hidden)
        system_prompt = row.system_prompt if hidden and position.newest else ""
        return {"transcript": shown, "position": position, "system_prompt": system_prompt}

    @admin.display(description="title")
    def name(self, row: Thread) -> str:
        return Truncator(row.title or row.public_id).chars(TITLE_CHARACTERS)

    @admin.display(description="owner")
    def owner_link(self, row: Thread) -> str:
        return link("user", row.owner_id, row.owner)

    @admin.display(description="legal hold")
    def held(self, row: Thread) -> str:
        return holds.describe_holds(row)

    @admin.display(description="public links")
    def links(self, row: Thread) -> str:
        address = reverse("admin:chat_share_changelist", query={"thread__id__exact": row.pk})
        return format_html('<a href="{}">{}</a>', address, row.shares.count())

    @admin.display(description="messages")
    def messages(self, row: Any) -> int:
        return int(row.visible_number)

    @admin.display(description="hidden")
    def hidden(self, row: Any) -> int:
        return int(row.hidden_number)

    @admin.display(description="last activity", ordering="updated_at")
    def last_activity(self, row: Thread) -> str:
        return format_time(row.updated_at)

    @admin.display(description="tokens")
    def tokens(self, row: Any) -> str:
        return f"{row.totals.taken.tokens:,}"

    @admin.display(description="cost")
    def cost(self, row: Any) -> str:
        return format_cost(row.totals.taken)

    @admin.display(description="errors")
    def errors(self, row: Any) -> str:
        return badge("failed", row.totals.errors) if row.totals.errors else "-"

    @admin.display(description="flagged")
    def flagged(self, row: Any) -> str:
        return badge("failed", row.totals.flagged) if row.totals.flagged else "-"

    @admin.display(description="state", empty_value="-")
    def state(self, row: Any) -> str | None:
        return badge(row.state, row.state) if row.state else None
