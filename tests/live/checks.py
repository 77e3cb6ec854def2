"""Reusable asserts on the state of the database."""

from __future__ import annotations

from collections.abc import Sequence

from chat.models import Chunk, Message, Response, Status, ThoughtChunk


def assert_valid_log(response: Response) -> None:
    """Assert logs without gap or overlap, and a reply that is the kept part of the text without what is ephemeral."""
    chunks = list(Chunk.objects.filter(response=response).order_by("start"))
    assert_contiguous(response, chunks, response.log_length)
    thoughts = list(ThoughtChunk.objects.filter(response=response).order_by("start"))
    assert_contiguous(response, thoughts, response.thinking_length)
    places = [thought.text_offset for thought in thoughts]
    assert places == sorted(places), f"{response}: its thought goes back in the text"
    assert not places or places[-1] <= response.log_length, f"{response}: thought beyond the text"
    assert_valid_reply(response, chunks)


def assert_contiguous(response: Response, chunks: Sequence[Chunk | ThoughtChunk], length: int) -> None:
    at = 0
    for chunk in chunks:
        assert (chunk.start, chunk.stop - chunk.start) == (at, len(chunk.data)), (
            f"{response}: gap or overlap at {at}"
        )
        at = chunk.stop
    assert at == length, f"{response}: the log holds {at} bytes of {length}"


def assert_valid_reply(response: Response, chunks: list[Chunk]) -> None:
    """Assert that live text equals stored text, for a message that was never edited."""
    kept = response.kept_offset
    reply = Message.objects.filter(response=response, role="assistant", hidden=False).first()
    if kept is None or (reply and reply.edited_at):
        return
    parts = [bytes(chunk.data)[: max(0, kept - chunk.start)] for chunk in chunks if not chunk.ephemeral]
    stored = reply.content if reply else ""
    assert stored == b"".join(parts).decode(), f"{response}: the reply is not the log up to {kept}"


def running(after: int) -> list[Response]:
    """Return the responses with a primary key above `after` that run; one that waits for a person runs nowhere."""
    return list(Response.objects.filter(pk__gt=after, status__in=(Status.QUEUED, Status.STREAMING)))
