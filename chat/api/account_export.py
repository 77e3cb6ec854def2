"""Exports as byte streams, read piece by piece as the reader takes them; no connection is held in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from chat import db
from chat.api.encoders import export
from chat.models import Thread
from chat.threads import attachments, exports
from chat.threads.exports import ExportedMessage


async def thread_as_json(thread: Thread) -> AsyncGenerator[bytes]:
    """Yield a thread with the visible messages of all its branches."""
    yield export.encode(export.file_head())[:-1] + b',"thread":'
    async for piece in _thread(thread):
        yield piece
    yield b"}"


async def thread_as_markdown(thread: Thread) -> AsyncGenerator[bytes]:
    """Yield the visible branch as readable text."""
    _, left = await db.atomic_async(exports.branch, thread.owner_id, thread.public_id)
    yield export.title(thread).encode()
    while left:
        messages, left = await db.atomic_async(exports.messages_of, thread.owner_id, left)
        # In a thread: of a megabyte of interfaces it takes a second.
        yield await asyncio.to_thread(_as_markdown, messages)


def _as_markdown(messages: list[ExportedMessage]) -> bytes:
    return "".join(map(export.message_as_markdown, messages)).encode()


async def account_as_json(owner: int) -> AsyncGenerator[bytes]:
    """Yield all data of a user as one JSON object."""
    account = export.account(await db.atomic_async(exports.account, owner))
    yield export.opening({**export.file_head(), **account}, "threads")
    async for piece in _threads(owner):
        yield piece
    yield b'],"attachments":['
    async for piece in _attachments(owner):
        yield piece
    yield b"]}"


async def _threads(owner: int) -> AsyncGenerator[bytes]:
    comma, threads = b"", await db.atomic_async(exports.threads_after, owner, 0)
    while threads:
        for thread in threads:
            yield comma
            async for piece in _thread(thread):
                yield piece
            comma = b","
        threads = await db.atomic_async(exports.threads_after, owner, threads[-1].pk)


async def _thread(thread: Thread) -> AsyncGenerator[bytes]:
    yield export.opening(export.thread(thread), "messages")
    comma = b""
    after: int | None = 0
    while after is not None:
        messages, after = await db.atomic_async(exports.messages_after, thread.owner_id, thread.pk, after)
        if messages:
            yield comma + b",".join(export.encode(export.message(one)) for one in messages)
            comma = b","
    yield b"]}"


async def _attachments(owner: int) -> AsyncGenerator[bytes]:
    row = await db.atomic_async(attachments.next_attachment, owner, 0)
    while row is not None:
        yield export.encode(export.attachment(row))
        row = await db.atomic_async(attachments.next_attachment, owner, row.pk)
        yield b"," if row else b""
