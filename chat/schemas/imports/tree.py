"""Messages of an exported chat, put in an order in which each follows its parent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from chat import text
from chat.conf import settings
from chat.schemas.prompts import Content
from chat.schemas.validation import bounded, is_id

# Characters; as many as a title may have.
MAX_TITLE = 200
# Seconds since 1970 in the year 5138; a larger number counts milliseconds.
MAX_SECONDS = 1e11
ROLES = ("user", "assistant")


@dataclass(frozen=True, slots=True)
class ImportedMessage:
    """A message of an imported chat. `key` and `parent` are names within the file."""

    key: str
    parent: str | None
    role: str
    content: Content
    created_at: datetime | None = None

    @property
    def id(self) -> str | None:
        """Return the id to keep; None where the key cannot be one."""
        return self.key if is_id(self.key) else None


@dataclass(frozen=True, slots=True)
class ImportedThread:
    """A chat of an export: all branches, parents first. `leaf` is the end of the branch that was shown."""

    id: str
    title: str
    messages: tuple[ImportedMessage, ...]
    leaf: str | None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    archived: bool = False
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class SourceNode:
    """A message as it stands in a file; one without text or of another role is left out, and joins its neighbours."""

    key: str
    parent: str | None
    role: str
    content: Content
    created_at: datetime | None = None

    @property
    def kept(self) -> bool:
        return self.role in ROLES and bool(self.content.text.strip())


def imported(
    thread_id: str | None, title: str | None, nodes: Iterable[SourceNode], leaf: str | None
) -> ImportedThread:
    """Return the chat of these nodes; without a usable id it gets one that depends on its content."""
    found = {node.key: node for node in nodes}
    order = _parents_first(found)
    messages, kept = _without_gaps(found, order)
    for message in messages:
        bounded(message.content.text, settings.text_bytes, "content")
    shown = kept.get(leaf or "") or (messages[-1].key if messages else None)
    name = thread_id if thread_id is not None and is_id(thread_id) else _content_id(messages)
    return ImportedThread(name, text.storable(title or "")[:MAX_TITLE].strip(), tuple(messages), shown)


def _parents_first(found: dict[str, SourceNode]) -> list[SourceNode]:
    """Return the nodes so that each stands after its parent, a later version after the whole of an earlier one."""
    children: dict[str | None, list[SourceNode]] = {}
    for node in found.values():
        children.setdefault(node.parent if node.parent in found else None, []).append(node)
    order, waiting = [], children.get(None, [])[::-1]
    while waiting:  # nodes that are their own ancestors are never reached
        order.append(node := waiting.pop())
        waiting.extend(reversed(children.get(node.key, [])))
    return order


def _without_gaps(
    found: dict[str, SourceNode], order: list[SourceNode]
) -> tuple[list[ImportedMessage], dict[str, str]]:
    """Return the messages to keep, and for each node the message that stands for it or comes before it.

    An answer in several pieces becomes one message, unless it has versions of a piece.
    """
    stands_for: dict[str, str] = {}
    kept: dict[str, ImportedMessage] = {}
    # The texts of messages in several pieces, joined once: each piece would else copy those before it.
    pieces: dict[str, list[str]] = {}
    siblings = _children_of_kept(found, order)
    for node in order:
        parent = stands_for.get(node.parent or "")
        before = kept.get(parent or "")
        if not node.kept:
            if parent is not None:
                stands_for[node.key] = parent
        elif before is not None and _continues(before, node, siblings):
            pieces.setdefault(before.key, [before.content.text]).append(node.content.text)
            stands_for[node.key] = before.key
        else:
            kept[node.key] = ImportedMessage(node.key, parent, node.role, node.content, node.created_at)
            stands_for[node.key] = node.key
    for key, texts in pieces.items():
        kept[key] = replace(kept[key], content=Content("\n\n".join(texts)))
    return list(kept.values()), stands_for


def _children_of_kept(found: dict[str, SourceNode], order: list[SourceNode]) -> dict[str, int]:
    """Return for each node the number of its children."""
    count = dict.fromkeys(found, 0)
    for node in order:
        if node.parent in count:
            count[node.parent] += 1
    return count


def _continues(before: ImportedMessage, node: SourceNode, children: dict[str, int]) -> bool:
    both = before.role == node.role == "assistant" and not (before.content.parts or node.content.parts)
    return both and children.get(node.parent or "", 0) == 1


def _content_id(messages: list[ImportedMessage]) -> str:
    digest = hashlib.sha256()
    for message in messages:
        digest.update(f"{message.role}\0{message.content.text}\0".encode())
    return str(UUID(bytes=digest.digest()[:16], version=4))


def moment(seconds: float | None) -> datetime | None:
    """Return the time so many seconds or milliseconds after 1970; None for one that is missing, absurd or to come."""
    if seconds is None or not seconds > 0:
        return None
    try:
        time = datetime.fromtimestamp(seconds / 1000 if seconds > MAX_SECONDS else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return time if time <= datetime.now(UTC) else None
