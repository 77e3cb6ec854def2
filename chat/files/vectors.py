"""The vectors of files' passages: files claimed a batch at a time, newest first, and their vectors stored beside the text.

A file has the vectors of one model. One of another model is begun anew: its former vectors go when it is claimed.
Only files that a message shows get any, for no others are searched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chat.db import sql
from chat.llm.vectors import signs

# Passages of one request: Text Embeddings Inference takes 32 unless it is configured otherwise. 100,000 characters, or some
# 30,000 tokens, a tenth of what OpenAI takes.
BATCH = 32
# Files of another model that are begun anew in one transaction.
RENEWED = 100
# Hours for which the vectors of a file stay in any case: processes with different settings, as during an upgrade, would
# otherwise replace each other's over and over.
KEPT_HOURS = 1
# Bytes of a vector's row beside its numbers: header, keys, signs, and entries in indexes.
ROW_BYTES = 160

_CLAIM = """
WITH file AS (
    SELECT a.id, a.vector_model FROM chat_attachment a
    WHERE a.characters > 0 AND a.embedded_at IS NULL AND a.soft_deleted_at IS NULL
        AND (a.embedding_until IS NULL OR a.embedding_until < now()) AND EXISTS (
            SELECT FROM chat_attachmentuse u JOIN chat_message m ON m.id = u.message_id
            JOIN chat_thread t ON t.id = m.thread_id WHERE u.attachment_id = a.id AND t.withdrawn_at IS NULL
        )
    ORDER BY a.id DESC LIMIT 1 FOR NO KEY UPDATE OF a SKIP LOCKED
)
UPDATE chat_attachment a SET vector_model = %(model)s, embedding_until = now() + make_interval(secs => %(seconds)s)
FROM file WHERE a.id = file.id RETURNING a.id, file.vector_model
"""
_FORGET = "DELETE FROM chat_filevector WHERE attachment_id = %s"
_TEXTS = """
SELECT position, text FROM chat_filepassage WHERE attachment_id = %(key)s AND position > (
    SELECT coalesce(max(position), -1) FROM chat_filevector WHERE attachment_id = %(key)s
) ORDER BY position LIMIT %(limit)s
"""
_LOCK = "SELECT id FROM chat_attachment WHERE id = %s AND vector_model = %s AND embedded_at IS NULL FOR NO KEY UPDATE"
_STORE = """
INSERT INTO chat_filevector (attachment_id, position, signs, data)
SELECT %s, v.position, v.signs::varbit, v.data FROM unnest(%s::int[], %s::text[], %s::bytea[]) v(position, signs, data)
ON CONFLICT DO NOTHING
"""
_HAS_MORE = """
SELECT EXISTS (SELECT FROM chat_filepassage WHERE attachment_id = %(key)s AND position > (
    SELECT coalesce(max(position), -1) FROM chat_filevector WHERE attachment_id = %(key)s
))
"""
# Counted once for a file, for each count takes two rows of another table.
_FINISH = f"""
UPDATE chat_attachment SET embedding_until = NULL, embedded_at = now(), vector_bytes = (
    SELECT coalesce(sum({ROW_BYTES} + coalesce(octet_length(data), 0)), 0) FROM chat_filevector WHERE attachment_id = %(key)s
) WHERE id = %(key)s
"""
_RELEASE = "UPDATE chat_attachment SET embedding_until = NULL WHERE id = %s"
_DELAY = "UPDATE chat_attachment SET embedding_until = now() + make_interval(secs => %s) WHERE id = %s"
# Each half reads a range of the index: a condition with <> would read all of it.
_RENEW = f"""
UPDATE chat_attachment SET embedded_at = NULL WHERE id IN (
    (SELECT id FROM chat_attachment WHERE embedded_at < now() - interval '{KEPT_HOURS} hours'
        AND vector_model < %(model)s LIMIT {RENEWED})
    UNION ALL
    (SELECT id FROM chat_attachment WHERE embedded_at < now() - interval '{KEPT_HOURS} hours'
        AND vector_model > %(model)s LIMIT {RENEWED})
) RETURNING id
"""


@dataclass(frozen=True, slots=True)
class UnembeddedPassages:
    """The next passages of a file that this process has claimed: their positions and texts."""

    key: int
    model: str
    positions: list[int]
    texts: list[str]


def claim(model: str, seconds: float) -> UnembeddedPassages | None:
    """Claim the newest file without all vectors of a model, for so many seconds. Return None without any."""
    found = sql.row(_CLAIM, {"model": model, "seconds": seconds})
    if found is None:
        return None
    key, former = found
    if former != model:
        sql.rows(_FORGET, [key])
    rows = sql.rows(_TEXTS, {"key": key, "limit": BATCH})
    return UnembeddedPassages(key, model, [row[0] for row in rows], [row[1] for row in rows])


def store(claimed: UnembeddedPassages, vectors: Sequence[bytes | None]) -> bool:
    """Store the vectors of passages, unless the file is deleted or belongs to another model now. Return whether it has all.

    The next batch may be claimed at once.
    """
    if sql.row(_LOCK, [claimed.key, claimed.model]) is None:
        return False
    bits = [signs(data) if data else None for data in vectors]
    sql.rows(_STORE, [claimed.key, claimed.positions, bits, list(vectors)])
    if sql.value(_HAS_MORE, {"key": claimed.key}):
        sql.rows(_RELEASE, [claimed.key])
        return False
    sql.rows(_FINISH, {"key": claimed.key})
    return True


def delay(key: int, seconds: float) -> None:
    """Let a file be claimed again after so many seconds."""
    sql.rows(_DELAY, [seconds, key])


def renew_former(model: str) -> int:
    """Have files of other models begun anew, a batch of them. Return the count."""
    return len(sql.rows(_RENEW, {"model": model}))
