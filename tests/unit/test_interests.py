"""The subjects that a process hears from a broker, and the messages that it has yet to send there."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from django.test import override_settings

from chat.db.notifications import hearing, sending
from chat.db.notifications.interests import Interests
from chat.db.notifications.outbox import MAX_QUEUED, Outbox
from chat.process import process


@pytest.fixture
def interests(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(process, "_parts", {})
    return process.part(Interests)


def test_a_subject_is_wanted_as_long_as_anybody_wants_it(interests: Interests) -> None:
    with override_settings(CHAT_NOTIFIER="nats://localhost"):
        with hearing("read.1"), hearing("read.1"):
            assert interests.changes() == (["read.1"], [])
            interests.confirm(["read.1"])
        assert interests.changes() == ([], ["read.1"])


def test_whoever_comes_before_the_subscription_is_called_once_it_is_made(interests: Interests) -> None:
    called: list[int] = []
    interests.add("read.1", lambda: called.append(1))
    interests.confirm(["read.1"])
    interests.add("read.1", lambda: called.append(2))  # everything has reached it from its start
    assert called == [1]


def test_all_subscriptions_are_made_again_after_a_lost_connection(interests: Interests) -> None:
    interests.add("read.1")
    interests.confirm(["read.1"])
    interests.forget()
    assert interests.changes() == (["read.1"], [])


def test_postgres_counts_nothing(interests: Interests) -> None:
    with hearing("read.1"):
        assert interests.changes() == ([], [])


@pytest.mark.parametrize(
    ("of", "subject"),
    [
        ((7, "log", 1, 2), "read.7"),
        ((7, "stop", 1, None), "run.7"),
        ((None, "refused", 7), "all"),
        ((None, "clock", "me", 1.0), "clock.me"),
    ],
)
def test_a_notification_reaches_those_alone_whom_it_is_for(of: Any, subject: str) -> None:
    assert sending._subject(*of) == subject


def test_messages_of_all_threads_are_sent_in_one_batch_and_the_oldest_are_dropped() -> None:
    async def batch() -> int:
        outbox = Outbox()
        assert not outbox.put([("all", b"")])  # no loop sends yet
        outbox.attach()
        threads = [threading.Thread(target=outbox.put, args=([("all", b"")] * MAX_QUEUED,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(await outbox.take())

    assert asyncio.run(batch()) == MAX_QUEUED
