"""Notify in the transaction under way: delivered with or after its commit, or never."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from django.db import transaction

from chat.db import sql
from chat.db.notifications.broker import publish_alone
from chat.db.notifications.interests import EVERYONE, broker_url, clock_subject, read_subject, run_subject
from chat.db.notifications.outbox import Message, Outbox
from chat.db.notifications.postgres import CHANNEL
from chat.process import process

# Postgres takes at most 7,999 bytes a notification.
PAYLOAD_BYTES = 7_900

# Topics whose first fact is the owner of a thread.
OF_THREADS = ("thread", "deleted")

# Larger statements include it: a round trip of its own would cost as much as a small statement. They are run by `execute`.
# Payloads are lines, of which JSON has no breaks: psycopg makes an array with a dozen calls of Python.
NOTIFY_SQL = f"SELECT count(pg_notify('{CHANNEL}', payload)) FROM string_to_table(%(notifications)s, E'\\n') AS payload"


# The owner of the response or thread that it is about (None: every process hears it), the topic, and its facts: ids and
# states, never text.
Notification = tuple[Any, ...]


def notify(topic: str, *facts: Any, owner: int | None = None) -> None:
    """Notify in the transaction under way. `owner`: of the response that it is about."""
    if topic in OF_THREADS:
        owner = facts[0]
    _notify_all([(owner, topic, *facts)])


def notify_many(topic: str, ids: list[int], owners: list[int]) -> None:
    """Notify of many ids, each with its owner, in as few notifications as they fit in."""
    if broker_url():
        by_owner: dict[int, list[int]] = {}
        for one, owner in zip(ids, owners, strict=True):
            by_owner.setdefault(owner, []).append(one)
        _notify_all([(owner, topic, *some) for owner, some in by_owner.items()])
        return
    # A bigint has up to 20 characters, and its comma.
    step = PAYLOAD_BYTES // 21
    _notify_all([(None, topic, *ids[at : at + step]) for at in range(0, len(ids), step)])


def _notify_all(notifications: list[Notification]) -> None:
    """Send several notifications in one round trip."""
    if broker_url():
        _publish(notifications)
    else:
        sql.rows(NOTIFY_SQL, {"notifications": _encoded(notifications)})


def execute(statement: str, values: dict[str, Any], notifications: list[Notification]) -> list[sql.Row]:
    """Execute a statement that includes NOTIFY_SQL and return its rows. One without rows sends no notification."""
    if not broker_url():
        return sql.rows(statement, {**values, "notifications": _encoded(notifications)})
    found = sql.rows(statement, {**values, "notifications": ""})
    if found:
        _publish(notifications)
    return found


def notify_values(notifications: list[Notification]) -> dict[str, str]:
    """Return the values of a statement of a transaction that includes NOTIFY_SQL; a broker gets them after the commit."""
    if not broker_url():
        return {"notifications": _encoded(notifications)}
    _publish(notifications)
    return {"notifications": ""}


def _encoded(notifications: list[Notification]) -> str:
    return "\n".join([msgspec.json.encode(named).decode() for _, *named in notifications])


def _publish(notifications: list[Notification]) -> None:
    """Hand notifications to the broker's connection after the commit: before it, a reader would find nothing new."""
    messages = [(_subject(*of), msgspec.json.encode(of[1:])) for of in notifications]
    transaction.on_commit(partial(_send, messages))


def _subject(owner: int | None, topic: str, *facts: Any) -> str:
    """Return the subject on which a broker delivers a notification."""
    if topic == "clock":
        return clock_subject(facts[0])
    if owner is None:
        return EVERYONE
    return run_subject(owner) if topic == "stop" else read_subject(owner)


def _send(messages: list[Message]) -> None:
    if not process.part(Outbox).put(messages):
        publish_alone(messages)
