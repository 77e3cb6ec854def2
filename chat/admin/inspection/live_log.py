"""JSON for a response's page: its log for replay and for following; and the stop button of a running response."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from chat import service
from chat.admin.access import audit
from chat.admin.inspection.person_requests import request_steps
from chat.models import AuditAction, AuditLogEntry, Response
from chat.responses import lifecycle
from chat.streams.timing import timed_text, timed_thought

# Bytes of a log in one reply: the largest log takes four, and none takes much memory.
PIECE_BYTES = 262_144
# Requests for more of the same log within this time belong to the view that was recorded.
VIEW_SESSION = timedelta(minutes=15)


@never_cache
@require_GET
def log(request: HttpRequest, key: int) -> HttpResponse:
    """Return the log after the byte `after`: `arrivals` are [milliseconds since the claim, text, True for a think item].

    `thoughts` are [milliseconds, thought] after the byte `afterThinking` of the thought, `steps` all requests to a person and
    their ends: [milliseconds, line, number of requests that are open from then on]. `offset` and `thinkingOffset` are the
    ends of the last ones; `more` is true if stored bytes follow either, `ended` if both are complete.
    """
    row = _get_response(request, key, "chat.read_content")
    offsets = [_parse_offset(request, name) for name in ("after", "afterThinking")]
    if None in offsets:
        return JsonResponse({"detail": "`after` and `afterThinking` are counts of bytes."}, status=400)
    after, after_thinking = (offset or 0 for offset in offsets)
    if not _is_recorded(request, row, after + after_thinking):
        return JsonResponse({"detail": gettext("A reason is required first: reload the page.")}, status=403)
    pieces = list(timed_text(row.pk, after, PIECE_BYTES))
    thoughts = list(timed_thought(row.pk, after_thinking, PIECE_BYTES))
    offset = pieces[-1].stop if pieces else min(after, row.log_length)
    thinking_offset = thoughts[-1].stop if thoughts else min(after_thinking, row.thinking_length)
    return JsonResponse(
        {
            "arrivals": [[piece.milliseconds, piece.text, piece.ephemeral] for piece in pieces],
            "thoughts": [[thought.milliseconds, thought.text] for thought in thoughts],
            "steps": request_steps(row),
            "offset": offset,
            "thinkingOffset": thinking_offset,
            "more": offset < row.log_length or thinking_offset < row.thinking_length,
            "ended": row.ended,
            "status": gettext(row.status),
            "readers": service.readers(row.pk),
        }
    )


def _parse_offset(request: HttpRequest, name: str) -> int | None:
    """Return a count of bytes from the address, 0 without one; None if it is none."""
    text = request.GET.get(name, "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _get_response(request: HttpRequest, key: int, permission: str) -> Response:
    """Return the response. Raises PermissionDenied, Http404."""
    if not (request.user.has_perm("chat.view_response") and request.user.has_perm(permission)):
        raise PermissionDenied
    return get_object_or_404(Response.objects.select_related("thread", "owner"), pk=key)


def _is_recorded(request: HttpRequest, row: Response, after: int) -> bool:
    """Return True if this view is recorded: now, or for a continued one within VIEW_SESSION."""
    own = AuditLogEntry.objects.filter(
        kind="response", object_pk=row.pk, username=request.user.get_username()
    )
    begun = own.filter(action=AuditAction.REPLAYED, moment__gt=Now() - VIEW_SESSION)
    if after and audit.reason_for(request, row.thread) is not None and begun.exists():
        return True
    return audit.record_view(request, thread=row.thread, action=AuditAction.REPLAYED, obj=row)


@require_POST
def stop(request: HttpRequest, key: int) -> HttpResponse:
    """Stop a response that runs in any process; its text so far is kept."""
    row = _get_response(request, key, "chat.stop_response")
    with transaction.atomic():
        audit.record(request, AuditAction.STOPPED, row)
        requested = lifecycle.request_stop(row.pk, None)
    if requested:
        with transaction.atomic():
            ended = lifecycle.finish_orphan(row.pk, expired=True)  # its process may have died
        if ended is not None:
            lifecycle.log_end(ended)
    messages.info(
        request,
        gettext("The response is being stopped.")
        if requested
        else gettext("The response had already ended."),
    )
    return redirect("admin:chat_response_change", row.pk)
