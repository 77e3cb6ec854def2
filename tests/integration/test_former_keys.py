"""Stored secrets move to the current SECRET_KEY, so that the former one can go."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from chat.models import ServerConnection, User
from tests.integration.test_server_connections import connect, grant, token

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


def change_key(settings: Any) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]


def printed() -> str:
    out = io.StringIO()
    call_command("reencrypt", stdout=out)
    return out.getvalue()


def test_connections_are_read_without_the_former_key(owner: User, settings: Any) -> None:
    connect(owner, grant())
    change_key(settings)
    assert printed() == "1 rows are encrypted with the current key now.\n"
    settings.SECRET_KEY_FALLBACKS = []
    assert token(owner) == "at-canary"
    assert printed().startswith("0 rows")


def test_second_factors_are_read_without_the_former_key(owner: User, settings: Any) -> None:
    data = {"secret": get_adapter().encrypt("ABC"), "used_mask": 0}
    app = Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data=data)
    change_key(settings)
    assert printed().startswith("1 rows")
    settings.SECRET_KEY_FALLBACKS = []
    app.refresh_from_db()
    assert (get_adapter().decrypt(app.data["secret"]), app.data["used_mask"]) == ("ABC", 0)


def test_the_command_says_that_a_former_key_must_stay(owner: User, settings: Any) -> None:
    connect(owner, grant())
    settings.SECRET_KEY = "new"
    with pytest.raises(CommandError, match="1 rows could not be"):
        printed()


def test_tokens_that_are_being_refreshed_are_left_alone(owner: User, settings: Any) -> None:
    before = connect(owner, grant()).grant
    ServerConnection.objects.update(refreshing_until=Now() + timedelta(minutes=1))
    change_key(settings)
    with pytest.raises(CommandError, match="Keep the former keys"):
        printed()
    assert ServerConnection.objects.get().grant == before
