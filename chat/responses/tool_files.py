"""Pictures of tools' results, and files that tools give to the user: kept like uploads, and shown with their messages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from chat import db
from chat.exceptions import ChatError
from chat.models import Attachment, AttachmentUse, Message
from chat.threads import attachments
from chat.threads.uploads import read_upload, store_once
from chat.tools import FileRefused, PictureRefused, ToolResult

# Files that one call may attach: a tool that attaches for ever ends at its user's quota otherwise.
FILES_PER_CALL = 20


async def keep_picture(owner: int, keys: list[int], data: bytes) -> str:
    """Store a picture for the owner, add its key to those of the call, and return its path. Raise PictureRefused."""
    try:
        return await _keep(owner, keys, data, "", "image/*")
    except ChatError as problem:
        raise PictureRefused(problem.detail) from None


async def attach(owner: int, keys: list[int], name: str, content_type: str, data: bytes) -> str:
    """Store a picture or another file for the owner, as `keep_picture` does. Raise FileRefused."""
    if len(keys) >= FILES_PER_CALL:
        raise FileRefused(f"a call may attach {FILES_PER_CALL} files")
    try:
        return await _keep(owner, keys, data, name, content_type)
    except ChatError as problem:
        raise FileRefused(problem.detail) from None


async def _keep(owner: int, keys: list[int], data: bytes, name: str, content_type: str) -> str:
    upload = await asyncio.to_thread(read_upload, data, name, content_type)
    row = await db.atomic_async(store_once, owner, upload)
    keys.append(row.pk)
    return attachments.PATH + row.public_id


def link_files(reply: Message, rows: Sequence[Message], results: Mapping[str, ToolResult]) -> None:
    """Record which pictures the messages of results show, and which files the reply, except those deleted meanwhile."""
    of_results = [(row, results[row.tool_call_id or ""]) for row in rows]
    shown = [(row.pk, key) for row, result in of_results for key in result.pictures]
    shown += [(reply.pk, key) for _, result in of_results for key in result.files]
    if shown:
        _link(reply.owner_id, dict.fromkeys(shown))


def _link(owner: int, shown: Iterable[tuple[int, int]]) -> None:
    # Locked: a picture of former days that no message shows may be deleted at this moment. In order, against deadlocks.
    kept = Attachment.objects.owned_by(owner).filter(pk__in=[key for _, key in shown]).order_by("pk")
    known = set(kept.select_for_update(no_key=True).values_list("pk", flat=True))
    uses = [AttachmentUse(message_id=message, attachment_id=key) for message, key in shown if key in known]
    AttachmentUse.objects.bulk_create(uses, ignore_conflicts=True)
