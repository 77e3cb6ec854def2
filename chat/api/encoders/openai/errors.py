"""Errors in the form of OpenAI's API, of requests and of responses that ended without being done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chat.exceptions import BY_CODE, ChatError, ModelFailed, Problem
from chat.models import Response

# The members of every problem document; some have further ones, such as `quota` and `renewsAt`.
_COMMON = Problem.__required_keys__


def error_of(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Return the error's JSON object for a problem document, whose further members it keeps."""
    body = error_body(problem["code"], problem["detail"], problem["status"])
    body["error"] |= {name: value for name, value in problem.items() if name not in _COMMON}
    return body


def error_body(code: str, message: str, status: int) -> dict[str, Any]:
    """Return an error's JSON object, which also stands in a stream as an event of its own."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def failure_body(row: Response | None) -> dict[str, Any]:
    code = row.error_code or row.status if row is not None else "stopped"
    return error_body(code, failure_message(row), failure_of(row).status)


def failure_message(row: Response | None) -> str:
    """Return the public text of how a response ended that is not done."""
    return (row and row.error_detail) or "The answer was stopped or interrupted before its end."


def failure_of(row: Response | None) -> type[ChatError]:
    return BY_CODE[row.error_code] if row is not None and row.error_code else ModelFailed
