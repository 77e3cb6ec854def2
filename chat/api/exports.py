"""Routes of exports, downloaded as files."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, closing
from datetime import UTC, datetime

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.text import slugify

from chat import db, service
from chat.accounts.identity import Caller
from chat.api import account_export
from chat.api.base import authenticate
from chat.api.encoders import export
from chat.api.encoders.account_shapes import AccountExportFile
from chat.api.encoders.shapes import ThreadExport
from chat.api.operations import Answer, describe, whole
from chat.api.streaming import ByteStream
from chat.exceptions import format_traceback_without_message
from chat.schemas.queries import ExportQuery
from chat.schemas.validation import parse_query
from chat.threads import threads

logger = logging.getLogger(__name__)

# Characters of a file name: titles may be longer than some systems accept.
NAME_CHARACTERS = 60


@describe(whole(ThreadExport), Answer(200, "text/markdown"), query=ExportQuery)
async def thread(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """Export a thread as a file."""
    wanted = parse_query(request.GET, ExportQuery).format
    caller = await authenticate(request)
    row = await db.atomic_async(threads.find, caller.user, thread_id)
    name = slugify(row.title)[:NAME_CHARACTERS] or "chat"
    if wanted == "markdown":
        pieces = account_export.thread_as_markdown(row)
        return _file(caller, pieces, f"{name}.md", "text/markdown; charset=utf-8")
    return _file(caller, account_export.thread_as_json(row), f"{name}.json", "application/json")


@describe(whole(AccountExportFile))
async def account(request: HttpRequest) -> HttpResponseBase:
    """Export all data of the user as a file."""
    caller = await authenticate(request)
    name = f"chat-export-{datetime.now(UTC):%Y-%m-%d}.json"
    return _file(caller, account_export.account_as_json(caller.user), name, "application/json")


def _file(caller: Caller, pieces: AsyncGenerator[bytes], name: str, content_type: str) -> HttpResponseBase:
    truncation_note = export.TRUNCATION_NOTE.encode() if name.endswith(".md") else b""
    response = ByteStream(_without_exceptions(caller, pieces, truncation_note), content_type)
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Cache-Control"] = "no-store"
    return response


async def _without_exceptions(
    caller: Caller, pieces: AsyncGenerator[bytes], truncation_note: bytes
) -> AsyncGenerator[bytes]:
    """Yield the file until its end or that of the caller's access.

    After an error mid-way, Markdown ends with a note and JSON without its end; nothing is raised.
    """
    async with aclosing(pieces):
        try:
            with closing(await service.register_connection(caller)) as connection:
                async for piece in pieces:
                    if connection.revoked:
                        yield truncation_note
                        return
                    if piece:
                        yield piece
        except Exception as error:
            logger.error(
                "action=export_failed reason=%s\n%s",
                type(error).__name__,
                format_traceback_without_message(error),
            )
            yield truncation_note
