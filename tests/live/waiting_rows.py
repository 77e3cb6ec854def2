"""Many responses that wait: copies of one that a server made, with all of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from django.db import connection, transaction

from chat.models import (
    Chunk,
    Message,
    PersonRequest,
    Response,
    ThoughtChunk,
    ToolUse,
    UpstreamCall,
)

# Rows of one statement.
BATCH = 2_000
_NAMES = count()


def copy_waiting(response: Response, number: int) -> list[int]:
    """Make copies of a response that waits, each in a thread of its own; return the primary keys of the threads."""
    threads = _copies(response.thread, [{"leaf_id": None} for _ in range(number)])
    prompts = _copies(response.prompt, [{"thread_id": thread.pk} for thread in threads])
    pairs = list(zip(threads, prompts, strict=True))
    responses = _copies(
        response, [{"thread_id": thread.pk, "prompt_id": prompt.pk} for thread, prompt in pairs]
    )
    copies: dict[int | None, list[Any]] = {response.prompt_id: prompts}
    for message in Message.objects.filter(response=response).order_by("position"):
        placed = zip(responses, copies[message.parent_id], strict=True)
        places = [
            {"thread_id": one.thread_id, "response_id": one.pk, "parent_id": parent.pk}
            for one, parent in placed
        ]
        copies[message.pk] = _copies(message, places)
    for model in (Chunk, ThoughtChunk, ToolUse, PersonRequest, UpstreamCall):
        for row in model._default_manager.filter(response=response.pk).order_by("pk"):
            key = "response" if model is UpstreamCall else "response_id"
            _copies(row, [{key: one.pk} for one in responses])
    return [thread.pk for thread in threads]


def _copies(row: Any, changes: Sequence[dict[str, Any]]) -> list[Any]:
    """Store copies of a row with these changes, under names of their own."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    del values[row._meta.pk.attname]
    made = []
    for change in changes:
        named = {"public_id": f"copy-{next(_NAMES)}"} if "public_id" in values else {}
        made.append(type(row)(**{**values, **named, **change}))
    return list(type(row)._default_manager.bulk_create(made, batch_size=BATCH))


_DELETE = """
SET LOCAL session_replication_role = replica;
DELETE FROM chat_storedbytes WHERE thread = ANY(%(threads)s);
DELETE FROM chat_chunk USING chat_response r WHERE response_id = r.id AND r.thread_id = ANY(%(threads)s);
DELETE FROM chat_tooluse USING chat_response r WHERE response_id = r.id AND r.thread_id = ANY(%(threads)s);
DELETE FROM chat_personrequest USING chat_response r WHERE response_id = r.id AND r.thread_id = ANY(%(threads)s);
DELETE FROM chat_message WHERE thread_id = ANY(%(threads)s);
DELETE FROM chat_response WHERE thread_id = ANY(%(threads)s);
DELETE FROM chat_thread WHERE id = ANY(%(threads)s)
"""


def delete_threads(threads: list[int]) -> None:
    """Delete threads with their rows, without the checks of foreign keys, which take minutes for so many."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _DELETE.split(";"):
            cursor.execute(statement, {"threads": threads})
