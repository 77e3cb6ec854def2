"""Threads: the list with counts and states, and a page with the transcript."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Case, Count, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat import text
from chat.admin import holds
from chat.admin.access import audit, reasons
from chat.admin.actions import redactions
from chat.admin.actions.exports import ExportingAdmin
from chat.admin.actions.object_actions import ObjectActionsMixin
from chat.admin.inspection.transcript import TranscriptPosition, locate, transcript
from chat.admin.lists.columns import flag_column, format_time, owner, owner_link, time_column
from chat.admin.lists.filters import HasErrors, HasHidden, IsFlagged, ModelFilter, StateFilter
from chat.admin.lists.formatting import format_cost, format_excerpt, format_number
from chat.admin.readonly import ContentAdmin, badge, link
from chat.models import Message, Response, Status, Thread, User
from chat.reporting import search_excerpts
from chat.reporting.admin_queries import in_threads
from chat.reporting.usage_totals import of_threads
from chat.threads.artifacts import newest_of
from chat.web.frontend_build import answer_frame_address

# Characters of a title in a list: one line.
TITLE_CHARACTERS = 80

# Columns of a search: those that say which thread it is.
SEARCH_COLUMNS = ["name", "found", "state", "messages", owner, "last_activity"]

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


def _parse_position(request: HttpRequest, thread: Thread, *, hidden: bool) -> TranscriptPosition:
    """Return the position that the address asks for: `at` is the message to show. Raises Http404."""
    if "at" in request.GET:
        return locate(thread, _key(request.GET["at"]), hidden=hidden)
    via, before = (_key(request.GET[name]) if name in request.GET else None for name in ("via", "before"))
    return TranscriptPosition(via, before)


def _key(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return int(text)


_CREATED, _UPDATED = (
    time_column("created_at", exact=True),
    time_column("updated_at", _("last activity"), exact=True),
)
_DELETED = time_column("soft_deleted_at", _("deleted by the owner"), none=_("no"), exact=True)
_EXPIRES = time_column("expires_at", none=_("never"), exact=True)
_ARCHIVED = flag_column("archived")
_PINNED = flag_column("pinned")
_CUSTOM_TITLE = flag_column(
    "has_custom_title", _("title"), true=_("written by the owner"), false=_("made by a model")
)


@admin.register(Thread)
class ThreadAdmin(ObjectActionsMixin[Thread], ExportingAdmin, ContentAdmin[Thread]):
    object_actions = (holds.HOLD, redactions.THREAD)
    list_display = (
        "name",
        "state",
        "messages",
        "hidden",
        owner,
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
    search_help_text = _(
        "Complete thread ids and user names; words in titles and messages too if you may read content"
    )
    ordering = ("-updated_at", "-pk")
    fields = (
        "title",
        ("public_id", "owner_link"),
        ("model", "state"),
        ("messages", "hidden", "turns"),
        "answers",
        ("tokens", "cost"),
        ("errors", "flagged"),
        (_CREATED, _UPDATED),
        (_ARCHIVED, _PINNED, _CUSTOM_TITLE, _DELETED, _EXPIRES),
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

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Thread | None:
        thread = super().get_object(request, object_id, from_field)
        if thread is not None:
            self.attach_totals([thread])
        return thread

    def attach_totals(self, rows: list[Thread]) -> None:
        totals = of_threads([row.pk for row in rows])
        for row in rows:
            row.totals = totals[row.pk]  # type: ignore[attr-defined]

    def get_list_display(self, request: HttpRequest) -> Any:
        """Show what a search found, with a link to it, in place of the figures."""
        searched = bool(request.GET.get(SEARCH_VAR)) and self.shows_content(request, None)
        return SEARCH_COLUMNS if searched else super().get_list_display(request)

    def attach_excerpts(self, rows: list[Thread], words: str) -> None:
        found = search_excerpts.of_threads([row.pk for row in rows], words)
        for row in rows:
            row.found = found.get(row.pk)  # type: ignore[attr-defined]

    def thread_of(self, row: Thread) -> Thread:
        return row

    def content_context(self, request: HttpRequest, row: Thread) -> dict[str, Any]:
        hidden = audit.can_read_hidden(request)
        position = _parse_position(request, row, hidden=hidden)
        shown = transcript(row, position, hidden=hidden)
        system_prompt = row.system_prompt if hidden and position.newest else ""
        return {
            "title": row.title or gettext("Thread"),
            "subtitle": None,
            "transcript": shown,
            "position": position,
            "system_prompt": system_prompt,
            "artifacts": newest_of(row.pk) if position.newest else [],
            "answer_frame": answer_frame_address(),
        }

    @admin.display(description=_("title"))
    def name(self, row: Thread) -> str:
        return Truncator(row.title or row.public_id).chars(TITLE_CHARACTERS)

    @admin.display(description=_("found"))
    def found(self, row: Any) -> str:
        """Return the excerpt that matched, as a link to its message or to the response that thought it."""
        found = getattr(row, "found", None)
        if found is None:
            return gettext("in the title or by name")
        shown = format_excerpt(found.excerpt)
        if found.response:
            return format_html("{} ({})", link("response", found.response, shown), gettext("thought"))
        address = reverse("admin:chat_thread_change", args=[row.pk], query={"at": found.message})
        return format_html('<a href="{}#message-{}">{}</a>', address, found.message, shown)

    @admin.display(description=_("owner"))
    def owner_link(self, row: Thread) -> str:
        return owner_link(row.owner_id, row.owner.username)

    @admin.display(description=_("legal hold"))
    def held(self, row: Thread) -> str:
        return holds.describe_holds(row)

    @admin.display(description=_("public links"))
    def links(self, row: Thread) -> str:
        address = reverse("admin:chat_share_changelist", query={"thread__id__exact": row.pk})
        return format_html('<a href="{}">{}</a>', address, row.shares.count())

    @admin.display(description=_("responses"))
    def answers(self, row: Thread) -> str:
        """Return the number of responses by status, with a link to them."""
        counts = row.responses.order_by("status").values_list("status").annotate(number=Count("pk"))
        address = reverse("admin:chat_response_changelist", query={"thread__id__exact": row.pk})
        text = ", ".join(f"{number} {gettext(status)}" for status, number in counts)
        return format_html('<a href="{}">{}</a>', address, text) if text else gettext("none")

    @admin.display(description=_("messages"))
    def messages(self, row: Any) -> int:
        return int(row.visible_number)

    @admin.display(description=_("hidden"))
    def hidden(self, row: Any) -> int:
        return int(row.hidden_number)

    @admin.display(description=_("last activity"), ordering="updated_at")
    def last_activity(self, row: Thread) -> str:
        return format_time(row.updated_at)

    @admin.display(description=_("tokens"))
    def tokens(self, row: Any) -> str:
        return format_number(row.totals.taken.tokens)

    @admin.display(description=_("cost"))
    def cost(self, row: Any) -> str:
        return format_cost(row.totals.taken)

    @admin.display(description=_("errors"))
    def errors(self, row: Any) -> str:
        return badge("failed", row.totals.errors) if row.totals.errors else "0"

    @admin.display(description=_("flagged"))
    def flagged(self, row: Any) -> str:
        return badge("failed", row.totals.flagged) if row.totals.flagged else "0"

    @admin.display(description=_("state"))
    def state(self, row: Any) -> str:
        return badge(row.state, gettext(row.state)) if row.state else "-"
