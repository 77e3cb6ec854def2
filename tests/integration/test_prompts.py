"""A prompt from its claim to what the model gets: read with the claim where it begins now, and never at the claim's expense."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError

from chat.models import Response, Status, User
from chat.payloads import Again, Content, Send
from chat.store import db, hidden, lifecycle, prompts
from chat.store.claims import FIRST_EPOCH, Claimant
from chat.store.hidden import Terms
from chat.store.lifecycle import Outcome
from chat.store.logs import Addition

pytestmark = pytest.mark.django_db(transaction=True)

TERMS = Terms("Be brief.", 1000)


@pytest.fixture
def claimant() -> Claimant:
    return Claimant(User.objects.create(username="ada").pk, uuid4(), True, "", ("c1",))


def take(claimant: Claimant, request: Send | Again) -> Any:
    return db._repeated(lambda: prompts.take(claimant, request, lambda model: TERMS))


def test_a_response_that_begins_now_has_what_its_model_gets(claimant: Claimant) -> None:
    claim, prepared = take(claimant, Send(Content("Hello"), response_id="r"))
    assert prepared == hidden.prepare(claim.job.response, TERMS)
    assert prepared.terms is TERMS
    assert prepared.messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
    ]
    lifecycle.finish(Addition(claim.response.pk, FIRST_EPOCH, 0, []), Outcome(Status.DONE))
    _, anew = take(claimant, Again(original="r", response_id="s"))
    assert anew.messages == prepared.messages


def test_one_that_waits_or_exists_has_nothing_yet(claimant: Claimant) -> None:
    request = Send(Content("Hello"), response_id="r", thread_id="t")
    take(claimant, request)
    waiting, nothing = take(claimant, Send(Content("And?"), thread_id="t", busy="queue"))
    assert (waiting.job.queued, nothing) == (True, None)
    same, nothing = take(Claimant(claimant.owner, uuid4(), True, "", ("c1",)), request)
    assert (same.job, nothing) == (None, None)


@pytest.mark.parametrize("problem", [OperationalError("away"), ValueError("odd")], ids=["away", "odd"])
def test_a_history_that_cannot_be_read_leaves_the_claim_to_be_run(
    claimant: Claimant, problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise problem

    monkeypatch.setattr(hidden, "prepare", broken)
    claim, prepared = take(claimant, Send(Content("Hello"), response_id="r"))
    assert prepared is None
    assert claim.job.response == Response.objects.get(status=Status.STREAMING).pk
