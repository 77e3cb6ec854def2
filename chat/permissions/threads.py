"""The readers of a thread with all that is in it, and those who may change it: today its owner alone.

A further kind of user is one more `ThreadRole` in READERS, and in CHANGERS if it may write too. Ids are names inside their
owner: where a user may read several threads of one id, the user's own comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from chat.db import sql
from chat.models import Attachment, Thread

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class ThreadRole:
    """A relation of users to threads, as the same condition twice.

    `condition`: for the ORM, made of the user and of the paths from a row to the owner and to the thread. `sql`: for statements
    by hand, with the places `{user}`, `{owner}` and `{thread}` for primary keys.
    """

    condition: Callable[[int, str, str], Q]
    sql: str


OWNER = ThreadRole(lambda user, owner, thread: Q(**{owner: user}), "{owner} = {user}")

READERS = [OWNER]
CHANGERS = [OWNER]

# The keys of those among some users who may read a thread.
_READERS = "SELECT u.id FROM chat_thread t JOIN chat_user u ON u.id = ANY(%s::bigint[]) WHERE t.id = %s AND {readable}"


def readable(rows: QuerySet[M], user: int, owner: str = "owner", thread: str = "thread") -> QuerySet[M]:
    """Return those of the rows, of threads or of what belongs to them, that the user may read.

    `owner`, `thread`: the paths from a row that is no thread to the owner and to the thread.
    """
    return _permitted(READERS, rows, user, owner, thread)


def changeable(rows: QuerySet[M], user: int, owner: str = "owner", thread: str = "thread") -> QuerySet[M]:
    """Return those of the rows that the user may change, as `readable` does."""
    return _permitted(CHANGERS, rows, user, owner, thread)


def readable_sql(owner: str, thread: str, user: str = "%(user)s") -> str:
    """Return the condition of `readable` in SQL; the arguments are expressions for primary keys."""
    return _sql(READERS, owner, thread, user)


def changeable_sql(owner: str, thread: str, user: str = "%(user)s") -> str:
    """Return the condition of `changeable` in SQL."""
    return _sql(CHANGERS, owner, thread, user)


def only_owners_read() -> bool:
    """Return whether a thread has no reader but its owner, so that no other readers have to be searched for."""
    return READERS == [OWNER]


def readers(thread: int, users: Collection[int]) -> set[int]:
    """Return those of the users who may read a thread (primary keys)."""
    condition = readable_sql("t.owner_id", "t.id", "u.id")
    return {user for (user,) in sql.rows(_READERS.format(readable=condition), [list(users), thread])}


def _permitted(
    roles: Sequence[ThreadRole], rows: QuerySet[M], user: int, owner: str, thread: str
) -> QuerySet[M]:
    condition = Q()
    for role in roles:
        condition |= role.condition(user, owner, "pk" if rows.model is Thread else thread)
    found = rows.filter(condition)
    # To everyone here, what a legal hold alone keeps is gone.
    return found.filter(soft_deleted_at=None) if rows.model in (Thread, Attachment) else found


def _sql(roles: Sequence[ThreadRole], owner: str, thread: str, user: str) -> str:
    conditions = [role.sql.format(user=user, owner=owner, thread=thread) for role in roles]
    return f"({' OR '.join(conditions)})"
