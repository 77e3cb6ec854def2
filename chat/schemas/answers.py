"""A person's answer to a request of a response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from chat.schemas.validation import Id, checked_id, parse_struct


class AnswerBody(msgspec.Struct, frozen=True):
    """A person's answer: edited `arguments` with an approval, the `content` of a form, or the `result` of a client's tool.

    `forThread`: an approval counts for all later calls of the tool in the thread.
    """

    requestId: Id
    outcome: str
    arguments: dict[str, Any] | None = None
    content: Any = None
    result: Any = None
    forThread: bool = False


@dataclass(frozen=True, slots=True)
class BroughtAnswer:
    """An answer that the next request of another family's client brings.

    `name` is that of the request, or (`to_call`) of the client's call. `payload`: `{"approved", "editedArgs"?}` for an
    approval, the content of a form, or the result of a call. `declined`: there is none.
    """

    name: str
    payload: Any = None
    to_call: bool = False
    declined: bool = False


def parse_answer(body: bytes) -> AnswerBody:
    """Parse the body of `POST /api/responses/{responseId}/answers`. Raise BadRequest."""
    answer = parse_struct(body, AnswerBody)
    checked_id(answer.requestId, "requestId")
    return answer
