"""Responses: the list with figures, and a page with the text log as clients received it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.admin.access import audit
from chat.admin.actions import redactions
from chat.admin.actions.object_actions import ObjectActionsMixin
from chat.admin.inspection import live_log, prompts
from chat.admin.inspection.person_requests import request_views
from chat.admin.inspection.thoughts import format_thinking, thought_views
from chat.admin.inspection.trace import build_trace
from chat.admin.lists.columns import flag_column, format_id, owner, owner_link, public_id, time_column
from chat.admin.lists.filters import ErrorFilter, ModelFilter
from chat.admin.lists.formatting import format_number, format_tokens
from chat.admin.readonly import ContentAdmin, badge, link
from chat.models import Chunk, Message, Response, Role, Thread
from chat.reporting.admin_queries import named
from chat.text import plain_text, storable
from chat.web.frontend_build import answer_frame_address

# Bytes of a log that its page shows: twice the default of CHAT_TEXT_BYTES.
LOG_BYTES = 2 * 1024 * 1024
# The reason of an end that a list need not name.
USUAL_END = "stop"

_LISTED_FIGURES = (
    "status",
    "model",
    "finish_reason",
    "error_code",
    "log_length",
    "prompt_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "cached_tokens",
    "created_at",
    "started_at",
    "first_token_at",
    "finished_at",
)


@dataclass(frozen=True, slots=True)
class LogSection:
    """Contiguous bytes of the log of one kind: text of the model, or an ephemeral think item, which no message stores."""

    start: int
    stop: int
    think: bool
    raw: str


@dataclass(frozen=True, slots=True)
class LogView:
    """A log for its page. `text` is the plain text of the model's part; `cut` is True if the log is longer than LOG_BYTES."""

    sections: list[LogSection]
    text: str
    cut: bool


def log_of(response: Response) -> LogView:
    rows = Chunk.objects.filter(response=response, start__lt=LOG_BYTES).order_by("start")
    sections = list(_sections(rows.values_list("start", "stop", "ephemeral", "data")))
    text = "".join(section.raw for section in sections if not section.think)
    return LogView(sections, plain_text(text), bool(sections) and sections[-1].stop < response.log_length)


def _sections(rows: Any) -> Iterator[LogSection]:
    """Yield sections of adjacent chunks; chunks are joined before decoding because one may end inside a character."""
    for think, group in groupby(rows, key=lambda row: row[2]):
        chunks = list(group)
        data = b"".join(bytes(chunk[3]) for chunk in chunks)
        yield LogSection(chunks[0][0], chunks[-1][1], think, data.decode(errors="replace"))


def _seconds(start: datetime | None, end: datetime | None) -> str:
    return f"{format_number((end - start).total_seconds(), 2)} s" if start and end else "-"


_LISTED_CREATED = time_column("created_at", _("created"))
_CREATED, _STARTED = time_column("created_at", exact=True), time_column("started_at", exact=True)
_FIRST_TOKEN = time_column("first_token_at", exact=True)
_FINISHED = time_column("finished_at", none=_("not yet"), exact=True)
_STOP_REQUESTED = time_column("stop_requested_at", none=_("never"), exact=True)
_LEASE_UNTIL = time_column("lease_until", none=_("none"), exact=True)
_JUMPS_QUEUE = flag_column("jumps_queue")


