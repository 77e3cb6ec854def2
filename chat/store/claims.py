"""The claim: one transaction in which a prompt, the response that will answer it, and its place in the thread come to be.

Claims of one user happen one after the other, under a lock on the user's row: what a claim counts stays true until it commits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from chat import doorbell, text
from chat.conf import settings
from chat.errors import (
    BadRequest,
    PromptIdReused,
    QuotaExceeded,
    ResponseIdReused,
    ThreadBusy,
    Unauthenticated,
    Unavailable,
)
from chat.models import ACTIVE, Message, Response, Role, Status, Thread, User
from chat.payloads import Content, Send, Turn

QUEUE_LENGTH = 5  # responses waiting in one thread; the contract's number
QUOTA_RETRY_SECONDS = 5  # a typical answer takes 2 to 10 s
GUESTS_LOCK = 0x63686174  # the advisory lock under which the guests' responses are counted ("chat")


@dataclass(frozen=True, slots=True)
class Job:
    """A response that a process has taken on; `epoch` is its right to write."""

    response: int
    thread: int
    owner: int
    epoch: int
    model: str
    queued: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """What a prompt led to: the response, the work to do (None: it exists already), and what must make way for it."""

    response: Response
    job: Job | None
    displaced: list[int]


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who claims, and the process that will do the work; `has_room` tells whether it can take on one more."""

    owner: int
    process: UUID
    has_room: bool
    default_model: str
    models: tuple[str, ...]


def claim(claimant: Claimant, request: Send) -> Claim:
    """Claim `request.response_id` for a new response, or attach to the one that has it.

    Raises ResponseIdReused, PromptIdReused, ThreadBusy, QuotaExceeded, Unavailable, BadRequest.
    """
    owner = User.objects.select_for_update(no_key=True).filter(pk=claimant.owner, is_active=True).first()
    if owner is None:
        raise Unauthenticated
    existing = _existing(owner.pk, request)
    if existing is not None:
        return Claim(existing, None, [])
    thread = _thread(owner.pk, request)
    model = _model(claimant, request, thread)
    active = list(Response.objects.filter(thread=thread, status__in=ACTIVE)) if thread else []
    _check_busy(request, active)
    displaced = _displaced(request, active)
    _check_quotas(owner, claimant.has_room, displaced)
    new = thread is None
    thread = thread or _create_thread(owner.pk, request, model)
    response, job = _create(claimant, thread, request, model, bool(active))
    doorbell.ring("thread", owner.pk, thread.pk, "created" if new else "updated")
    return Claim(response, job, displaced)


def _existing(owner: int, request: Send) -> Response | None:
    """The response that the same request made before; ids that mean something else are refused."""
    if request.response_id is not None:
        found = (
            Response.objects.owned_by(owner)
            .select_related("prompt", "thread")
            .filter(public_id=request.response_id)
        )
        for response in found:
            if not _same(response, request):
                raise ResponseIdReused
            return response
    _check_message_ids(owner, request)
    return None


def _same(response: Response, request: Send) -> bool:
    prompt, thread = response.prompt, response.thread
    return (
        prompt.content == request.content.text
        and prompt.parts == request.content.parts
        and request.prompt_id in (None, prompt.public_id)
        and request.thread_id in (None, thread.public_id)
    )


def _check_message_ids(owner: int, request: Send) -> None:
    if request.prompt_id is not None and request.prompt_id == request.response_id:
        raise BadRequest("`prompt.id` and `responseId` must differ: both name a message.")
    wanted = [name for name in (request.prompt_id, request.response_id) if name]
    taken = set(
        Message.objects.owned_by(owner).filter(public_id__in=wanted).values_list("public_id", flat=True)
    )
    if request.response_id in taken:
        raise ResponseIdReused
    if taken:
        raise PromptIdReused


def _thread(owner: int, request: Send) -> Thread | None:
    if request.thread_id is None:
        return None
    return (
        Thread.objects.owned_by(owner)
        .select_for_update(no_key=True)
        .filter(public_id=request.thread_id)
        .first()
    )


def _model(claimant: Claimant, request: Send, thread: Thread | None) -> str:
    own = claimant.default_model or (thread.model if thread else claimant.models[0])
    model = own if request.model is None else request.model
    if model not in claimant.models:
        raise BadRequest(
            f"There is no such model. Known: {', '.join(claimant.models)}.", models=list(claimant.models)
        )
    return model


def _check_busy(request: Send, active: list[Response]) -> None:
    if active and request.busy == "reject":
        raise ThreadBusy
    if request.busy == "queue" and sum(one.status == Status.QUEUED for one in active) >= QUEUE_LENGTH:
        raise ThreadBusy(f"{QUEUE_LENGTH} prompts are waiting in this thread already.")


def _displaced(request: Send, active: list[Response]) -> list[int]:
    """What an interrupting prompt ends: what runs, and what was about to run in its place."""
    if request.busy != "interrupt":
        return []
    return [one.pk for one in active if one.status == Status.STREAMING or one.jumps_queue]


