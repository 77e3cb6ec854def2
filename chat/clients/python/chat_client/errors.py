"""Exceptions.

ChatClientError
├── ConnectionLostError      no answer, or a stream without its end
├── ProtocolError            the answer is not what the server documents
├── ResponseFailedError      the response ended as failed or interrupted
└── ProblemError             the server refused the request
    ├── BadRequestError      400, and any 4xx without a class of its own
    ├── UnauthenticatedError 401
    ├── ForbiddenError       403
    ├── NotFoundError        404
    ├── ConflictError        409
    ├── TooLargeError        413
    ├── QuotaExceededError   429
    └── ServerError          5xx
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chat_client.events import StreamEnd

# Statuses that may be temporary.
_TEMPORARY = {408, 429, 500, 502, 503, 504}


class ChatClientError(Exception):
    """Any error of this package."""


class ConnectionLostError(ChatClientError):
    """The server gave no answer, or a stream was closed before its end."""


class ProtocolError(ChatClientError):
    """The answer is not what the server documents."""


class ResponseFailedError(ChatClientError):
    """The response ended as failed or interrupted; `code` is "interrupted" where the server names no error."""

    def __init__(self, end: StreamEnd) -> None:
        error = end.error
        super().__init__(error["message"] if error else f"The response ended as {end.status}.")
        self.end = end
        self.code = error["code"] if error else end.status


class ProblemError(ChatClientError):
    """A refusal; `problem` is the whole problem document, `retry_after` in seconds."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail") or problem.get("title") or f"The server answered {status}.")
        self.retry_after = retry_after
        self.problem = problem
        super().__init__(self.detail)

    @property
    def temporary(self) -> bool:
        """True if the same request may be accepted later."""
        return self.status in _TEMPORARY


class BadRequestError(ProblemError):
    """The request is not of the documented form."""


class UnauthenticatedError(ProblemError):
    """There is no valid token."""


class ForbiddenError(ProblemError):
    """The request is not allowed."""


class NotFoundError(ProblemError):
    """There is nothing under that id, or it is another user's."""


class ConflictError(ProblemError):
    """The thread is busy, or an id is in use."""


class TooLargeError(ProblemError):
    """The content is larger than the server takes."""


class QuotaExceededError(ProblemError):
    """A quota is used up; `problem["quota"]` names it."""


class ServerError(ProblemError):
    """The server or its model is in trouble."""


_CLASSES: dict[int, type[ProblemError]] = {
    401: UnauthenticatedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: TooLargeError,
    429: QuotaExceededError,
}


def problem_of(status: int, document: object, retry_after: str | None) -> ProblemError:
    """Return the exception of a refused request."""
    problem = document if isinstance(document, dict) else {}
    kind = _CLASSES.get(status, ServerError if status >= 500 else BadRequestError)
    return kind(status, problem, _seconds(retry_after))


def _seconds(header: str | None) -> float | None:
    """Return the value of a `Retry-After` header; None for a date, which this server never sends."""
    try:
        return float(header) if header else None
    except ValueError:
        return None
