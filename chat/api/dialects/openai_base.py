"""Common parts of the routes under `/v1`: errors in OpenAI's form, and when its clients may try again."""

from __future__ import annotations

from functools import wraps
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chat.api.base import View
from chat.api.cors import cross_origin
from chat.api.encoders.openai.errors import error_body, failure_body, failure_of
from chat.exceptions import ModelNotFound
from chat.llm import config
from chat.models import Response

# Bytes of a body: clients send a conversation's old pictures along with each prompt.
BODY_BYTES = 8 * 1024 * 1024

# The entry in a request's META of a prompt that is stored: from then on a repeated request would be another prompt.
_STORED = "chat.prompt_stored"


def openai_endpoint(**methods: View) -> Any:
    """Build the view of one path under `/v1`, as `cross_origin` does, with every error in OpenAI's form."""
    answer = cross_origin(**methods)

    @wraps(answer)
    async def view(request: HttpRequest, **ids: str) -> HttpResponseBase:
        response: HttpResponseBase = await answer(request, **ids)
        if isinstance(response, HttpResponse) and response["Content-Type"] == "application/problem+json":
            _rewrite(response, msgspec.json.decode(response.content))
        # Goes before the clients' own rule, which sends a failed request twice more.
        if response.status_code >= 400 and _STORED in request.META:
            response["x-should-retry"] = "false"
        return response

    return view


def prompt_stored(request: HttpRequest) -> None:
    """Note that the request must not be repeated by the client after an error."""
    request.META[_STORED] = True


def _rewrite(response: HttpResponse, problem: dict[str, Any]) -> None:
    response.content = msgspec.json.encode(error_body(problem["code"], problem["detail"], problem["status"]))
    response["Content-Type"] = "application/json"


def check_model(name: str | None) -> None:
    """Raise ModelNotFound for a name that no model has."""
    if name is not None and name not in config.names():
        raise ModelNotFound


def failure_response(row: Response | None) -> HttpResponse:
    """Return the answer to a prompt whose response ended without being done; None: deleted while it ran."""
    body, kind = failure_body(row), failure_of(row)
    response = HttpResponse(msgspec.json.encode(body), status=kind.status, content_type="application/json")
    if row is not None and row.retry_after is not None:
        response["Retry-After"] = str(round(row.retry_after))
    return response
