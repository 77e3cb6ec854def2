"""Operations that more than one transport or several packages share: sending, following, stopping, deleting.

A single function in one transaction needs no entry here: endpoints call `db.atomic_async(threads.find, user, id)` themselves.
Every such function takes the user, and raises NotFound for rows to which the user has no right (`chat.permissions`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass

from chat import db, runtime
from chat.accounts import accounts, erasure, identity, preferences, sessions
from chat.accounts.connections import OpenConnection
from chat.accounts.identity import Caller, Credentials, Identification
from chat.accounts.mcp_connections import sign_in
from chat.conf import settings
from chat.db import health
from chat.exceptions import (
    BadRequest,
    ConnectionFailed,
    NotFound,
    QuotaExceeded,
    ThreadBusy,
    Unavailable,
)
from chat.governance import deletion, redaction
from chat.governance.exceptions import AlreadyDeleted, StillRunning, UnderLegalHold
from chat.llm import config
from chat.llm.clients.probe import ProbeResult
from chat.llm.clients.probe import probe as ask
from chat.models import Attachment, ReadingState, Response, Status, Thread, TokenScope
from chat.permissions import rights
from chat.permissions.rights import Rights
from chat.process import process
from chat.reporting import quota_hits
from chat.responses import budgets
from chat.responses.budgets import BudgetState
from chat.responses.claims.claim import Claim
from chat.responses.manager import ResponseRunner
from chat.responses.thread_events import ThreadEvent
from chat.responses.waiting import StaffDecision
from chat.runtime import Runtime
from chat.schemas import NewThread, RegenerateRequest, SendRequest
from chat.schemas.answers import AnswerBody
from chat.schemas.server_prompts import ServerPromptBody
from chat.streams import LogEvent, WaitingEvent
from chat.streams.tail import Take
from chat.threads import attachments, stored_bytes, threads, uploads
from chat.threads.search import search
from chat.threads.search.excerpts import Excerpt
from chat.threads.threads import Listing
from chat.tools import ServerState, ToolServers
from chat.tools.mcp.server_prompts import ServerPrompt, ServerPromptFailed
from chat.tools.mcp.spec import user_servers

# Seconds that an upload waits for the text of its file, so that the answer of most is final.
READING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ThreadPage:
    """A page of threads, with excerpts where it is the answer to a search."""

    threads: list[tuple[Thread, Excerpt | None]]
    next_cursor: str | None


async def identify_or_create_guest(credentials: Credentials, address: str | None) -> Caller:
    # A token takes one statement; a guest is made in several.
    work = db.atomic_async if credentials.bearer is None else db.run_async
    return await work(identity.identify_or_create_guest, credentials, address)


async def check_access(caller: Caller, scope: TokenScope) -> None:
    """Raise Unauthenticated if the caller's credentials have ended since, InsufficientScope if they do not reach."""
    await db.run_async(identity.check, caller, scope)


async def send(caller: Caller, request: SendRequest | RegenerateRequest, default_model: str = "") -> Response:
    """Answer a prompt, or attach to its answer. `default_model`: the endpoint's own; without one, the thread's."""
    runner = (await runtime.current()).responses
    return await _send(runner, Claim(caller.user, runner.process, runner.has_room, default_model), request)


async def identify_and_send(
    credentials: Credentials, scope: TokenScope, request: SendRequest, default_model: str
) -> tuple[Caller, Response]:
    """Identify the caller and answer a prompt, in one job: to hand over two takes a twentieth of a prompt's CPU.

    Raises Unauthenticated, InsufficientScope, and what `send` raises.
    """
    identification = Identification(credentials, scope)
    runner = (await runtime.current()).responses
    claim = Claim(0, runner.process, runner.has_room, default_model, identification)
    response = await _send(runner, claim, request)
    return identification.caller, response


async def _send(runner: ResponseRunner, claim: Claim, request: SendRequest | RegenerateRequest) -> Response:
    try:
        return await runner.send(claim, request)
    except QuotaExceeded as refusal:
        # Operators see how often a quota was hit; a count that fails changes nothing.
        with suppress(Unavailable):
            await db.atomic_async(quota_hits.record_refusal, claim.owner, refusal.fields["quota"])
        raise


async def probe(model: str) -> ProbeResult:
    """Ask a model for a word, over the connection that prompts use. The caller checks that staff asks."""
    models = (await runtime.current()).responses.models
    await models.warm()
    client, *_ = await models.clients(model)
    return await ask(client)


async def upload(caller: Caller, data: bytes, name: str, declared: str) -> Attachment:
    """Store a picture or file, and wait a moment for its text. Raise TooLarge, UnsupportedMediaType or QuotaExceeded."""
    upload = await asyncio.to_thread(uploads.read_upload, data, name, declared)
    row = await db.atomic_async(uploads.store, caller.user, upload)
    if row.state != ReadingState.READING:
        return row
    key, public_id = row.pk, row.public_id
    del row, upload, data  # as large as the file
    await (await runtime.current()).responses.files.wait([key], READING_SECONDS)
    return await db.atomic_async(attachments.find, caller.user, public_id)