@admin.register(Response)
class ResponseAdmin(ObjectActionsMixin[Response], ContentAdmin[Response]):
    object_actions = (redactions.RESPONSE,)
    list_display = (
        public_id,
        "state",
        "in_thread",
        owner,
        "model",
        "first_token",
        "duration",
        "tokens",
        "size",
        _LISTED_CREATED,
    )
    list_filter = ("status", ModelFilter, ErrorFilter, ("created_at", admin.DateFieldListFilter))
    date_hierarchy = "created_at"
    sortable_by = (_LISTED_CREATED,)
    list_select_related = ("thread", "owner")
    listed = ("public_id", "thread__public_id", "owner__username", *_LISTED_FIGURES)
    # It holds instructions, functions and metadata of the client.
    unfilterable = ("options",)
    search_fields = ("public_id",)  # makes Django show the search box; `get_search_results` does the search
    search_help_text = _("Complete ids of responses and threads, and complete user names")
    ordering = ("-created_at", "-pk")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "public_id",
                    ("thread_link", "owner_link"),
                    ("prompt_link", "reply_link"),
                    ("model", "effort"),
                )
            },
        ),
        (
            _("End"),
            {
                "fields": (
                    ("state", "finish_reason"),
                    ("error_code", "error_detail", "retry_after"),
                    (_STOP_REQUESTED, "stop_offset", "kept_offset"),
                )
            },
        ),
        (
            _("Size"),
            {
                "fields": (
                    ("tokens", "usage_source"),
                    ("log_length", "text_length"),
                    ("thinking_length", "thinking"),
                )
            },
        ),
        (
            _("Time"),
            {
                "fields": (
                    ("first_token", "duration"),
                    (_CREATED, _STARTED),
                    (_FIRST_TOKEN, _FINISHED),
                )
            },
        ),
        (
            _("Lease"),
            {
                "fields": (("lease_owner", "lease_epoch"), (_LEASE_UNTIL, _JUMPS_QUEUE)),
                "classes": ["collapse"],
            },
        ),
    )

    def thread_of(self, row: Response) -> Thread:
        return row.thread

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("<int:key>/log/", view(live_log.log), name="chat_response_log"),
            path("<int:key>/stop/", view(live_log.stop), name="chat_response_stop"),
            path("<int:key>/prompt/<int:call>/", view(prompts.prompt), name="chat_response_prompt"),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the figures, which need only the permission to view responses."""
        row = context["original"]
        context["trace"] = build_trace(row)
        context.setdefault("requests", request_views([row.pk], content=False).get(row.pk))
        context["may_stop"] = not row.ended and request.user.has_perm("chat.stop_response")
        context["may_read_hidden"] = audit.can_read_hidden(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Response], search_term: str
    ) -> tuple[QuerySet[Response], bool]:
        name = storable(search_term.strip())
        return queryset.filter(named(name)) if name else queryset, False

    def content_context(self, request: HttpRequest, row: Response) -> dict[str, Any]:
        thought = thought_views([row], LOG_BYTES).get(row.pk)
        hidden = audit.can_read_hidden(request)
        asked = {"requests": request_views([row.pk], content=True).get(row.pk)} if hidden else {}
        return {"log": log_of(row), "thought": thought, "answer_frame": answer_frame_address(), **asked}

    @admin.display(description=_("owner"))
    def owner_link(self, row: Response) -> str:
        return owner_link(row.owner_id, row.owner.username)

    @admin.display(description=_("thread"))
    def thread_link(self, row: Response) -> str:
        return link("thread", row.thread_id, row.thread)

    @admin.display(description=_("prompt"))
    def prompt_link(self, row: Response) -> str:
        return link("message", row.prompt_id, gettext("the user's message"))

    @admin.display(description=_("reply"))
    def reply_link(self, row: Response) -> str:
        reply = Message.objects.visible().filter(response=row, role=Role.ASSISTANT)
        return link("message", reply.values_list("pk", flat=True).first(), gettext("the stored message"))

    @admin.display(description=_("thread"))
    def in_thread(self, row: Response) -> str:
        return link("thread", row.thread_id, format_id(row.thread.public_id))

    @admin.display(description=_("status"))
    def state(self, row: Response) -> str:
        """Return the status, and under it the error or an unusual reason for the end."""
        detail = row.error_code or (row.finish_reason if row.finish_reason != USUAL_END else "")
        return format_html(
            "{}{}", badge(row.status, gettext(row.status)), format_html("<br>{}", detail) if detail else ""
        )

    @admin.display(description=_("bytes"))
    def size(self, row: Response) -> str:
        return format_number(row.log_length)

    @admin.display(description=_("tokens in + out"))
    def tokens(self, row: Response) -> str:
        return "-" if row.prompt_tokens is None else format_tokens(row)

    @admin.display(description=_("first token after"))
    def first_token(self, row: Response) -> str:
        """Return the seconds to the first token, without the time in the queue."""
        return _seconds(row.started_at or row.created_at, row.first_token_at)

    @admin.display(description=_("thought for"))
    def thinking(self, row: Response) -> str:
        seconds = format_thinking(row)
        return "-" if seconds is None else f"{seconds} s"

    @admin.display(description=_("duration"))
    def duration(self, row: Response) -> str:
        return _seconds(row.started_at or row.created_at, row.finished_at)
