"""Pinned threads, and temporary ones, which no list shows and which expire."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from chat.models import Thread
from chat.testing import ScriptedModel
from tests.contract.expect import assert_problem
from tests.contract.test_threads import listed, make
from tests.live.client import Client, new_id
from tests.live.transports import Transport

DAY = dt.timedelta(days=1)


def test_a_pinned_thread_says_so_and_can_be_listed_alone(alice: Client) -> None:
    pinned, other = make(alice)["threadId"], make(alice)["threadId"]
    changed = alice.http.patch(f"/api/threads/{pinned}", json={"pinned": True}).json()
    assert changed["pinned"] is True
    assert listed(alice, pinned="true") == [pinned]
    assert listed(alice, pinned="false") == [other]
    assert set(listed(alice)) == {pinned, other}
    assert alice.http.patch(f"/api/threads/{pinned}", json={"pinned": False}).json()["pinned"] is False
    assert listed(alice, pinned="true") == []


def test_pinning_is_no_activity(alice: Client) -> None:
    names = [make(alice)["threadId"] for _ in range(2)]
    alice.http.patch(f"/api/threads/{names[0]}", json={"pinned": True})
    assert listed(alice) == names[::-1]


@pytest.mark.parametrize("pinned", ["yes", 1, [True]])
def test_a_pin_is_true_or_false(alice: Client, pinned: Any) -> None:
    refused = alice.http.patch(f"/api/threads/{make(alice)['threadId']}", json={"pinned": pinned})
    assert_problem(refused, "bad_request", 400)


def test_a_temporary_thread_is_in_no_list_and_can_be_read_and_continued(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    thread = new_id("t")
    transport.send(alice, "hello", thread=thread, temporary=True).rest()
    transport.send(alice, "again", thread=thread).rest()
    assert listed(alice) == []
    assert alice.get("/api/threads", q="hello").json()["threads"] == []
    assert alice.get(f"/api/threads/{thread}").json()["temporary"] is True
    assert len(alice.messages(thread)) == 4


def test_a_temporary_thread_expires_a_day_after_its_last_activity(
    model: ScriptedModel, alice: Client
) -> None:
    thread = new_id("t")
    alice.chat("hello", thread=thread, temporary=True)
    Thread.objects.filter(public_id=thread).update(
        updated_at=F("updated_at") - DAY / 2, expires_at=F("expires_at") - DAY / 2
    )
    alice.chat("again", thread=thread)
    row = Thread.objects.get(public_id=thread)
    assert row.expires_at is not None
    assert abs(row.expires_at - row.updated_at - DAY) < dt.timedelta(seconds=1)
    assert abs(row.expires_at - timezone.now() - DAY) < dt.timedelta(minutes=1)


def test_a_kept_thread_does_not_become_temporary(model: ScriptedModel, alice: Client) -> None:
    alice.chat("hello", thread=(thread := new_id("t")))
    assert_problem(alice.chat("more", thread=thread, temporary=True), "bad_request", 400)
    assert alice.get(f"/api/threads/{thread}").json()["temporary"] is False
    assert Thread.objects.get(public_id=thread).expires_at is None


def test_a_repeated_temporary_prompt_runs_once(model: ScriptedModel, alice: Client) -> None:
    thread = new_id("t")
    body: dict[str, Any] = {"response": new_id("r"), "prompt": new_id("p"), "temporary": True}
    answers = {alice.chat("hello", thread=thread, **body).content for _ in range(2)}
    assert len(answers) == 1
    assert len(alice.messages(thread)) == 2
