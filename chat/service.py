"""The verbs for outsiders: the one place that decides who may do what. Every door, HTTP or WebSocket, comes through here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from chat import db, runtime
from chat.accounts import accounts, erasure, identity
from chat.accounts.identity import Caller, Credentials
from chat.conf import settings
from chat.db import health
from chat.exceptions import BadRequest, NotFound, QuotaExceeded, Unavailable
from chat.governance import deletion
from chat.llm import config
from chat.llm.clients.probe import ProbeResult
from chat.llm.clients.probe import probe as ask
from chat.models import Attachment, Response, Share, Thread
from chat.reporting import quota_hits
from chat.responses.claims.claim import ClaimContext
from chat.responses.manager import ResponseRunner
from chat.responses.thread_events import ThreadEvent
from chat.schemas import Feedback, NewThread, RegenerateRequest, SendRequest, ThreadChange
from chat.streams import LogEvent
from chat.threads import attachments, messages, search, shares, threads
from chat.threads.attachments import Picture
from chat.threads.messages import MessageRange, MessageView
from chat.threads.search import Excerpt
from chat.threads.threads import Listing


@dataclass(frozen=True, slots=True)
class ThreadPage:
    """A page of threads, with excerpts where it is the answer to a search."""

    threads: list[tuple[Thread, Excerpt | None]]
    next_cursor: str | None


async def identify(credentials: Credentials, *, make_guest: bool = False) -> Caller:
    # A token takes one statement; a guest is made in several.
    work = db.atomic_async if credentials.bearer is None else db.run_async
    return await work(identity.identify, credentials, make_guest=make_guest)


async def send(caller: Caller, request: SendRequest, default_model: str = "") -> Response:
    """Answer a prompt, or attach to its answer. `default_model`: the door's own; else the thread's."""
    here = (await runtime.current()).responses
    known = config.names()
    return await _send_counting_refusals(
        here, ClaimContext(caller.user, here.process, here.has_room, default_model, known), request
    )


async def regenerate(caller: Caller, request: RegenerateRequest) -> Response:
    """Answer a prompt once more, as another version."""
    here = (await runtime.current()).responses
    known = config.names()
    return await _send_counting_refusals(
        here, ClaimContext(caller.user, here.process, here.has_room, "", known), request
    )


async def _send_counting_refusals(
    here: ResponseRunner, claim_context: ClaimContext, request: SendRequest | RegenerateRequest
) -> Response:
    """A refusal is counted for whoever sets the quotas; a count that fails changes nothing."""
    try:
        return await here.send(claim_context, request)
    except QuotaExceeded as refusal:
        with suppress(Unavailable):
            await db.atomic_async(quota_hits.record_refusal, claim_context.owner, refusal.fields["quota"])
        raise


async def probe(model: str) -> ProbeResult:
    """Ask a model for a word, as it is asked by everyone. Only for people who look after the server."""
    here = (await runtime.current()).responses
    await here.models.warm()
    client, *_ = await here.models.clients(model)
    return await ask(client)


async def follow(caller: Caller, response: Response, offset: int) -> AsyncGenerator[LogEvent]:
    """Read a response's log from an offset. Raises BadOffset before the first event."""
    if response.owner_id != caller.user:
        raise NotFound
    here = (await runtime.current()).responses
    return here.logs.follow(response.pk, offset)


def readers(response: int) -> int:
    """How many read a response in this process now (primary key); the other processes are not asked."""
    return runtime.readers(response)


async def response(caller: Caller, public_id: str) -> Response:
    return await db.atomic_async(threads.response, caller.user, public_id)


async def current_offset(row: Response) -> int:
    """The offset that a reader of the response would reach now."""
    here = (await runtime.current()).responses
    tail = here.logs.written(row.pk)
    return row.log_length if tail is None else tail.end


async def stop(caller: Caller, public_id: str, offset: int | None) -> Response:
    """End a response, with what a reader at `offset` had seen. Raises NotFound."""
    row = await response(caller, public_id)
    here = (await runtime.current()).responses
    ended = row if row.ended else await here.stop(row.pk, offset)
    if ended is None:
        raise NotFound
    return ended


