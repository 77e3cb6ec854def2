"""Invariant I12: after any events in a thread, the model's history is valid and repeats nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from typing import Any

import msgspec
import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chat.conf import settings as chat_settings
from chat.exceptions import ChatError
from chat.llm.clients.base import ModelProfile
from chat.models import Message, Response, Role, Status, User
from chat.responses.claims import quotas
from chat.schemas import Content, ThreadChange
from chat.text import is_failure_card, wrap_card
from chat.threads import messages, model_context, threads
from tests.integration.conversation_driver import EVERYTHING, NAME, ConversationDriver, DrivenStream, history
from tests.integration.grammar import Json, as_sent, assert_valid

EXAMPLES = int(os.environ.get("HISTORY_EXAMPLES", "15"))
STEPS = 14
CARD = wrap_card("No answer", "The model could not be reached.")
FAILED = '{"error":"The tool failed."}'
PROFILE = ModelProfile("c1", "c1-nightly", {})
PARTS = Content('[ {"type":"text", "text":"caf\\u00e9"} ]', parts=True)

words = st.sampled_from(["Größe ", "5 € ", "🍎", "plain ", "\n", "<thinkitem>"])
results = st.lists(st.sampled_from(["12:00", FAILED, "", "🍎"]), min_size=1, max_size=3)
numbers = st.integers(0, 2**16)
busy = st.sampled_from(["interrupt", "interrupt", "reject", "queue"])
offsets = st.none() | st.integers(0, 300)


class HistoryStateMachine(RuleBasedStateMachine):
    """Apply all events of a thread in any order; check the model's history after each step."""

    talk: ConversationDriver

    @initialize()
    def begin(self) -> None:
        self.example = transaction.atomic()
        self.example.__enter__()
        self.talk = ConversationDriver(User.objects.create(username="machine"))
        self.talk.prompt("Hello")

    def teardown(self) -> None:
        if not hasattr(self, "example"):
            return
        try:
            for leaf in {pk for row in self.visible() for pk in (row.pk, row.parent_id) if pk}:
                assert_told(leaf)
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    @rule(content=words | st.just(PARTS), busy=busy)
    def prompt(self, content: str | Content, busy: str) -> None:
        self.talk.prompt(content, busy=busy)

    @rule(content=words, busy=busy, number=numbers)
    def edit(self, content: str, busy: str, number: int) -> None:
        """Add a branch after any visible message, or ahead of all."""
        after = [None, *(row.public_id for row in self.visible())]
        self.talk.prompt(content, busy=busy, parent_id=after[number % len(after)])

    @rule(busy=busy, number=numbers)
    def regenerate(self, busy: str, number: int) -> None:
        made = Response.objects.filter(owner=self.talk.user).order_by("pk")
        self.talk.regenerate(made[number % len(made)].public_id, busy)

    @precondition(lambda self: self.talk.streaming())
    @rule(said=st.lists(words, min_size=1, max_size=3), think=st.booleans(), stored=st.integers(0, 4))
    def say(self, said: list[str], think: bool, stored: int) -> None:
        (stream,) = self.talk.streaming()
        if think:
            self.talk.think(stream)
        for one in said:
            self.talk.say(stream, one)
        self.talk.flush(stream, len(stream.pieces) - stored)

    @precondition(lambda self: self.talk.streaming())
    @rule(said=words | st.just(""), results=results, think=st.booleans())
    def tools(self, said: str, results: list[str], think: bool) -> None:
        (stream,) = self.talk.streaming()
        if said:
            self.talk.say(stream, said)
        self.talk.tools(stream, results)
        if think:
            self.talk.think(stream)

    @precondition(lambda self: self.talk.streaming())
    @rule(status=st.sampled_from([Status.DONE, Status.FAILED]))
    def end(self, status: Status) -> None:
        (stream,) = self.talk.streaming()
        self.talk.end(stream, status)

    @precondition(lambda self: self.talk.running)
    @rule(number=numbers, offset=offsets)
    def stop(self, number: int, offset: int | None) -> None:
        """Stop a response; the prompt of a queued one is withdrawn."""
        self.talk.end(self.any(number), Status.STOPPED, offset)

    @precondition(lambda self: self.talk.running)
    @rule(number=numbers, stopping=st.booleans(), offset=offsets, results=results)
    def crash(self, number: int, stopping: bool, offset: int | None, results: list[str]) -> None:
        stream = self.any(number)
        if stopping:
            Response.objects.filter(pk=stream.job.response).update(
                stop_offset=offset, stop_requested_at="2026-01-01T00:00Z"
            )
        self.talk.crash(stream)
        assert not self.talk.add_round(stream, results), "written after the lease was lost"

    @rule(content=words | st.sampled_from(["", CARD]), number=numbers)
    def replace(self, content: str, number: int) -> None:
        replies = [row for row in self.visible() if row.role == Role.ASSISTANT]
        try:
            messages.replace(self.talk.user.pk, NAME, replies[number % len(replies)].public_id, content)
        except ChatError:
            assert replies[number % len(replies)].response.status in ("queued", "streaming")  # type: ignore[union-attr]

    @rule(number=numbers)
    def choose(self, number: int) -> None:
        seen = self.visible()
        change = ThreadChange(None, None, None, seen[number % len(seen)].public_id)
        threads.change(self.talk.user.pk, NAME, change)

    @invariant()
    def next_model_request_is_valid(self) -> None:
        if not hasattr(self, "talk"):
            return
        for stream in self.talk.streaming():
            request = model_context.build_request(stream.job.response, PROFILE, EVERYTHING)
            sent = as_sent(request.messages)
            assert_valid(sent)
            prompt = Response.objects.select_related("prompt").get(pk=stream.job.response).prompt
            last = [one["content"] for one in sent if one["role"] == "user"][-1]
            assert last == (msgspec.json.decode(prompt.content) if prompt.parts else prompt.content)

    def visible(self) -> list[Message]:
        return [row for row in self.talk.rows().values() if not row.hidden]

    def any(self, number: int) -> DrivenStream:
        return self.talk.running[number % len(self.talk.running)]


