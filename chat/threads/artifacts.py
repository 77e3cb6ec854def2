"""Artifacts of replies: the rows of their versions, which are made when a reply is stored, and the reading of their texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
from django.db.models import Exists, OuterRef, QuerySet

from chat.db import sql
from chat.exceptions import NotFound
from chat.models import Artifact, Message, Role
from chat.permissions import threads as permissions
from chat.schemas import is_id
from chat.text import ArtifactText, artifacts_of
from chat.threads.threads import find

# Artifacts that a list shows, the newest ones.
LISTED = 200

# A part of larger statements, too: `reply` has the message (id, owner_id, thread_id), `artifacts` the text's artifacts. An id
# that another thread of the owner has gets a suffix.
ADD = """
INSERT INTO chat_artifact (owner_id, thread_id, message_id, place, public_id, version, name, kind, title)
SELECT m.owner_id, m.thread_id, m.id, a.place,
    coalesce(known.public_id, CASE WHEN EXISTS (
        SELECT FROM chat_artifact o WHERE o.owner_id = m.owner_id AND o.public_id = a.public_id
    ) THEN left(a.public_id, 119) || '.' || left(md5(m.thread_id || a.name), 8) ELSE a.public_id END),
    coalesce(known.version, 0) + row_number() OVER (PARTITION BY a.name ORDER BY a.place), a.name, a.kind, a.title
FROM reply m, jsonb_to_recordset(%(artifacts)s::jsonb) AS a(place int, public_id text, name text, kind text, title text)
LEFT JOIN LATERAL (
    SELECT e.public_id, e.version FROM chat_artifact e WHERE e.thread_id = m.thread_id AND e.name = a.name
    ORDER BY e.version DESC LIMIT 1
) known ON true
ON CONFLICT DO NOTHING RETURNING public_id, version, kind, title, place
"""
_REINDEX = f"""
WITH reply AS (SELECT id, owner_id, thread_id FROM chat_message WHERE id = %(message)s)
{ADD}
"""


@dataclass(frozen=True, slots=True)
class ArtifactView:
    """A version of an artifact with its text, and all versions, oldest first."""

    row: Artifact
    content: str
    versions: list[Artifact]


def encode(content: str) -> str:
    """Encode the parameter `artifacts` of ADD; "" for a text without any."""
    rows = [
        {"place": place, "public_id": one.public_id, "name": one.name, "kind": one.kind, "title": one.title}
        for place, one in enumerate(artifacts_of(content))
    ]
    return msgspec.json.encode(rows).decode() if rows else ""


def index(message: int, content: str) -> None:
    """Store the artifacts of a reply that was brought along or replaced; those that it has already keep their versions."""
    found = artifacts_of(content)
    stored = {row.place: row for row in Artifact.objects.filter(message=message)}
    same = [place for place, one in enumerate(found) if place in stored and stored[place].name == one.name]
    Artifact.objects.filter(message=message).exclude(place__in=same).delete()
    for place in same:
        Artifact.objects.filter(pk=stored[place].pk).update(kind=found[place].kind, title=found[place].title)
    if len(found) > len(same):
        sql.rows(_REINDEX, {"message": message, "artifacts": encode(content)})


def index_imported(messages: Iterable[Message]) -> None:
    """Store the artifacts of the replies among imported messages, in their order."""
    for row in messages:
        if row.role == Role.ASSISTANT and not row.hidden and not row.parts and artifacts_of(row.content):
            index(row.pk, row.content)


def of_thread(user: int, thread: str) -> list[Artifact]:
    """Return the artifacts of a thread, each at its newest version, the newest first. Raise NotFound."""
    return newest_of(find(user, thread).pk)


def newest_of(thread: int) -> list[Artifact]:
    """Return the artifacts of a thread by its key, as `of_thread` does."""
    rows = Artifact.objects.filter(thread=thread).select_related("message")
    later = Artifact.objects.filter(owner=OuterRef("owner"), public_id=OuterRef("public_id"))
    newest = rows.filter(~Exists(later.filter(version__gt=OuterRef("version"))))
    return list(
        newest.defer("message__content", "message__plain_text", "message__terms").order_by("-pk")[:LISTED]
    )


def of_messages(rows: Iterable[Message]) -> Mapping[int, list[Artifact]]:
    """Return the artifacts of each message that has any, by the keys of the messages."""
    known = {row.pk: row for row in rows if row.role == Role.ASSISTANT and "artifact" in row.content}
    found: defaultdict[int, list[Artifact]] = defaultdict(list)
    for one in Artifact.objects.filter(message__in=known).order_by("place") if known else ():
        one.message = known[one.message_id]
        found[one.message_id].append(one)
    return found


def show(user: int, public_id: str, version: int | None) -> ArtifactView:
    """Return a version of an artifact, by default the newest. Raise NotFound, alike for a foreign and an unknown one."""
    rows = permissions.readable(Artifact.objects.all(), user).filter(
        public_id=public_id if is_id(public_id) else "", thread__soft_deleted_at=None
    )
    return view(rows.order_by("owner", "version"), user, version)


def view(rows: QuerySet[Artifact], user: int, version: int | None) -> ArtifactView:
    """Return a version among the rows of one artifact. Raise NotFound."""
    found = list(
        rows.select_related("message").defer("message__plain_text", "message__terms", "message__content")
    )
    # Ids are names inside their owner: the user's own come first.
    first = min((one.owner_id for one in found), key=lambda owner: owner != user, default=user)
    versions = [one for one in found if one.owner_id == first]
    chosen = [one for one in versions if version is None or one.version == version]
    if not chosen:
        raise NotFound
    return ArtifactView(chosen[-1], text_of(chosen[-1]), versions)


def in_thread(thread: int, name: str, version: int | None = None) -> ArtifactView:
    """Return a version of the artifact that has this id, or has it in the thread's texts. Raise NotFound."""
    rows = Artifact.objects.filter(thread=thread)
    named = rows.filter(public_id=name) if rows.filter(public_id=name).exists() else rows.filter(name=name)
    return view(named.order_by("version"), 0, version)


def text_of(row: Artifact) -> str:
    """Return the text of a version as its message has it now: the artifact's, or what stands there in its place."""
    message = row.message
    found: list[ArtifactText] = artifacts_of(message.content)
    if row.place < len(found):
        return found[row.place].body
    return message.content if message.redacted_at is not None else ""
