"""Upload of pictures and files, their list, text, deletion, and download by the owner alone."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, parse_header_parameters

from chat import db, service
from chat.api.base import authenticate, json_response
from chat.api.encoders import serializers
from chat.api.encoders.shapes import AttachmentList, AttachmentState, AttachmentText
from chat.api.operations import EMPTY, Answer, describe, whole
from chat.exceptions import BadRequest, QuotaExceeded
from chat.governance import files
from chat.models import Attachment, TokenScope
from chat.schemas.queries import AttachmentsQuery, NameQuery, PassagesQuery
from chat.schemas.validation import parse_query
from chat.threads import attachments

# A picture or file opened as a page can do nothing.
POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
# An hour: its bytes never change, but no cache may keep it long after its account is deleted.
CACHE = "private, max-age=3600"
# The type of a file that is downloaded: no browser shows it, or runs what is in it.
BINARY = "application/octet-stream"


@describe(
    whole(AttachmentState, 201),
    body=bytes,
    body_type="application/octet-stream",
    query=NameQuery,
    headers=("Content-Disposition",),
    raises=(QuotaExceeded,),
    scope=TokenScope.SEND,
)
async def create(request: HttpRequest) -> HttpResponseBase:
    """Store a picture or a file; its text is read in the background, if not at once."""
    caller = await authenticate(request)
    row = await service.upload(caller, request.body, _name(request), request.content_type or "")
    return json_response(serializers.attachment(row), 201)


def _name(request: HttpRequest) -> str:
    """Return the name that the client gives the file; empty without one. Raise BadRequest."""
    name = parse_query(request.GET, NameQuery).name
    try:
        given = parse_header_parameters(request.headers.get("Content-Disposition", ""))[1]
    except ValueError:
        raise BadRequest("The header Content-Disposition cannot be read.") from None
    return name or given.get("filename", "")


@describe(whole(AttachmentList), query=AttachmentsQuery)
async def list_attachments(request: HttpRequest) -> HttpResponseBase:
    """List the user's pictures and files, newest first."""
    caller = await authenticate(request)
    query = parse_query(request.GET, AttachmentsQuery)
    rows, cursor = await db.atomic_async(attachments.page, caller.user, query.limit, query.cursor)
    return json_response({"attachments": [serializers.attachment(row) for row in rows], "nextCursor": cursor})


@describe(whole(AttachmentState))
async def state(request: HttpRequest, attachment_id: str) -> HttpResponseBase:
    """Show the state of a picture or file."""
    caller = await authenticate(request)
    row = await db.atomic_async(attachments.find, caller.user, attachment_id)
    return json_response(serializers.attachment(row))


@describe(whole(AttachmentText), query=PassagesQuery)
async def text(request: HttpRequest, attachment_id: str) -> HttpResponseBase:
    """Show the text of a file, as models get it."""
    caller = await authenticate(request)
    after = parse_query(request.GET, PassagesQuery).cursor
    row, passages = await db.atomic_async(attachments.passages, caller.user, attachment_id, after)
    return json_response(serializers.attachment_text(row, passages))


@describe(EMPTY)
async def delete(request: HttpRequest, attachment_id: str) -> HttpResponseBase:
    """Delete a picture or file; the messages that show it stay."""
    caller = await authenticate(request)
    await db.atomic_async(files.delete, caller.user, attachment_id)
    return HttpResponse(status=204)


@describe(Answer(200, "image/*", bytes), Answer(200, BINARY, bytes))
async def show(request: HttpRequest, attachment_id: str) -> HttpResponseBase:
    """Show a picture or file to its owner."""
    caller = await authenticate(request)
    return download(await db.atomic_async(attachments.find, caller.user, attachment_id, data=True))


def download(row: Attachment) -> HttpResponse:
    """Return the bytes of a picture, to be shown, or of a file, to be stored."""
    kind = row.content_type if row.is_picture else BINARY
    response = HttpResponse(bytes(row.data), content_type=kind)
    usual = f"picture.{row.content_type.removeprefix('image/')}" if row.is_picture else "file"
    shown = content_disposition_header(not row.is_picture, row.name or usual) or ""
    response["Content-Disposition"] = (
        shown if row.name or not row.is_picture else f'inline; filename="{usual}"'
    )
    response["Content-Security-Policy"] = POLICY
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = CACHE
    response["Vary"] = "Cookie, Authorization"
    return response
