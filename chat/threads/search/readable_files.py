"""The files that a search in a thread reads, as the beginning of its statement: here all rules of what is found are kept."""

from __future__ import annotations

# Characters of other chats' files that one search reads, the newest files first: 10,000 passages.
SEARCHED_CHARACTERS = 30_000_000

# The chats that show a file `a`, of those whose files count.
CHATS = """
FROM chat_attachmentuse u JOIN chat_message m ON m.id = u.message_id JOIN chat_thread t ON t.id = m.thread_id
WHERE u.attachment_id = a.id AND m.owner_id = %(owner)s AND t.withdrawn_at IS NULL AND (t.id = %(thread)s OR (
    t.expires_at IS NULL AND EXISTS (SELECT FROM chat_thread h WHERE h.id = %(thread)s AND h.expires_at IS NULL)
))
"""
READABLE = "a.owner_id = %(owner)s AND a.characters > 0 AND a.soft_deleted_at IS NULL"

# `here`: whether the thread itself shows the file; `chat`: the title of another that does.
FILES = f"""
WITH counted AS (
    SELECT a.id, a.name, a.vector_model, chats.here, CASE WHEN chats.here THEN '' ELSE chats.title END AS chat,
        sum(a.characters) OVER (ORDER BY chats.here DESC, a.id DESC) - a.characters AS before
    FROM chat_attachment a CROSS JOIN LATERAL (
        SELECT bool_or(t.id = %(thread)s) AS here, (array_agg(t.title ORDER BY t.id DESC))[1] AS title {CHATS}
    ) chats
    WHERE {READABLE} AND (%(name)s = '' OR lower(a.name) = lower(%(name)s)) AND chats.here IS NOT NULL
), files AS (SELECT * FROM counted WHERE here OR before < {SEARCHED_CHARACTERS})
"""
