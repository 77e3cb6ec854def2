"""Branches of a thread: ancestors, descendants, and the versions between which a reader can step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db import connection

from chat.db import sql
from chat.exceptions import BadRequest
from chat.models import Message, Role, Thread
from chat.schemas import is_id

# Postgres walks no further than LIMIT asks for: a page costs the same in a thread of ten messages and of ten thousand.
_UPWARD = """
WITH RECURSIVE branch AS (
    SELECT m.id, m.parent_id, m.hidden FROM chat_message m WHERE m.id = %s
    UNION ALL
    SELECT m.id, m.parent_id, m.hidden FROM branch JOIN chat_message m ON m.id = branch.parent_id
)
SELECT id FROM branch WHERE NOT hidden OR %s LIMIT %s
"""

_NEWEST_END = """
WITH RECURSIVE below AS (
    SELECT m.id, m.turn, m.position, m.hidden FROM chat_message m WHERE m.id = %s
    UNION ALL
    SELECT m.id, m.turn, m.position, m.hidden FROM below JOIN chat_message m ON m.parent_id = below.id
)
SELECT id FROM below WHERE NOT hidden AND turn IS NOT NULL ORDER BY turn DESC, position DESC LIMIT 1
"""

_LINK_PARENTS = """
UPDATE chat_message m SET parent_id = link.parent
FROM unnest(%(rows)s::bigint[], %(parents)s::bigint[]) AS link(row, parent) WHERE m.id = link.row
"""


def link_parents(links: Iterable[tuple[int, int | None]]) -> None:
    """Let messages follow others: the keys of each and of its parent."""
    rows, parents = [], []
    for row, parent in links:
        rows.append(row)
        parents.append(parent)
    sql.rows(_LINK_PARENTS, {"rows": rows, "parents": parents})


def ancestors(message: int | None, limit: int, *, hidden: bool = False) -> list[int]:
    """Return the keys of a message and its visible ancestors, newest first; with `hidden`, of all."""
    with connection.cursor() as cursor:
        cursor.execute(_UPWARD, [message, hidden, limit])
        return [row[0] for row in cursor.fetchall()]


def latest_leaf(thread: Thread, public_id: str) -> int:
    """Return the newest descendant of a message. Raise BadRequest where the message is unknown."""
    return latest_leaf_below(find_message(thread, public_id, "leaf").pk)


def latest_leaf_below(message: int) -> int:
    """Return the newest visible descendant of a placed message, by primary keys."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST_END, [message])
        return int(cursor.fetchone()[0])


def find_message(thread: Thread, public_id: str, name: str) -> Message:
    """Return a visible, placed message of the thread. Raise BadRequest that names the field."""
    rows = Message.objects.visible().filter(thread=thread, public_id=public_id, turn__isnull=False)
    row = rows.only("pk", "parent_id").first() if is_id(public_id) else None
    if row is None:
        raise BadRequest(f"`{name}` must be the id of a message in this thread.")
    return row


def versions(messages: Iterable[Message]) -> dict[int, list[str]]:
    """Map each message to the ids of its versions, oldest first.

    Versions are replies to one prompt, or prompts (and imported replies) after one message.
    """
    shown = list(messages)
    return {
        **_replies([row for row in shown if row.response]),
        **_prompts([row for row in shown if not row.response]),
    }


def _replies(rows: list[Message]) -> dict[int, list[str]]:
    prompts = {row.pk: row.response.prompt_id for row in rows if row.response}
    found: dict[int, list[str]] = defaultdict(list)
    replies = Message.objects.visible().filter(
        response__prompt__in=set(prompts.values()), role=Role.ASSISTANT
    )
    for prompt, public_id in replies.order_by("response_id").values_list("response__prompt_id", "public_id"):
        found[prompt].append(public_id)
    return {pk: found[prompt] for pk, prompt in prompts.items()}


def _prompts(rows: list[Message]) -> dict[int, list[str]]:
    found: dict[tuple[int, int | None], list[str]] = defaultdict(list)
    for thread in {row.thread_id for row in rows}:
        own = Message.objects.visible().filter(thread=thread, response=None, turn__isnull=False)
        own = own.order_by("turn", "position")
        siblings = own.filter(parent__in={row.parent_id for row in rows if row.parent_id})
        for parent, public_id in siblings.values_list("parent_id", "public_id"):
            found[thread, parent].append(public_id)
        if any(row.parent_id is None for row in rows):
            found[thread, None] = list(own.filter(parent=None).values_list("public_id", flat=True))
    return {row.pk: found[row.thread_id, row.parent_id] for row in rows}
