"""Decisions of staff on requests: taken and recorded together, once."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from chat.exceptions import NotWaiting, Unavailable
from chat.models import AuditLogEntry, PersonRequest, Response, User
from chat.responses import waiting
from chat.responses.waiting import StaffDecision
from tests.integration.admin_rows import make_request, make_thread

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_row() -> PersonRequest:
    response = make_thread(User.objects.create(username="olga")).responses.get()
    Response.objects.filter(pk=response.pk).update(
        status="waiting", lease_owner=None, lease_until=None, finished_at=None, kept_offset=None
    )
    return make_request(response, 0, by_staff=True)


def decide(row: PersonRequest, name: str, outcome: str = "approved", *, has_room: bool = True) -> None:
    staff, _ = User.objects.get_or_create(username=name)
    record = partial(
        AuditLogEntry.objects.create, user=staff, username=name, action=outcome, kind="personrequest"
    )
    given = StaffDecision(staff.pk, row.pk, outcome, "", record)
    with transaction.atomic():
        waiting.answer_as_staff(given, uuid4(), has_room)


def recorded() -> list[Any]:
    return list(AuditLogEntry.objects.values_list("username", "action"))


def test_of_two_who_decide_alike_the_first_one_is_on_record(request_row: PersonRequest) -> None:
    decide(request_row, "ann")
    with pytest.raises(NotWaiting):
        decide(request_row, "bob")
    assert recorded() == [("ann", "approved")]


def test_a_decision_that_is_repeated_is_recorded_once(request_row: PersonRequest) -> None:
    decide(request_row, "ann")
    decide(request_row, "ann")
    with pytest.raises(NotWaiting):
        decide(request_row, "ann", "rejected")
    assert recorded() == [("ann", "approved")]


def test_a_decision_that_was_not_taken_is_not_recorded(request_row: PersonRequest) -> None:
    with pytest.raises(Unavailable):
        decide(request_row, "ann", has_room=False)
    assert recorded() == []
