"""Titles of threads that nobody has named."""

from __future__ import annotations

from dataclasses import dataclass

from chat import doorbell
from chat.models import Message, Response, Role, Thread


@dataclass(frozen=True, slots=True)
class Untitled:
    """A thread with one answer, whose title is still the first words of its prompt; both as readable text."""

    thread: int
    owner: int
    prompt: str
    answer: str


def untitled(response: int) -> Untitled | None:
    """The thread of a response that was its first, unless a person has named it."""
    rows = Response.objects.select_related("thread", "prompt")
    row = rows.filter(pk=response, thread__turns=1, thread__titled_by_person=False).first()
    if row is None:
        return None
    reply = Message.objects.get(response=row, role=Role.ASSISTANT, hidden=False)
    return Untitled(row.thread_id, row.owner_id, row.prompt.readable, reply.readable)


def name(thread: Untitled, title: str) -> None:
    """Give the thread a title, unless a person was quicker."""
    rows = Thread.objects.owned_by(thread.owner).filter(pk=thread.thread, titled_by_person=False)
    if rows.update(title=title):
        doorbell.ring("thread", thread.owner, thread.thread, "updated")
