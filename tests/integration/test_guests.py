"""Cleanup of idle guests; guests with messages and accounts are kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.accounts import guests
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


def test_an_idle_account_is_kept_however_old() -> None:
    user = User.objects.create_user("ada")
    User.objects.filter(pk=user.pk).update(date_joined=timezone.now() - timedelta(days=400))
    assert guests.delete_idle() == 0
