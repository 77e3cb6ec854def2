"""Export of the threads that a list shows, filters and search included, as JSON lines."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext

from chat import db
from chat.admin.access import audit
from chat.exceptions import Unavailable, format_traceback_without_message
from chat.models import Thread
from chat.reporting import staff_export
from chat.reporting.staff_export import StaffExport

logger = logging.getLogger(__name__)

# Threads that the confirmation page counts; counting more would delay it noticeably.
MAX_COUNTED_THREADS = 10_000


class ExportingAdmin(admin.ModelAdmin[Thread]):
    """The export of a list of threads; mixed into its admin."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name="chat_thread_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Return the confirmation page (GET) or the export (POST). The query string is that of the list."""
        if not (self.has_view_permission(request) and request.user.has_perm("chat.export_content")):
            raise PermissionDenied
        try:
            selection = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            # The list without the filter that was refused, as for the list itself; never an export without it.
            return redirect(f"{reverse('admin:chat_thread_changelist')}?{ERROR_FLAG}=1")
        hidden = request.POST.get("hidden") == "on"
        if hidden and not request.user.has_perm("chat.read_hidden_content"):
            raise PermissionDenied
        reason = request.POST.get("reason", "").replace("\0", "").strip()[: audit.REASON_CHARACTERS]
        if request.method != "POST" or not reason:
            return self._export_page(request, selection)
        username, thought = request.user.get_username(), audit.can_read(request)
        by = StaffExport(int(request.user.pk or 0), username, reason, hidden, thought)
        name = f"threads-{datetime.now(UTC):%Y%m%d-%H%M%S}.jsonl"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingHttpResponse(_lines(selection, by), content_type="application/jsonl", headers=headers)

    def _export_page(self, request: HttpRequest, selection: QuerySet[Thread]) -> HttpResponseBase:
        number = selection.order_by()[: MAX_COUNTED_THREADS + 1].count()
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Export threads"),
            "opts": self.opts,
            "number": min(number, MAX_COUNTED_THREADS),
            "more": number > MAX_COUNTED_THREADS,
            "may_hidden": request.user.has_perm("chat.read_hidden_content"),
            "query": request.GET.urlencode(),
            "characters": audit.REASON_CHARACTERS,
        }
        return TemplateResponse(request, "admin/chat/actions/export.html", context)


async def _lines(selection: QuerySet[Thread], by: StaffExport) -> AsyncGenerator[bytes]:
    """Yield the lines of the file; a complete one ends with a line of the type `end`. Never raises: its reader would hang."""
    try:
        await sync_to_async(_close_connection)()
        yield staff_export.line(
            {"type": "export", "at": datetime.now(UTC), "by": by.username, "hidden": by.hidden}
        )
        numbers = {"threads": 0, "messages": 0}
        async for kind, text in _rows(selection, by):
            numbers[kind] += 1
            yield text
        yield staff_export.line({"type": "end", **numbers})
    except Unavailable:
        logger.warning("action=export_broken_off")
    except Exception as problem:
        logger.error(
            "action=export_failed reason=%s\n%s",
            type(problem).__name__,
            format_traceback_without_message(problem),
        )


def _close_connection() -> None:
    """Close the request's connection, which would stay idle for as long as the client reads."""
    connection.close()


async def _rows(selection: QuerySet[Thread], by: StaffExport) -> AsyncGenerator[tuple[str, bytes]]:
    after = 0
    while batch := await db.atomic_async(staff_export.threads, selection, after, by):
        after = batch[-1].pk
        for thread in batch:
            yield "threads", staff_export.thread_line(thread, hidden=by.hidden)
            for portion in await db.atomic_async(staff_export.portions, thread.pk, hidden=by.hidden):
                rows = await db.atomic_async(staff_export.messages, portion)
                thoughts = await db.atomic_async(staff_export.thoughts, rows) if by.thought else {}
                for row in rows:
                    thought = thoughts.get(row.response_id or 0)
                    yield "messages", staff_export.message_line(row, thread, thought)
