"""`manage.py chat_token`."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.db.models.functions import Now

from chat.accounts.identity import Credentials, identify
from chat.exceptions import Unauthenticated
from chat.models import ApiToken, User

pytestmark = pytest.mark.django_db


def printed(username: str, *options: str) -> str:
    out = io.StringIO()
    call_command("chat_token", username, *options, stdout=out)
    return out.getvalue()


def test_only_the_token_is_printed_and_it_authenticates_its_user() -> None:
    user = User.objects.create(username="ada")
    token = printed("ada").removesuffix("\n")
    assert identify(Credentials(bearer=token, session=None)).user == user.pk


def test_every_call_makes_a_new_token_and_keeps_the_others_valid() -> None:
    User.objects.create(username="ada")
    first, second = printed("ada").strip(), printed("ada").strip()
    assert first != second
    assert identify(Credentials(bearer=first, session=None)).username == "ada"


@pytest.mark.parametrize("username", ["nobody", "gone", "", "two\nlines"])
def test_a_user_who_cannot_log_in_gets_one_clear_line_and_no_token(username: str) -> None:
    User.objects.create(username="gone", is_active=False)
    with pytest.raises(CommandError, match="There is no active user") as refused:
        printed(username)
    assert (refused.value.returncode, str(refused.value).count("\n")) == (1, 0)
    assert not ApiToken.objects.exists()


def test_a_token_may_have_scopes_and_an_end() -> None:
    User.objects.create(username="ada")
    token = printed("ada", "--scope", "read", "--scope", "send", "--days", "1").strip()
    caller = identify(Credentials(bearer=token, session=None))
    assert caller.scopes == {"read", "send"}
    assert caller.expires_at is not None
    ApiToken.objects.update(expires_at=Now() - timedelta(seconds=1))
    with pytest.raises(Unauthenticated):
        identify(Credentials(bearer=token, session=None))


@pytest.mark.parametrize("days", ["0", "-1", "x", "9999"])
def test_an_end_that_is_none_is_refused(days: str) -> None:
    with pytest.raises(CommandError, match="must be from 1 to 3650"):
        printed("ada", f"--days={days}")


@pytest.mark.parametrize("scopes", [[], ["all"], ["read", "all"]])
def test_the_database_refuses_other_scopes(scopes: list[str]) -> None:
    user = User.objects.create(username="ada")
    with pytest.raises(IntegrityError, match="token_scopes"):
        ApiToken.objects.create(user=user, digest="d", scopes=scopes)


def test_a_token_of_older_code_has_all_scopes_and_no_end() -> None:
    user = User.objects.create(username="ada")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO chat_apitoken (user_id, name, digest) VALUES (%s, '', 'd')", [user.pk])
    token = ApiToken.objects.get()
    assert (token.scopes, token.expires_at) == (["read", "send", "manage"], None)
