"""Routes of threads, their messages, the session and the health probes."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language_from_request

from chat import db, schemas, service
from chat.api.base import (
    authenticate,
    csrf_token,
    json_response,
    parse_body,
    read_body,
    set_session_cookie,
)
from chat.api.encoders import serializers
from chat.api.encoders.account_shapes import SessionState
from chat.api.encoders.shapes import MessageList, MessageState, ProbeState, Rating, ThreadList, ThreadState
from chat.api.operations import EMPTY, describe, whole
from chat.api.streaming import ByteStream
from chat.exceptions import QuotaExceeded, ThreadBusy
from chat.models import TokenScope
from chat.schemas.queries import MessagesQuery, ThreadsQuery
from chat.schemas.threads import FeedbackBody, NewThreadBody, ReplacementBody, ThreadChangeBody
from chat.schemas.validation import parse_query
from chat.threads import messages as thread_messages
from chat.threads import threads as store
from chat.threads.messages import MessageRange, MessageView
from chat.threads.threads import Listing

# The parameters `archived` and `pinned`: all threads for None.
ARCHIVED = {
    **dict.fromkeys(("true", "1"), True),
    **dict.fromkeys(("false", "0", ""), False),
    **dict.fromkeys(("any", "all")),
}
PINNED = {**ARCHIVED, "": None}
# Characters of a page that is encoded at once; a longer one would be in memory several times.
WHOLE_PAGE = 256 * 1024
# Bytes of a replacement: 1 MiB of text and 64 KiB of form state in JSON's worst escapes, six bytes for one.
REPLACEMENT_BYTES = 8 * 1024 * 1024


@describe(whole(ThreadList), query=ThreadsQuery)
async def list_threads(request: HttpRequest) -> HttpResponseBase:
    """List the threads of the user, or those that a search finds."""
    query = parse_query(request.GET, ThreadsQuery)
    wanted = Listing(
        limit=query.limit,
        cursor=query.cursor or None,
        words=query.q.replace("\0", " ").strip(),
        archived=ARCHIVED[query.archived],
        pinned=PINNED[query.pinned],
    )
    page = await service.list_threads(await authenticate(request), wanted)
    rows = [serializers.thread(row, excerpt) for row, excerpt in page.threads]
    return json_response({"threads": rows, "nextCursor": page.next_cursor})


@describe(
    whole(ThreadState, 201),
    whole(ThreadState),
    body=NewThreadBody,
    raises=(QuotaExceeded,),
    scope=TokenScope.SEND,
)
async def create(request: HttpRequest) -> HttpResponseBase:
    """Create a thread; one of that id that exists is shown."""
    caller = await authenticate(request)
    wanted = await parse_body(schemas.parse_new_thread, read_body(request))
    row, new = await service.create_thread(caller, wanted)
    if not new:
        caller.require(TokenScope.READ)
    return json_response(serializers.thread(row), 201 if new else 200)


@describe(whole(ThreadState))
async def show(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """Show a thread."""
    caller = await authenticate(request)
    row = await db.atomic_async(store.find, caller.user, thread_id)
    return json_response(serializers.thread(row))


@describe(whole(ThreadState), body=ThreadChangeBody, raises=(QuotaExceeded,))
async def change(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """Change a thread."""
    caller = await authenticate(request)
    wanted = await parse_body(schemas.parse_thread_change, read_body(request))
    row = await db.atomic_async(store.change, caller.user, thread_id, wanted)
    return json_response(serializers.thread(row))


@describe(EMPTY)
async def delete(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """Delete a thread with everything in it, and stop what runs."""
    await service.delete_thread(await authenticate(request), thread_id)
    return HttpResponse(status=204)


@describe(whole(MessageList), query=MessagesQuery)
async def messages(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """List the messages of a branch, oldest first."""
    wanted, caller = message_range(request), await authenticate(request)
    shown, more = await db.atomic_async(thread_messages.page, caller.user, thread_id, wanted)
    if sum(one.size for one in shown) <= WHOLE_PAGE:
        return json_response({"messages": [serializers.message(one) for one in shown], "hasMore": more})
    response = ByteStream(_page(shown, more), "application/json")
    response["Cache-Control"] = "no-store"
    return response


def message_range(request: HttpRequest) -> MessageRange:
    """Return the range of messages that the query names. Raise BadRequest."""
    query = parse_query(request.GET, MessagesQuery)
    return MessageRange(
        limit=query.limit,
        before=schemas.optional_id(query.before or None, "before"),
        leaf=schemas.optional_id(query.leaf or None, "leaf"),
    )


async def _page(shown: list[MessageView], more: bool) -> AsyncGenerator[bytes]:
    """Yield a page of messages, encoded one at a time."""
    shown.reverse()
    separator = b'{"messages":['
    while shown:
        yield separator + msgspec.json.encode(serializers.message(shown.pop()))
        separator = b","
    yield b'],"hasMore":%s}' % (b"true" if more else b"false")


@describe(whole(MessageState), body=ReplacementBody, raises=(QuotaExceeded, ThreadBusy))
async def replace(request: HttpRequest, thread_id: str, message_id: str) -> HttpResponseBase:
    """Replace the content of a reply that has ended."""
    caller = await authenticate(request)
    content = await parse_body(schemas.parse_replacement, read_body(request, REPLACEMENT_BYTES))
    row = await db.atomic_async(thread_messages.replace, caller.user, thread_id, message_id, content)
    return json_response(serializers.message(row))


@describe(whole(Rating), body=FeedbackBody, raises=(QuotaExceeded,))
async def rate(request: HttpRequest, thread_id: str, message_id: str) -> HttpResponseBase:
    """Rate a reply."""
    caller = await authenticate(request)
    feedback = await parse_body(schemas.parse_feedback, read_body(request))
    await db.atomic_async(thread_messages.rate, caller.user, thread_id, message_id, feedback)
    return json_response(serializers.feedback(feedback))


@describe(whole(SessionState), access="origin", raises=(QuotaExceeded,))
async def session(request: HttpRequest) -> HttpResponseBase:
    """Show the caller and the features of this server; set the cookies."""
    caller = await authenticate(request, make_guest=True)
    token, set_cookie = csrf_token(request)
    # Programs name no language.
    if request.headers.get("accept-language"):
        await service.note_language(caller, get_language_from_request(request))
    response = json_response(await service.session(caller, token))
    set_cookie(response)
    return set_session_cookie(request, response, caller)


@describe(whole(ProbeState), access="anyone")
async def live(request: HttpRequest) -> HttpResponseBase:
    """Answer while the process lives."""
    return json_response({"status": "ok"})


@describe(whole(ProbeState), access="anyone")
async def ready(request: HttpRequest) -> HttpResponseBase:
    """Answer while the process can serve."""
    await service.ready()
    return json_response({"status": "ok"})
