"""Requests to a person as the dialects offer them after a reload."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chat.api.encoders.ag_ui_interrupts import interrupts_of
from chat.api.encoders.ai_sdk_messages import OpenCalls, ui_message
from chat.models import PersonRequest
from chat.streams import request_event
from chat.threads.messages import MessageView
from chat.threads.reply_details import ReplyDetails

NOW = datetime(2027, 1, 1, tzinfo=UTC)
CALL = {"id": "call", "name": "pay", "state": "started"}


def asked(*, by_staff: bool) -> PersonRequest:
    return PersonRequest(
        public_id="request",
        number=0,
        kind="approve",
        tool="pay",
        call_id="call",
        arguments="{}",
        text_offset=0,
        thinking_offset=0,
        deadline=NOW,
        by_staff=by_staff,
    )


@pytest.mark.parametrize("by_staff", [False, True])
def test_an_interrupt_is_offered_only_to_a_user_who_can_answer(by_staff: bool) -> None:
    assert len(interrupts_of([request_event(asked(by_staff=by_staff))])) == (not by_staff)


@pytest.mark.parametrize("by_staff", [False, True])
def test_an_approval_is_offered_only_to_a_user_who_can_answer(by_staff: bool) -> None:
    part = OpenCalls({"call": asked(by_staff=by_staff)}, approves=True).part(CALL)
    assert (part is None) is by_staff


def test_a_call_of_another_reply_with_the_same_id_is_not_offered() -> None:
    waits = OpenCalls({"call": asked(by_staff=False)}, approves=True)
    states = {}
    for status, state in (("done", "done"), ("waiting", "started")):
        view = MessageView(
            "m", "assistant", "", NOW, status, 0, None, [], None, tools=[CALL | {"state": state}]
        )
        parts: list[dict[str, Any]] = ui_message(view, {"m": ReplyDetails(None, [0])}, {}, waits)["parts"]
        states[status] = next(part["state"] for part in parts if part["type"] == "tool-pay")
    assert states == {"done": "output-available", "waiting": "approval-requested"}
