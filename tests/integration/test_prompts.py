"""A prompt from its claim to the request for the model: both are read together where the response starts at once."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import OperationalError

from chat.db import execution, sql
from chat.llm.clients.base import ModelProfile
from chat.llm.registry import ModelRegistry
from chat.models import Response, Status, User
from chat.responses import lifecycle
from chat.responses.claims import claim as claim_module
from chat.responses.claims.claim import FIRST_EPOCH, Claim
from chat.responses.claims.terms import ClaimRequest
from chat.responses.lifecycle import Outcome
from chat.schemas import Content, RegenerateRequest, SendRequest
from chat.schemas.prompts import QUEUE_UNLESS_WAITING
from chat.streams.storage import Append
from chat.threads.model_context import build_request

pytestmark = pytest.mark.django_db(transaction=True)

PROFILE = ModelProfile("c1", "c1-nightly", {}, system="Be brief.")
BUDGET = 1_000


class OneModel(ModelRegistry):
    """A registry whose only model has the profile above."""

    def profile(self, name: str) -> ModelProfile:
        return PROFILE

    def budget(self, profile: ModelProfile) -> int:
        return BUDGET


@pytest.fixture
def user() -> User:
    return User.objects.create(username="ada")


def claim(user: User, request: ClaimRequest) -> Claim:
    claim = Claim(user.pk, uuid4(), True, "")
    execution._repeated(lambda: claim.make(request, OneModel()))
    return claim


def test_a_response_that_starts_at_once_has_its_first_request(user: User) -> None:
    first = claim(user, SendRequest(Content("Hello"), response_id="r"))
    assert first.first_request is not None
    assert first.first_request == build_request(first.response.pk, PROFILE, BUDGET)
    assert first.first_request.messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
    ]
    lifecycle.finish(Append(first.response.pk, FIRST_EPOCH, 0, []), Outcome(Status.DONE))
    again = claim(user, RegenerateRequest(original="r", response_id="s"))
    assert again.first_request is not None
    assert again.first_request.messages == first.first_request.messages


def test_a_prompt_takes_two_round_trips_with_its_history(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    round_trips, execute = list[int](), sql.batch

    def batch(*statements: sql.Statement) -> list[list[sql.Row]]:
        round_trips.append(len(statements))
        return execute(*statements)

    monkeypatch.setattr(sql, "batch", batch)
    assert claim(user, SendRequest(Content("Hello"))).first_request is not None
    # Statements: two to lock and find; thread, response, history and commit.
    assert round_trips == [2, 4]


def test_a_response_that_waits_or_exists_has_no_request_yet(user: User) -> None:
    request = SendRequest(Content("Hello"), response_id="r", thread_id="t")
    claim(user, request)
    waiting = claim(user, SendRequest(Content("And?"), thread_id="t", busy="queue"))
    assert waiting.job is not None
    assert (waiting.job.queued, waiting.first_request) == (True, None)
    same = claim(user, request)
    assert (same.job, same.first_request) == (None, None)


@pytest.mark.parametrize("problem", [OperationalError("away"), ValueError("odd")], ids=["away", "odd"])
def test_a_history_that_cannot_be_read_leaves_the_claim_to_be_run(
    user: User, problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise problem

    monkeypatch.setattr(claim_module, "build_request", broken)
    made = claim(user, SendRequest(Content("Hello"), response_id="r"))
    assert made.first_request is None
    assert made.job is not None
    assert made.job.response == Response.objects.get(status=Status.STREAMING).pk


@pytest.mark.parametrize(("status", "waits_in_queue"), [("waiting", False), ("streaming", True)])
def test_the_claim_decides_whether_a_prompt_waits_behind_a_response_or_ends_one_that_waits(
    user: User, status: str, waits_in_queue: bool
) -> None:
    first = claim(user, SendRequest(Content("Hello"), thread_id="t")).response
    gone = {"lease_owner": None, "lease_until": None} if status == "waiting" else {}
    Response.objects.filter(pk=first.pk).update(status=status, **gone)
    second = claim(user, SendRequest(Content("And?"), thread_id="t", busy=QUEUE_UNLESS_WAITING))
    assert second.displaced == ([] if waits_in_queue else [first.pk])
    assert Response.objects.get(pk=second.response.pk).jumps_queue is not waits_in_queue
