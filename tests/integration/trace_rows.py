"""Rows for tests of the trace: a response with calls, arrivals and prices of known figures."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from chat.models import Chunk, Message, Price, Response, Role, Status, Thread, UpstreamCall, User
from chat.streams import storage

BEGAN = datetime(2026, 11, 20, 12, tzinfo=timezone.get_default_timezone())
# Milliseconds and text.
SAID = [(1200, "Hello"), (1250, " there"), (3250, ", you"), (3500, ".")]


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def make_recorded(owner: User, said: list[tuple[int, str]] = SAID, **fields: Any) -> Response:
    """Create a response: queued for 0.5 s; a failed call, its fallback with tools, a second round; ended after 4 s."""
    thread = Thread.objects.create(owner=owner, public_id=f"t-{Thread.objects.count()}", model="c1")
    common = {"thread": thread, "owner": owner, "turn": 1}
    prompt = Message.objects.create(public_id=f"p-{thread.pk}", role=Role.USER, content="Hi", **common)
    times = {"started_at": at(0.5), "first_token_at": at(1.3), "finished_at": at(4)}
    ended = {"status": Status.DONE, "kept_offset": 0, "finish_reason": "stop", **times, **fields}
    response = Response.objects.create(
        owner=owner, thread=thread, public_id=f"r-{thread.pk}", prompt=prompt, model="c1", **ended
    )
    Response.objects.filter(pk=response.pk).update(created_at=BEGAN)
    reply = {
        "public_id": f"r-{thread.pk}",
        "role": Role.ASSISTANT,
        "content": "".join(words for _, words in said),
    }
    thread.leaf = Message.objects.create(response=response, parent=prompt, position=1, **reply, **common)
    thread.save()
    end = write(response, said)
    Response.objects.filter(pk=response.pk, kept_offset=0).update(kept_offset=end, text_length=end)
    make_call(response, 0, 0, 0.5, None, 1.0, outcome="failed", error_code="unavailable")
    make_call(response, 0, 1, 1.0, 1.2, 1.5, model="spare")
    make_call(response, 1, 0, 3.0, 3.25, 3.75)
    return Response.objects.get(pk=response.pk)


def make_call(
    response: Response,
    round_: int,
    attempt: int,
    start: float,
    first: float | None,
    end: float,
    **fields: Any,
) -> UpstreamCall:
    times = {"started_at": at(start), "finished_at": at(end), "first_token_at": at(first) if first else None}
    taken = {"prompt_tokens": 1000, "completion_tokens": 500, "source": "provider", "outcome": "done"}
    return UpstreamCall.objects.create(
        owner=response.owner,
        thread=response.thread_id,
        response=response.pk,
        round=round_,
        attempt=attempt,
        **{"model": "c1", **taken, **times, **fields},
    )


def write(response: Response, said: list[tuple[int, str]], start: int = 0, *, think: bool = False) -> int:
    """Append one chunk with its timings. Return the new end of the log."""
    data = "".join(words for _, words in said).encode()
    timings = b"".join(storage.pack_timing(moment, len(words.encode())) for moment, words in said)
    stop = start + len(data)
    Chunk.objects.create(
        response=response, start=start, stop=stop, data=data, timings=timings, ephemeral=think
    )
    Response.objects.filter(pk=response.pk).update(log_length=stop)
    return stop


def make_price(model: str, prompt: str, completion: str, valid_from: datetime = BEGAN) -> Price:
    return Price.objects.create(
        model=model, prompt_price=prompt, completion_price=completion, valid_from=valid_from
    )
