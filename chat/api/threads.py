"""Routes of threads, their messages, the session and the health probes."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chat import db, schemas, service
from chat.api.base import authenticate, csrf_token, json_response, read_body, set_session_cookie
from chat.api.encoders import serializers
from chat.api.streaming import ByteStream
from chat.exceptions import BadRequest
from chat.threads import messages as thread_messages
from chat.threads import threads as store
from chat.threads.messages import MessageRange, MessageView
from chat.threads.threads import Listing

# Threads on a page; the default fills a tall window.
MAX_THREADS, DEFAULT_THREADS = 100, 50
# Messages on a page, as the documentation promises.
MAX_MESSAGES, DEFAULT_MESSAGES = 1_000, 200
# Characters of a page that is encoded at once; a longer one would be in memory several times.
WHOLE_PAGE = 256 * 1024
# Bytes of a replacement: 1 MiB of text and 64 KiB of form state in JSON's worst escapes, six bytes for one.
REPLACEMENT_BYTES = 8 * 1024 * 1024


async def list_threads(request: HttpRequest) -> HttpResponseBase:
    wanted = Listing(
        limit=_limit(request, DEFAULT_THREADS, MAX_THREADS),
        cursor=request.GET.get("cursor") or None,
        words=request.GET.get("q", "").replace("\0", " ").strip(),
        archived=_switch(request, "archived"),
    )
    page = await service.list_threads(await authenticate(request), wanted)
    rows = [serializers.thread(row, excerpt) for row, excerpt in page.threads]
    return json_response({"threads": rows, "nextCursor": page.next_cursor})


def _limit(request: HttpRequest, default: int, maximum: int) -> int:
    text = request.GET.get("limit")
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= maximum):
        raise BadRequest(f"`limit` must be a number from 1 to {maximum}.")
    return int(text)


def _switch(request: HttpRequest, name: str) -> bool | None:
    word = request.GET.get(name)
    if word in (None, ""):
        return False
    if word in ("1", "true"):
        return True
    if word in ("0", "false"):
        return False
    if word in ("any", "all"):
        return None
    raise BadRequest(f"`{name}` must be true, false or any.")


async def create(request: HttpRequest) -> HttpResponseBase:
    caller = await authenticate(request)
    row, new = await service.create_thread(caller, schemas.parse_new_thread(read_body(request)))
    return json_response(serializers.thread(row), 201 if new else 200)


async def show(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    caller = await authenticate(request)
    row = await db.atomic_async(store.find, caller.user, thread_id)
    return json_response(serializers.thread(row))


async def change(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    caller = await authenticate(request)
    wanted = schemas.parse_thread_change(read_body(request))
    row = await db.atomic_async(store.change, caller.user, thread_id, wanted)
    return json_response(serializers.thread(row))


async def delete(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    await service.delete_thread(await authenticate(request), thread_id)
    return HttpResponse(status=204)


async def messages(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    wanted, caller = message_range(request), await authenticate(request)
    shown, more = await db.atomic_async(thread_messages.page, caller.user, thread_id, wanted)
    if sum(one.size for one in shown) <= WHOLE_PAGE:
        return json_response({"messages": [serializers.message(one) for one in shown], "hasMore": more})
    response = ByteStream(_page(shown, more), "application/json")
    response["Cache-Control"] = "no-store"
    return response


def message_range(request: HttpRequest) -> MessageRange:
    """Return the range of messages that the query names. Raise BadRequest."""
    return MessageRange(
        limit=_limit(request, DEFAULT_MESSAGES, MAX_MESSAGES),
        before=schemas.optional_id(request.GET.get("before") or None, "before"),
        leaf=schemas.optional_id(request.GET.get("leaf") or None, "leaf"),
    )


async def _page(shown: list[MessageView], more: bool) -> AsyncGenerator[bytes]:
    """Yield a page of messages, encoded one at a time."""
    shown.reverse()
    separator = b'{"messages":['
    while shown:
        yield separator + msgspec.json.encode(serializers.message(shown.pop()))
        separator = b","
    yield b'],"hasMore":%s}' % (b"true" if more else b"false")


async def replace(request: HttpRequest, thread_id: str, message_id: str) -> HttpResponseBase:
    caller = await authenticate(request)
    content = schemas.parse_replacement(read_body(request, REPLACEMENT_BYTES))
    row = await db.atomic_async(thread_messages.replace, caller.user, thread_id, message_id, content)
    return json_response(serializers.message(row))


async def rate(request: HttpRequest, thread_id: str, message_id: str) -> HttpResponseBase:
    caller = await authenticate(request)
    feedback = schemas.parse_feedback(read_body(request))
    await db.atomic_async(thread_messages.rate, caller.user, thread_id, message_id, feedback)
    return json_response(serializers.feedback(feedback))


async def session(request: HttpRequest) -> HttpResponseBase:
    caller = await authenticate(request, make_guest=True)
    token, set_cookie = csrf_token(request)
    response = json_response(await service.session(caller, token))
    set_cookie(response)
    return set_session_cookie(request, response, caller)


async def live(request: HttpRequest) -> HttpResponseBase:
    return json_response({"status": "ok"})


async def ready(request: HttpRequest) -> HttpResponseBase:
    await service.ready()
    return json_response({"status": "ok"})
