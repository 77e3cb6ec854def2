"""Answers to the requests of a response, checked against what was asked."""

from __future__ import annotations

import msgspec

from chat.conf import settings
from chat.exceptions import BadRequest
from chat.models import PersonRequest, RequestKind, RequestOutcome
from chat.schemas.answers import AnswerBody
from chat.schemas.validation import bounded
from chat.tools.forms import FormError, check_content

# The outcomes that a client may give to each kind of request.
OUTCOMES = {
    RequestKind.APPROVE: (RequestOutcome.APPROVED, RequestOutcome.REJECTED),
    RequestKind.ASK: (RequestOutcome.ANSWERED, RequestOutcome.REJECTED),
    RequestKind.CLIENT: (RequestOutcome.ANSWERED, RequestOutcome.REJECTED),
}


def checked(request: PersonRequest, given: AnswerBody) -> str | None:
    """Return the JSON text of what an answer brings, None for nothing. Raise BadRequest or TooLarge."""
    allowed = OUTCOMES[RequestKind(request.kind)]
    if given.outcome not in allowed:
        raise BadRequest(
            f"`outcome` must be {' or '.join(allowed)} for a request of the kind {request.kind}."
        )
    _check_fields(request, given)
    if given.outcome == RequestOutcome.REJECTED:
        return None
    brought = {
        RequestKind.APPROVE: given.arguments,
        RequestKind.ASK: given.content,
        RequestKind.CLIENT: "" if given.result is None else given.result,
    }[RequestKind(request.kind)]
    if brought is None and request.kind == RequestKind.APPROVE:
        return None
    text = msgspec.json.encode(brought).decode()
    bounded(text, settings.content_bytes, "answer")
    if request.kind == RequestKind.ASK:
        _check_form(request, given)
    return text


def _check_fields(request: PersonRequest, given: AnswerBody) -> None:
    """Refuse what does not belong to an answer of this kind: it would be lost without a word."""
    approves = given.outcome == RequestOutcome.APPROVED
    if given.arguments is not None and not (approves and request.editable):
        raise BadRequest("The arguments of this call may not be edited.")
    if given.forThread and not approves:
        raise BadRequest("`forThread` belongs to an approval.")
    answers = given.outcome == RequestOutcome.ANSWERED
    if given.content is not None and not (answers and request.kind == RequestKind.ASK):
        raise BadRequest("`content` belongs to the answer of a form.")
    if given.result is not None and not (answers and request.kind == RequestKind.CLIENT):
        raise BadRequest("`result` belongs to the answer of a client's tool.")


def _check_form(request: PersonRequest, given: AnswerBody) -> None:
    try:
        check_content(given.content, request.schema or "{}")
    except FormError as problem:
        raise BadRequest(f"`content` does not fit the form: {problem}", path=problem.path) from None
