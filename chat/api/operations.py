"""Descriptions of endpoints: the OpenAPI document follows from them, from the structs they name, and from docstrings.

@describe(whole(ThreadState, 201), whole(ThreadState), body=NewThreadBody)
async def create(request): ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from chat.exceptions import (
    ChatError,
    ModelFailed,
    ModelTimeout,
    NotFound,
    PromptIdReused,
    QuotaExceeded,
    ResponseIdReused,
    ThreadBusy,
    Unavailable,
)
from chat.models import TokenScope

V = TypeVar("V", bound=Callable[..., Any])

# Kinds of callers: an account or a guest that exists; also one by cookie without a CSRF token, from this origin; anyone.
Access = Literal["account", "origin", "anyone"]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

# Errors of a model that stand in place of its answer.
MODEL_ERRORS: tuple[type[ChatError], ...] = (ModelFailed, Unavailable, ModelTimeout)

# Errors of the routes that send a prompt. NotFound: the message that it follows is unknown.
SENDING: tuple[type[ChatError], ...] = (
    NotFound,
    ThreadBusy,
    ResponseIdReused,
    PromptIdReused,
    QuotaExceeded,
    *MODEL_ERRORS,
)

# Headers of the routes that stream a response.
RESPONSE_HEADERS = ("X-Response-Id", "X-Thread-Id")


class Answer(NamedTuple):
    """A successful answer: its status, the type of its content (none: no content), and the shape of that where it has one."""

    status: int
    content_type: str = ""
    shape: Any = None
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one route. `body`: structs of which the body is one. `headers`: those of a request that count.

    `scope`: of a token; by default reading for safe methods, managing for all others.
    """

    answers: tuple[Answer, ...]
    body: tuple[type, ...] = ()
    body_type: str = "application/json"
    body_required: bool = True
    query: type[msgspec.Struct] | None = None
    headers: tuple[str, ...] = ()
    access: Access = "account"
    scope: TokenScope | None = None
    raises: tuple[type[ChatError], ...] = ()


def describe(*answers: Answer, body: type | tuple[type, ...] = (), **more: Any) -> Callable[[V], V]:
    """Return a decorator that attaches an Operation to a view."""
    bodies = body if isinstance(body, tuple) else (body,)

    def attach(view: V) -> V:
        view.operation = Operation(answers, bodies, **more)  # type: ignore[attr-defined]
        return view

    return attach


def operation_of(view: Callable[..., Any]) -> Operation | None:
    return getattr(view, "operation", None)


def scope_of(method: str, view: Callable[..., Any]) -> TokenScope:
    """Return the scope that a token needs for a view under a method."""
    described = operation_of(view)
    if described is not None and described.scope is not None:
        return described.scope
    return TokenScope.READ if method in SAFE_METHODS else TokenScope.MANAGE


def whole(shape: Any, status: int = 200) -> Answer:
    return Answer(status, "application/json", shape)


def streamed(content_type: str = "text/event-stream", status: int = 200) -> Answer:
    """Return the answer that streams a response."""
    return Answer(status, content_type, headers=RESPONSE_HEADERS)


EMPTY = Answer(204)
