"""The errors that clients can get, and the one table that maps them to statuses and codes.

ChatError
├── BadRequest ── BadOffset
├── Unauthenticated
├── ForbiddenOrigin, CsrfFailed, InsufficientScope
├── NotFound ── ModelNotFound, PreviousResponseNotFound
├── MethodNotAllowed
├── Conflict ── ThreadBusy, ResponseIdReused, PromptIdReused, NotWaiting
├── TooLarge, UnsupportedMediaType, RangeNotSatisfiable
├── QuotaExceeded
├── ConnectionFailed
└── ModelTrouble ── ModelFailed, Unavailable, ModelTimeout

The class's docstring is the default detail. A detail is public: it never holds a key, a prompt, or a provider's words.
"""

from __future__ import annotations

import traceback
from typing import Any, ClassVar, TypedDict


class Problem(TypedDict):
    """A problem document (RFC 9457). Some have further fields, such as `limit` or `quota`."""

    type: str
    title: str
    status: int
    detail: str
    code: str


class ChatError(Exception):
    """Something went wrong on the server."""

    code: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, retry_after: float | None = None, **fields: Any) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.retry_after = retry_after
        self.fields = fields
        super().__init__(self.detail)

    def problem(self) -> dict[str, Any]:
        """Return the body of an `application/problem+json` answer (RFC 9457)."""
        head = {"type": "about:blank", "title": self.title, "status": self.status}
        return {**head, "detail": self.detail, "code": self.code, **self.fields}


class BadRequest(ChatError):
    """The request is not of the documented form."""

    code, status, title = "bad_request", 400, "Bad request"


class BadOffset(BadRequest):
    """The offset is a count of UTF-8 bytes from 0 to the end of the text, at the start of a character."""

    code, title = "bad_offset", "Bad offset"


class Unauthenticated(ChatError):
    """Sign in, or send `Authorization: Bearer` with a valid token."""

    code, status, title = "unauthenticated", 401, "Not signed in"


class ForbiddenOrigin(ChatError):
    """Requests from other sites are not taken."""

    code, status, title = "forbidden_origin", 403, "Foreign origin"


class CsrfFailed(ChatError):
    """Send the `csrfToken` of GET /api/session in the header X-CSRFToken."""

    code, status, title = "csrf_failed", 403, "CSRF check failed"


class InsufficientScope(ChatError):
    """The token does not have the scope that this takes; `scope` names it. Use another token."""

    code, status, title = "insufficient_scope", 403, "Insufficient scope"


class NotFound(ChatError):
    """There is nothing here under that id or path."""

    code, status, title = "not_found", 404, "Not found"


class ModelNotFound(NotFound):
    """There is no model of that name; GET /v1/models lists them."""

    code, title = "model_not_found", "Model not found"


class PreviousResponseNotFound(NotFound):
    """There is no stored response of that id to continue from."""

    code, title = "previous_response_not_found", "Previous response not found"


class MethodNotAllowed(ChatError):
    """This path does not take that method."""

    code, status, title = "method_not_allowed", 405, "Method not allowed"


class Conflict(ChatError):
    """The request contradicts the stored state."""

    status = 409


class ThreadBusy(Conflict):
    """A response is running in this thread. Stop it, wait for its end, or queue the prompt."""

    code, title, retryable = "thread_busy", "Thread busy", True


class ResponseIdReused(Conflict):
    """This responseId belongs to another prompt or thread. Choose a new one."""

    code, title = "response_id_reused", "Response id reused"


class PromptIdReused(Conflict):
    """A message with this id exists already. Choose a new one."""

    code, title = "prompt_id_reused", "Prompt id reused"


class NotWaiting(Conflict):
    """No answer is awaited here: the request has ended, or another answer was taken before."""

    code, title = "not_waiting", "Not waiting"


class TooLarge(ChatError):
    """The content is larger than this server takes."""

    code, status, title = "too_large", 413, "Too large"


class UnsupportedMediaType(ChatError):
    """Send the body as `Content-Type: application/json`."""

    code, status, title = "unsupported_media_type", 415, "Unsupported media type"


class RangeNotSatisfiable(ChatError):
    """The range begins behind the end of the text; `size` is the number of its bytes from the offset on."""

    code, status, title = "range_not_satisfiable", 416, "Range not satisfiable"


class QuotaExceeded(ChatError):
    """Too many responses at once. Wait until one has ended."""

    code, status, title, retryable = "quota_exceeded", 429, "Quota exceeded", True


class ConnectionFailed(ChatError):
    """The server that was to be connected, or its sign-in service, did not take part as it should."""

    code, status, title, retryable = "connection_failed", 502, "Connection failed", True


class ModelError(ChatError):
    """The model gave no complete answer."""


class ModelFailed(ModelError):
    """The model's answer could not be used. Try again, or ask the operator if it stays so."""

    code, status, title, retryable = "model_failed", 502, "No answer", True


class Unavailable(ModelError):
    """The model could not be reached. Try again."""

    code, status, title, retryable = "unavailable", 503, "No answer", True


class ModelTimeout(ModelError):
    """The model took too long. Try again."""

    code, status, title, retryable = "model_timeout", 504, "No answer", True


def format_traceback_without_message(error: BaseException) -> str:
    """Return the lines of code that an error came from, for the log; its message may quote a prompt and is left out."""
    return "".join(traceback.format_tb(error.__traceback__)).rstrip()


def _leaves(kind: type[ChatError]) -> list[type[ChatError]]:
    own = [kind] if hasattr(kind, "code") else []
    return own + [leaf for child in kind.__subclasses__() for leaf in _leaves(child)]


# WebSocket `error` frames carry the same codes as problem documents.
BY_CODE: dict[str, type[ChatError]] = {kind.code: kind for kind in _leaves(ChatError)}
