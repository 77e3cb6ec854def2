"""The generated data set: valid logs, consistent figures, and no mixture with real users' rows."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, F

from chat.models import Chunk, Message, Response, RollupState, Status, Thread, UpstreamCall, User
from tests.live.checks import assert_valid_log

# Enough for each kind of row that the tests look for.
MESSAGES = 600


@pytest.fixture
def made(transactional_db: None) -> None:
    call_command("dataset", messages=MESSAGES, stdout=io.StringIO(), stderr=io.StringIO())


def test_a_data_set_is_one_that_the_product_could_have_made(made: None) -> None:
    assert 0.7 * MESSAGES < Message.objects.count() < 1.4 * MESSAGES
    responses = list(Response.objects.all())
    assert {response.status for response in responses} >= {Status.DONE, Status.FAILED, Status.STOPPED}
    for response in responses:
        assert_valid_log(response)
    assert Message.objects.filter(hidden=True, role="tool").exists()
    assert not Message.objects.filter(parent__isnull=False).exclude(parent__thread=F("thread")).exists()
    assert not Thread.objects.exclude(leaf__turn=F("turns")).exists()
    assert not Thread.objects.annotate(number=Count("responses")).exclude(turns=F("number")).exists()
    assert UpstreamCall.objects.filter(attempt=1).exists()
    assert Chunk.objects.exclude(timings=b"").exists()
    assert RollupState.objects.exists()


def test_rows_made_later_have_keys_of_their_own(made: None) -> None:
    owner = User.objects.create(username="later")
    thread = Thread.objects.create(owner=owner, public_id="t", model="c1")
    Message.objects.create(owner=owner, thread=thread, public_id="m", role="user")
    assert Thread.objects.filter(pk__gt=thread.pk).count() == 0


@pytest.mark.django_db
def test_a_database_with_users_of_its_own_is_left_alone() -> None:
    User.objects.create(username="ada")
    with pytest.raises(CommandError, match="users of its own"):
        call_command("dataset", messages=10)
    assert not Thread.objects.exists()


@pytest.mark.django_db
def test_a_data_set_has_at_least_one_message() -> None:
    with pytest.raises(CommandError, match="at least 1"):
        call_command("dataset", messages=0)
