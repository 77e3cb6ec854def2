"""Common parts of the routes under `/v1`: errors in OpenAI's form, and when its clients may try again."""

from __future__ import annotations

from functools import wraps
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chat import service
from chat.accounts.identity import Caller
from chat.api.base import PROBLEM_TYPE, Route, View
from chat.api.cors import cross_origin
from chat.api.encoders.dialect_shapes import OpenAiProblem
from chat.api.encoders.openai.errors import error_of, failure_body, failure_of
from chat.exceptions import ModelNotFound
from chat.models import Response
from chat.permissions.rights import UnknownModel
from chat.schemas import SendRequest

# Bytes of a body: clients send a conversation's old pictures along with each prompt.
BODY_BYTES = 8 * 1024 * 1024

# Seconds; the official clients wait no longer, and send a refused request again after moments of their own choice.
LONGEST_RETRY_AFTER = 60

# The entry in a request's META of a prompt that is stored: from then on a repeated request would be another prompt.
_STORED = "chat.prompt_stored"


def openai_endpoint(**methods: View) -> Any:
    """Build the view of one path under `/v1`, as `cross_origin` does, with every error in OpenAI's form."""
    answer = cross_origin(**methods)

    @wraps(answer)
    async def view(request: HttpRequest, **ids: str) -> HttpResponseBase:
        response: HttpResponseBase = await answer(request, **ids)
        if isinstance(response, HttpResponse) and response["Content-Type"] == PROBLEM_TYPE:
            _rewrite(response, msgspec.json.decode(response.content))
        # Goes before the clients' own rule, which sends a failed request twice more.
        if response.status_code >= 400 and (_STORED in request.META or _waits_long(response)):
            response["x-should-retry"] = "false"
        return response

    view.route = Route(answer.route.methods, "application/json", OpenAiProblem)  # type: ignore[attr-defined]
    return view


def _waits_long(response: HttpResponseBase) -> bool:
    return int(response.headers.get("Retry-After", 0)) > LONGEST_RETRY_AFTER


def prompt_stored(request: HttpRequest) -> None:
    """Note that the request must not be repeated by the client after an error."""
    request.META[_STORED] = True


def _rewrite(response: HttpResponse, problem: dict[str, Any]) -> None:
    response.content = msgspec.json.encode(error_of(problem))
    response["Content-Type"] = "application/json"


async def send_prompt(caller: Caller, request: SendRequest) -> Response:
    """Answer a prompt, or attach to its answer. Raise ModelNotFound for a model that the caller does not have."""
    try:
        return await service.send(caller, request)
    except UnknownModel:
        raise ModelNotFound from None


def failure_response(row: Response | None) -> HttpResponse:
    """Return the answer to a prompt whose response ended without being done; None: deleted while it ran."""
    body, kind = failure_body(row), failure_of(row)
    response = HttpResponse(msgspec.json.encode(body), status=kind.status, content_type="application/json")
    if row is not None and row.retry_after is not None:
        response["Retry-After"] = str(round(row.retry_after))
    return response
