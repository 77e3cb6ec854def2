"""The claim: one transaction that stores a prompt, the response that will answer it, and their position in the thread.

A lock on the user's row serialises the claims of one user: what a claim counts stays true until it commits.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db import connection, transaction
from msgspec import UNSET, UnsetType

from chat import text
from chat.db import sql
from chat.exceptions import (
    BadRequest,
    NotFound,
    PromptIdReused,
    ThreadBusy,
    Unauthenticated,
)
from chat.llm.clients.base import ModelRequest
from chat.llm.registry import ModelRegistry
from chat.models import Message, Response, Status, Thread
from chat.models.querysets import unsaved
from chat.permissions import threads as permissions
from chat.permissions.rights import Rights, from_json
from chat.responses import budgets
from chat.responses.claims import quotas, resends, statements
from chat.responses.claims.imports import import_rounds, import_turns, plain_text
from chat.responses.claims.statements import ActiveResponseRow, ClaimState, OwnerCheck
from chat.responses.claims.terms import (
    ClaimRequest,
    begins_with_lock,
    count_characters,
    is_whole,
    reserve_tokens,
)
from chat.responses.claims.turns import Job
from chat.schemas import RegenerateRequest, SendRequest
from chat.schemas.prompts import QUEUE_UNLESS_WAITING
from chat.text.search_terms import search_vector
from chat.threads import attachments, inline_attachments, stored_bytes
from chat.threads.model_context import Before, branch_statement, build_request

FIRST_EPOCH = 1

# Seconds for which the thread of a client that keeps no threads stays: a day to look into what went wrong.
UNLISTED_SECONDS = 86_400.0


class _Terms(NamedTuple):
    """The terms of a response: its model, its owner's rights, and the tokens that it reserves."""

    model: str
    rights: Rights
    tokens: int


