"""Postgres, and what stands between it and the server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from chat.conf import settings
from chat.db import health
from chat.db.deadlines import connection_parameters
from chat.db.execution import WORKERS
from chat.db.notifications import broker_url, open_link
from chatproject.doctor.findings import Finding

# Connections of a server process: its pool, the log's, the listener's, and two for pages.
CONNECTIONS = WORKERS + 4
# Seconds for a notification, which takes a millisecond.
LISTEN_SECONDS = 2.0
# Seconds between two clocks; leases last 20 s, and expire by both clocks.
SKEW_SECONDS = 2.0


def check(processes: int) -> Iterator[Finding]:
    """Check the database for so many server processes."""
    yield version()
    yield migrations()
    yield statements()
    yield notifications()
    yield room(processes)
    yield clock()


def version() -> Finding:
    """Name the version. One that is too old ends every command before it begins."""
    major, minor = connection.get_database_version()[:2]
    return Finding("database", f"Postgres {major}.{minor}")


def migrations() -> Finding:
    if health.is_migrated():
        return Finding("migrations", "all applied")
    return Finding("migrations", "some are missing", "Run `python3 manage.py migrate`.")


def statements() -> Finding:
    health.check_pooler.cache_clear()
    try:
        health.check_pooler()
    except ImproperlyConfigured as mistake:
        text, _, remedy = str(mistake).partition(". ")
        return Finding("prepared statements", text, remedy)
    return Finding("prepared statements", "kept apart")


def notifications() -> Finding:
    """Send a notification and wait for it."""
    if url := broker_url():
        return _by_broker(url)
    parameters: dict[str, Any] = {**connection_parameters(connection), "autocommit": True}
    around = {} if settings.notifier == "postgres" else conninfo_to_dict(settings.notifier)
    with psycopg.connect(**{**parameters, **around}) as listener, psycopg.connect(**parameters) as sender:
        listener.execute("LISTEN chat_doctor")
        sender.execute("NOTIFY chat_doctor")
        if list(listener.notifies(timeout=LISTEN_SECONDS, stop_after=1)):
            return Finding("notifications", "arrive")
    return Finding(
        "notifications",
        f"a NOTIFY did not arrive within {LISTEN_SECONDS:g} s, so readers in other processes lag by two seconds",
        "A pooler is in the way of LISTEN: set `CHAT_NOTIFIER=postgresql://HOST:PORT/` to the database behind it.",
    )


def _by_broker(url: str) -> Finding:
    try:
        asyncio.run(asyncio.wait_for(_hear_oneself(url), LISTEN_SECONDS))
    except Exception as problem:  # two client libraries, each with errors of its own
        return Finding(
            "notifications",
            f"the server of CHAT_NOTIFIER delivers none ({type(problem).__name__}), so readers in other processes lag",
            "Check its address and whether it runs; until then readers find new text in the database every two seconds.",
        )
    return Finding("notifications", "arrive")


async def _hear_oneself(url: str) -> None:
    heard = asyncio.Event()
    link = await open_link(url, lambda _: heard.set())
    try:
        await link.subscribe(["doctor"])
        await link.confirm()
        receiving = asyncio.create_task(link.receive())
        await link.publish([("doctor", b"[]")])
        await heard.wait()
        receiving.cancel()
    finally:
        await link.close()


def room(processes: int) -> Finding:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,"
            " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
        )
        most, used = cursor.fetchone()
    needed, text = processes * CONNECTIONS, f"{used} of {most} connections are used"
    if most >= needed:
        return Finding("connections", f"{text}, and {processes} processes take up to {needed}")
    return Finding(
        "connections",
        f"{text}, and {processes} processes take up to {needed}",
        "Raise `max_connections` in Postgres, start fewer processes, or put pgbouncer 1.21 or newer in between.",
    )


def clock() -> Finding:
    with connection.cursor() as cursor:
        before = time.time()
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        skew = cursor.fetchone()[0] - (before + time.time()) / 2
    if abs(skew) <= SKEW_SECONDS:
        return Finding("clocks", f"{abs(skew):.3f} s apart")
    return Finding(
        "clocks",
        f"this machine and the database are {abs(skew):.1f} s apart",
        "Synchronise both (chrony, systemd-timesyncd): leases and times of answers depend on it.",
    )
