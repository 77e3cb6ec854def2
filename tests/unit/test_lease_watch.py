"""Leases by the process's own clock: only time that was watched counts, and no clock of the database does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chat.conf import settings
from chat.responses import lease_watch
from chat.responses.lease_watch import LeaseWatch

LEASE = datetime(2026, 1, 1, tzinfo=UTC)
BEAT, SECONDS = settings.heartbeat_seconds, settings.lease_seconds


class Clock:
    """The monotonic clock of the process under test."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(lease_watch, "time", clock)
    return clock


def check(
    watch: LeaseWatch, clock: Clock, lease: datetime | None, after: float = BEAT, reading: float = 0
) -> bool:
    """Check `after` some seconds, and take seconds for `reading`. Return whether the lease counts as expired."""
    clock.now += after
    watch.begin()
    clock.now += reading
    return bool(watch.expired({1: lease} if lease else {}))


def checks_until_expired(watch: LeaseWatch, clock: Clock) -> int:
    return next(number for number in range(20) if check(watch, clock, LEASE))


def test_a_lease_that_is_not_renewed_expires_after_its_length(clock: Clock) -> None:
    assert checks_until_expired(LeaseWatch(), clock) == SECONDS / BEAT


@pytest.mark.parametrize("step", [timedelta(seconds=BEAT), timedelta(hours=1), timedelta(hours=-1)])
def test_a_renewed_lease_never_expires_whatever_the_database_thinks_of_the_time(
    step: timedelta, clock: Clock
) -> None:
    watch = LeaseWatch()
    assert not any(check(watch, clock, LEASE + step * number) for number in range(20))


def test_the_time_of_an_outage_does_not_count(clock: Clock) -> None:
    watch = LeaseWatch()
    check(watch, clock, LEASE)
    clock.now += SECONDS
    watch.forget()
    assert checks_until_expired(watch, clock) == SECONDS / BEAT


@pytest.mark.parametrize(("after", "reading"), [(3 * SECONDS, 0.0), (BEAT, 3 * SECONDS)])
def test_a_hang_of_the_process_or_of_the_database_does_not_count(
    after: float, reading: float, clock: Clock
) -> None:
    watch = LeaseWatch()
    check(watch, clock, LEASE)
    assert not check(watch, clock, LEASE, after, reading)
    assert not check(watch, clock, LEASE)


def test_a_response_that_ended_is_forgotten(clock: Clock) -> None:
    watch = LeaseWatch()
    for lease in (LEASE, LEASE, LEASE, None, LEASE):
        assert not check(watch, clock, lease)
    assert not check(watch, clock, LEASE)
