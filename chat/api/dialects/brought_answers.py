"""Answers to requests to a person, brought by the next request of a client that knows no route for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from chat import db, service
from chat.accounts.identity import Caller
from chat.exceptions import BadRequest
from chat.models import PersonRequest, RequestKind, RequestOutcome, Response
from chat.schemas.answers import AnswerBody, BroughtAnswer
from chat.threads import threads


async def take(
    caller: Caller, brought: Collection[BroughtAnswer], **of: str
) -> tuple[Response, list[str]] | None:
    """Take the answers to requests of one response; return that and the ids of its requests, None where they name none.

    `of`: the `response` or the `thread` that must hold the requests. Answers of earlier rounds, and those to requests that
    have ended, which clients send along, are passed over while another one is open; without any, they must be the answers that
    were taken. Raise BadRequest, NotWaiting or Unavailable.
    """
    names = {one.name for one in brought if not one.to_call}
    calls = {one.name for one in brought if one.to_call}
    requests = await db.atomic_async(threads.named_requests, caller.user, names, calls, **of)
    matched = [(request, one) for request in requests for one in brought if _names(one, request)]
    if not matched:
        return None
    taken = [pair for pair in matched if pair[0].outcome is None] or matched
    response = requests[0].response.public_id
    for body in [_answer_body(request, one) for request, one in taken]:
        await service.answer(caller, response, body)
    row = await db.atomic_async(threads.response, caller.user, response)
    return row, [request.public_id for request, _ in matched]


async def take_known(
    caller: Caller, brought: Sequence[BroughtAnswer], field: str, **of: str
) -> tuple[Response, list[str]]:
    """Take answers as `take` does. Raise BadRequest where they name no request; `field`: that of the body with the answers."""
    taken = await take(caller, brought, **of)
    if taken is None:
        raise BadRequest(f"`{field}` answers nothing that was asked in this chat.")
    return taken


def _names(brought: BroughtAnswer, request: PersonRequest) -> bool:
    if brought.to_call:
        return request.kind == RequestKind.CLIENT and request.call_id == brought.name
    return request.public_id == brought.name


def _answer_body(request: PersonRequest, brought: BroughtAnswer) -> AnswerBody:
    """Return an answer in the form of this server's own route. Raise BadRequest."""
    if brought.declined:
        return AnswerBody(request.public_id, RequestOutcome.REJECTED)
    if request.kind == RequestKind.CLIENT:
        return AnswerBody(request.public_id, RequestOutcome.ANSWERED, result=brought.payload)
    if request.kind == RequestKind.ASK:
        return AnswerBody(request.public_id, RequestOutcome.ANSWERED, content=brought.payload)
    return _approval(request, brought.payload)


def _approval(request: PersonRequest, payload: Any) -> AnswerBody:
    given = payload if isinstance(payload, dict) else {"approved": payload}
    approved, edited = given.get("approved"), given.get("editedArgs")
    if not isinstance(approved, bool) or not isinstance(edited, dict | None):
        raise BadRequest(
            "An approval must hold `approved`, true or false, and may hold `editedArgs`, an object."
        )
    outcome = RequestOutcome.APPROVED if approved else RequestOutcome.REJECTED
    return AnswerBody(request.public_id, outcome, arguments=edited if approved else None)
