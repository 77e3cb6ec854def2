"""The requests of a response to a person: times and outcomes, and with the permission what was asked and answered."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models.functions import Left
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.admin.lists.columns import short_name
from chat.models import PersonRequest, Response

# Columns with content, and their names for people.
LABELS = {"message": _("Message"), "arguments": _("Arguments"), "schema": _("Form"), "answer": _("Answer")}
CONTENT = tuple(LABELS)
# Characters of each text on a page of one message or response: more than can be stored.
FULL_TEXT_CHARACTERS = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request for a page; `contents` are labels with texts, empty where they may not be shown."""

    request: PersonRequest
    contents: list[tuple[str, str]]


def request_views(
    responses: Collection[int], *, content: bool, limit: int = FULL_TEXT_CHARACTERS
) -> dict[int, list[RequestView]]:
    """Return the requests of responses, by those, in their order.

    `content` includes what was asked and answered, of each text `limit` characters, and a mark where it is longer.
    """
    rows = PersonRequest.objects.filter(response__in=responses).select_related("answered_by").defer(*CONTENT)
    if content:
        rows = rows.annotate(**{f"shown_{name}": Left(name, limit + 1) for name in CONTENT})
    views: dict[int, list[RequestView]] = {}
    for row in rows.order_by("response", "number"):
        views.setdefault(row.response_id, []).append(
            RequestView(row, _contents(row, limit) if content else [])
        )
    return views


def request_view(request: PersonRequest) -> RequestView:
    """Return one request with its content."""
    same = request_views([request.response_id], content=True)[request.response_id]
    return next(view for view in same if view.request.pk == request.pk)


def _contents(row: Any, limit: int) -> list[tuple[str, str]]:
    texts = [(label, getattr(row, f"shown_{name}") or "") for name, label in LABELS.items()]
    return [
        (f"{label} ({gettext('only its beginning')})", text[:limit])
        if len(text) > limit
        else (str(label), _indented(text))
        for label, text in texts
        if text
    ]


def _indented(text: str) -> str:
    """Return JSON with line breaks, and any other text as it is."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text


def request_steps(response: Response) -> list[tuple[int, str, int]]:
    """Return the requests and their ends for a replay: milliseconds since the claim, a line, and the number of open ones."""
    if not response.tool_changes:
        return []
    rows = PersonRequest.objects.filter(response=response).select_related("answered_by").defer(*CONTENT)
    steps = [(row.created_at, 1, f"{row.tool}: {gettext('a person is asked')}") for row in rows]
    steps += [(row.answered_at, -1, f"{row.tool}: {_end(row)}") for row in rows if row.answered_at]
    shown, opened = [], 0
    for moment, change, line in sorted(steps):
        opened += change
        shown.append((round((moment - response.created_at).total_seconds() * 1000), line, opened))
    return shown


def _end(row: PersonRequest) -> str:
    outcome = gettext(row.outcome or "")
    if not row.answered_by:
        return outcome
    return gettext("%(outcome)s by %(name)s") % {
        "outcome": outcome,
        "name": short_name(row.answered_by.username),
    }