@dataclass(slots=True)
class Claim:
    """A user's claim in a process, and its result: the response, the work that it starts, and what must end first.

    `has_room`: the process can take on one more response. `job` is None where the response existed already. A claim can be
    repeated: the answer to its commit may have been lost with the connection, and the result of that attempt stands.

    `identification`: finds the owner where only the database knows it, so that this takes no job of its own, and mostly no
    round trip.
    """

    owner: int
    process: UUID
    has_room: bool
    default_model: str
    identification: OwnerCheck | None = None
    response: Response = field(init=False, repr=False)
    job: Job | None = None
    displaced: list[int] = field(default_factory=list)
    first_request: ModelRequest | None = None
    _models: ModelRegistry | None = None
    _commits: bool = False
    _before: Before | None = None
    _branch: list[sql.Row] | None = None
    # What the lock of the owner's row has to confirm.
    _unconfirmed: OwnerCheck | None = None

    def make(self, request: ClaimRequest, models: ModelRegistry) -> None:
        """Claim in a transaction, with the history of a response that starts at once. Raises what `claim` raises."""
        if self.identification is not None:
            self._find_owner(self.identification, request)
        self._models = models
        self._commits = not connection.in_atomic_block
        with transaction.atomic():
            self.claim(request)
        if self.job is not None and not self.job.queued:
            self._build_request(self.job, models)

    def _build_request(self, job: Job, models: ModelRegistry) -> None:
        try:
            profile = models.profile(job.model)
            budgets = models.budget(profile), models.file_budget(profile)
            self.first_request = build_request(
                job.response, profile, *budgets, before=self._before, branch=self._branch
            )
        except Exception:
            # The claim stands and must be run: the failure appears again when the engine reads the history itself.
            return

    def _find_owner(self, identification: OwnerCheck, request: ClaimRequest) -> None:
        """Identify the owner, or expect the one of last time, whom the lock confirms where a claim begins with that."""
        expected = identification.expected if begins_with_lock(request) else None
        self._unconfirmed = None if expected is None else identification
        self.owner = identification.identify() if expected is None else expected

    def claim(self, request: ClaimRequest) -> None:
        """Claim in the current transaction a new response, or attach to the one that has the requested id.

        Raises ResponseIdReused, PromptIdReused, ThreadBusy, QuotaExceeded, TooLarge, Unavailable, BadRequest, and NotFound for
        the regeneration of an unknown response.
        """
        wanted: ClaimRequest | Response = request
        if isinstance(request, SendRequest):
            request = inline_attachments.stored(self.owner, request)
            wanted = resends.resolve(self.owner, request) if request.by_id else request
        match wanted:
            case Response():
                self._attach(wanted)
            case RegenerateRequest():
                self._regenerate(wanted)
            case SendRequest():
                self._send(wanted)

    def _send(self, request: SendRequest) -> None:
        state = self._lock(request, request.thread_id)
        if self._attached(state, request):
            return
        request = _with_policy(request, state.active)
        if state.thread is not None:  # its own history counts
            request = replace(request, turns=())
            _check_temporary(request, state.thread)
        rights = from_json(state.rules)
        model = self._choose_model(request.model, state.thread, rights)
        characters = count_characters(request)
        terms = _Terms(model, rights, reserve_tokens(request, model, characters))
        self._admit(state, request, characters, terms)
        readable = plain_text(request.content)
        vector = search_vector(readable)
        insertions: list[sql.Statement] = []
        thread = state.thread
        if thread is None:
            thread, insertion = _new_thread(self.owner, state, request, model, readable, vector)
            insertions.append(insertion)
        if request.turns:
            sql.batch(*insertions)
            insertions = []
            import_turns(thread, request.turns, (request.prompt_id, request.response_id))
        branch = _branch_parent(thread, request)
        waits = bool(state.active)
        prompt = {
            "prompt": state.new_prompt,
            "prompt_id": request.prompt_id or str(uuid4()),
            "parent": None if waits else thread.leaf_id if branch is UNSET else branch,
            "content": request.content.text,
            "parts": request.content.parts,
            "plain_text": readable,
            "terms": vector,
        }
        self._insert(state, request, thread, terms, branch, insertions, **prompt)
        if request.rounds:
            import_rounds(self.response.pk, request.rounds)
            self._before = self._branch = None  # the rounds stand between the prompt and the reply
        attachments.link_attachments(self.owner, self.response.prompt_id, request.content)

    def _regenerate(self, request: RegenerateRequest) -> None:
        """Claim another answer to the prompt of `request.original`; the old one stays, as another version."""
        named = Response.objects.filter(public_id=request.original)
        rows = permissions.changeable(named, self.owner).select_related("prompt", "thread")
        original = rows.first()
        if original is None:
            raise NotFound
        state = self._lock(request, original.thread.public_id)
        if self._attached(state, request):
            return
        thread = state.thread
        if thread is None:
            raise NotFound
        rights = from_json(state.rules)
        # The model of the answer that is to be replaced, unless it is gone for this user.
        same = original.model if original.model in rights.models else None
        model = self._choose_model(request.model or same, thread, rights)
        characters = len(original.prompt.content)
        terms = _Terms(model, rights, reserve_tokens(request, model, characters))
        self._admit(state, request, characters, terms)
        if not state.active:  # the prompt may be one that was withdrawn before its turn
            unplaced = Message.objects.filter(pk=original.prompt_id, turn=None)
            unplaced.update(turn=thread.turns + 1, parent=thread.leaf_id)
        self._insert(state, request, thread, terms, UNSET, [], prompt=original.prompt_id)

    def _lock(self, request: ClaimRequest, thread: str | None) -> ClaimState:
        prompt_id = request.prompt_id if isinstance(request, SendRequest) else None
        if prompt_id is not None and prompt_id == request.response_id:
            raise BadRequest("`prompt.id` and `responseId` must differ: both name a message.")
        state = statements.lock(self.owner, thread, prompt_id, request.response_id, self._unconfirmed)
        if state is None:
            raise Unauthenticated
        return state

    def _attached(self, state: ClaimState, request: ClaimRequest) -> bool:
        """Attach to the response of an identical request, and return True if there is one; refuse ids in other use."""
        if request.response_id in state.taken:  # a response's reply bears its id
            self._attach(resends.find_identical(self.owner, request))
            return True
        if state.taken:
            raise PromptIdReused
        return False

    def _attach(self, response: Response) -> None:
        if self.job is None or self.job.response != response.pk:
            self.response, self.job, self.displaced = response, None, []

    def _choose_model(self, wanted: str | None, thread: Thread | None, rights: Rights) -> str:
        own = self.default_model or (thread.model if thread else "")
        if (
            own not in rights.models
        ):  # a new thread, or one whose model is not configured or not permitted any more
            own = rights.default_model
        model = own if wanted is None else wanted
        rights.check_model(model)
        return model

    def _admit(self, state: ClaimState, request: ClaimRequest, characters: int, terms: _Terms) -> None:
        """Decide which active responses must end first. Raises ThreadBusy, QuotaExceeded, Unavailable."""
        _check_busy(request, state.active)
        # An interrupting prompt ends the running response, and another that was about to interrupt it.
        interrupts = request.busy == "interrupt"
        self.displaced = [
            row.pk for row in state.active if interrupts and (not row.queued or row.jumps_queue)
        ]
        running = len(state.running.difference(self.displaced))
        quotas.check_user(self.owner, running, terms.tokens)
        budgets.check(self.owner, terms.rights, terms.model, terms.tokens)
        if state.is_guest:
            quotas.check_guests(self.displaced, terms.tokens)
        known = state.thread is not None
        total, in_thread, rows = state.used
        stored_bytes.note_rows(self.owner, rows)
        stored_bytes.check_room(characters, total, in_thread, in_known_thread=known, is_guest=state.is_guest)
        quotas.check_room(self.has_room)

    def _insert(
        self,
        state: ClaimState,
        request: ClaimRequest,
        thread: Thread,
        agreed: _Terms,
        branch: int | UnsetType | None,
        insertions: list[sql.Statement],
        **prompt: Any,
    ) -> None:
        """Insert the response and its empty reply, after other `insertions`, and read the history of one that starts at once.

        It starts at once unless something in the thread is active. `branch` as in `Job.parent`; `prompt` as in
        `statements.response_insertion`.
        """
        waits = bool(state.active)
        response = unsaved(
            Response,
            id=state.new_response,
            owner_id=self.owner,
            public_id=request.response_id or str(uuid4()),
            prompt_id=prompt["prompt"],
            model=agreed.model,
            status=Status.QUEUED if waits else Status.STREAMING,
            options=request.options.encode() if request.options else None,
        )
        response.thread = thread
        insertion = statements.response_insertion(
            placed=len(insertions) > 0,
            id=response.pk,
            reply=state.new_reply,
            owner=self.owner,
            guest=state.is_guest,
            thread=thread.pk,
            public_id=response.public_id,
            model=agreed.model,
            effort=request.effort,
            options=response.options,
            turn=None if waits else thread.turns + 1,
            jumps_queue=request.busy == "interrupt",
            process=self.process,
            epoch=FIRST_EPOCH,
            tokens=agreed.tokens,
            notifications=[
                (self.owner, "thread", self.owner, thread.pk, "updated" if state.thread else "created")
            ],
            **prompt,
        )
        instructions = request.options.instructions if request.options else ""
        thread_facts = thread.system_prompt, thread.revision, self.owner
        self._before = response.prompt_id, *thread_facts, instructions, thread.pk, state.has_files
        reading = [] if waits else self._reading(agreed.model)
        # Ahead of the statements: where the answer to their commit is lost, the repeated claim finds its own response.
        self.response, self.job = response, self._job(response, request, agreed, branch, waits)
        ending = [sql.COMMIT] if self._commits and is_whole(request) else []
        found = sql.batch(*insertions, insertion, *reading, *ending)
        self._branch = found[len(insertions) + 1] if reading else None

    def _job(
        self,
        response: Response,
        request: ClaimRequest,
        agreed: _Terms,
        branch: int | UnsetType | None,
        waits: bool,
    ) -> Job:
        return Job(
            response.pk,
            response.thread_id,
            self.owner,
            FIRST_EPOCH,
            agreed.model,
            waits,
            branch,
            request.effort,
            request.options,
            rights=agreed.rights,
        )

    def _reading(self, model: str) -> list[sql.Statement]:
        """Return the statement that reads the history for a model, where it is wanted."""
        if self._models is None or self._before is None:
            return []
        profile = self._models.profile(model)
        return [branch_statement(self._before, profile, self._models.budget(profile))]


