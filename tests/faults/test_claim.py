"""A claim whose commit succeeds while the reply to it is lost with the connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection

from chat.db import execution
from chat.models import Message, Response, User
from chat.responses.claims import claim
from chat.responses.claims.claim import ClaimContext
from chat.schemas import Content, RegenerateRequest, SendRequest

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def claim_context() -> ClaimContext:
    return ClaimContext(User.objects.create(username="ada").pk, uuid4(), True, "", ("c1",))


@pytest.fixture
def lose_confirmation(claim_context: ClaimContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit the first transaction, and break its connection before the reply arrives."""
    whole, broken = execution.in_transaction, list[None]()

    def once(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        result = whole(function, *args, **kwargs)
        if args[0] is claim_context and not broken:
            broken.append(connection.connection.close())
            raise OperationalError("the connection is lost")
        return result

    monkeypatch.setattr(execution, "in_transaction", once)


@pytest.mark.usefixtures("lose_confirmation")
def test_a_claim_whose_confirmation_was_lost_is_carried_out(claim_context: ClaimContext) -> None:
    made = execution._guarded(
        claim.claim, claim_context, SendRequest(Content("Hello"), response_id="r", thread_id="t")
    )
    row = Response.objects.get()
    assert made.job is not None
    assert (made.job.response, made.response.pk, row.public_id) == (row.pk, row.pk, "r")
    assert Message.objects.count() == 2


@pytest.mark.usefixtures("lose_confirmation")
def test_another_answer_whose_confirmation_was_lost_is_carried_out(claim_context: ClaimContext) -> None:
    before = ClaimContext(claim_context.owner, uuid4(), True, "", ("c1",))
    first = execution._guarded(claim.claim, before, SendRequest(Content("Hello"), response_id="r"))
    again = execution._guarded(
        claim.claim_regeneration, claim_context, RegenerateRequest(original="r", response_id="s")
    )
    assert again.job is not None
    assert again.displaced == [first.response.pk]
    assert Response.objects.count() == 2


def test_a_repeated_claim_is_not_carried_out(claim_context: ClaimContext) -> None:
    request = SendRequest(Content("Hello"), response_id="r")
    first = execution._guarded(claim.claim, claim_context, request)
    second = execution._guarded(
        claim.claim, ClaimContext(claim_context.owner, uuid4(), True, "", ("c1",)), request
    )
    assert (first.response.pk, second.job) == (second.response.pk, None)
