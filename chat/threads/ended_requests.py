"""The ends of requests to a person, as the owner of their thread sees them with the reply."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from chat.models import PersonRequest


def of_responses(responses: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the ended requests of each of these responses that has any, in their order."""
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    rows = PersonRequest.objects.filter(response_id__in=responses, outcome__isnull=False)
    for row in rows.select_related("answered_by").order_by("response_id", "number"):
        found[row.response_id].append(_shown(row))
    return found


def _shown(row: PersonRequest) -> dict[str, Any]:
    return {
        "requestId": row.public_id,
        "kind": row.kind,
        "tool": row.tool,
        "callId": row.call_id,
        "outcome": row.outcome,
        "offset": row.text_offset,
        "answeredAt": row.answered_at,
        "answeredBy": row.answered_by.username if row.answered_by else None,
    }
