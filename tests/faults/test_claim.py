"""Claims whose commit went through while the answer to it was lost with the connection."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import OperationalError, connection

from chat.db import execution, sql
from chat.llm.registry import ModelRegistry
from chat.models import Message, Response, User
from chat.responses.claims.claim import Claim
from chat.responses.claims.terms import ClaimRequest
from chat.schemas import Content, RegenerateRequest, SendRequest

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def user() -> User:
    return User.objects.create(username="ada")


@pytest.fixture
def lost_commit(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Break the connection right after the first commit, which the last batch holds, before its answer arrives."""
    batch, broken = sql.batch, list[None]()

    def commit_once_unheard(*statements: sql.Statement) -> list[list[sql.Row]]:
        found = batch(*statements)
        if sql.COMMIT in statements and not broken:
            broken.append(connection.connection.close())
            raise OperationalError("the connection is lost")
        return found

    monkeypatch.setattr(sql, "batch", commit_once_unheard)


def claim(user: User, request: ClaimRequest) -> Claim:
    """Make a claim as a worker thread does, repeated where its connection dies."""
    claim = Claim(user.pk, uuid4(), True, "")
    execution._repeated(lambda: claim.make(request, ModelRegistry()))
    return claim


@pytest.mark.usefixtures("lost_commit")
def test_a_claim_whose_commit_was_not_acknowledged_has_its_work_to_do(user: User) -> None:
    made = claim(user, SendRequest(Content("Hello"), response_id="r", thread_id="t"))
    row = Response.objects.get()
    assert made.job is not None
    assert (made.job.response, made.response.pk, row.public_id) == (row.pk, row.pk, "r")
    assert Message.objects.count() == 2


def test_a_regeneration_whose_commit_was_not_acknowledged_has_its_work_to_do(
    user: User, request: pytest.FixtureRequest
) -> None:
    first = claim(user, SendRequest(Content("Hello"), response_id="r"))
    request.getfixturevalue("lost_commit")
    again = claim(user, RegenerateRequest(original="r", response_id="s"))
    assert again.job is not None
    assert again.displaced == [first.response.pk]
    assert Response.objects.count() == 2


def test_another_claim_of_the_same_request_has_no_work(user: User) -> None:
    request = SendRequest(Content("Hello"), response_id="r")
    first, second = claim(user, request), claim(user, request)
    assert (first.response.pk, second.job) == (second.response.pk, None)
