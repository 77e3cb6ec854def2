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
# Rows of one thread that are merged into one: a check reads them all, 7,000 in 10 ms and 1,600 in 3 ms.
MERGED_ROWS = 4
# Threads whose rows are merged in one transaction.
MERGED_THREADS = 500

# The bytes of a user in all and in one thread: an expression in a larger statement, with places for the primary keys.
USED_SQL = """(
    SELECT ARRAY[coalesce(sum(bytes), 0), coalesce(sum(bytes) FILTER (WHERE thread = {thread}), 0)]::bigint[]
    FROM chat_storedbytes WHERE owner_id = {owner}
)"""

_USED = f"SELECT u.is_guest, {USED_SQL.format(thread='%s', owner='u.id')} FROM chat_user u WHERE u.id = %s"

_USED_BY_GUESTS = """
SELECT coalesce(sum(s.bytes), 0)::bigint FROM chat_storedbytes s JOIN chat_user u ON u.id = s.owner_id WHERE u.is_guest
"""

# A thread's row is locked so that its deletion, which deletes its bytes, sees the merged row.
_MERGE = """
WITH many AS (
    SELECT owner_id, thread FROM chat_storedbytes GROUP BY owner_id, thread HAVING count(*) >= %s LIMIT %s
), threads AS (
    SELECT id FROM chat_thread WHERE id IN (SELECT thread FROM many) FOR KEY SHARE SKIP LOCKED
), gone AS (
    DELETE FROM chat_storedbytes s USING many WHERE s.owner_id IS NOT DISTINCT FROM many.owner_id
        AND s.thread IS NOT DISTINCT FROM many.thread AND (s.thread IS NULL OR s.thread IN (SELECT id FROM threads))
    RETURNING s.owner_id, s.thread, s.bytes
), merged AS (
    INSERT INTO chat_storedbytes (owner_id, thread, bytes)
    SELECT owner_id, thread, sum(bytes) FROM gone GROUP BY owner_id, thread HAVING sum(bytes) <> 0
)
SELECT count(*) FROM gone
"""


def check(owner: int, thread: int | None, size: int) -> None:
    """Check that so many bytes more may be stored, in this thread if it exists. Raise QuotaExceeded."""
    is_guest, (total, in_thread) = _use(owner, thread)
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
    is_guest, (total, _) = _use(owner, None)
    room = settings.stored_bytes - total
    return max(
        0,
        min(room, settings.guests_stored_bytes - process.part(GuestsTotal).read()) if is_guest else room,
    )


def _use(owner: int, thread: int | None) -> tuple[bool, tuple[int, int]]:
    """Return whether a user is a guest, and the bytes stored by them in all and in one of their threads."""
    is_guest, (total, in_thread) = sql.row(_USED, [thread, owner]) or (False, (0, 0))
    return is_guest, (total, in_thread)


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


def merge() -> int:
    """Merge the rows of threads and users that have many, in one batch. Return the number of merged rows."""
    return int(sql.value(_MERGE, [MERGED_ROWS, MERGED_THREADS]))
