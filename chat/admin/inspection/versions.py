"""Versions of a message: regenerated replies and edited prompts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from chat.models import Message, Role

_REPLIES = """
SELECT m.id, row_number() OVER siblings, count(*) OVER (PARTITION BY r.prompt_id), lag(m.id) OVER siblings,
       lead(m.id) OVER siblings
FROM chat_response r JOIN chat_message m ON m.response_id = r.id AND m.role = 'assistant' AND NOT m.hidden
WHERE r.prompt_id = ANY(%s) AND m.turn IS NOT NULL
WINDOW siblings AS (PARTITION BY r.prompt_id ORDER BY r.id)
"""

_PROMPTS = """
SELECT m.id, row_number() OVER siblings, count(*) OVER (PARTITION BY m.parent_id), lag(m.id) OVER siblings,
       lead(m.id) OVER siblings
FROM chat_message m
WHERE m.thread_id = %s AND m.role = 'user' AND m.turn IS NOT NULL AND (m.parent_id = ANY(%s) OR m.parent_id IS NULL AND %s)
WINDOW siblings AS (PARTITION BY m.parent_id ORDER BY m.turn, m.position)
"""


@dataclass(frozen=True, slots=True)
class Version:
    """The number of a version, counted from 1, and the primary keys of the previous and the next one."""

    number: int
    count: int
    before: int | None
    after: int | None


def versions(messages: Iterable[Message]) -> dict[int, Version]:
    """Return the versions of visible messages of one thread, by primary key; messages with a single version are left out."""
    shown = [message for message in messages if message.turn is not None]
    prompt_keys = [message.response.prompt_id for message in shown if message.response]
    prompts = [message for message in shown if message.role == Role.USER]
    by_key = _query(_REPLIES, [prompt_keys]) if prompt_keys else {}
    if prompts:
        parents = [message.parent_id for message in prompts if message.parent_id]
        roots = any(message.parent_id is None for message in prompts)
        by_key |= _query(_PROMPTS, [prompts[0].thread_id, parents, roots])
    return by_key


def _query(statement: str, values: list[Any]) -> dict[int, Version]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return {row[0]: Version(*row[1:]) for row in cursor.fetchall() if row[2] > 1}
