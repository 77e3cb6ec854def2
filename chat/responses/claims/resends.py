"""Prompts of clients that send the whole conversation each time: which of its messages are new, known or edited.

A message is known by its id. An edit comes under the id of the message that it replaces, and is stored beside it under an id
made of that one and the new content: sent once more, it is the same edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import msgspec
from django.db.models import QuerySet
from msgspec import UNSET, UnsetType

from chat.exceptions import ResponseIdReused
from chat.models import Message, Response, Role, Thread
from chat.models.responses import UNSUCCESSFUL_STATUSES
from chat.responses.claims import statements
from chat.schemas import Content, RegenerateRequest, SendRequest
from chat.threads import branches
from chat.threads.attachments import reference

# Messages of the longest branch that is searched for a place by number.
BRANCH_LENGTH = 100_000


def resolve(owner: int, request: SendRequest) -> SendRequest | RegenerateRequest | Response:
    """Return the response that answers the request already, or the request that it amounts to.

    Locks the user's row and the thread's, so that of two identical requests the second finds the first one's response.
    """
    state = statements.lock(owner, request.thread_id)
    if state is None or state.thread is None:
        return request
    known = _known_prompt(state.thread, request)
    if known is None:
        return _with_parent(request, _parent_of_new(state.thread, request))
    latest = Response.objects.filter(prompt=known).select_related("prompt", "thread").order_by("-pk").first()
    if latest is None or (request.prompt_id is not None and not _has_content(known, request.content)):
        edit = _edit_id(known.thread_id, request.prompt_id, request.content)
        return _with_parent(replace(request, prompt_id=edit), _parent_of_edit(known))
    if request.response_id == latest.public_id:
        return latest
    if request.another or request.another_if_known or latest.status in UNSUCCESSFUL_STATUSES:
        return RegenerateRequest(
            latest.public_id,
            request.response_id,
            request.model,
            request.busy,
            request.effort,
            request.options,
        )
    return latest


def find_identical(owner: int, request: SendRequest | RegenerateRequest) -> Response:
    """Return the response that has the requested id. Raise ResponseIdReused where it answers another request."""
    rows = Response.objects.owned_by(owner).select_related("prompt", "thread")
    response = rows.filter(public_id=request.response_id).first()
    if response is None or not _is_identical(response, request):
        raise ResponseIdReused
    return response


def _is_identical(response: Response, request: SendRequest | RegenerateRequest) -> bool:
    prompt, thread = response.prompt, response.thread
    if isinstance(request, RegenerateRequest):
        return Response.objects.filter(prompt=prompt, public_id=request.original).exists()
    return (
        prompt.content == request.content.text
        and prompt.parts == request.content.parts
        and request.prompt_id in (None, prompt.public_id)
        and request.thread_id in (None, thread.public_id)
    )


def _known_prompt(thread: Thread, request: SendRequest) -> Message | None:
    """Return the message that the request repeats or edits.

    Where another answer is wanted and the prompt has no id, or an unknown one with the newest prompt's content: the newest
    prompt. With other content it is a prompt whose first attempt was refused.
    """
    if request.prompt_id is not None:
        edit = _edit_id(thread.pk, request.prompt_id, request.content)
        found = _by_id(_visible(thread).filter(role=Role.USER), {edit, request.prompt_id})
        if found:
            return found.get(edit) or found[request.prompt_id]
    if not request.another:
        return None
    newest = Response.objects.filter(thread=thread).select_related("prompt").order_by("-pk").first()
    repeats = newest is not None and (
        request.prompt_id is None or _has_content(newest.prompt, request.content)
    )
    return newest.prompt if newest is not None and repeats else None


def _parent_of_new(thread: Thread, request: SendRequest) -> str | UnsetType | None:
    """Return the message that a new prompt follows: the newest earlier one that is known, with its reply if it is a prompt.

    UNSET: the thread's last message.
    """
    if request.prompts_before is not None:
        return _parent_by_number(thread, request.prompts_before)
    edits = {
        turn.id: _edit_id(thread.pk, turn.id, turn.content)
        for turn in request.turns
        if turn.id is not None and turn.role == Role.USER
    }
    ids = {turn.id for turn in request.turns if turn.id is not None}
    found = _by_id(_visible(thread).filter(turn__isnull=False), ids | {*edits.values()}) if ids else {}
    for turn in reversed(request.turns):
        known = found.get(edits.get(turn.id or "", "")) or found.get(turn.id or "")
        if known is not None:
            return _last_reply(known) or known.public_id
    return UNSET


def _parent_by_number(thread: Thread, prompts: int) -> str | UnsetType | None:
    """Return the message before the prompt that has so many others before it on the shown branch.

    A client that knows fewer prompts than the branch has edited that one. None: the thread's beginning.
    """
    branch = branches.ancestors(thread.leaf_id, BRANCH_LENGTH)[::-1]
    rows = Message.objects.only("public_id", "role").in_bulk(branch)
    replaced = [at for at, pk in enumerate(branch) if rows[pk].role == Role.USER][prompts:]
    if not replaced:
        return UNSET
    return rows[branch[replaced[0] - 1]].public_id if replaced[0] else None


def _last_reply(prompt: Message) -> str | None:
    replies = _visible(prompt.thread_id).filter(
        role=Role.ASSISTANT, response__prompt=prompt, turn__isnull=False
    )
    return replies.order_by("-response_id").values_list("public_id", flat=True).first()


def _parent_of_edit(original: Message) -> str | UnsetType | None:
    """Return the message that the original follows; None for the thread's beginning, UNSET before the original's turn."""
    if original.turn is None:
        return UNSET
    parent = original.parent
    return None if parent is None or parent.hidden else parent.public_id


def _with_parent(request: SendRequest, parent: str | UnsetType | None) -> SendRequest:
    return replace(request, parent_id=parent) if request.parent_id is UNSET else request


def _visible(thread: Thread | int) -> QuerySet[Message]:
    return Message.objects.visible().filter(thread=thread)


def _by_id(messages: QuerySet[Message], ids: set[str]) -> Mapping[str, Message]:
    return {message.public_id: message for message in messages.filter(public_id__in=ids)}


def _has_content(message: Message, content: Content) -> bool:
    """Return whether a message shows a content: a client sends a message of another one back in its own form."""
    return bool(_shown(Content(message.content, message.parts)) == _shown(content))


def _shown(content: Content) -> Any:
    """Return the text of a content, or its texts, addresses and other parts."""
    if not content.parts:
        return content.text
    parts = [_shown_part(part) for part in msgspec.json.decode(content.text)]
    return "".join(parts) if all(isinstance(part, str) for part in parts) else parts


def _shown_part(part: dict[str, Any]) -> Any:
    if part.get("type") == "text":
        return part.get("text", "")
    if part.get("type") == "file":
        return reference(part)  # clients send its name back, or not
    source = part.get("image_url")
    return {"url": source.get("url") if isinstance(source, dict) else source} if source else part


def _edit_id(thread: int, public_id: str | None, content: Content) -> str:
    """Return the id under which the edit of a message is stored."""
    return str(uuid5(NAMESPACE_OID, f"{thread}:{public_id}:{content.parts}:{content.text}"))
