"""A user's export, read in small pieces: each call is one transaction and holds a few MB at most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models.functions import Coalesce

from chat.models import (
    ApiToken,
    Message,
    PersonRequest,
    Response,
    Role,
    ServerConnection,
    Share,
    Thread,
    User,
)
from chat.permissions import threads as permissions
from chat.threads import branches
from chat.threads.messages import WHOLE_BRANCH, MessageView, with_details
from chat.threads.portions import fitting, octets
from chat.threads.threads import find

# Rows read in one piece.
BATCH = 100
# Bytes of messages in one piece; its first message comes whole even if it is longer.
BYTES = 1_000_000
# Bytes of a message with its thought.
_SIZE = octets("content") + Coalesce("response__thinking_length", 0)

# Walks from each message up to its first visible ancestor.
_VISIBLE_PARENTS = """
WITH RECURSIVE up AS (
    SELECT m.id AS start, p.parent_id, p.hidden, p.public_id
    FROM chat_message m JOIN chat_message p ON p.id = m.parent_id WHERE m.id = ANY(%s)
    UNION ALL
    SELECT up.start, p.parent_id, p.hidden, p.public_id
    FROM up JOIN chat_message p ON p.id = up.parent_id WHERE up.hidden
)
SELECT start, public_id FROM up WHERE NOT hidden
"""


@dataclass(frozen=True, slots=True)
class ExportedMessage:
    """A visible message, its parent's id, the model that wrote it, and the requests to a person that it made."""

    shown: MessageView
    parent: str | None
    model: str | None
    requests: Sequence[PersonRequest] = ()


@dataclass(frozen=True, slots=True)
class AccountExport:
    """The account data of a user, without messages."""

    user: User
    tokens: list[ApiToken]
    shares: list[Share]
    connections: list[ServerConnection]


def account(owner: int) -> AccountExport:
    threads = permissions.changeable(Thread.objects.all(), owner)
    mine = Share.objects.owned_by(owner).filter(thread__in=threads)
    shares = mine.select_related("thread").order_by("pk")
    tokens = ApiToken.objects.filter(user=owner).defer("digest").order_by("pk")
    servers = ServerConnection.objects.filter(owner=owner, connected_at__isnull=False).order_by("server")
    connections = list(servers.defer("grant", "pending"))
    return AccountExport(User.objects.get(pk=owner), list(tokens), list(shares), connections)


def threads_after(owner: int, pk: int) -> list[Thread]:
    """Return the owner's next threads, oldest first; empty at the end."""
    return list(Thread.objects.owned_by(owner).filter(pk__gt=pk).order_by("pk")[:BATCH])


def messages_after(owner: int, thread: int, pk: int) -> tuple[list[ExportedMessage], int | None]:
    """Return the next visible messages of all branches, and the key to continue after (None: the end)."""
    rows = Message.objects.owned_by(owner).visible().filter(thread=thread, pk__gt=pk).order_by("pk")
    sizes = list(rows.values_list("pk", _SIZE)[:BATCH])
    taken = fitting(sizes, BYTES)
    whole = len(taken) == len(sizes) < BATCH
    return _exported(owner, taken), None if whole else taken[-1]


def branch(owner: int, thread_id: str) -> tuple[Thread, list[int]]:
    """Return a thread and the keys of the messages on its current branch, oldest first. Raise NotFound."""
    thread = find(owner, thread_id)
    return thread, branches.ancestors(thread.leaf_id, WHOLE_BRANCH)[::-1]


def messages_of(owner: int, pks: list[int]) -> tuple[list[ExportedMessage], list[int]]:
    """Return as many of the first messages as fit one piece, and the remaining keys.

    Messages deleted meanwhile are left out.
    """
    found = Message.objects.owned_by(owner).visible().filter(pk__in=pks[:BATCH])
    sizes = dict(found.values_list("pk", _SIZE))
    taken = fitting([(pk, sizes[pk]) for pk in pks[:BATCH] if pk in sizes], BYTES)
    read = pks.index(taken[-1]) + 1 if taken else BATCH
    return _exported(owner, taken), pks[read:]


def _exported(owner: int, pks: list[int]) -> list[ExportedMessage]:
    rows = Message.objects.owned_by(owner).visible().select_related("response").in_bulk(pks)
    parents = _visible_parents(pks)
    found = [row for pk in pks if (row := rows.get(pk))]
    views = with_details([(row, []) for row in found])
    asked = _requests([row.response for row in found if row.response and row.role == Role.ASSISTANT])
    exported = []
    for row, view in zip(found, views, strict=True):
        model = row.response.model if row.response else None
        requests = asked[row.response_id or 0] if row.role == Role.ASSISTANT else []
        exported.append(ExportedMessage(view, parents.get(row.pk), model, requests))
    return exported


def _requests(responses: list[Response]) -> defaultdict[int, list[PersonRequest]]:
    """Return the requests of replies by the key of the response, in their order."""
    found: defaultdict[int, list[PersonRequest]] = defaultdict(list)
    changed = [response.pk for response in responses if response.tool_changes]
    for row in PersonRequest.objects.filter(response__in=changed).order_by("number") if changed else ():
        found[row.response_id].append(row)
    return found


def _visible_parents(pks: list[int]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(_VISIBLE_PARENTS, [pks])
        return dict(cursor.fetchall())
