"""The checks of a prompt against its model, the tokens that its answer reserves, and what is stored beside it."""

from __future__ import annotations

from chat.exceptions import BadRequest
from chat.llm import config
from chat.responses.claims import quotas
from chat.responses.usage.upstream_calls import MAX_TOKENS
from chat.schemas import RegenerateRequest, SendRequest
from chat.threads import attachments

ClaimRequest = SendRequest | RegenerateRequest


def reserve_tokens(request: ClaimRequest, model: str, characters: int) -> int:
    """Return the tokens that an answer to so many characters reserves. Raise BadRequest for what the model does not offer."""
    _check_effort(request.effort, model)
    _check_tools(request, model)
    return quotas.estimate(characters, _answer_cap(request, model))


def _check_effort(effort: str | None, model: str) -> None:
    """Raise BadRequest for an effort that the model does not offer."""
    if effort is None:
        return
    offered = list(config.specs()[model].efforts)
    if effort not in offered:
        known = ", ".join(offered) or "none"
        raise BadRequest(f"The model {model} has no such effort. Known: {known}.", efforts=offered)


def _check_tools(request: ClaimRequest, model: str) -> None:
    """Raise BadRequest for a client's tools where the model calls none."""
    if request.options and request.options.tools and not config.calls_tools(model):
        raise BadRequest(f"The model {model} calls no tools.")


def _answer_cap(request: ClaimRequest, model: str) -> int:
    """Return the tokens of an answer at most; 0 where neither the request nor the model's parameters bound them."""
    asked = request.options.parameters if request.options else {}
    return min(asked.get("max_tokens") or config.token_limit(model), MAX_TOKENS)


def count_characters(request: SendRequest) -> int:
    """Return the characters of a prompt and of what it brings along."""
    turns = sum(
        len(turn.content.text) + len(turn.tool_calls or "") for turn in (*request.turns, *request.rounds)
    )
    instructions = len(request.options.instructions) if request.options else 0
    return len(request.content.text) + instructions + turns


def begins_with_lock(request: ClaimRequest) -> bool:
    """Return whether a claim touches nothing of its owner's before it has locked the owner's row."""
    return isinstance(request, SendRequest) and not (
        request.by_id or request.inline_pictures or request.content.parts or request.turns or request.rounds
    )


def is_whole(request: ClaimRequest) -> bool:
    """Return whether all of a claim is stored with its response: nothing is imported or linked after it."""
    return isinstance(request, RegenerateRequest) or not (
        request.rounds or attachments.references(request.content)
    )
