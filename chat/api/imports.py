"""Import of exported chats."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chat import db, service
from chat.api.base import authenticate, json_response, parse_body, read_body
from chat.api.encoders.shapes import ImportState
from chat.api.operations import describe, whole
from chat.exceptions import QuotaExceeded
from chat.schemas.imports import parse_import
from chat.schemas.imports.own import ExportFile
from chat.threads import imports

# This server's, and those of ChatGPT and Open WebUI, which are lists of chats.
EXPORTS: Any = (ExportFile, list[dict[str, Any]])
# Bytes of a file, or of a piece of one: the largest body that the server takes.
IMPORT_BYTES = 8 * 1024 * 1024


@describe(whole(ImportState, 201), body=EXPORTS, raises=(QuotaExceeded,))
async def create(request: HttpRequest) -> HttpResponseBase:
    """Store the chats of an export, those that are there already excepted: all or, after a refusal, none."""
    caller = await authenticate(request)
    given = await parse_body(parse_import, read_body(request, IMPORT_BYTES))
    own = await service.rights_of(caller)
    result = await db.atomic_async(imports.store, caller.user, given, own.default_model)
    return json_response({"threads": result.threads, "known": result.known, "empty": result.empty}, 201)
