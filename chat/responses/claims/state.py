"""What a claim finds: who claims, which of its ids are taken, its thread, and what is active there."""

from __future__ import annotations

from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS

from chat.db import sql
from chat.models import Thread

_OWNER = "SELECT id, is_guest FROM chat_user WHERE id = %s AND is_active FOR NO KEY UPDATE"

_OF_THREAD = ("id", "owner_id", "public_id", "model", "turns", "leaf_id")

# Apart from the owner's lock, and after it: a statement sees what was there when it began to wait.
_FOUND = """
WITH thread AS (
    SELECT {columns} FROM chat_thread WHERE owner_id = %(owner)s AND public_id = %(thread)s FOR NO KEY UPDATE
)
SELECT ARRAY(SELECT public_id FROM chat_message WHERE owner_id = %(owner)s AND public_id = ANY(%(ids)s::text[])),
       ARRAY(SELECT id FROM chat_response WHERE owner_id = %(owner)s AND status = 'streaming'),
       ARRAY(SELECT ARRAY[id, (status = 'queued')::int, jumps_queue::int] FROM chat_response
             WHERE thread_id = thread.id AND status IN ('queued', 'streaming')),
       thread.*
FROM (VALUES (0)) AS always LEFT JOIN thread ON true
""".format(columns=", ".join(_OF_THREAD))


class ClaimOwner(NamedTuple):
    """The user who claims, whose row is held until the claim commits. `running`: the responses that stream."""

    pk: int
    is_guest: bool
    running: frozenset[int]


class ActiveResponseRow(NamedTuple):
    """A response that runs or waits in the thread; `jumps_queue`: it comes next."""

    pk: int
    queued: bool
    jumps_queue: bool


class ClaimState(NamedTuple):
    """`taken`: those of the wanted ids that name a message already. The thread's row is held, where there is one."""

    owner: ClaimOwner
    taken: frozenset[str]
    thread: Thread | None
    active: list[ActiveResponseRow]


def find(user: int, thread: str | None, ids: list[str]) -> ClaimState | None:
    """Hold the user's row, and the user's thread of that public id; None for a user who is gone or suspended."""
    held = sql.row(_OWNER, [user])
    if held is None:
        return None
    pk, is_guest = held
    taken, running, active, *found = sql.rows(_FOUND, {"owner": user, "thread": thread, "ids": ids})[0]
    return ClaimState(
        ClaimOwner(pk, is_guest, frozenset(running)),
        frozenset(taken),
        None if found[0] is None else Thread.from_db(DEFAULT_DB_ALIAS, _OF_THREAD, found),
        [ActiveResponseRow(pk, bool(queued), bool(jumps)) for pk, queued, jumps in active],
    )
