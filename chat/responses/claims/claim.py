"""The claim: one transaction in which a prompt, the response that will answer it, and its place in the thread come to be.

Claims of one user happen one after the other, under a lock on the user's row: what a claim counts stays true until it commits.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID, uuid4

import msgspec

from chat import text
from chat.db.execution import in_transaction
from chat.exceptions import (
    BadRequest,
    NotFound,
    PromptIdReused,
    ResponseIdReused,
    ThreadBusy,
    Unauthenticated,
)
from chat.models import Message, Response, Role, Status, Thread
from chat.responses.claims import inserts, quotas, state
from chat.responses.claims.inserts import NewPrompt
from chat.responses.claims.state import ActiveResponseRow, ClaimState
from chat.responses.claims.turns import BranchPoint, Job
from chat.schemas import Content, RegenerateRequest, SendRequest, Turn
from chat.threads import attachments
from chat.threads.model_context import ContextLimits, ModelContext, build_context

FIRST_EPOCH = 1
QUEUE_LENGTH = 5  # responses waiting in one thread; the contract's number


@dataclass(frozen=True, slots=True)
class Claim:
    """What a prompt led to: the response, the work to do (None: it exists already), and what must make way for it."""

    response: Response
    job: Job | None
    displaced: list[int]


@dataclass(slots=True)
class ClaimContext:
    """Who claims, and the process that will do the work; `has_room` tells whether it can take on one more.

    `made` is what an earlier attempt made: the answer to its commit may have been lost with the connection.
    """

    owner: int
    process: UUID
    has_room: bool
    default_model: str
    models: tuple[str, ...]
    made: Claim | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """Where in a thread a response goes, and whether something there must end first."""

    thread: Thread
    waits: bool
    after: BranchPoint | None

    @property
    def turn(self) -> int | None:
        """The number of the turn; what waits has none yet."""
        return None if self.waits else self.thread.turns + 1


@dataclass(frozen=True, slots=True)
class PromptRef:
    """The prompt to answer, new or stored, by whom, and how long it is."""

    prompt: NewPrompt | int
    model: str
    characters: int


ClaimRequest = SendRequest | RegenerateRequest


def claim_with_context(
    claim_context: ClaimContext,
    request: SendRequest | RegenerateRequest,
    terms: Callable[[str], ContextLimits],
) -> tuple[Claim, ModelContext | None]:
    """Claim a response in a transaction of its own, then read what it begins with, by the terms of its model.

    None where it does not begin now, or where that could not be read. Raises what `claim` raises.
    """
    if isinstance(request, RegenerateRequest):
        found = in_transaction(claim_regeneration, claim_context, request)
    else:
        found = in_transaction(claim, claim_context, request)
    if found.job is not None and not found.job.queued:
        # The claim stands, and has to be run: whoever runs it reads anew, and tells its reader what is wrong.
        with suppress(Exception):
            return found, build_context(found.job.response, terms(found.job.model))
    return found, None


def claim(claim_context: ClaimContext, request: SendRequest) -> Claim:
    """Claim `request.response_id` for a new response, or attach to the one that has it.

    Raises ResponseIdReused, PromptIdReused, ThreadBusy, QuotaExceeded, Unavailable, BadRequest.
    """
    found = _found(claim_context, request, request.thread_id)
    existing = _existing(claim_context, found, request)
    if existing is not None:
        return existing
    model = _model(claim_context, request.model, found.thread)
    characters = _length(request)
    displaced = _admit(claim_context, found, request, characters)
    thread = found.thread or _create_thread(claim_context.owner, request, model)
    place = Placement(thread, bool(found.active), _after(thread, request))
    asked = PromptRef(_new_prompt(request, place), model, characters)
    response, job = _answer(claim_context, found, request, asked, place)
    attachments.link_attachments(claim_context.owner, response.prompt_id, request.content)
    claim_context.made = Claim(response, job, displaced)
    return claim_context.made


def claim_regeneration(claim_context: ClaimContext, request: RegenerateRequest) -> Claim:
    """Claim another answer to the prompt that `request.original` answered; the old one stays, as another version.

    Raises NotFound, and what `claim` raises.
    """
    rows = Response.objects.owned_by(claim_context.owner).select_related("prompt", "thread")
    original = rows.filter(public_id=request.original).first()
    if original is None:
        raise NotFound
    found = _found(claim_context, request, original.thread.public_id)
    existing = _existing(claim_context, found, request)
    if existing is not None:
        return existing
    if found.thread is None:
        raise NotFound
    model = _model(claim_context, request.model or original.model, found.thread)
    characters = len(original.prompt.content)
    displaced = _admit(claim_context, found, request, characters)
    place = Placement(found.thread, bool(found.active), None)
    if place.turn is not None:  # the prompt may be one that was withdrawn before its turn
        unplaced = Message.objects.filter(pk=original.prompt_id, turn=None)
        unplaced.update(turn=place.turn, parent=found.thread.leaf_id)
    asked = PromptRef(original.prompt_id, model, characters)
    response, job = _answer(claim_context, found, request, asked, place)
    claim_context.made = Claim(response, job, displaced)
    return claim_context.made


def _found(claim_context: ClaimContext, request: ClaimRequest, thread: str | None) -> ClaimState:
    prompt_id = request.prompt_id if isinstance(request, SendRequest) else None
    if prompt_id is not None and prompt_id == request.response_id:
        raise BadRequest("`prompt.id` and `responseId` must differ: both name a message.")
    found = state.find(
        claim_context.owner, thread, [name for name in (prompt_id, request.response_id) if name]
    )
    if found is None:
        raise Unauthenticated
    return found


def _length(request: SendRequest) -> int:
    """Characters of all that a client sent to be answered."""
    return len(request.content.text) + sum(len(turn.content.text) for turn in request.turns)


def _admit(
    claim_context: ClaimContext, found: ClaimState, request: ClaimRequest, characters: int
) -> list[int]:
    """What of the active must make way. Raises ThreadBusy, QuotaExceeded, Unavailable."""
    _check_busy(request, found.active)
    displaced = _displaced(request, found.active)
    quotas.check(found.owner, claim_context.has_room, displaced, characters)
    return displaced


def _existing(claim_context: ClaimContext, found: ClaimState, request: ClaimRequest) -> Claim | None:
    """What the same request led to before; ids that mean something else are refused."""
    if request.response_id in found.taken:  # a response's reply bears its id
        response, made = _the_same(claim_context.owner, request), claim_context.made
        return made if made is not None and made.response.pk == response.pk else Claim(response, None, [])
    if found.taken:
        raise PromptIdReused
    return None


def _the_same(owner: int, request: ClaimRequest) -> Response:
    rows = Response.objects.owned_by(owner).select_related("prompt", "thread")
    response = rows.filter(public_id=request.response_id).first()
    if response is None or not _same(response, request):
        raise ResponseIdReused
    return response


def _same(response: Response, request: ClaimRequest) -> bool:
    prompt, thread = response.prompt, response.thread
    if isinstance(request, RegenerateRequest):
        return Response.objects.filter(prompt=prompt, public_id=request.original).exists()
    return (
        prompt.content == request.content.text
        and prompt.parts == request.content.parts
        and request.prompt_id in (None, prompt.public_id)
        and request.thread_id in (None, thread.public_id)
    )


def _model(claim_context: ClaimContext, asked: str | None, thread: Thread | None) -> str:
    own = claim_context.default_model or (thread.model if thread else "")
    if own not in claim_context.models:  # a new thread, or one whose model is configured no more
        own = claim_context.models[0]
    model = own if asked is None else asked
    if model not in claim_context.models:
        raise BadRequest(
            f"There is no such model. Known: {', '.join(claim_context.models)}.",
            models=list(claim_context.models),
        )
    return model


def _check_busy(request: ClaimRequest, active: list[ActiveResponseRow]) -> None:
    if active and request.busy == "reject":
        raise ThreadBusy
    if request.busy == "queue" and sum(one.queued for one in active) >= QUEUE_LENGTH:
        raise ThreadBusy(f"{QUEUE_LENGTH} prompts are waiting in this thread already.")


def _displaced(request: ClaimRequest, active: list[ActiveResponseRow]) -> list[int]:
    """What an interrupting prompt ends: what runs, and what was about to run in its place."""
    if request.busy != "interrupt":
        return []
    return [one.pk for one in active if not one.queued or one.jumps_queue]


def _create_thread(owner: int, request: SendRequest, model: str) -> Thread:
    title = text.title_of(plain_text(request.content))
    public_id = request.thread_id or str(uuid4())
    thread = Thread(owner_id=owner, public_id=public_id, title=title, model=model)
    thread.pk = inserts.thread(owner=owner, public_id=public_id, title=title, model=model)
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
            plain_text=plain_text(turn.content),
        )
        attachments.link_attachments(thread.owner_id, thread.leaf.pk, turn.content)


def plain_text(content: Content) -> str:
    """The words of a content, storable; for titles, search and screen readers."""
    if content.parts:
        return text.storable(text.plain_text_of_parts(msgspec.json.decode(content.text)))
    return text.storable(text.plain_text(content.text))


def _new_prompt(request: SendRequest, place: Placement) -> NewPrompt:
    thread, after = place.thread, place.after
    return NewPrompt(
        public_id=request.prompt_id or str(uuid4()),
        parent=None if place.waits else thread.leaf_id if after is None else after.message,
        content=request.content.text,
        parts=request.content.parts,
        plain_text=plain_text(request.content),
    )


def _after(thread: Thread, request: SendRequest) -> BranchPoint | None:
    """Where a new branch begins. Raises BadRequest for what is no message that a client sees in this thread."""
    if request.parent_id is msgspec.UNSET:
        return None
    if request.parent_id is None:
        return BranchPoint(None)
    rows = Message.objects.visible().filter(thread=thread, public_id=request.parent_id, turn__isnull=False)
    parent = rows.values_list("pk", flat=True).first()
    if parent is None:
        raise BadRequest(
            "`parentId` must be the id of a message in this thread, or null for a new beginning."
        )
    return BranchPoint(parent)


def _answer(
    claim_context: ClaimContext, found: ClaimState, wanted: ClaimRequest, asked: PromptRef, place: Placement
) -> tuple[Response, Job]:
    """The response to a prompt and its reply, still empty; started at once unless it waits."""
    owner, thread = found.owner, place.thread
    response = Response(
        owner_id=owner.pk,
        thread=thread,
        public_id=wanted.response_id or str(uuid4()),
        model=asked.model,
        status=Status.QUEUED if place.waits else Status.STREAMING,
    )
    response.pk, response.prompt_id = inserts.answer(
        asked.prompt,
        owner=owner.pk,
        guest=owner.is_guest,
        thread=thread.pk,
        public_id=response.public_id,
        model=asked.model,
        turn=place.turn,
        jumps_queue=wanted.busy == "interrupt",
        process=claim_context.process,
        epoch=FIRST_EPOCH,
        tokens=quotas.estimate(asked.characters),
        notifications=[("thread", owner.pk, thread.pk, "updated" if found.thread else "created")],
    )
    job = Job(response.pk, thread.pk, owner.pk, FIRST_EPOCH, asked.model, place.waits, place.after)
    return response, job
