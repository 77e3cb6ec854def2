"""Rows for tests of the admin, and its pages as text."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.models import Chunk, Message, PersonRequest, Response, Role, Status, Thread, UpstreamCall, User

LISTS = ("thread", "message", "response", "user", "apitoken")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, name: str, *args: object, **query: str | int) -> str:
    """Return the text of an admin page, which must answer 200."""
    answer = client.get(reverse(f"admin:{name}", args=args), query)
    assert answer.status_code == 200, name
    return answer.content.decode()


def make_response(thread: Thread, turn: int, prompt: Message, **fields: Any) -> Response:
    now = timezone.now()
    given = {"status": Status.DONE, "model": "c1", "public_id": f"response-{thread.pk}-{turn}", **fields}
    if given["status"] not in (Status.QUEUED, Status.STREAMING):
        given = {"kept_offset": 0, "finished_at": now + timedelta(seconds=3), **given}
    times = {"started_at": now, "first_token_at": now + timedelta(seconds=1.25)}
    return Response.objects.create(owner=thread.owner, thread=thread, prompt=prompt, **times, **given)


def make_thread(owner: User, text: str = "hello", **fields: Any) -> Thread:
    """Create a thread with one complete turn: prompt, tool call, its result, and the reply (which is stored first)."""
    number = Thread.objects.count()
    thread = Thread.objects.create(
        owner=owner, **{"public_id": f"thread-{number}", "title": text, "model": "c1", **fields}
    )

    def add(position: int, role: Role, content: str, **more: Any) -> Message:
        given = {"turn": 1, "position": position, "public_id": f"{thread.pk}-{position}"}
        return Message.objects.create(owner=owner, thread=thread, role=role, content=content, **given, **more)

    prompt = add(0, Role.USER, f"prompt {text}", plain_text=f"prompt {text}")
    response = make_response(thread, 1, prompt)
    content = f"<content>reply {text}</content>"
    reply = add(3, Role.ASSISTANT, content, response=response, plain_text=f"reply {text}")
    call = {
        "id": "call-1",
        "type": "function",
        "function": {"name": f"tool {text}", "arguments": f'{{"a": "{text}"}}'},
    }
    hidden = {"hidden": True, "response": response}
    call_message = add(1, Role.ASSISTANT, "", parent=prompt, tool_calls=json.dumps([call]), **hidden)
    result = add(2, Role.TOOL, f"result {text}", parent=call_message, tool_call_id="call-1", **hidden)
    Message.objects.filter(pk=reply.pk).update(parent=result)
    thread.leaf = reply
    thread.save(update_fields=["leaf"])
    return thread


def add_turn(thread: Thread, turn: int, after: Message | None = None, text: str = "more") -> Message:
    """Add a prompt and its reply at the end of the thread or after another message. Return the reply."""
    common = {"owner": thread.owner, "thread": thread, "turn": turn, "plain_text": text, "content": text}
    parent = after or thread.leaf
    prompt = Message.objects.create(public_id=f"p{thread.pk}-{turn}", role=Role.USER, parent=parent, **common)
    response = make_response(thread, turn, prompt)
    said = {"role": Role.ASSISTANT, "public_id": response.public_id, "position": 1}
    thread.leaf = Message.objects.create(parent=prompt, response=response, **said, **common)
    thread.save(update_fields=["leaf"])
    return thread.leaf


def make_request(response: Response, number: int, **fields: Any) -> PersonRequest:
    now = timezone.now()
    given = {
        "public_id": f"request-{number}",
        "number": number,
        "kind": "approve",
        "tool": f"tool-{number}",
        "call_id": "call-1",
        "arguments": '{"amount": "canary-asked"}',
        "text_offset": 0,
        "thinking_offset": 0,
        "round": 0,
        "ends_before": 0,
        "deadline": now + timedelta(days=1),
    }
    return PersonRequest.objects.create(response=response, **{**given, **fields})


def make_call(thread: Thread, **fields: Any) -> UpstreamCall:
    """Create a call with a million prompt tokens, half a million completion tokens and no first token."""
    now = timezone.now()
    given = {
        "model": "c1",
        "round": 0,
        "attempt": UpstreamCall.objects.count(),
        "started_at": now,
        "finished_at": now + timedelta(seconds=2),
        "outcome": "done",
        "prompt_tokens": 1_000_000,
        "completion_tokens": 500_000,
        "source": "provider",
        **fields,
    }
    return UpstreamCall.objects.create(owner=thread.owner, thread=thread.pk, response=thread.pk, **given)


def shown(text: str) -> list[str]:
    """Return the titles of the form `titleNN` in a list of threads."""
    return re.findall(r">(title\d\d)<", text)


def write_log(response: Response, *pieces: tuple[bytes, bool]) -> None:
    start = 0
    for data, ephemeral in pieces:
        Chunk.objects.create(
            response=response, start=start, stop=start + len(data), data=data, ephemeral=ephemeral
        )
        start += len(data)
    Response.objects.filter(pk=response.pk).update(log_length=start)
