"""The documents that describe this API to programs."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

from chat.api.base import View
from chat.api.operations import Answer, describe, whole

# Seconds for which a client may keep a document, which changes with the server's version alone.
KEPT_SECONDS = 300


def document_view(make: Callable[[], Any]) -> View:
    """Return a view of the JSON document that `make` returns, with the docstring of that; it is made once."""

    @cache
    def encoded() -> tuple[bytes, str]:
        data = msgspec.json.encode(make())
        return data, f'"{hashlib.sha256(data).hexdigest()[:16]}"'

    @describe(whole(dict[str, Any]), Answer(304), headers=("If-None-Match",), access="anyone")
    @wraps(make, assigned=("__name__", "__doc__"))
    async def show(request: HttpRequest) -> HttpResponseBase:
        # In a thread: the document takes some 60 ms to make, which no stream is to wait for.
        data, etag = await asyncio.to_thread(encoded)
        response = HttpResponse(data, content_type="application/json")
        response["ETag"], response["Cache-Control"] = etag, f"public, max-age={KEPT_SECONDS}"
        return get_conditional_response(request, etag, None, response) or response

    return show
