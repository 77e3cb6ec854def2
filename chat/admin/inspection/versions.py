"""The versions of a message, between which a reader of a transcript can step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from chat.models import Message, Role

_REPLIES = """
SELECT m.id, row_number() OVER asked, count(*) OVER (PARTITION BY r.prompt_id), lag(m.id) OVER asked,
       lead(m.id) OVER asked
FROM chat_response r JOIN chat_message m ON m.response_id = r.id AND m.role = 'assistant' AND NOT m.hidden
WHERE r.prompt_id = ANY(%s) AND m.turn IS NOT NULL
WINDOW asked AS (PARTITION BY r.prompt_id ORDER BY r.id)
"""

_PROMPTS = """
SELECT m.id, row_number() OVER beside, count(*) OVER (PARTITION BY m.parent_id), lag(m.id) OVER beside,
       lead(m.id) OVER beside
FROM chat_message m
WHERE m.thread_id = %s AND m.role = 'user' AND m.turn IS NOT NULL AND (m.parent_id = ANY(%s) OR m.parent_id IS NULL AND %s)
WINDOW beside AS (PARTITION BY m.parent_id ORDER BY m.turn, m.position)
"""


@dataclass(frozen=True, slots=True)
class Version:
    """Which of how many it is, counted from 1, and the primary keys of those before and after it."""

    number: int
    count: int
    before: int | None
    after: int | None


def versions(messages: Iterable[Message]) -> dict[int, Version]:
    """Of visible messages of one thread, by primary key; only those that have more than one."""
    shown = [message for message in messages if message.turn is not None]
    asked = [message.response.prompt_id for message in shown if message.response]
    prompts = [message for message in shown if message.role == Role.USER]
    found = _found(_REPLIES, [asked]) if asked else {}
    if prompts:
        parents = [message.parent_id for message in prompts if message.parent_id]
        roots = any(message.parent_id is None for message in prompts)
        found |= _found(_PROMPTS, [prompts[0].thread_id, parents, roots])
    return found


def _found(statement: str, values: list[Any]) -> dict[int, Version]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return {row[0]: Version(*row[1:]) for row in cursor.fetchall() if row[2] > 1}
