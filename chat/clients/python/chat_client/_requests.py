"""Requests and answers as values, shared by both clients. Pure."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx

from chat_client._version import __version__
from chat_client.errors import ProblemError, ProtocolError, problem_of

# Seconds of silence after which a connection counts as dead: three missed heartbeats of 15 s.
SILENCE_SECONDS = 45.0
# Seconds to connect; an answer on the same continent takes less than one.
CONNECT_SECONDS = 10.0
TIMEOUT = httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS, pool=None)

Json = dict[str, Any]


# The JSON that a request is answered with; None for no body.
AnswerT_co = TypeVar("AnswerT_co", covariant=True)


@dataclass(frozen=True)
class ApiRequest(Generic[AnswerT_co]):
    """One request below `/api`."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Json | None = None
    content: bytes | None = None
    content_type: str = "application/json"


def new_id() -> str:
    return uuid.uuid4().hex


def path(*parts: str) -> str:
    """Return the path below `/api` with each part escaped."""
    return "/api/" + "/".join(quote(part, safe="") for part in parts)


def fields(options: Mapping[str, Any]) -> Json:
    """Return options under the server's names: `threadId` for `thread_id`."""
    return {_camel_case(name): value for name, value in options.items()}


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def given(parameters: Mapping[str, Any]) -> Json:
    """Return the parameters of a query that have a value."""
    return {name: value for name, value in parameters.items() if value is not None}


def headers(token: str | None, csrf_token: str, request: ApiRequest[object]) -> dict[str, str]:
    """Return a request's headers: a bearer token, or what goes with a visitor's cookies."""
    credentials = {"Authorization": f"Bearer {token}"} if token else {"X-CSRFToken": csrf_token}
    kind = {} if request.method == "GET" else {"Content-Type": request.content_type}
    return {"User-Agent": f"chat-client/{__version__}", **credentials, **kind}


def body(request: ApiRequest[object]) -> bytes | None:
    """Return a request's body in bytes; None where it has none."""
    return request.content if request.json is None else json.dumps(request.json).encode()


def decoded(request: ApiRequest[AnswerT_co], response: httpx.Response) -> AnswerT_co:
    """Return an answer's JSON, None for an empty one. Raise ProblemError or ProtocolError."""
    if not response.is_success:
        raise problem_from(response)
    try:
        document: Any = response.json() if response.content else None
    except ValueError as error:
        raise ProtocolError("The answer is no JSON.") from error
    answer: AnswerT_co = document
    return answer


def problem_from(response: httpx.Response) -> ProblemError:
    """Return the error of a refused request whose body has been read."""
    try:
        document = response.json()
    except ValueError:
        document = None
    return problem_of(response.status_code, document, response.headers.get("Retry-After"))
