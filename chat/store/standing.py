"""What a claim finds: who claims, which of its ids are taken, its thread, and what is active there."""

from __future__ import annotations

from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS

from chat import sql
from chat.models import Thread

_OWNER = "SELECT id, is_guest FROM chat_user WHERE id = %s AND is_active FOR NO KEY UPDATE"

# Apart from the lock, and after it: a statement sees what was there when it began to wait.
_CLAIMED = """
SELECT ARRAY(SELECT public_id FROM chat_message WHERE owner_id = %(owner)s AND public_id = ANY(%(ids)s::text[])),
       ARRAY(SELECT id FROM chat_response WHERE owner_id = %(owner)s AND status = 'streaming')
"""

_OF_THREAD = ("id", "owner_id", "public_id", "model", "turns", "leaf_id")

_THREAD = """
SELECT {} FROM chat_thread WHERE owner_id = %s AND public_id = %s FOR NO KEY UPDATE
""".format(", ".join(_OF_THREAD))

_ACTIVE = """
SELECT id, status = 'queued', jumps_queue FROM chat_response WHERE thread_id = %s AND status IN ('queued', 'streaming')
"""


class Owner(NamedTuple):
    """The user who claims, whose row is held until the claim commits.

    `taken`: those of the wanted ids that name a message already. `running`: the responses that stream.
    """

    pk: int
    is_guest: bool
    taken: frozenset[str]
    running: frozenset[int]


class Active(NamedTuple):
    """A response that runs or waits in the thread; `jumps_queue`: it comes next."""

    pk: int
    queued: bool
    jumps_queue: bool


def owner(user: int, ids: list[str]) -> Owner | None:
    """Hold the user's row; None for one who is gone or suspended."""
    found = sql.row(_OWNER, [user])
    if found is None:
        return None
    pk, is_guest = found
    taken, running = sql.rows(_CLAIMED, {"owner": user, "ids": ids})[0]
    return Owner(pk, is_guest, frozenset(taken), frozenset(running))


def thread(owner: int, public_id: str) -> Thread | None:
    """The owner's thread, whose row is held from now on."""
    found = sql.row(_THREAD, [owner, public_id])
    return Thread.from_db(DEFAULT_DB_ALIAS, _OF_THREAD, found) if found else None


def active(thread: int) -> list[Active]:
    return [Active(*found) for found in sql.rows(_ACTIVE, [thread])]
