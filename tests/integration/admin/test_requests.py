"""Requests to a person in the admin: the list, and the response's page with and without what was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.admin.inspection.person_requests import request_views
from chat.models import AuditAction, AuditLogEntry, Notice, PersonRequest, Response, User
from tests.integration.admin_rows import make_request, make_thread, page

pytestmark = pytest.mark.django_db

READ = ("view_response", "read_content", "read_hidden_content")


@pytest.fixture
def owner() -> User:
    return User.objects.create(username="olga")


@pytest.fixture
def response(owner: User) -> Response:
    return make_thread(owner).responses.get()


def ended(response: Response, number: int, outcome: str = "approved", **fields: Any) -> PersonRequest:
    end = {"outcome": outcome, "answered_at": timezone.now(), "answer_number": number}
    return make_request(response, number, **end, **fields)


def test_the_list_shows_what_waits_and_for_whom(admin: Client, response: Response) -> None:
    make_request(response, 0)
    ended(response, 1, answered_by=response.owner)
    waiting = page(admin, "chat_personrequest_changelist", outcome="open")
    assert "tool-0" in waiting
    assert "olga" in waiting
    assert "tool-1" not in waiting
    approved = page(admin, "chat_personrequest_changelist", outcome="approved")
    assert "tool-1" in approved
    assert "tool-0" not in approved


def test_a_request_s_own_page_and_the_list_show_no_content(admin: Client, response: Response) -> None:
    row = make_request(response, 0, message="canary-message")
    for text in (
        page(admin, "chat_personrequest_changelist"),
        page(admin, "chat_personrequest_change", row.pk),
    ):
        assert "tool-0" in text
        assert "canary" not in text


def test_a_response_s_page_shows_requests_and_their_ends(
    staff: Callable[..., Client], response: Response
) -> None:
    make_request(response, 0)
    ended(response, 1, "rejected", answered_by=User.objects.create(username="other"))
    text = page(staff("view_response"), "chat_response_change", response.pk)
    assert "Requests to a person" in text
    for shown in ("tool-0", "open", "tool-1", "rejected", "other"):
        assert shown in text
    assert "canary" not in text
    assert not AuditLogEntry.objects.exists()


def test_what_was_asked_is_for_readers_of_hidden_content_and_on_record(
    staff: Callable[..., Client], response: Response
) -> None:
    ended(response, 0, answer='{"amount": "canary-given"}')
    assert "canary" not in page(staff(*READ[:2]), "chat_response_change", response.pk)
    text = page(staff(*READ), "chat_response_change", response.pk)
    assert "canary-asked" in text
    assert "canary-given" in text
    entry = AuditLogEntry.objects.latest("pk")
    assert (entry.action, entry.object_pk) == (AuditAction.HIDDEN, response.pk)


def test_content_is_no_filter(admin: Client, response: Response) -> None:
    make_request(response, 0)
    found = admin.get("/admin/chat/personrequest/", {"arguments__contains": "canary"})
    assert "tool-0" not in found.content.decode()


def test_many_requests_cost_as_many_queries_as_one(admin: Client, response: Response) -> None:
    counts = []
    for numbers in (range(1), range(1, 20)):
        for number in numbers:
            ended(response, number, answered_by=User.objects.create(username=f"user-{number}"))
        for name, *key in (("chat_personrequest_changelist",), ("chat_response_change", response.pk)):
            page(admin, name, *key)
            with CaptureQueriesContext(connection) as captured:
                page(admin, name, *key)
            counts.append(len(captured))
    assert counts[:2] == counts[2:]


DECIDES = ("view_personrequest", "answer_requests")


def test_what_staff_decide_on_is_shown_to_readers_of_content_and_on_record(
    staff: Callable[..., Client], response: Response
) -> None:
    row = make_request(response, 0, by_staff=True)
    for permissions in (DECIDES, (DECIDES[0], "read_content")):
        assert "canary" not in page(staff(*permissions), "chat_personrequest_change", row.pk)
    assert not AuditLogEntry.objects.exists()
    assert "canary-asked" in page(staff(*DECIDES, "read_content"), "chat_personrequest_change", row.pk)
    entry = AuditLogEntry.objects.get()
    assert (entry.kind, entry.object_pk, entry.owner_name) == ("personrequest", row.pk, "olga")


def test_only_open_requests_of_staff_may_be_decided_on_and_by_the_permitted_alone(
    staff: Callable[..., Client], response: Response
) -> None:
    mine, owners = make_request(response, 0, by_staff=True), make_request(response, 1)
    over = ended(response, 2, by_staff=True)
    for row, permissions in ((mine, DECIDES[:1]), (owners, DECIDES), (over, DECIDES)):
        client = staff(*permissions)
        assert "/approve/" not in page(client, "chat_personrequest_change", row.pk)
        answer = client.post(f"/admin/chat/personrequest/{row.pk}/approve/", {"reason": "x"})
        assert answer.status_code == 403
    assert "/approve/" in page(staff(*DECIDES), "chat_personrequest_change", mine.pk)


def test_staff_who_decide_see_what_they_decide_on_and_no_other_request(
    staff: Callable[..., Client], response: Response
) -> None:
    mine, owners = make_request(response, 0, by_staff=True), make_request(response, 1)
    client = staff("answer_requests")
    assert "/approve/" in page(client, "chat_personrequest_change", mine.pk)
    listed = page(client, "chat_personrequest_changelist")
    assert "tool-0" in listed
    assert "tool-1" not in listed
    assert client.get(f"/admin/chat/personrequest/{owners.pk}/change/").status_code == 302
    assert staff("read_content").get(f"/admin/chat/personrequest/{mine.pk}/change/").status_code == 403


def test_what_was_cut_is_marked(response: Response) -> None:
    make_request(response, 0, arguments='{"a": "%s"}' % ("x" * 100), message="short")
    [view] = request_views([response.pk], content=True, limit=50)[response.pk]
    assert dict(view.contents)["Arguments (only its beginning)"] == '{"a": "' + "x" * 43
    assert dict(view.contents)["Message"] == "short"


def test_the_list_is_filtered_by_who_answers(admin: Client, response: Response) -> None:
    make_request(response, 0)
    make_request(response, 1, by_staff=True)
    listed = page(admin, "chat_personrequest_changelist", by="staff", outcome="open")
    assert "tool-1" in listed
    assert "tool-0" not in listed


def test_a_request_s_page_shows_its_notices(admin: Client, response: Response) -> None:
    row = make_request(response, 0)
    Notice.objects.create(request=row, channel="mail", user=response.owner, state="sent")
    assert "Mail olga: Sent" in page(admin, "chat_personrequest_change", row.pk)
