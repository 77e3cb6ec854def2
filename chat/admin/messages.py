"""Messages: the list with the start of each text, and a page with all of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Left, NullIf
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat import text
from chat.admin.access import audit
from chat.admin.actions import redactions
from chat.admin.actions.object_actions import ObjectActionsMixin
from chat.admin.inspection.artifacts import artifacts_in
from chat.admin.inspection.attachments import attachments_of
from chat.admin.inspection.transcript import earlier_revisions, full_message
from chat.admin.lists.columns import flag_column, format_id, format_time, owner_link, time_column
from chat.admin.lists.filters import FeedbackFilter
from chat.admin.lists.formatting import format_excerpt
from chat.admin.readonly import ContentAdmin, badge, link
from chat.models import Message, Thread
from chat.reporting import search_excerpts
from chat.reporting.admin_queries import with_words

# Characters of a message in a list: two lines of its column.
START_CHARACTERS = 120

# Hidden messages have no readable text of their own.
HIDDEN = "(hidden)"
_START = Left(Coalesce(NullIf("plain_text", Value("")), F("content")), START_CHARACTERS)
_VISIBLE_START = Case(When(hidden=False, then=_START), default=Value(HIDDEN))

# The largest possible turn: a queued prompt, which has no turn yet, sorts last.
MAX_TURN = 2**31 - 1
_SORT_TURN = Coalesce("turn", Value(MAX_TURN))


_CREATED = time_column("created_at", exact=True)
_PARTS = flag_column("parts")
_EDITED = time_column("edited_at", none=_("never"), exact=True)
_REDACTED = time_column("redacted_at", none=_("never"), exact=True)


@admin.register(Message)
class MessageAdmin(ObjectActionsMixin[Message], ContentAdmin[Message]):
    object_actions = (redactions.MESSAGE,)
    list_display = ("start", "role", "mark", "in_thread", "turn", "position", "created")
    sortable_by = ("created",)
    list_filter = ("hidden", "role", ("created_at", admin.DateFieldListFilter), FeedbackFilter)
    content_filters = (FeedbackFilter,)
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-pk")
    list_select_related = ("thread",)
    listed = (
        "public_id",
        "thread__public_id",
        "turn",
        "position",
        "role",
        "hidden",
        "imported",
        "edited_at",
        "redacted_at",
        "created_at",
    )
    content_fields = ("start",)
    unfilterable = (
        "content",
        "plain_text",
        "tool_calls",
        "provider_fields",
        "terms",
        "feedback_comment",
        "feedback_score",
    )
    search_fields = ("public_id",)  # makes Django show the search box; `get_search_results` does the search
    search_help_text = _("Complete ids of messages and threads; words too if you may read content")
    fields = (
        "public_id",
        ("thread_link", "owner_link", "response_link"),
        ("turn", "position", "log_offset"),
        ("role", "mark", _PARTS),
        (_CREATED, _EDITED),
        (_REDACTED, "redacted_by"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        start = _START if audit.can_read_hidden(request) else _VISIBLE_START
        messages = super().get_queryset(request).annotate(start=start, sort_turn=_SORT_TURN)
        return messages.defer("terms", "content", "plain_text", "tool_calls", "provider_fields")

    def get_keyset_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Order the messages of a single thread by turn."""
        return ("-sort_turn", "-position", "-pk") if "thread__id__exact" in request.GET else self.ordering

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        words = text.storable(search_term.strip())
        if not words:
            return queryset, False
        threads = list(Thread.objects.filter(public_id=words).values_list("pk", flat=True))
        named = Q(public_id=words) | Q(thread__in=threads)
        return queryset.filter(
            named | with_words(words) if self.shows_content(request, None) else named
        ), False

    def attach_excerpts(self, rows: list[Message], words: str) -> None:
        found = search_excerpts.of_messages([row.pk for row in rows], words)
        for row in rows:
            row.found = found.get(row.pk)  # type: ignore[attr-defined]

    def thread_of(self, row: Message) -> Thread:
        return row.thread

    def content_context(self, request: HttpRequest, row: Message) -> dict[str, Any]:
        if row.hidden and not audit.can_read_hidden(request):
            return {"entries": []}
        return {
            "entries": full_message(row.pk, hidden=True),
            "attachments": attachments_of(row.pk),
            "artifacts": artifacts_in(row.pk),
            "revisions": earlier_revisions(row.pk),
            "revision_count": row.revision,
        }

    @admin.display(description=_("owner"))
    def owner_link(self, row: Message) -> str:
        return owner_link(row.owner_id, row.owner.username)

    @admin.display(description=_("thread"))
    def thread_link(self, row: Message) -> str:
        return link("thread", row.thread_id, row.thread)

    @admin.display(description=_("thread"))
    def in_thread(self, row: Message) -> str:
        address = reverse("admin:chat_thread_change", args=[row.thread_id], query={"at": row.pk})
        return format_html('<a href="{}#message-{}">{}</a>', address, row.pk, format_id(row.thread.public_id))

    @admin.display(description=_("response"))
    def response_link(self, row: Message) -> str:
        return link("response", row.response_id, row.response)

    @admin.display(description=_("created"), ordering="created_at")
    def created(self, row: Message) -> str:
        return format_time(row.created_at)

    @admin.display(description=_("marks"))
    def mark(self, row: Message) -> str:
        if row.redacted_at:
            return badge("redacted", gettext("redacted"))
        if row.hidden:
            return badge("hidden", gettext("hidden"))
        if row.imported:
            return badge("imported", gettext("imported"))
        return badge("edited", gettext("edited")) if row.edited_at else "-"

    @admin.display(description=_("text"))
    def start(self, row: Any) -> str:
        """Return the start of the text, or what a search found in it.

        Tool calls have no text, and get a placeholder: the row needs a link to its page.
        """
        if found := getattr(row, "found", None):
            return format_excerpt(found)
        return gettext(HIDDEN) if row.start == HIDDEN else str(row.start) or gettext("(no text)")
