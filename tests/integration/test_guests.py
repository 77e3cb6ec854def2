"""Cleanup of idle guests; guests with messages and accounts are kept."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from django.utils import timezone

from chat.accounts import guests
from chat.exceptions import QuotaExceeded
from chat.models import Message, Thread, User

pytestmark = pytest.mark.django_db


def guest_of(days: float) -> User:
    guest = guests.create()
    User.objects.filter(pk=guest.pk).update(date_joined=timezone.now() - timedelta(days=days))
    return guest


def test_an_idle_guest_older_than_a_day_is_deleted_with_empty_threads() -> None:
    guest = guest_of(2)
    Thread.objects.create(owner=guest, public_id="empty", model="c1")
    assert guests.delete_idle() == 1
    assert not User.objects.filter(pk=guest.pk).exists()


def test_a_guest_younger_than_a_day_is_kept() -> None:
    guest = guest_of(0.5)
    assert guests.delete_idle() == 0
    assert User.objects.filter(pk=guest.pk).exists()


def test_a_guest_with_messages_is_kept() -> None:
    guest = guest_of(400)
    thread = Thread.objects.create(owner=guest, public_id="t", model="c1")
    Message.objects.create(owner=guest, thread=thread, public_id="m", role="user", content="Hello")
    assert guests.delete_idle() == 0


def test_new_guests_are_limited_by_address_and_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "MAX_NEW_GUESTS_PER_ADDRESS", 2)
    monkeypatch.setattr(guests, "MAX_NEW_GUESTS", 3)

    def create(address: str | None) -> bool:
        with contextlib.suppress(QuotaExceeded):
            return bool(guests.create(address))
        return False

    assert [create("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert [create("192.0.2.2"), create("192.0.2.3"), create(None)] == [True, False, False]
    assert User.objects.count() == 3


def test_an_idle_account_is_kept_however_old() -> None:
    user = User.objects.create_user("ada")
    User.objects.filter(pk=user.pk).update(date_joined=timezone.now() - timedelta(days=400))
    assert guests.delete_idle() == 0
