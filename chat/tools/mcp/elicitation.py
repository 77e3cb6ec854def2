"""Questions that an MCP server asks the user during a call (elicitation): forms of the call, like those of other tools.

A question that the user has not answered ends the call, and the response waits. Then the tool runs anew from its beginning,
and the server gets the stored answer as soon as it asks the same again: the same words and the same schema, for a stored
answer must never go to another question.
"""

from __future__ import annotations

import importlib
from typing import Any

from chat.text import storable
from chat.tools.context import AnswerNeeded, PersonAnswer
from chat.tools.forms import FormError, encode_schema
from chat.tools.mcp.calls import RunningCall
from chat.tools.mcp.elicited_forms import fields_of, secret_in

# Questions of one call: more make a form of many pages.
MAX_QUESTIONS = 10
# Of a question.
MESSAGE_CHARACTERS = 2_000


class ElicitationRefused(RuntimeError):
    """A question that the user is not asked. The message is for the model."""


async def reply(call: RunningCall, params: Any) -> Any:
    """Return what a server gets for a question: an answer of the user's, or an error where the question ends the call."""
    call.elicitations += 1
    try:
        return _result(call, params)
    except FormError as problem:
        call.stop(ElicitationRefused(f"The server asked the user with a form that is not taken. {problem}"))
    except (ElicitationRefused, AnswerNeeded) as problem:
        call.stop(problem)
    # The server must not take this for the user's answer, so it first gets to know that the call is cancelled.
    await call.over.wait()
    return error("The call has ended; the answer comes when it is made again.")


def error(message: str) -> Any:
    """Return the error of the protocol for a question that cannot be answered now."""
    types = importlib.import_module("mcp.types")
    return types.ErrorData(code=types.INVALID_REQUEST, message=message)


def _result(call: RunningCall, params: Any) -> Any:
    result = importlib.import_module("mcp.types").ElicitResult
    if call.elicitations > MAX_QUESTIONS:
        raise ElicitationRefused(f"The server asked the user more than {MAX_QUESTIONS} times.")
    if params.mode == "url":
        call.notes.append("[The server wanted the user to open an address, which this chat has declined.]")
        return result(action="decline")
    answer = _stored(call, storable(params.message[:MESSAGE_CHARACTERS]), _checked(params))
    if answer.content is None:
        return result(action="cancel" if answer.expired else "decline")
    return result(action="accept", content=answer.content)


def _stored(call: RunningCall, message: str, schema: str) -> PersonAnswer:
    """Return the user's answer to a question. Raise AnswerNeeded where there is none yet."""
    for answer in call.answers:
        if (answer.message, answer.schema) == (message, schema):
            call.answers.remove(answer)
            return answer
    if call.questions_asked >= MAX_QUESTIONS:
        raise ElicitationRefused(f"The server asked the user more than {MAX_QUESTIONS} times.")
    raise AnswerNeeded(message, schema)


def _checked(params: Any) -> str:
    """Return the JSON text of a form's schema. Raise FormError, or ElicitationRefused for one that asks for a secret."""
    schema = params.requested_schema
    text = encode_schema(schema)
    fields = fields_of(schema)
    secret = secret_in(params.message, schema, fields)
    if secret is not None:
        raise ElicitationRefused(
            f"The server asked the user for a secret ({secret[:60]!r}), which a form must not do."
        )
    return text
