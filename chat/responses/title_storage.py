"""Titles of threads that have no custom title."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F

from chat.db import notifications
from chat.models import Message, QuotaReservation, Response, Role, Thread
from chat.responses.usage.recorder import UsageRecorder


@dataclass(frozen=True, slots=True)
class TitleCandidate:
    """A thread with one answer, whose title is still the first words of its prompt; both as readable text."""

    thread: int
    owner: int
    prompt: str
    answer: str


def title_candidate(response: int) -> TitleCandidate | None:
    """Return the thread of a response if it is the thread's first and the title is not custom; None for one in no list."""
    rows = Response.objects.select_related("thread", "prompt")
    row = rows.filter(
        pk=response, thread__turns=1, thread__has_custom_title=False, thread__expires_at=None
    ).first()
    if row is None:
        return None
    reply = Message.objects.get(response=row, role=Role.ASSISTANT, hidden=False)
    return TitleCandidate(row.thread_id, row.owner_id, row.prompt.plain_text, reply.plain_text)


def store_calls(thread: TitleCandidate, response: int, recorder: UsageRecorder) -> None:
    """Store the calls for a title, and add their tokens to what the response took out of the quotas."""
    recorder.store(thread.owner, thread.thread, response)
    tokens = sum(call.prompt_tokens + call.completion_tokens for call in recorder.calls)
    QuotaReservation.objects.filter(response=response).update(tokens=F("tokens") + tokens)


def set_title(thread: TitleCandidate, title: str) -> None:
    """Set the title of the thread, unless a person has set one meanwhile."""
    rows = Thread.objects.owned_by(thread.owner).filter(pk=thread.thread, has_custom_title=False)
    if rows.update(title=title):
        notifications.notify("thread", thread.owner, thread.thread, "updated")
