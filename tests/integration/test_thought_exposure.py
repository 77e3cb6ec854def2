"""Thought leaves the server in what its owner asks for, marked as thought, and gets into no title."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from chat.api.encoders import export, serializers
from chat.models import Message, Response, Role, User
from chat.responses.title_storage import title_candidate
from chat.threads import exports
from chat.threads.search.search import search
from chat.threads.threads import Listing
from tests.integration.conversation_driver import NAME, ConversationDriver
from tests.integration.thought_rows import converse, write_thought

pytestmark = pytest.mark.django_db

CANARY = "kassiber"


@pytest.fixture
def talk() -> ConversationDriver:
    return ConversationDriver(User.objects.create(username="ada"))


def markdown(talk: ConversationDriver) -> list[str]:
    _, pks = exports.branch(talk.user.pk, NAME)
    rows, _ = exports.messages_of(talk.user.pk, pks)
    return [export.message_as_markdown(row) for row in rows]


def test_a_markdown_export_quotes_the_thought_ahead_of_its_reply(talk: ConversationDriver) -> None:
    converse(talk, "What now?", "Let me see.\n\nThey ask.", "Wait.")
    prompt, reply = markdown(talk)
    assert ">" not in prompt
    assert (
        reply.partition("UTC\n\n")[2] == "> *Thought for 0.9 s*\n>\n> Let me see.\n>\n> They ask.\n\nWait.\n"
    )


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"])
def test_no_line_of_a_thought_passes_for_the_answer(talk: ConversationDriver, line_break: str) -> None:
    converse(talk, "What now?", f"See{line_break}## You", "Wait.")
    _, reply = markdown(talk)
    assert "\n> See\n> ## You\n\nWait.\n" in reply


def test_an_unknown_duration_is_left_out(talk: ConversationDriver) -> None:
    response = converse(talk, "What now?", "x", "Wait.")
    response.thought_chunks.all().delete()
    write_thought(response, (0, [(10, "See")]), milliseconds=None)
    assert "> *Thought*\n>\n> See\n" in markdown(talk)[1]


def test_a_found_threads_excerpt_is_marked_as_thought_and_others_are_not(talk: ConversationDriver) -> None:
    converse(talk, "What now?", CANARY, "Wait.")
    for words, expected in ((CANARY, True), ("wait", None)):
        [(thread, part)], _ = search(talk.user.pk, Listing(20, None, words, None))
        assert serializers.thread(thread, part)["excerpt"].get("thinking") == expected


def test_a_thought_gets_into_no_title(talk: ConversationDriver) -> None:
    response = converse(talk, "What now?", CANARY, "Wait.")
    assert talk.thread.title == "What now?"
    candidate = title_candidate(response.pk)
    assert candidate is not None
    assert (candidate.prompt, candidate.answer) == ("What now?", "Wait.")
    assert CANARY not in str(asdict(candidate))


def test_a_thought_stands_in_no_stored_text(talk: ConversationDriver) -> None:
    response = converse(talk, "What now?", CANARY, "Wait.")
    reply = Message.objects.get(response=response, role=Role.ASSISTANT)
    assert CANARY not in f"{reply.content} {reply.plain_text} {reply.terms}"
    assert Response.objects.get(pk=response.pk).text_length == len("Wait.")
