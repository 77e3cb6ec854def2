"""Quotas of stored bytes: for each user, each thread, and all guests together."""

from __future__ import annotations

import time

from chat.conf import settings
from chat.db import sql
from chat.exceptions import QuotaExceeded
from chat.process import process

# Seconds until another try: only a deletion makes room.
RETRY_SECONDS = 3_600
# Seconds; what guests store meanwhile goes beyond their quota, each up to the quota of a user.
GUESTS_SECONDS = 10.0
# Rows of one owner that are merged into one: each prompt reads them all, 200 in 0.02 ms and 20,000 in 1.6 ms.
MERGED_ROWS = 200
# The same in each hour's round: the rows of all guests are added up every GUESTS_SECONDS.
ROUND_ROWS = 4
# Threads whose rows are merged in one transaction, which takes 5 ms, and holds up prompts in them.
MERGED_THREADS = 200

# The bytes of a user in all and in one thread, and the rows that were added up: an expression in a larger statement, with
# places for the primary keys.
USED_SQL = """(
    SELECT ARRAY[coalesce(sum(bytes), 0),
                 coalesce(sum(bytes) FILTER (WHERE thread = {thread}), 0)
                     + coalesce((SELECT merged_bytes FROM chat_thread WHERE id = {thread}), 0),
                 count(*)]::bigint[]
    FROM chat_storedbytes WHERE owner_id = {owner}
)"""

_USED = f"SELECT u.is_guest, {USED_SQL.format(thread='%s', owner='u.id')} FROM chat_user u WHERE u.id = %s"

_USED_BY_GUESTS = """
SELECT coalesce(sum(s.bytes), 0)::bigint FROM chat_storedbytes s JOIN chat_user u ON u.id = s.owner_id WHERE u.is_guest
"""

# A thread's row is locked so that its deletion, which takes its bytes off, sees what is merged; one in use is left for later.
_MERGE = """
WITH crowded AS (
    SELECT owner_id FROM chat_storedbytes WHERE {which} GROUP BY owner_id HAVING count(*) >= %(rows)s
), threads AS (
    SELECT id, owner_id FROM chat_thread
    WHERE withdrawn_at IS NULL
      AND (id, owner_id) IN (SELECT s.thread, s.owner_id FROM chat_storedbytes s JOIN crowded USING (owner_id))
    LIMIT %(threads)s FOR NO KEY UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM chat_storedbytes s USING crowded WHERE s.owner_id = crowded.owner_id
        AND (s.thread IS NULL OR (s.thread, s.owner_id) IN (SELECT id, owner_id FROM threads))
    RETURNING s.owner_id, s.thread, s.bytes
), by_thread AS (
    UPDATE chat_thread t SET merged_bytes = t.merged_bytes + g.bytes
    FROM (SELECT thread, sum(bytes) AS bytes FROM gone GROUP BY thread) g WHERE t.id = g.thread
), by_owner AS (
    INSERT INTO chat_storedbytes (owner_id, bytes)
    SELECT owner_id, sum(bytes) FROM gone GROUP BY owner_id HAVING sum(bytes) <> 0
    RETURNING owner_id
)
SELECT (SELECT count(*) FROM gone) - (SELECT count(*) FROM by_owner)
"""
_MERGE_ALL = _MERGE.format(which="owner_id IS NOT NULL")
_MERGE_OF = _MERGE.format(which="owner_id = %(owner)s")


def check(owner: int, thread: int | None, size: int) -> None:
    """Check that so many bytes more may be stored, in this thread if it exists. Raise QuotaExceeded."""
    is_guest, (total, in_thread, _) = _use(owner, thread)
    check_room(size, total, in_thread, in_known_thread=thread is not None, is_guest=is_guest)


def check_room(size: int, total: int, in_thread: int, *, in_known_thread: bool, is_guest: bool) -> None:
    """Check the same for a user who has stored so many bytes in all and in the thread. Raise QuotaExceeded."""
    if total + size > settings.stored_bytes:
        raise _exceeded(
            f"A user may store {settings.stored_bytes} bytes. Delete chats to make room.", "stored_bytes"
        )
    if in_known_thread and in_thread + size > settings.thread_bytes:
        words = f"A chat may hold {settings.thread_bytes} bytes. Begin another one."
        raise _exceeded(words, "thread_bytes")
    if is_guest and process.part(GuestsTotal).read() + size > settings.guests_stored_bytes:
        raise _exceeded(
            "All guests together have stored as much as they may. Sign in.", "guests_stored_bytes"
        )


def left(owner: int) -> int:
    """Return the bytes that a user may still store."""
    is_guest, (total, *_) = _use(owner, None)
    room = settings.stored_bytes - total
    return max(
        0,
        min(room, settings.guests_stored_bytes - process.part(GuestsTotal).read()) if is_guest else room,
    )


def _use(owner: int, thread: int | None) -> tuple[bool, tuple[int, int, int]]:
    """Return whether a user is a guest, and the bytes stored by them in all and in one of their threads, and their rows."""
    is_guest, used = sql.row(_USED, [thread, thread, owner]) or (False, (0, 0, 0))
    return is_guest, used


class GuestsTotal:
    """The bytes of all guests, read every GUESTS_SECONDS: adding them up reads a row for each of their threads."""

    def __init__(self) -> None:
        self._bytes, self._until = 0, 0.0

    def read(self) -> int:
        if time.monotonic() >= self._until:
            self._bytes, self._until = int(sql.value(_USED_BY_GUESTS)), time.monotonic() + GUESTS_SECONDS
        return self._bytes

    def forget(self) -> None:
        """Have the next reading ask the database."""
        self._until = 0.0


def _exceeded(words: str, quota: str) -> QuotaExceeded:
    return QuotaExceeded(words, quota=quota, retry_after=RETRY_SECONDS)


class _CrowdedOwners:
    """The users whose prompts had to add up many rows in this process, until these are merged. Used by several threads."""

    def __init__(self) -> None:
        self.owners: set[int] = set()


def note_rows(owner: int, rows: int) -> None:
    """Note that so many rows of a user were added up: many are merged soon."""
    if rows >= MERGED_ROWS:
        process.part(_CrowdedOwners).owners.add(owner)


def take_crowded() -> set[int]:
    """Return the users who had many rows since the last time."""
    crowded = process.part(_CrowdedOwners)
    owners, crowded.owners = crowded.owners, set()
    return owners


def merge(owner: int | None = None) -> int:
    """Merge rows of one owner, or of all, who have many, in one batch. Return by how many there are less."""
    statement, rows = (_MERGE_ALL, ROUND_ROWS) if owner is None else (_MERGE_OF, MERGED_ROWS)
    return int(sql.value(statement, {"rows": rows, "threads": MERGED_THREADS, "owner": owner}))