async def follow(
    caller: Caller,
    response: Response,
    offset: int,
    thinking_offset: int | None = None,
    *,
    structured: bool = False,
    take: Take | None = None,
) -> AsyncGenerator[LogEvent]:
    """Follow a response's log from an offset, as `LogRegistry.follow` does.

    Raises BadOffset before the first event, NotFound for a response that the caller may not read.
    """
    own = response.owner_id == caller.user
    if not own and not await db.run_async(threads.may_follow, caller.user, response.pk):
        raise NotFound
    logs = (await runtime.current()).responses.logs
    return logs.follow(response.pk, offset, thinking_offset, structured=structured, take=take)


async def follow_structured(
    caller: Caller, response: Response, take: Take | None = None
) -> AsyncGenerator[LogEvent]:
    """Follow a response's whole log with thought and tool calls, and without our own think items."""
    async with aclosing(await follow(caller, response, 0, 0, structured=True, take=take)) as events:
        async for event in events:
            yield event


async def follow_or_stop(
    caller: Caller, response: Response, take: Take | None = None
) -> AsyncGenerator[LogEvent]:
    """Follow a response as `follow_structured` does; stop it when its last reader leaves, or when it waits for a person.

    Nobody can come back to it.
    """
    runner = (await runtime.current()).responses
    try:
        async with aclosing(follow_structured(caller, response, take)) as events:
            async for event in events:
                if isinstance(event, WaitingEvent):
                    await runner.stop(response.pk, None)
                else:
                    yield event
    finally:
        runner.stop_unread(response.pk)


def readers(response: int) -> int:
    """Count the readers of a response (primary key) in this process. Callable from any thread."""
    running = process.existing(Runtime)
    return running.responses.logs.readers(response) if running else 0


def tool_servers() -> list[ServerState]:
    """Return the state of the MCP servers in this process. Callable from any thread."""
    running = process.existing(Runtime)
    return (running.responses.tool_servers if running else ToolServers()).states()


async def current_end(row: Response) -> tuple[int, int]:
    """Return the offsets of text and thought that a reader of the response would reach now."""
    tail = (await runtime.current()).responses.logs.written(row.pk)
    if tail is None:
        return row.log_length, row.thinking_length
    return tail.end, tail.thinking_end


async def shown_end(row: Response) -> tuple[int, int]:
    """Return the offsets of shown text and thought that are in this process and may not be stored yet; 0 where none are."""
    tail = (await runtime.current()).responses.logs.written(row.pk)
    return (0, 0) if tail is None else (tail.text_end, tail.thinking_end)


async def stop(caller: Caller, public_id: str, offset: int | None) -> Response:
    """Stop a response; its message keeps what a reader at `offset` had seen. Raises NotFound."""
    row = await db.atomic_async(threads.changeable_response, caller.user, public_id)
    runner = (await runtime.current()).responses
    ended = row if row.ended else await runner.stop(row.pk, offset)
    if ended is None:
        raise NotFound
    return ended


async def answer(caller: Caller, public_id: str, given: AnswerBody) -> Status:
    """Answer a request of a response that waits, and return its status; the last answer lets it go on.

    Raises NotFound, BadRequest, NotWaiting, Unavailable.
    """
    return await (await runtime.current()).responses.answer(caller.user, public_id, given)


async def answer_as_staff(given: StaffDecision) -> None:
    """Decide on a request that staff answer. The caller checks the permission. Raise as `answer`."""
    await (await runtime.current()).responses.answer_as_staff(given)


async def server_prompts(caller: Caller) -> list[ServerPrompt]:
    return await (await runtime.current()).responses.tool_servers.prompts(caller.user)


async def server_prompt_text(caller: Caller, server: str, wanted: ServerPromptBody) -> str:
    """Return the text of an MCP server's prompt. Raise NotFound or ConnectionFailed."""
    servers = (await runtime.current()).responses.tool_servers
    try:
        return await servers.prompt_text(caller.user, server, wanted.name, wanted.arguments)
    except ServerPromptFailed as problem:
        raise ConnectionFailed(str(problem)) from None


async def stop_thread(caller: Caller, public_id: str, shown: int | None) -> Response | None:
    """Stop what is active in a thread; a reply keeps what a reader of `shown` bytes of its text had seen.

    Return the newest response, None where the thread has none. Raise NotFound.
    """
    thread = await db.atomic_async(threads.find_changeable, caller.user, public_id)
    runner = (await runtime.current()).responses
    # Newest first: a queued response would start with the end of the running one.
    for active in sorted(await db.atomic_async(threads.active, thread.pk), reverse=True):
        offset = None if shown is None else await runner.logs.offset_of(active, shown)
        await runner.stop(active, offset)
    return await db.atomic_async(threads.newest_response, caller.user, public_id)