def assert_told(leaf: int) -> None:
    """Assert that the history for this leaf is valid and contains the rows that lead to it.

    Each word stands once, and each call that a reader saw has its own result.
    """
    sent = history(leaf)
    assert_valid(sent)
    branch = list(upward(leaf))[::-1]
    assert_whole(branch)
    assert said(sent) == [turn for rows in turns(branch) for turn in expected(rows)]
    kept = [
        row.content
        for rows in turns(branch)
        for row in rows
        if row.role == "tool" and not removed(row, rows[-1])
    ]
    assert [message["content"] for message in sent if message["role"] == "tool"] == kept


def assert_whole(branch: list[Message]) -> None:
    """Assert that every row of a reply's response lies on the way to it."""
    for reply in branch:
        if not reply.hidden and reply.response_id:
            left = {row.pk for row in branch if row.response_id == reply.response_id}
            assert left == set(
                Message.objects.filter(response=reply.response_id).values_list("pk", flat=True)
            )


def upward(leaf: int | None) -> Iterable[Message]:
    while leaf is not None:
        row = Message.objects.select_related("response").get(pk=leaf)
        yield row
        leaf = row.parent_id


def turns(branch: list[Message]) -> list[list[Message]]:
    found: list[list[Message]] = []
    for row in branch:
        if row.role == Role.USER:
            found.append([])
        found[-1].append(row)
    return found


def expected(rows: list[Message]) -> list[tuple[str, Any]]:
    """Return the expected history of a turn, in the terms of `said`."""
    prompt, *rest = rows
    content = msgspec.json.decode(prompt.content) if prompt.parts else prompt.content
    if not rest or rest[-1].hidden or (rest[-1].response and not rest[-1].response.ended):
        reply = "".join(row.content for row in rest if row.tool_calls)
    else:
        reply = "" if is_failure_card(rest[-1].content) else rest[-1].content
    return [("user", content), *([("assistant", reply)] if reply else [])]


def said(sent: list[Json]) -> list[tuple[str, Any]]:
    """Return role and text of each message, an assistant's joined between prompts, without calls and results."""
    spoken = [one for one in sent if one["role"] != "tool" and one["content"]]
    found: list[tuple[str, Any]] = []
    for role, group in groupby(spoken, key=lambda one: one["role"]):
        texts = [one["content"] for one in group]
        found += [(role, text) for text in texts] if role == "user" else [(role, "".join(texts))]
    return found


def removed(row: Message, reply: Message) -> bool:
    """Tell if a stop removed this result: its call came after the text that the reader had seen."""
    response = reply.response
    if reply.hidden or response is None or response.kept_offset in (None, response.log_length):
        return False
    return row.log_offset > (response.kept_offset or 0)


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        quotas, "settings", replace(chat_settings, active_per_user=100, per_hour=0, tokens_per_day=0)
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("unlimited")
def test_the_history_is_valid_after_any_events() -> None:
    quick = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize="HISTORY_EXAMPLES" not in os.environ,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(HistoryStateMachine, settings=quick)


@pytest.fixture
def talk(db: None, unlimited: None) -> ConversationDriver:
    return ConversationDriver(User.objects.create(username="ada"))


def started(talk: ConversationDriver) -> DrivenStream:
    stream = talk.prompt("Hello")
    assert stream is not None
    return stream


def leaf(talk: ConversationDriver) -> list[Json]:
    sent = history(talk.thread.leaf_id)
    assert_valid(sent)
    return sent


def test_a_replacement_after_a_stop_brings_no_call_back_that_the_stop_removed(
    talk: ConversationDriver,
) -> None:
    stream = started(talk)
    talk.say(stream, "Seen. Unseen.")
    talk.tools(stream, ["12:00"])
    talk.end(stream, Status.STOPPED, offset=5)
    messages.replace(talk.user.pk, NAME, reply_id(talk), "Filled in.")
    assert said(leaf(talk)) == [("user", "Hello"), ("assistant", "Filled in.")]
    assert [one["role"] for one in leaf(talk)] == ["user", "assistant"]


def test_a_call_whose_text_was_lost_in_a_crash_is_sent_with_the_remaining_text(
    talk: ConversationDriver,
) -> None:
    stream = started(talk)
    talk.say(stream, "Kept. ")
    talk.flush(stream)
    talk.say(stream, "Lost.")
    talk.tools(stream, ["12:00"])
    talk.crash(stream)
    sent = leaf(talk)
    assert [one["role"] for one in sent] == ["user", "assistant", "tool", "assistant"]
    assert said(sent) == [("user", "Hello"), ("assistant", "Kept. ")]


def reply_id(talk: ConversationDriver) -> str:
    leaf = talk.thread.leaf
    assert leaf is not None
    return leaf.public_id
