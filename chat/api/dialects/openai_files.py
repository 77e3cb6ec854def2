"""`/v1/files`: the user's pictures and files, as OpenAI's clients upload, list and delete them."""

from __future__ import annotations

import asyncio
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase

from chat import db, service
from chat.api.attachments import BINARY, download
from chat.api.base import authenticate, json_response
from chat.api.encoders.dialect_shapes import DeletedFile, FileObject, FilePage
from chat.api.encoders.openai.objects import page_object, seconds
from chat.api.operations import Answer, describe, whole
from chat.conf import settings
from chat.exceptions import BadRequest, QuotaExceeded, TooLarge, UnsupportedMediaType
from chat.governance import files
from chat.models import Attachment, ReadingState, TokenScope
from chat.schemas.queries import FilesQuery
from chat.schemas.validation import parse_query
from chat.threads import attachments

# Bytes of a form beside the file in it: names, a purpose, and the lines between them.
FORM_BYTES = 65_536
FORM = "multipart/form-data"

_STATUSES = {
    ReadingState.READING: "uploaded",
    ReadingState.READY: "processed",
    ReadingState.FAILED: "error",
}


@describe(whole(FileObject), body=bytes, body_type=FORM, raises=(QuotaExceeded,), scope=TokenScope.SEND)
async def create(request: HttpRequest) -> HttpResponseBase:
    """Store the file of a form."""
    caller = await authenticate(request)
    if request.content_type != FORM:
        raise UnsupportedMediaType(f"Send the file in a form, as `{FORM}`.")
    limit = settings.attachment_bytes
    if len(request.body) > limit + FORM_BYTES:
        raise TooLarge(f"A picture or file may have {limit} bytes.", limit=limit)
    name, data, declared = await asyncio.to_thread(_file_of, request)
    return json_response(_object(await service.upload(caller, data, name, declared)))


class _InMemory(MemoryFileUploadHandler):
    """Keeps the file of a form in memory, as the form itself is; a file on disk would have to be removed."""

    def handle_raw_input(self, *_: Any, **__: Any) -> None:
        self.activated = True


def _file_of(request: HttpRequest) -> tuple[str, bytes, str]:
    """Return name, bytes and declared type of the file in a form. Raise BadRequest."""
    request.upload_handlers = [_InMemory(request)]
    try:
        file = request.FILES.get("file")
    except (MultiPartParserError, SuspiciousOperation, ValueError):
        raise BadRequest("The form in the body cannot be read.") from None
    if file is None:
        raise BadRequest("The form lacks its `file`.")
    return file.name or "", file.read(), file.content_type or ""


@describe(whole(FilePage), query=FilesQuery)
async def list_files(request: HttpRequest) -> HttpResponseBase:
    """List the user's files, newest first unless `order` is `asc`."""
    caller = await authenticate(request)
    query = parse_query(request.GET, FilesQuery)
    found = await db.atomic_async(attachments.all_of, caller.user, newest_first=query.order == "desc")
    rows = _behind(found, query.after)
    shown = [_object(row) for row in rows[: query.limit]]
    return json_response(page_object(shown, has_more=len(rows) > query.limit))


def _behind(rows: list[Attachment], after: str) -> list[Attachment]:
    places = [at for at, row in enumerate(rows) if row.public_id == after]
    if after and not places:
        raise BadRequest("`after` must be the id of a file.")
    return rows[places[0] + 1 :] if places else rows


@describe(whole(FileObject))
async def show(request: HttpRequest, file_id: str) -> HttpResponseBase:
    """Show a file."""
    caller = await authenticate(request)
    return json_response(_object(await db.atomic_async(attachments.find, caller.user, file_id)))


@describe(Answer(200, "image/*", bytes), Answer(200, BINARY, bytes))
async def content(request: HttpRequest, file_id: str) -> HttpResponseBase:
    """Return the bytes of a file."""
    caller = await authenticate(request)
    return download(await db.atomic_async(attachments.find, caller.user, file_id, data=True))


@describe(whole(DeletedFile))
async def delete(request: HttpRequest, file_id: str) -> HttpResponseBase:
    """Delete a file; the messages that show it stay."""
    caller = await authenticate(request)
    await db.atomic_async(files.delete, caller.user, file_id)
    return json_response({"id": file_id, "object": "file", "deleted": True})


def _object(row: Attachment) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "object": "file",
        "bytes": row.size,
        "created_at": seconds(row.created_at),
        "filename": row.name or "picture",
        "purpose": "vision" if row.is_picture else "user_data",
        "status": _STATUSES[ReadingState(row.state)],
        "status_details": row.detail or None,
    }
