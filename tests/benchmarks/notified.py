"""Streams that one Postgres tells of in a second, by notifications of one stream each and by those of a whole flush."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from statistics import median

import psycopg
from django.db import connection, transaction

from chat.db import notifications
from chat.db.notifications.postgres import CHANNEL

# Connections that send at once, as four server processes.
SENDERS = 4
SECONDS = 2.0
# Streams of a notification: what a process with 100 of them tells at each flush.
FLUSHED = 100


@dataclass(frozen=True, slots=True)
class Notified:
    """Streams that notifications name in a second, so many in each; by runs."""

    streams: int
    rates: list[float]


def measure(rounds: int) -> list[Notified]:
    found: dict[int, list[float]] = {1: [], FLUSHED: []}
    for _ in range(rounds):
        for streams, rates in found.items():
            rates.append(_rate(streams))
    return [Notified(streams, rates) for streams, rates in found.items()]


def _rate(streams: int) -> float:
    """Return the streams whose news reached a listener, a second, while all senders commit one notification after another."""
    with closing(psycopg.connect(**connection.get_connection_params(), autocommit=True)) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        ends, ids = time.monotonic() + SECONDS, list(range(streams))
        arrived = threading.Thread(target=lambda: heard.append(_heard(listener, ends)))
        heard: list[int] = []
        arrived.start()
        with ThreadPoolExecutor(SENDERS) as senders:
            for _ in range(SENDERS):
                senders.submit(_send, ids, lambda: time.monotonic() < ends)
        arrived.join()
    return heard[0] * streams / SECONDS


def _heard(listener: psycopg.Connection[object], ends: float) -> int:
    return sum(1 for _ in listener.notifies(timeout=ends - time.monotonic()))


def _send(ids: list[int], goes_on: Callable[[], bool]) -> None:
    try:
        while goes_on():
            with transaction.atomic():
                notifications.notify_many("log", ids, ids)
    finally:
        connection.close()


def lines(found: list[Notified]) -> list[str]:
    return [
        f"streams told of by one Postgres in a second, {one.streams} in a notification: "
        f"{median(one.rates):,.0f} ({min(one.rates):,.0f} to {max(one.rates):,.0f})"
        for one in found
    ]
