"""Reusable asserts on the state of the database."""

from __future__ import annotations

from chat.models import ACTIVE, Chunk, Message, Response


def assert_valid_log(response: Response) -> None:
    """Assert a log without gap or overlap, whose kept part without ephemeral text is the stored reply."""
    chunks = list(Chunk.objects.filter(response=response).order_by("start"))
    at = 0
    for chunk in chunks:
        assert (chunk.start, chunk.stop - chunk.start) == (at, len(chunk.data)), (
            f"{response}: gap or overlap at {at}"
        )
        at = chunk.stop
    assert at == response.log_length, f"{response}: the log holds {at} bytes of {response.log_length}"
    assert_valid_reply(response, chunks)


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
    """Return the responses with a primary key above `after` that have not ended."""
    return list(Response.objects.filter(pk__gt=after, status__in=ACTIVE))
