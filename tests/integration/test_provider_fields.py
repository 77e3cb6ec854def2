"""A provider's fields in the history: stored with a round, given back to the same model only, within the budget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chat.governance import redaction
from chat.llm.clients.base import ModelProfile
from chat.llm.provider_fields import encode, model_key
from chat.llm.sse.accumulator import ToolCall
from chat.models import Message, Status, User
from chat.responses import tool_rounds
from chat.threads.model_context import build_request
from chat.tools.calling import ToolResult
from tests.integration.conversation_driver import EVERYTHING, ConversationDriver, DrivenStream
from tests.integration.grammar import Json, as_sent

pytestmark = pytest.mark.django_db

PROFILE = ModelProfile("gemini", "gemini-3-pro-preview", {})
EXTRA = {"extra_content": {"google": {"thought_signature": "c2ln"}}, "function": {"note": 1}}
THOUGHT = {"reasoning_content": "I add."}


@pytest.fixture
def talk() -> ConversationDriver:
    return ConversationDriver(User.objects.create(username="ada"))


def prompt(talk: ConversationDriver, words: str = "Hello") -> DrivenStream:
    stream = talk.prompt(words)
    assert stream is not None
    return stream


def add_round(
    stream: DrivenStream, fields: dict[str, Any] = THOUGHT, id_: str = "a", by: ModelProfile = PROFILE
) -> None:
    calls = [ToolCall(id_, "clock", "{}", EXTRA), ToolCall(f"{id_}b", "clock", "{}")]
    stored = encode(model_key(by), fields, calls)
    assert tool_rounds.add_round(
        stream.job.response,
        stream.job.epoch,
        "",
        0,
        calls,
        {id_: ToolResult("12:00"), f"{id_}b": ToolResult("12:01")},
        provider_fields=stored,
    )


def history(stream: DrivenStream, profile: ModelProfile = PROFILE, budget: int = EVERYTHING) -> list[Json]:
    return as_sent(build_request(stream.job.response, profile, budget).messages)


def test_the_fields_go_back_to_the_model_that_sent_them(talk: ConversationDriver) -> None:
    add_round(stream := prompt(talk))
    message = history(stream)[1]
    first, second = message["tool_calls"]
    assert message["reasoning_content"] == "I add."
    assert first["extra_content"] == EXTRA["extra_content"]
    assert first["function"] == {"note": 1, "name": "clock", "arguments": "{}"}
    assert second.keys() == {"id", "type", "function"}


@pytest.mark.parametrize(
    "other",
    [
        replace(PROFILE, name="other"),
        replace(PROFILE, upstream="gemini-3-flash"),
        replace(PROFILE, wants_back=False),
        replace(PROFILE, name="gemini\ngemini-3-pro-preview", upstream=""),
    ],
    ids=["name", "upstream", "none wanted", "forged"],
)
def test_no_other_model_gets_them(talk: ConversationDriver, other: ModelProfile) -> None:
    add_round(stream := prompt(talk))
    plain = history(stream, other)
    assert plain[1].keys() == {"role", "content", "tool_calls"}
    assert all(call.keys() == {"id", "type", "function"} for call in plain[1]["tool_calls"])


def test_the_fields_count_towards_the_budget_of_that_model(talk: ConversationDriver) -> None:
    add_round(stream := prompt(talk, "One"), {"signature": "s" * 5_000})
    talk.end(stream, Status.DONE)
    again = prompt(talk, "Two")
    assert [message["content"] for message in history(again, budget=4_000)] == ["Two"]
    assert len(history(again, budget=8_000)) == 5
    # Another model is not sent them, so they take none of its room.
    assert len(history(again, replace(PROFILE, name="other"), 4_000)) == 5


def test_fields_that_were_not_stored_as_json_leave_the_history_valid(talk: ConversationDriver) -> None:
    add_round(stream := prompt(talk))
    broken = '{"model":"gemini\\ngemini-3-pro-preview", oops'
    Message.objects.filter(provider_fields__isnull=False).update(provider_fields=broken)
    assert "reasoning_content" not in history(stream)[1]


def test_a_message_whose_calls_were_lost_has_none_of_their_fields(talk: ConversationDriver) -> None:
    add_round(stream := prompt(talk))
    Message.objects.filter(provider_fields__isnull=False).update(tool_calls="[oops", content="Wait.")
    assert history(stream)[1] == {"role": "assistant", "content": "Wait."}


def test_a_redaction_removes_them(talk: ConversationDriver) -> None:
    add_round(stream := prompt(talk))
    talk.say(stream, "Noon.")
    talk.end(stream, Status.DONE)
    redaction.redact_thread(talk.thread, "staff")
    assert not Message.objects.filter(provider_fields__isnull=False).exists()


def test_a_cut_reply_drops_them_with_the_calls_behind_it(talk: ConversationDriver) -> None:
    stream = prompt(talk)
    talk.say(stream, "Hello")
    add_late = ToolCall("late", "clock", "{}", EXTRA)
    tool_rounds.add_round(
        stream.job.response,
        stream.job.epoch,
        "Hello",
        5,
        [add_late],
        {"late": ToolResult("12:00")},
        provider_fields=encode(model_key(PROFILE), THOUGHT, [add_late]),
    )
    talk.end(stream, Status.STOPPED, 2)
    seen = history(prompt(talk, "Two"))
    assert [message["content"] for message in seen] == ["Hello", "He", "Two"]
