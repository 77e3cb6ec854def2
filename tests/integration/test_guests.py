"""A guest who never wrote anything goes after a day; one who did stays, and so does every account."""

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


def test_a_guest_of_yesterday_without_messages_goes_with_their_empty_threads() -> None:
    guest = guest_of(2)
    Thread.objects.create(owner=guest, public_id="empty", model="c1")
    assert guests.delete_idle() == 1
    assert not User.objects.filter(pk=guest.pk).exists()


def test_a_guest_of_today_stays() -> None:
    guest = guest_of(0.5)
    assert guests.delete_idle() == 0
    assert User.objects.filter(pk=guest.pk).exists()


def test_a_guest_who_wrote_something_stays() -> None:
    guest = guest_of(400)
    thread = Thread.objects.create(owner=guest, public_id="t", model="c1")
    Message.objects.create(owner=guest, thread=thread, public_id="m", role="user", content="Hello")
    assert guests.delete_idle() == 0


def test_an_account_stays_however_old_and_idle() -> None:
    user = User.objects.create_user("ada")
    User.objects.filter(pk=user.pk).update(date_joined=timezone.now() - timedelta(days=400))
    assert guests.delete_idle() == 0
