"""Details of replies that some clients show beside messages: the tokens used, and the offsets of tool calls in the content."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from chat.models import Chunk, Message, Response, Role
from chat.permissions import threads as permissions
from chat.threads.messages import MessageView


@dataclass(frozen=True, slots=True)
class ReplyDetails:
    """The usage of a reply (None before its end), and for each of its tool calls the bytes of the content before it.

    The calls of a reply whose content was changed since stand before all of it.
    """

    usage: dict[str, Any] | None = None
    places: Sequence[int] = ()


def of_replies(user: int, shown: Iterable[MessageView]) -> Mapping[str, ReplyDetails]:
    """Return the details of the replies among these messages, as far as the user may read them."""
    replies = [view for view in shown if view.role == Role.ASSISTANT]
    named = Response.objects.filter(public_id__in=[view.id for view in replies])
    rows = permissions.readable(named, user)
    usage = {row.public_id: row.usage for row in rows}
    calling = [view.id for view in replies if view.tools]
    changed, items = _changed(user, calling), _think_items(user, calling)
    return {
        view.id: ReplyDetails(
            usage.get(view.id),
            [0 if view.id in changed else _place(tool["offset"], items[view.id]) for tool in view.tools],
        )
        for view in replies
    }


def _changed(user: int, replies: list[str]) -> set[str]:
    rows = permissions.readable(Message.objects.filter(public_id__in=replies), user)
    changed = rows.filter(Q(edited_at__isnull=False) | Q(redacted_at__isnull=False))
    return set(changed.values_list("public_id", flat=True)) if replies else set()


def _think_items(user: int, replies: list[str]) -> Mapping[str, list[tuple[int, int]]]:
    """Return the ranges of our own think items in the logs of replies."""
    found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    if replies:
        ephemeral = Chunk.objects.filter(response__public_id__in=replies, ephemeral=True)
        items = permissions.readable(ephemeral, user, "response__owner", "response__thread")
        for reply, start, stop in items.values_list("response__public_id", "start", "stop"):
            found[reply].append((start, stop))
    return found


def _place(offset: int, items: list[tuple[int, int]]) -> int:
    return offset - sum(stop - start for start, stop in items if stop <= offset)
