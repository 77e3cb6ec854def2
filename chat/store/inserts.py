"""What a claim writes.

Columns that are not named here have their default in the database.
"""

from __future__ import annotations

from typing import Any

from chat import sql
from chat.conf import settings

_THREAD = """
INSERT INTO chat_thread (owner_id, public_id, title, model) VALUES (%(owner)s, %(public_id)s, %(title)s, %(model)s)
RETURNING id
"""

_PROMPT = """
INSERT INTO chat_message (owner_id, thread_id, public_id, parent_id, turn, position, role, content, parts, readable)
VALUES (%(owner)s, %(thread)s, %(public_id)s, %(parent)s, %(turn)s, 0, 'user', %(content)s, %(parts)s, %(readable)s)
RETURNING id
"""

# One statement, so that it is one journey: the response, its reply (empty still), the thread that now ends with it (unless
# the turn has yet to come), and what it takes out of the owner's quotas.
_ANSWER = """
WITH response AS (
    INSERT INTO chat_response (
        owner_id, thread_id, public_id, prompt_id, model, status, jumps_queue, lease_owner, lease_epoch, lease_until, started_at
    )
    SELECT %(owner)s, %(thread)s, %(public_id)s, %(prompt)s, %(model)s,
           CASE WHEN %(turn)s::int IS NULL THEN 'queued' ELSE 'streaming' END, %(jumps_queue)s, %(process)s, %(epoch)s,
           now() + make_interval(secs => %(lease)s), CASE WHEN %(turn)s::int IS NULL THEN NULL ELSE now() END
    RETURNING id
), reply AS (
    INSERT INTO chat_message (owner_id, thread_id, public_id, parent_id, response_id, turn, position, role, content)
    SELECT %(owner)s, %(thread)s, %(public_id)s, %(prompt)s, response.id, %(turn)s, 1, 'assistant', '' FROM response
    RETURNING id
), placed AS (
    UPDATE chat_thread SET turns = %(turn)s, leaf_id = reply.id, model = %(model)s, updated_at = now()
    FROM reply WHERE chat_thread.id = %(thread)s AND %(turn)s::int IS NOT NULL
), spending AS (
    INSERT INTO chat_spending (owner_id, guest, response, tokens)
    SELECT %(owner)s, %(guest)s, response.id, %(tokens)s FROM response
)
SELECT id FROM response
"""


def thread(**values: Any) -> int:
    """Insert a thread: owner, public_id, title, model. Its primary key."""
    return int(sql.value(_THREAD, values))


def prompt(**values: Any) -> int:
    """Insert a prompt: owner, thread, public_id, parent, turn, content, parts, readable. Its primary key."""
    return int(sql.value(_PROMPT, values))


def answer(**values: Any) -> int:
    """Insert a response: owner, guest, thread, public_id, prompt, model, turn, jumps_queue, process, epoch, tokens.

    It streams from now on, or is queued where `turn` is None. Its primary key.
    """
    return int(sql.value(_ANSWER, {**values, "lease": settings.lease_seconds}))
