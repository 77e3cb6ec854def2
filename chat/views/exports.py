"""Exports, as files to save."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.text import slugify

from chat import exporter, service
from chat.errors import BadRequest, place_of
from chat.views.door import caller_of
from chat.views.stream import ByteStream
from chat.wire import export

logger = logging.getLogger(__name__)

NAME_CHARACTERS = 60  # of a file's name: a title is longer than some systems like


async def thread(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    wanted = request.GET.get("format", "json")
    row = await service.thread(await caller_of(request), thread_id)
    name = slugify(row.title)[:NAME_CHARACTERS] or "chat"
    if wanted == "markdown":
        return _file(exporter.thread_as_markdown(row), f"{name}.md", "text/markdown; charset=utf-8")
    if wanted == "json":
        return _file(exporter.thread_as_json(row), f"{name}.json", "application/json")
    raise BadRequest("`format` must be `markdown` or `json`.")


async def everything(request: HttpRequest) -> HttpResponseBase:
    caller = await caller_of(request)
    name = f"chat-export-{datetime.now(UTC):%Y-%m-%d}.json"
    return _file(exporter.everything(caller.user), name, "application/json")


def _file(pieces: AsyncGenerator[bytes], name: str, content_type: str) -> HttpResponseBase:
    broken_off = export.BROKEN_OFF.encode() if name.endswith(".md") else b""
    response = ByteStream(_unbroken(pieces, broken_off), content_type)
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Cache-Control"] = "no-store"
    return response


async def _unbroken(pieces: AsyncGenerator[bytes], broken_off: bytes) -> AsyncGenerator[bytes]:
    """The file. Nothing is raised once it has begun: Markdown then says that it is not whole, JSON lacks its end."""
    async with aclosing(pieces):
        try:
            async for piece in pieces:
                if piece:
                    yield piece
        except Exception as error:
            logger.error("action=export_failed reason=%s\n%s", type(error).__name__, place_of(error))
            yield broken_off