def _check_quotas(owner: User, has_room: bool, displaced: list[int]) -> None:
    running = Response.objects.filter(status=Status.STREAMING).exclude(pk__in=displaced)
    if running.owned_by(owner.pk).count() >= settings.active_per_user:
        raise QuotaExceeded(
            f"At most {settings.active_per_user} responses run at once per user. Wait until one has ended.",
            quota="active_per_user",
            retry_after=QUOTA_RETRY_SECONDS,
        )
    if owner.is_guest:
        _check_guests(running.filter(owner__is_guest=True))
    if not has_room:
        raise Unavailable(
            "This server is answering as many prompts as it can.", retry_after=QUOTA_RETRY_SECONDS
        )


def _check_guests(running: QuerySet[Response]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [GUESTS_LOCK])
    if running.count() >= settings.guests_active:
        raise QuotaExceeded(
            "All guests together have as many responses running as they may. Sign in, or wait a little.",
            quota="guests_active",
            retry_after=QUOTA_RETRY_SECONDS,
        )


def _create_thread(owner: int, request: Send, model: str) -> Thread:
    title = text.title_of(readable(request.content))
    public_id = request.thread_id or str(uuid4())
    thread = Thread.objects.create(owner_id=owner, public_id=public_id, title=title, model=model)
    _import(thread, request.turns)
    return thread


def _import(thread: Thread, turns: tuple[Turn, ...]) -> None:
    """The conversation that a client brought along, as turn 0."""
    for position, turn in enumerate(turns):
        thread.leaf = Message.objects.create(
            owner_id=thread.owner_id,
            thread=thread,
            public_id=str(uuid4()),
            parent=thread.leaf,
            turn=0,
            position=position,
            role=turn.role,
            content=turn.content.text,
            parts=turn.content.parts,
            hidden=turn.role == Role.SYSTEM,
            imported=True,
            readable=readable(turn.content),
        )


def readable(content: Content) -> str:
    """The words of a content, storable; for titles, search and screen readers."""
    if content.parts:
        return text.storable(text.readable_parts(msgspec.json.decode(content.text)))
    return text.storable(text.readable(content.text))


def _create(
    claimant: Claimant, thread: Thread, request: Send, model: str, waits: bool
) -> tuple[Response, Job]:
    prompt = Message.objects.create(
        owner_id=claimant.owner,
        thread=thread,
        public_id=request.prompt_id or str(uuid4()),
        role=Role.USER,
        content=request.content.text,
        parts=request.content.parts,
        readable=readable(request.content),
    )
    response = Response.objects.create(
        owner_id=claimant.owner,
        thread=thread,
        public_id=request.response_id or str(uuid4()),
        prompt=prompt,
        model=model,
        status=Status.QUEUED,
        jumps_queue=request.busy == "interrupt",
        lease_owner=claimant.process,
        lease_until=lease_end(),
    )
    Message.objects.create(
        owner_id=claimant.owner,
        thread=thread,
        public_id=response.public_id,
        parent=prompt,
        response=response,
        role=Role.ASSISTANT,
        position=1,
    )
    if not waits:
        start(response, thread)
    return response, Job(response.pk, thread.pk, claimant.owner, response.lease_epoch, model, waits)


def lease_end() -> CombinedExpression:
    """The end of a lease that begins now, by the database's clock."""
    return Now() + timedelta(seconds=settings.lease_seconds)


def start(response: Response, thread: Thread) -> None:
    """Start a response whose turn has come. The caller holds the thread's row."""
    give_turn(response, thread)
    Response.objects.filter(pk=response.pk).update(status=Status.STREAMING, started_at=Now())
    response.status = Status.STREAMING


def give_turn(response: Response, thread: Thread) -> None:
    """Put the prompt and its reply at the end of the thread."""
    turn = thread.turns + 1
    reply = Message.objects.get(response=response, role=Role.ASSISTANT, hidden=False)
    Message.objects.filter(pk=response.prompt_id).update(turn=turn, parent=thread.leaf_id)
    Message.objects.filter(pk=reply.pk).update(turn=turn)
    Thread.objects.filter(pk=thread.pk).update(turns=turn, leaf=reply, model=response.model, updated_at=Now())


def promote(response: int, epoch: int) -> bool:
    """Start a queued response if its turn has come; False while it has to wait."""
    found = Response.objects.filter(pk=response, lease_epoch=epoch, status=Status.QUEUED).values(
        "owner_id", "thread_id"
    )
    row = found.first()
    if row is None:
        return False
    User.objects.select_for_update(no_key=True).get(pk=row["owner_id"])
    thread = Thread.objects.select_for_update(no_key=True).get(pk=row["thread_id"])
    if not _is_next(response, thread) or _at_quota(row["owner_id"]):
        return False
    start(Response.objects.get(pk=response), thread)
    doorbell.ring("thread", thread.owner_id, thread.pk, "updated")
    doorbell.ring("log", response)
    return True


def _is_next(response: int, thread: Thread) -> bool:
    active = Response.objects.filter(thread=thread, status__in=ACTIVE)
    if active.filter(status=Status.STREAMING).exists():
        return False
    return active.order_by(F("jumps_queue").desc(), "pk").values_list("pk", flat=True).first() == response


def _at_quota(owner: int) -> bool:
    running = Response.objects.owned_by(owner).filter(status=Status.STREAMING)
    return running.count() >= settings.active_per_user
