"""What the end of a response writes, in one journey: its log as few rows, the message, the state, what it took."""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS

from chat import sql, text
from chat.models import Response
from chat.store import logs
from chat.store.logs import Piece

RESPONSE_FIELDS = [field.attname for field in Response._meta.concrete_fields]

_HELD = f"SELECT {', '.join(RESPONSE_FIELDS)} FROM chat_response WHERE id = %s FOR NO KEY UPDATE"

_END = """
WITH log AS (
    INSERT INTO chat_chunk (response_id, start, stop, data, marks, ephemeral)
    SELECT %(id)s, p.start, p.start + octet_length(p.data), p.data, p.marks, p.ephemeral
    FROM unnest(%(starts)s::bigint[], %(data)s::bytea[], %(marks)s::bytea[], %(ephemeral)s::bool[])
         AS p(start, data, marks, ephemeral)
), reply AS (
    UPDATE chat_message SET content = %(content)s, readable = %(readable)s
    WHERE response_id = %(id)s AND role = 'assistant' AND NOT hidden
), thread AS (
    UPDATE chat_thread SET updated_at = now() WHERE id = %(thread)s
), spending AS (
    UPDATE chat_spending SET tokens = %(prompt_tokens)s::bigint + %(completion_tokens)s::bigint, settled = true
    WHERE response = %(id)s
)
UPDATE chat_response SET
    status = %(status)s, finish_reason = %(finish_reason)s, error_code = %(error_code)s, error_detail = %(error_detail)s,
    retry_after = %(retry_after)s, prompt_tokens = %(prompt_tokens)s, completion_tokens = %(completion_tokens)s,
    usage_source = %(usage_source)s, lease_until = %(lease_until)s, log_length = %(log_length)s,
    kept_offset = %(kept_offset)s, text_length = %(text_length)s, finished_at = now(),
    first_token_at = CASE WHEN %(log_length)s > 0 THEN coalesce(first_token_at, now()) ELSE first_token_at END
WHERE id = %(id)s
RETURNING first_token_at, finished_at
"""


def held(response: int) -> Response | None:
    """The response, whose row is held from now on; None if it is gone."""
    found = sql.row(_HELD, [response])
    return Response.from_db(DEFAULT_DB_ALIAS, RESPONSE_FIELDS, found) if found else None


def write(response: Response, final: dict[str, Any], pieces: list[Piece], content: str) -> None:
    """Write the `final` columns of a held response, its whole log, and `content` as its reply. The row follows."""
    starts, data, marks, ephemeral = logs.columns(pieces)
    values = {
        **final,
        "id": response.pk,
        "thread": response.thread_id,
        "starts": starts,
        "data": data,
        "marks": marks,
        "ephemeral": ephemeral,
        "content": content,
        "readable": text.storable(text.readable(content)),
    }
    response.first_token_at, response.finished_at = sql.rows(_END, values)[0]
    for name, value in final.items():
        setattr(response, name, value)
