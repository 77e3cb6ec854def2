"""Rows of thought, tool calls, requests to a person and provider fields for tests."""

from __future__ import annotations

import json

from django.utils import timezone

from chat.models import (
    Message,
    Notice,
    NoticeChannel,
    PersonRequest,
    Response,
    Status,
    ThoughtChunk,
    ToolUse,
)
from chat.responses import lifecycle
from chat.responses.lifecycle import Outcome
from chat.streams import storage
from chat.streams.storage import Append, LogSegment
from tests.integration.conversation_driver import ConversationDriver

# A stretch of thought: the offset of the text at which it stands, and its pieces with their milliseconds.
Stretch = tuple[int, list[tuple[int, str]]]


def write_thought(response: Response, *stretches: Stretch, milliseconds: int | None = 2_500) -> None:
    """Give a response a thought."""
    start = 0
    for text_offset, pieces in stretches:
        data = "".join(words for _, words in pieces).encode()
        timings = b"".join(storage.pack_timing(moment, len(words.encode())) for moment, words in pieces)
        stop = start + len(data)
        ThoughtChunk.objects.create(
            response=response, start=start, stop=stop, text_offset=text_offset, data=data, timings=timings
        )
        start = stop
    Response.objects.filter(pk=response.pk).update(thinking_length=start, thinking_ms=milliseconds)


def write_tool_use(response: Response, name: str) -> None:
    places = {"number": 0, "round": 0, "text_offset": 0, "thinking_offset": 0}
    ToolUse.objects.create(response=response, call_id=f"id-{name}", name=name, state="done", **places)
    Response.objects.filter(pk=response.pk).update(tool_changes=2)


def write_request(response: Response, text: str) -> None:
    """Give a response an answered request whose texts all hold a text, with its notice."""
    places = dict.fromkeys(("number", "round", "ends_before", "text_offset", "thinking_offset"), 0)
    texts = dict.fromkeys(("tool", "call_id", "arguments", "schema", "message", "answer"), text)
    end = {"outcome": "answered", "answered_at": timezone.now(), "answer_number": 0}
    request = PersonRequest.objects.create(
        response=response, public_id="request", kind="ask", deadline=timezone.now(), **places, **texts, **end
    )
    Notice.objects.create(request=request, channel=NoticeChannel.WEBHOOK)


def write_provider_fields(call_message: Message, signature: str) -> None:
    stored = {
        "model": "c1\nc1-nightly",
        "message": {"reasoning_details": [{"signature": signature}]},
        "calls": {},
    }
    Message.objects.filter(pk=call_message.pk).update(provider_fields=json.dumps(stored))


def converse(talk: ConversationDriver, prompt: str, thought: str, reply: str) -> Response:
    """Have a model think and answer in a conversation, through the statements of a running server."""
    stream = talk.prompt(prompt)
    assert stream is not None
    segment = LogSegment(thought.encode(), storage.pack_timing(100, len(thought.encode())))
    job = stream.job
    addition = Append(job.response, job.epoch, 0, [LogSegment(reply.encode(), b"")], 0, [segment], 900)
    talk.running.remove(stream)
    assert lifecycle.finish(addition, Outcome(Status.DONE)) is not None
    return Response.objects.get(pk=job.response)
