"""Recent health of the models' servers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

_HEALTH = """
SELECT model, count(*), count(*) FILTER (WHERE outcome = 'failed'),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM first_token_at - started_at)),
       max(started_at), (array_agg(error_code ORDER BY started_at DESC) FILTER (WHERE outcome = 'failed'))[1]
FROM chat_upstreamcall WHERE started_at >= %s GROUP BY model
"""


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """A model's calls, failures, median seconds to a first token, last call and last error code."""

    calls: int
    failures: int
    first_token: float | None
    last_at: datetime
    last_error: str | None


def health(since: datetime) -> dict[str, ModelHealth]:
    """Return the health by configured name; models without a call are missing."""
    with connection.cursor() as cursor:
        cursor.execute(_HEALTH, [since])
        return {
            name: ModelHealth(calls, failures, None if p50 is None else float(p50), last, error)
            for name, calls, failures, p50, last, error in cursor.fetchall()
        }