def _check_temporary(request: SendRequest, thread: Thread) -> None:
    """Raise BadRequest where a request wants a temporary thread, and the thread is in a list."""
    if request.temporary and thread.expires_at is None:
        raise BadRequest("This chat is kept already: `temporary` is for a new one.")


def _with_policy(request: SendRequest, active: list[ActiveResponseRow]) -> SendRequest:
    """Return the request with one of the policies that a claim knows."""
    if request.busy != QUEUE_UNLESS_WAITING:
        return request
    waits = any(row.for_person for row in active)
    return replace(request, busy="interrupt" if waits else "queue")


def _check_busy(request: ClaimRequest, active: list[ActiveResponseRow]) -> None:
    if active and request.busy == "reject":
        raise ThreadBusy
    if request.busy == "queue" and sum(row.queued for row in active) >= quotas.QUEUE_LENGTH:
        raise ThreadBusy(f"{quotas.QUEUE_LENGTH} prompts are waiting in this thread already.")


def _new_thread(
    owner: int, state: ClaimState, request: SendRequest, model: str, readable: str, vector: str
) -> tuple[Thread, sql.Statement]:
    """Return a new thread, and the statement that inserts it. `readable`, `vector`: the prompt's plain text and its terms."""
    thread = unsaved(
        Thread,
        id=state.new_thread,
        owner_id=owner,
        public_id=request.thread_id or str(uuid4()),
        title=text.title_of(readable),
        model=model,
        system_prompt=(state.instructions or "") if request.instructed else "",
    )
    # With its end, unless turns that the request brings come first.
    leaf = None if request.turns else state.new_reply
    lifetime = UNLISTED_SECONDS if request.unlisted else None
    terms = vector if thread.title == readable else search_vector(thread.title)
    return thread, statements.thread_insertion(thread, terms, leaf, lifetime)


def _branch_parent(thread: Thread, request: SendRequest) -> int | UnsetType | None:
    """Return the message that a new branch follows: None for a new beginning, UNSET where the request wants no branch.

    Raises BadRequest for anything but a visible message of this thread.
    """
    if request.parent_id is UNSET or request.parent_id is None:
        return request.parent_id
    rows = Message.objects.visible().filter(thread=thread, public_id=request.parent_id, turn__isnull=False)
    parent = rows.values_list("pk", flat=True).first()
    if parent is None:
        raise BadRequest(
            "`parentId` must be the id of a message in this thread, or null for a new beginning."
        )
    return parent
