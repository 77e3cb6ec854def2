"""The request that asks a model to answer, within the limits of that model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chat.db import sql
from chat.llm.clients.base import ModelProfile, ModelRequest
from chat.llm.provider_fields import model_key
from chat.threads import history
from chat.threads.attachment_parts import AttachmentOptions, may_show_attachments, with_attachments
from chat.threads.history import Messages, history_with_provenance
from chat.threads.search import files

# Whether a user has files with text: an expression in a larger statement, with a place for the primary key.
HAS_FILES_SQL = """EXISTS (
    SELECT FROM chat_attachment a WHERE a.owner_id = {owner} AND a.characters > 0 AND a.soft_deleted_at IS NULL
)"""

_BEFORE = f"""
SELECT m.parent_id, t.system_prompt, t.revision, m.owner_id, coalesce(r.options::jsonb ->> 'instructions', ''), t.id,
    {HAS_FILES_SQL.format(owner="m.owner_id")}
FROM chat_message m JOIN chat_thread t ON t.id = m.thread_id JOIN chat_response r ON r.id = m.response_id
WHERE m.response_id = %s AND m.role = 'assistant' AND NOT m.hidden
"""


# The row of _BEFORE, for callers that know it already: the message before the reply, the thread's system prompt and
# revision, the owner, the response's own instructions, the thread, and whether the owner has files with text.
Before = tuple[int | None, str, int, int, str, int, bool]

# The tool that finds passages of files which a request holds in part.
SEARCH_TOOL = "search_files"


def branch_statement(before: Before, profile: ModelProfile, budget: int) -> sql.Statement:
    """Return the statement that reads the branch of `build_request`; its rows may be read together with other statements."""
    return history.branch_statement(before[0] or 0, _room(before, profile, budget), _model(profile))


def _room(before: Before, profile: ModelProfile, budget: int) -> int:
    """Return the characters of the history, beside those of the system texts."""
    return max(0, budget - sum(map(len, _system_texts(before, profile))))


def _system_texts(before: Before, profile: ModelProfile) -> tuple[str, str, str]:
    _, own, _, _, instructions, *_ = before
    return profile.system, own, instructions


def _model(profile: ModelProfile) -> str:
    return model_key(profile) if profile.wants_back else ""


def build_request(
    response: int,
    profile: ModelProfile,
    budget: int,
    file_budget: int = 0,
    *,
    searchable: bool = True,
    before: Before | None = None,
    branch: list[sql.Row] | None = None,
) -> ModelRequest:
    """Return the history with which a response begins, or continues after a round of tools; no tools are in it yet.

    The system texts of the model, of the thread and of the response precede it: no message stores them. They count towards
    `budget` (characters), and always stay, as does the newest prompt. To the provenance of the history are added `own`, the
    revision of the thread's system prompt, and how its attachments were sent. Of file texts it holds at most `file_budget`
    characters, and so much less of the history. `searchable`: the model may call SEARCH_TOOL. `before`, `branch`: what is
    known already, the latter by `branch_statement`.
    """
    known = before or sql.rows(_BEFORE, [response])[0]
    parent, _, revision, owner, _, thread, has_files = known
    finds = has_files and searchable
    system, model, room = _system_texts(known, profile), _model(profile), _room(known, profile, budget)
    origin = {"own": revision, "images": profile.images}
    messages, provenance = history_with_provenance(parent or 0, room, model, branch)
    if not may_show_attachments(messages):  # as most
        others = finds and files.has_others(owner, thread, ())
        messages = [*system_messages(system), *messages]
        return ModelRequest(messages, [], {**origin, **provenance}, other_files=others)
    options = AttachmentOptions(profile.images, profile.files, file_budget, searchable)
    resolved = with_attachments(messages, owner, options)
    if resolved.characters:
        # Files of turns that are left out take no room, so what is left fits all the more.
        messages, provenance = history_with_provenance(parent or 0, max(0, room - resolved.characters), model)
        resolved = with_attachments(messages, owner, options)
    origin |= provenance
    return ModelRequest(
        [*system_messages(system), *resolved.messages],
        [],
        {**origin, **_file_options(options, resolved.unread)} if resolved.has_files else origin,
        searches_files=resolved.partial and searchable,
        unread_files=resolved.unread,
        other_files=finds and files.has_others(owner, thread, resolved.whole),
    )


def _file_options(options: AttachmentOptions, unread: list[int]) -> dict[str, Any]:
    """Return how files were sent, for the provenance of a request that holds any."""
    return {
        "files": options.files,
        "fileCharacters": options.characters,
        "searchable": options.searchable,
        **({"unread": unread} if unread else {}),
    }


def options_of(provenance: dict[str, Any]) -> AttachmentOptions:
    """Return how the attachments of a request were sent; those of an older program sent no files."""
    characters, searchable = provenance.get("fileCharacters", 0), provenance.get("searchable", False)
    unread = tuple(provenance.get("unread", ()))
    return AttachmentOptions(
        provenance["images"], provenance.get("files", False), characters, searchable, unread
    )


def system_messages(texts: Iterable[str]) -> Messages:
    return [{"role": "system", "content": text} for text in texts if text]
