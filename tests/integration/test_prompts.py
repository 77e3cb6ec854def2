"""The history for a prompt is read with its claim where the response starts at once, without delaying the claim."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError

from chat.db import execution
from chat.models import Response, Status, User
from chat.responses import lifecycle
from chat.responses.claims.claim import FIRST_EPOCH, ClaimContext, claim_with_context
from chat.responses.lifecycle import Outcome
from chat.schemas import Content, RegenerateRequest, SendRequest
from chat.streams.storage import Append
from chat.threads.model_context import ContextLimits, build_context

pytestmark = pytest.mark.django_db(transaction=True)

TERMS = ContextLimits("Be brief.", 1000)


@pytest.fixture
def claim_context() -> ClaimContext:
    return ClaimContext(User.objects.create(username="ada").pk, uuid4(), True, "", ("c1",))


def take(claim_context: ClaimContext, request: SendRequest | RegenerateRequest) -> Any:
    return execution._repeated(lambda: claim_with_context(claim_context, request, lambda model: TERMS))


def test_a_response_that_starts_at_once_has_its_history_with_the_claim(claim_context: ClaimContext) -> None:
    claim, model_context = take(claim_context, SendRequest(Content("Hello"), response_id="r"))
    assert model_context == build_context(claim.job.response, TERMS)
    assert model_context.terms is TERMS
    assert model_context.messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
    ]
    lifecycle.finish(Append(claim.response.pk, FIRST_EPOCH, 0, []), Outcome(Status.DONE))
    _, anew = take(claim_context, RegenerateRequest(original="r", response_id="s"))
    assert anew.messages == model_context.messages


def test_one_that_waits_or_exists_has_nothing_yet(claim_context: ClaimContext) -> None:
    request = SendRequest(Content("Hello"), response_id="r", thread_id="t")
    take(claim_context, request)
    waiting, nothing = take(claim_context, SendRequest(Content("And?"), thread_id="t", busy="queue"))
    assert (waiting.job.queued, nothing) == (True, None)
    same, nothing = take(ClaimContext(claim_context.owner, uuid4(), True, "", ("c1",)), request)
    assert (same.job, nothing) == (None, None)


@pytest.mark.parametrize("problem", [OperationalError("away"), ValueError("odd")], ids=["away", "odd"])
def test_a_history_that_cannot_be_read_leaves_the_claim_to_be_run(
    claim_context: ClaimContext, problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise problem

    monkeypatch.setattr("chat.responses.claims.claim.build_context", broken)
    claim, model_context = take(claim_context, SendRequest(Content("Hello"), response_id="r"))
    assert model_context is None
    assert claim.job.response == Response.objects.get(status=Status.STREAMING).pk
