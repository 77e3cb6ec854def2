"""A thread stored by the documented API (prompt, calls, results, answer) reaches the model unchanged."""

from __future__ import annotations

import pytest

from chat.llm.sse.accumulator import ToolCall
from chat.models import Status, User
from chat.responses import tool_rounds
from chat.schemas import Content
from chat.tools import ToolResult
from tests.integration.conversation_driver import ConversationDriver, DrivenStream, history
from tests.integration.grammar import Json, assert_valid

pytestmark = pytest.mark.django_db

ARGUMENTS = ' { "city":"S\\u00e3o Paulo",  "days": 1.50e0 }\n'
REPLY = '<content thesys="true" version="2">\n```openui-lang\nroot = Card([])\n```\n</content>'


def call(name: str, arguments: str = ARGUMENTS) -> Json:
    return {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": arguments}}


def result(name: str, content: str) -> Json:
    return {"role": "tool", "tool_call_id": f"call_{name}", "content": content}


STORED: list[Json] = [
    {"id": "1", "role": "user", "content": '<content thesys="true">Weather &amp; time?</content>'},
    {"role": "assistant", "content": None, "tool_calls": [call("weather"), call("clock", "")]},
    result("weather", '{"sky": "clear"}'),
    result("clock", "12:00"),
    {"role": "assistant", "content": "One moment. ", "tool_calls": [call("tides", "no JSON")]},
    result("tides", ""),
    {"id": "2", "role": "assistant", "content": REPLY},
    {"id": "3", "role": "user", "content": "Thanks. 🍎"},
    {"id": "4", "role": "assistant", "content": "You are welcome."},
    {"id": "5", "role": "user", "content": [{"type": "text", "text": "And now?"}]},
]


def store(talk: ConversationDriver, thread: list[Json]) -> None:
    """Store messages by their usual way: prompts from a client, the rest from a model and its tools."""
    stream: DrivenStream | None = None
    for place, message in enumerate(thread):
        if message["role"] == "user":
            stream = talk.prompt(content_of(message["content"]), prompt_id=f"prompt-{message['id']}")
        elif message["role"] == "assistant":
            assert stream is not None
            if message["content"]:
                talk.say(stream, message["content"])
            if "tool_calls" in message:
                add_round(stream, message["tool_calls"], thread[place + 1 :])
                stream.words = ""
            else:
                talk.end(stream, Status.DONE)


def content_of(content: str | list[Json]) -> Content:
    return (
        Content(content)
        if isinstance(content, str)
        else Content('[{"type": "text", "text": "And now?"}]', parts=True)
    )


def add_round(stream: DrivenStream, calls: list[Json], after: list[Json]) -> None:
    wanted = [ToolCall(one["id"], one["function"]["name"], one["function"]["arguments"]) for one in calls]
    results = [message["content"] for message in after[: len(calls)]]
    response, epoch, offset = stream.job.response, stream.job.epoch, stream.length(len(stream.pieces))
    called = {call.id: ToolResult(result) for call, result in zip(wanted, results, strict=True)}
    assert tool_rounds.add_round(response, epoch, stream.words, offset, wanted, called)


def test_a_thread_with_calls_results_and_answers_round_trips_exactly() -> None:
    talk = ConversationDriver(User.objects.create(username="ada"))
    store(talk, STORED)
    sent = history(talk.running[0].prompt)
    assert_valid(sent)
    assert sent == [{key: value for key, value in message.items() if key != "id"} for message in STORED]