async def list_threads(caller: Caller, wanted: Listing) -> ThreadPage:
    if not wanted.words:
        found, cursor = await db.atomic_async(threads.page, caller.user, wanted)
        return ThreadPage([(thread, None) for thread in found], cursor)
    hits, cursor = await db.atomic_async(search.search, caller.user, wanted)
    return ThreadPage(list(hits), cursor)


async def thread(caller: Caller, public_id: str) -> Thread:
    return await db.atomic_async(threads.find, caller.user, public_id)


async def create_thread(caller: Caller, wanted: NewThread) -> tuple[Thread, bool]:
    known = config.names()
    if wanted.model is not None and wanted.model not in known:
        raise BadRequest(f"There is no such model. Known: {', '.join(known)}.", models=list(known))
    return await db.atomic_async(threads.create, caller.user, wanted, known[0])


async def change_thread(caller: Caller, public_id: str, wanted: ThreadChange) -> Thread:
    return await db.atomic_async(threads.change, caller.user, public_id, wanted)


async def delete_thread(caller: Caller, public_id: str) -> None:
    """Delete a thread with everything in it; what runs in it is stopped first."""
    row = await thread(caller, public_id)
    here = (await runtime.current()).responses
    for active in await db.atomic_async(threads.active, row.pk):
        await here.stop(active, None)
    await db.atomic_async(deletion.delete_thread, caller.user, row.pk, public_id)


async def list_messages(
    caller: Caller, public_id: str, wanted: MessageRange
) -> tuple[list[MessageView], bool]:
    return await db.atomic_async(messages.page, caller.user, public_id, wanted)


async def replace_message(caller: Caller, public_id: str, message_id: str, content: str) -> MessageView:
    return await db.atomic_async(messages.replace, caller.user, public_id, message_id, content)


async def rate_message(caller: Caller, public_id: str, message_id: str, feedback: Feedback) -> None:
    await db.atomic_async(messages.rate, caller.user, public_id, message_id, feedback)


async def share(caller: Caller, public_id: str, expires_at: datetime | None) -> Share:
    """A link under which anybody reads what a thread shows now."""
    return await db.atomic_async(shares.create, caller.user, public_id, expires_at)


async def list_shares(caller: Caller, public_id: str) -> list[Share]:
    return await db.atomic_async(shares.of_thread, caller.user, public_id)


async def revoke_share(caller: Caller, public_id: str, share_id: str) -> None:
    await db.atomic_async(shares.revoke, caller.user, share_id, public_id)


async def attach(caller: Caller, picture: Picture) -> Attachment:
    return await db.atomic_async(attachments.create, caller.user, picture)


async def attachment(caller: Caller, public_id: str) -> Attachment:
    return await db.atomic_async(attachments.find, caller.user, public_id)


async def delete_account(user: int) -> None:
    """Delete a user with all they have; what runs is stopped first. Raises Held."""
    await db.atomic_async(erasure.begin, user)
    here = (await runtime.current()).responses
    for active in await db.atomic_async(accounts.active, user):
        await here.stop(active, None)
    while not await db.atomic_async(erasure.erase_batch, user):
        pass
    last_session: str | None = ""
    while last_session is not None:
        last_session = await db.atomic_async(accounts.delete_sessions, user, last_session)


async def watch(caller: Caller) -> AsyncGenerator[ThreadEvent]:
    """What happens to the caller's threads from now on, in whichever process."""
    here = (await runtime.current()).responses
    async with here.watchers.of(caller.user) as news:
        while True:
            yield await news.get()


async def register_connection(caller: Caller, close: Callable[[], None]) -> Callable[[], None]:
    """Have `close` called when the caller may come in no more; the result ends that."""
    here = (await runtime.current()).responses
    here.watchers.register_connection(caller.user, close)
    return lambda: here.watchers.unregister_connection(caller.user, close)


async def ready() -> None:
    """Whether this process can serve. Raises Unavailable."""
    if not await db.atomic_async(health.is_migrated):
        raise Unavailable("The database lacks migrations: run `python3 manage.py migrate`.")
    await runtime.current()


def session(caller: Caller, csrf_token: str) -> dict[str, object]:
    """Who is signed in, and what this server offers."""
    return {
        "user": {"username": caller.username},
        "guest": caller.guest,
        "csrfToken": csrf_token,
        "models": list(config.names()),
        "imageModels": [name for name, spec in config.specs().items() if spec.images],
        "demo": settings.demo,
        "signup": settings.signup,
    }
