"""`manage.py chat_token`."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from chat.accounts.identity import Credentials, identify
from chat.models import ApiToken, User

pytestmark = pytest.mark.django_db


def printed(username: str) -> str:
    out = io.StringIO()
    call_command("chat_token", username, stdout=out)
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
