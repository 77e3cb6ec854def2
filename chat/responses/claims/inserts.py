"""What a claim writes. Columns that are not named here have their default in the database."""

from __future__ import annotations

from typing import Any, NamedTuple

from chat.conf import settings
from chat.db import sql
from chat.db.notifications import NOTIFY_SQL, Notification, encode_notifications

_THREAD = """
INSERT INTO chat_thread (owner_id, public_id, title, model) VALUES (%(owner)s, %(public_id)s, %(title)s, %(model)s)
RETURNING id
"""

# One statement, so that it is one journey: the prompt, where it is new, the response, its reply (empty still), the thread that
# now ends with it (unless the turn has yet to come), and what it takes out of the owner's quotas.
_ANSWER = """
WITH prompt AS ({prompt}), response AS (
    INSERT INTO chat_response (
        owner_id, thread_id, public_id, prompt_id, model, status, jumps_queue, lease_owner, lease_epoch, lease_until, started_at
    )
    SELECT %(owner)s, %(thread)s, %(public_id)s, prompt.id, %(model)s,
           CASE WHEN %(turn)s::int IS NULL THEN 'queued' ELSE 'streaming' END, %(jumps_queue)s, %(process)s, %(epoch)s,
           now() + make_interval(secs => %(lease)s), CASE WHEN %(turn)s::int IS NULL THEN NULL ELSE now() END
    FROM prompt
    RETURNING id, prompt_id
), reply AS (
    INSERT INTO chat_message (owner_id, thread_id, public_id, parent_id, response_id, turn, position, role, content)
    SELECT %(owner)s, %(thread)s, %(public_id)s, prompt_id, id, %(turn)s, 1, 'assistant', '' FROM response
    RETURNING id
), placed AS (
    UPDATE chat_thread SET turns = %(turn)s, leaf_id = reply.id, model = %(model)s, updated_at = now()
    FROM reply WHERE chat_thread.id = %(thread)s AND %(turn)s::int IS NOT NULL
), spending AS (
    INSERT INTO chat_spending (owner_id, guest, response, tokens)
    SELECT %(owner)s, %(guest)s, response.id, %(tokens)s FROM response
)
SELECT id, prompt_id, ({notify}) FROM response
"""

_TO_NEW_PROMPT = _ANSWER.format(
    notify=NOTIFY_SQL,
    prompt="""
    INSERT INTO chat_message (owner_id, thread_id, public_id, parent_id, turn, position, role, content, parts, readable)
    VALUES (%(owner)s, %(thread)s, %(prompt_id)s, %(parent)s, %(turn)s, 0, 'user', %(content)s, %(parts)s, %(plain_text)s)
    RETURNING id
""",
)

_TO_STORED_PROMPT = _ANSWER.format(notify=NOTIFY_SQL, prompt="SELECT %(prompt)s::bigint AS id")


class NewPrompt(NamedTuple):
    """A prompt to be stored; `parent` is the primary key of the message that it follows."""

    public_id: str
    parent: int | None
    content: str
    parts: bool
    plain_text: str


def thread(**values: Any) -> int:
    """Insert a thread: owner, public_id, title, model. Its primary key."""
    return int(sql.value(_THREAD, values))


def answer(prompt: NewPrompt | int, *, notifications: list[Notification], **values: Any) -> tuple[int, int]:
    """Insert a response: owner, guest, thread, public_id, model, turn, jumps_queue, process, epoch, tokens; and its prompt.

    It streams from now on, or is queued where `turn` is None. The primary keys of both. `rings` tell the other processes.
    """
    values |= {"lease": settings.lease_seconds, "notifications": encode_notifications(notifications)}
    if isinstance(prompt, int):
        response, asked, _ = sql.rows(_TO_STORED_PROMPT, {**values, "prompt": prompt})[0]
    else:
        new = {**prompt._asdict(), **values, "prompt_id": prompt.public_id}
        response, asked, _ = sql.rows(_TO_NEW_PROMPT, new)[0]
    return response, asked