async def delete_response(caller: Caller, public_id: str) -> None:
    """Stop a response and delete its text and its id; what followed it in the thread stays. Raise ThreadBusy or BadRequest."""
    row = await stop(caller, public_id, None)
    try:
        await db.atomic_async(redaction.delete_response, row, caller.username)
    except AlreadyDeleted:
        raise NotFound from None
    except StillRunning:
        raise ThreadBusy from None
    except UnderLegalHold:
        raise BadRequest("This response cannot be deleted.") from None


async def list_threads(caller: Caller, wanted: Listing) -> ThreadPage:
    if not wanted.words:
        found, cursor = await db.atomic_async(threads.page, caller.user, wanted)
        return ThreadPage([(thread, None) for thread in found], cursor)
    hits, cursor = await db.atomic_async(search.search, caller.user, wanted)
    return ThreadPage(list(hits), cursor)


async def create_thread(caller: Caller, wanted: NewThread) -> tuple[Thread, bool]:
    own = await rights_of(caller)
    if wanted.model is not None:
        own.check_model(wanted.model)
    return await db.atomic_async(threads.create, caller.user, wanted, own.default_model)


async def rights_of(caller: Caller) -> Rights:
    """Return what the caller may use."""
    return await db.run_async(rights.of_user, caller.user)


async def delete_thread(caller: Caller, public_id: str) -> None:
    """Delete a thread with everything in it, after stopping its active responses."""
    row = await db.atomic_async(threads.find_changeable, caller.user, public_id)
    runner = (await runtime.current()).responses
    for active in await db.atomic_async(threads.active, row.pk):
        await runner.stop(active, None)
    await db.atomic_async(deletion.delete_thread, row.owner_id, row.pk, public_id)


async def delete_account(user: int) -> None:
    """Delete a user with all data, after stopping the active responses. Raises UnderLegalHold."""
    await db.atomic_async(erasure.begin, user)
    runner = (await runtime.current()).responses
    for active in await db.atomic_async(accounts.active, user):
        await runner.stop(active, None)
    await sign_in.disconnect(user)
    while not await db.atomic_async(erasure.erase_batch, user):
        pass
    last_session: str | None = ""
    while last_session is not None:
        last_session = await db.atomic_async(sessions.delete_orphaned, last_session)


async def watch(caller: Caller) -> AsyncGenerator[ThreadEvent]:
    """Yield the events of the caller's threads from now on, from all processes."""
    subscriptions = (await runtime.current()).responses.subscriptions
    async with subscriptions.of(caller.user) as events:
        while True:
            yield await events.get()


async def register_connection(caller: Caller, on_revoked: Callable[[], None] | None = None) -> OpenConnection:
    """Register an open stream or (with `on_revoked`) socket, which ends with the caller's credentials."""
    return (await runtime.current()).connections.add(caller, on_revoked)


async def ready() -> None:
    """Raise Unavailable if this process cannot serve."""
    if not await db.atomic_async(health.is_migrated):
        raise Unavailable("The database lacks migrations: run `python3 manage.py migrate`.")
    await runtime.current()


def _budget(state: BudgetState) -> dict[str, object]:
    budget, renewal = state.budget, state.renews_at
    return {
        "budget": budget.part,
        "source": budget.source,
        "group": budget.group,
        "shared": budget.shared is not None,
        "limit": float(budget.limit),
        "spent": float(state.spent),
        "currency": budget.currency or None,
        "renewsAt": renewal.isoformat(timespec="seconds").replace("+00:00", "Z") if renewal else None,
    }


def _model_details(name: str, spec: config.ModelSpec) -> dict[str, object]:
    return {
        "title": spec.title,
        "description": spec.description,
        "images": spec.images,
        "tools": bool(settings.tools and spec.tools),
        "interfaces": name == config.C1 or spec.c1 or spec.openui or spec.gateway,
        "demo": spec.answers_demo(name),
    }


async def note_language(caller: Caller, tag: str) -> None:
    """Store the language in which the caller reads the page, where mails are sent; no guest has an address."""
    if settings.sends_mail and not caller.guest:
        await db.run_async(preferences.set_language, caller.user, tag)


async def session(caller: Caller, csrf_token: str) -> dict[str, object]:
    """Return the signed-in user, and the features of this server as far as the user may use them."""
    own = await rights_of(caller)
    models = {name: config.specs()[name] for name in own.models}
    return {
        "user": {"username": caller.username},
        "guest": caller.guest,
        "csrfToken": csrf_token,
        "models": list(models),
        "imageModels": [name for name, spec in models.items() if spec.images],
        "attachmentBytes": settings.attachment_bytes,
        "fileKinds": list(settings.file_kinds),
        "efforts": {name: list(spec.efforts) for name, spec in models.items() if spec.efforts},
        "modelDetails": {name: _model_details(name, spec) for name, spec in models.items()},
        "demo": settings.demo,
        "signup": settings.signup,
        "connections": bool(user_servers()),
        "serverPrompts": bool(settings.mcp),
        "budgets": [_budget(state) for state in await db.run_async(budgets.best_states, caller.user, own)],
        "storedBytesLeft": await db.run_async(stored_bytes.left, caller.user),
    }
