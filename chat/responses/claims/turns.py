"""The turn of a response and its position in the thread: turns are numbered as they start, parents form the branches."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from msgspec import UNSET, UnsetType

from chat.conf import settings
from chat.db import notifications
from chat.models import (
    ACTIVE,
    STARTED,
    Message,
    PersonRequest,
    Response,
    Role,
    Status,
    Thread,
    ToolUse,
    UpstreamCall,
    User,
)
from chat.permissions.rights import Rights
from chat.schemas.options import Options


@dataclass(frozen=True, slots=True)
class Resumed:
    """The state in which a response goes on that has waited for a person: its row, tool calls, requests and model calls."""

    row: Response
    uses: list[ToolUse]
    requests: list[PersonRequest]
    calls: list[UpstreamCall]


@dataclass(frozen=True, slots=True)
class Job:
    """A response that a process runs under the lease `epoch`.

    `parent`: the message that a new branch follows (None: it begins the thread anew); UNSET: the thread's last message.
    `effort`: the chosen effort of the model; `options`: what else the request asked for. `resumed`: it goes on from there.
    `rights`: those of the owner when it was claimed, or went on.
    """

    response: int
    thread: int
    owner: int
    epoch: int
    model: str
    queued: bool
    parent: int | UnsetType | None = UNSET
    effort: str | None = None
    options: Options | None = None
    resumed: Resumed | None = None
    rights: Rights = field(default_factory=Rights)

    @property
    def span_attributes(self) -> dict[str, str | int]:
        """Return the attributes of the span of the response."""
        thread = {"gen_ai.conversation.id": str(self.thread)}
        return {"chat.response": self.response, "chat.model": self.model, **thread}

    @property
    def parameters(self) -> dict[str, Any]:
        return self.options.parameters if self.options else {}

    @property
    def metadata(self) -> dict[str, Any]:
        return self.options.metadata if self.options else {}

    @property
    def client_tools(self) -> list[dict[str, Any]]:
        return self.options.tools if self.options else []

    @property
    def awaits_results(self) -> bool:
        """Return whether the response waits for the results of the client's tools."""
        return self.options is not None and self.options.awaits_results


def lease_end() -> CombinedExpression:
    """Return the end of a lease that begins now, by the database's clock."""
    return Now() + timedelta(seconds=settings.lease_seconds)


def start(response: Response, thread: Thread, parent: int | UnsetType | None = UNSET) -> None:
    """Start a response whose turn has come. The caller has locked the thread's row."""
    assign_turn(response, thread, parent)
    Response.objects.filter(pk=response.pk).update(status=Status.STREAMING, started_at=Now())
    response.status = Status.STREAMING


def assign_turn(response: Response, thread: Thread, parent: int | UnsetType | None = UNSET) -> None:
    """Put the prompt and its reply at the end of the thread or of a new branch; a prompt that has a turn keeps it."""
    turn = thread.turns + 1
    parent = thread.leaf_id if parent is UNSET else parent
    reply = Message.objects.get(response=response, role=Role.ASSISTANT, hidden=False)
    Message.objects.filter(pk=response.prompt_id, turn=None).update(turn=turn, parent=parent)
    Message.objects.filter(pk=reply.pk).update(turn=turn)
    set_leaf(thread, reply, turn, response.model)


def set_leaf(thread: Thread, reply: Message, turn: int, model: str) -> None:
    """Make the reply of the newest turn the end of its thread."""
    placed = {"turns": turn, "leaf": reply, "model": model, "updated_at": Now()}
    expiry = Now() + (F("expires_at") - F("updated_at"))
    Thread.objects.filter(pk=thread.pk).update(**placed, expires_at=expiry)


def promote(job: Job) -> bool:
    """Start a queued response if its turn has come; return False while it has to wait."""
    User.objects.select_for_update(no_key=True).get(pk=job.owner)
    thread = Thread.objects.select_for_update(no_key=True).filter(pk=job.thread).first()
    mine = Response.objects.filter(pk=job.response, lease_epoch=job.epoch, status=Status.QUEUED).first()
    if thread is None or mine is None or not _is_next(mine, thread) or _at_quota(job.owner):
        return False
    start(mine, thread, job.parent)
    notifications.notify("thread", thread.owner_id, thread.pk, "updated")
    notifications.notify("log", mine.pk, owner=mine.owner_id)
    return True


def _is_next(response: Response, thread: Thread) -> bool:
    active = Response.objects.filter(thread=thread, status__in=ACTIVE)
    if active.filter(status__in=STARTED).exists():
        return False
    return active.order_by(F("jumps_queue").desc(), "pk").values_list("pk", flat=True).first() == response.pk


def _at_quota(owner: int) -> bool:
    running = Response.objects.owned_by(owner).filter(status=Status.STREAMING)
    return running.count() >= settings.active_per_user
