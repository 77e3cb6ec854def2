"""Public links to a thread, created and revoked by its owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from chat.exceptions import BadRequest, NotFound, QuotaExceeded
from chat.models import ACTIVE, Message, Share, Thread, User, raw_delete
from chat.permissions import threads as permissions
from chat.schemas import Content, NewShare, Turn, is_id
from chat.threads import branches
from chat.threads.portions import fitting, octets
from chat.threads.threads import find_changeable

# Links of one user at once: more than a user can oversee.
MAX_ACTIVE_SHARES = 100
# Seconds until a link may have expired; revoking one frees a place at once.
RETRY_SECONDS = 60
# Messages on one page of a link.
PAGE_MESSAGES = 100
# Messages that go along when a reader continues a thread: more than any model reads.
CONTINUED_MESSAGES = 1_000
# Bytes of them, with their plain text: a million tokens. All are in memory at once.
CONTINUED_BYTES = 8_000_000
# Bytes of messages on one page, with their plain text; the newest message comes whole even if it is longer.
PAGE_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class SharedMessage:
    """A visible message for strangers; `content` of a reply may hold a generated interface."""

    by_user: bool
    plain_text: str
    content: str


@dataclass(frozen=True, slots=True)
class SharedPage:
    """A page of a shared thread, oldest message first.

    `earlier`: the `skip` of the previous page, None on the first. `alone`: the one message is all that is shared.
    """

    title: str
    shared_at: datetime
    said: list[SharedMessage]
    earlier: int | None
    alone: bool


def create(owner: int, thread_id: str, wanted: NewShare) -> Share:
    """Share the thread's current branch up to its last finished message, or one finished message alone.

    Raise NotFound, QuotaExceeded, or BadRequest where no such message has finished.
    """
    thread = find_changeable(owner, thread_id)
    User.objects.select_for_update(no_key=True).filter(pk=owner).first()
    if active_shares(owner).count() >= MAX_ACTIVE_SHARES:
        words = f"At most {MAX_ACTIVE_SHARES} links at once. Revoke one that is not needed any more."
        raise QuotaExceeded(words, quota="shares", retry_after=RETRY_SECONDS)
    alone = wanted.message_id is not None
    leaf = _ended(_newest(thread, wanted.message_id))
    if leaf is None:
        raise BadRequest("There is no finished message to share yet.")
    ends = wanted.expires_at
    share = Share.objects.create(owner_id=owner, thread=thread, leaf_id=leaf, expires_at=ends, alone=alone)
    return Share.objects.select_related("leaf").get(pk=share.pk)


def _newest(thread: Thread, message_id: str | None) -> list[int]:
    """Return the messages of which the newest finished one is shared: a given one, or the leaf and its predecessor."""
    if message_id is not None:
        return [branches.find_message(thread, message_id, "messageId").pk]
    return branches.ancestors(thread.leaf_id, 2)


def _ended(newest: list[int]) -> int | None:
    running = Message.objects.filter(pk__in=newest, response__status__in=ACTIVE)
    writing = set(running.values_list("pk", flat=True))
    return next((pk for pk in newest if pk not in writing), None)


def active_shares(owner: int) -> QuerySet[Share]:
    """Return an owner's working links, newest first."""
    mine = Share.objects.owned_by(owner).filter(
        thread__in=permissions.changeable(Thread.objects.all(), owner)
    )
    return _unexpired(mine).order_by("-pk")


def _unexpired(shares: QuerySet[Share]) -> QuerySet[Share]:
    return shares.filter(Q(expires_at=None) | Q(expires_at__gt=Now()))


def of_thread(owner: int, thread_id: str) -> list[Share]:
    """Return the thread's working links, newest first. Raise NotFound."""
    return list(active_shares(owner).filter(thread=find_changeable(owner, thread_id)).select_related("leaf"))


def revoke(owner: int, share_id: str, thread_id: str | None = None) -> None:
    """Revoke a link. Raise NotFound, also for a link of another thread."""
    mine = active_shares(owner).filter(public_id=share_id if is_id(share_id) else "")
    if thread_id is not None:
        mine = mine.filter(thread=find_changeable(owner, thread_id))
    if not mine.exists():
        raise NotFound
    raw_delete(Share.objects.owned_by(owner).filter(public_id=share_id))


def delete_expired() -> int:
    """Delete expired links. Return the count."""
    return Share.objects.filter(expires_at__lt=Now()).delete()[0]


def read(share_id: str, skip: int = 0) -> SharedPage | None:
    """Return the page of a link without the newest `skip` messages, or None for a dead link or one of a suspended user."""
    share, thread = _working(share_id)
    if share is None or thread is None:
        return None
    pks = _branch(share, skip + PAGE_MESSAGES + 1)[skip:]
    taken = _fitting(pks[:PAGE_MESSAGES], PAGE_BYTES)
    rows = Message.objects.visible().defer("terms").in_bulk(taken)
    said = [_shared_message(rows[pk]) for pk in reversed(taken) if pk in rows]
    earlier = skip + len(taken) if len(pks) > len(taken) else None
    return SharedPage(thread.title, share.created_at, said, earlier, share.alone)


def continued(share_id: str) -> tuple[str, list[int]] | None:
    """Return the title of a link and the keys of its newest messages, oldest first, that a reader takes along.

    None for a dead link.
    """
    share, thread = _working(share_id)
    if share is None or thread is None:
        return None
    return thread.title, _fitting(_branch(share, CONTINUED_MESSAGES), CONTINUED_BYTES)[::-1]


def turns_of(messages: list[int]) -> tuple[Turn, ...]:
    """Return shared messages for a thread of their reader."""
    rows = Message.objects.visible().defer("terms").in_bulk(messages)
    return tuple(_turn(rows[pk]) for pk in messages if pk in rows)


def _working(share_id: str) -> tuple[Share, Thread] | tuple[None, None]:
    known = Share.objects.filter(public_id=share_id, owner__is_active=True)
    share = _unexpired(known).first() if is_id(share_id) else None
    thread = (
        permissions.changeable(Thread.objects.filter(pk=share.thread_id), share.owner_id).first()
        if share
        else None
    )
    # A thread that is hidden from its owner is hidden from strangers too.
    return (share, thread) if share and thread else (None, None)


def _branch(share: Share, limit: int) -> list[int]:
    """Return the shared messages, newest first."""
    return [share.leaf_id] if share.alone else branches.ancestors(share.leaf_id, limit)


def _fitting(newest_first: list[int], bound: int) -> list[int]:
    """Return the first messages that stay within a bound of bytes together, at least one."""
    rows = Message.objects.filter(pk__in=newest_first).annotate(size=octets("content") + octets("plain_text"))
    sizes = dict(rows.values_list("pk", "size"))
    return fitting([(pk, sizes.get(pk, 0)) for pk in newest_first], bound)


def _turn(row: Message) -> Turn:
    """Return a message as a stranger may store it: of content parts their words, since the files are the owner's."""
    shown = _shared_message(row)
    return Turn(row.role, Content(shown.content or shown.plain_text))


def _shared_message(row: Message) -> SharedMessage:
    by_user = row.role == "user"
    return SharedMessage(by_user, row.plain_text, "" if by_user or row.parts else row.content)
