"""The WebSocket endpoint: the same operations, logs and offsets as HTTP, several responses on one socket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.http import parse_cookie

from chat import db, schemas, service
from chat.accounts import identity
from chat.accounts.connections import OpenConnection
from chat.accounts.identity import Caller, Credentials
from chat.api import origins
from chat.api.base import parse_body
from chat.api.encoders import serializers, websocket
from chat.conf import settings
from chat.exceptions import (
    BadRequest,
    ChatError,
    TooLarge,
    Unauthenticated,
    Unavailable,
    format_traceback_without_message,
)
from chat.models import Response, TokenScope
from chat.schemas import frames
from chat.schemas.answers import AnswerBody
from chat.schemas.frames import FollowRequest
from chat.streams import FROM_TEXT, EndEvent, LogEvent
from chat.threads import threads

SOCKET_PATH = "/ws/chat/"

logger = logging.getLogger(__name__)

# Bytes of an accepted frame: 64 KiB of content in JSON's worst escapes, and its envelope.
FRAME_BYTES = 512 * 1024
# Close code after revoked access, modelled on HTTP's 401.
ACCESS_REVOKED_CLOSE_CODE = 4401
# The scope that a token needs for each type of frame that reads or changes something. The credentials are checked again there.
FRAME_SCOPES = {
    "send": TokenScope.SEND,
    "follow": TokenScope.READ,
    "stop": TokenScope.SEND,
    "answer": TokenScope.SEND,
    "watch": TokenScope.READ,
}
# Responses followed at once on one socket: more than a person has open, few enough to bound its memory.
MAX_FOLLOWED_RESPONSES = 64


class ChatConsumer(AsyncWebsocketConsumer):
    """One socket. Frames are handled in order; each followed response has its own task."""

    caller: Caller

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels' own method first closes Django's old connections in a thread: a quarter of a frame's cost, for nothing.
        await getattr(self, get_handler_name(message))(message)

    async def websocket_connect(self, message: Any) -> None:
        self._following: dict[str, asyncio.Task[None]] = {}
        self._watching: asyncio.Task[None] | None = None
        self._connection: OpenConnection | None = None
        self._access_ended = False
        try:
            self.caller = await self._authenticate()
            self._connection = await service.register_connection(self.caller, self._on_access_revoked)
        except ChatError:
            await self.close()
            return
        await self.accept()

    def _on_access_revoked(self) -> None:
        self._closing = asyncio.create_task(self._end_access())

    async def _end_access(self) -> None:
        """Stop all frames to the client, then close."""
        if self._access_ended:
            return
        self._access_ended = True
        await self._cancel_all()
        await self.close(ACCESS_REVOKED_CLOSE_CODE)

    async def _authenticate(self) -> Caller:
        """Return the caller. Raises Unauthenticated for every fault: a handshake can only be refused as a whole."""
        headers = {name.decode("latin1"): value.decode("latin1") for name, value in self.scope["headers"]}
        credentials = Credentials.of(
            headers.get("authorization", ""), parse_cookie(headers.get("cookie", ""))
        )
        host, origin = headers.get("host", ""), headers.get("origin")
        if not origins.is_served(host) or self.scope["path"] != SOCKET_PATH:
            raise Unauthenticated
        if origin is None:
            if credentials.bearer is None:
                raise Unauthenticated
        elif not origins.is_allowed(origin, _scheme(headers), host):
            raise Unauthenticated
        return await db.run_async(identity.identify, credentials)

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        if self._access_ended:
            return
        text = message.get("text")
        response_id: str | None = None
        try:
            if text is None:
                raise BadRequest("Frames are JSON text; binary frames are not accepted.")
            frame = await parse_body(_parse_frame, text)
            named = frame.get("responseId")
            response_id = named if isinstance(named, str) and schemas.is_id(named) else None
            await self._handle(frame, text)
        except Unauthenticated:
            await self._end_access()
        except ChatError as error:
            await self.send(websocket.error(error, response_id))
        except Exception as error:
            logger.error(
                "action=frame_failed reason=%s\n%s",
                type(error).__name__,
                format_traceback_without_message(error),
            )
            await self.send(websocket.error(_unexpected_error(), response_id))

    async def _handle(self, frame: dict[str, Any], text: str) -> None:
        kind = frame.get("type")
        if isinstance(kind, str) and (scope := FRAME_SCOPES.get(kind)):
            await service.check_access(self.caller, scope)
        match kind:
            case "send":
                await self._send(await parse_body(schemas.parse_send, text))
            case "follow":
                await self._follow_frame(await parse_body(frames.parse_follow, text))
            case "unfollow":
                await self._unfollow(await parse_body(frames.parse_unfollow, text))
            case "stop":
                await self._stop(*await parse_body(frames.parse_stop, text))
            case "answer":
                await self._answer(*await parse_body(frames.parse_answer, text))
            case "watch":
                self._watch()
            case "ping":
                await self.send(websocket.frame({"type": "pong"}))
            case _:
                raise BadRequest("`type` must be send, follow, unfollow, stop, answer, watch or ping.")

    async def _send(self, request: schemas.SendRequest) -> None:
        row = await service.send(self.caller, request)
        await self._follow(row, 0, 0)

    async def _follow_frame(self, wanted: FollowRequest) -> None:
        row = await db.atomic_async(threads.response, self.caller.user, wanted.response_id)
        thinking = FROM_TEXT if wanted.thinking_offset is None else wanted.thinking_offset
        await self._follow(row, wanted.offset, thinking)

    async def _follow(self, row: Response, offset: int, thinking_offset: int) -> None:
        """Start following a response; a second follow of the same response replaces the first."""
        await self._cancel(row.public_id)
        if len(self._following) >= MAX_FOLLOWED_RESPONSES:
            raise BadRequest(f"One socket follows at most {MAX_FOLLOWED_RESPONSES} responses at once.")
        events = await service.follow(self.caller, row, offset, thinking_offset)
        encode = websocket.WebSocketEncoder(row.public_id, row.thread.public_id)
        # The first event is read before the next frame: a bad offset is this frame's error.
        start = encode(await anext(events))
        task = asyncio.create_task(self._relay(row.public_id, events, encode, start))
        self._following[row.public_id] = task

    async def _relay(
        self,
        response_id: str,
        events: AsyncGenerator[LogEvent],
        encode: websocket.WebSocketEncoder,
        start: str | None,
    ) -> None:
        async with aclosing(events):
            try:
                await self.send(start)
                async for event in events:
                    frame = encode(event)
                    if frame is not None:
                        await self.send(frame)
            except ChatError as error:
                await self.send(websocket.error(error, response_id))
            except Exception as error:
                # No caller awaits this task: without an error frame its reader would wait for ever.
                logger.error(
                    "action=follow_failed reason=%s\n%s",
                    type(error).__name__,
                    format_traceback_without_message(error),
                )
                await self.send(websocket.error(_unexpected_error(), response_id))
        if self._following.get(response_id) is asyncio.current_task():
            del self._following[response_id]

    async def _unfollow(self, response_id: str) -> None:
        await self._cancel(response_id)
        await self.send(websocket.frame({"type": "unfollowed", "responseId": response_id}))

    async def _cancel(self, response_id: str) -> None:
        task = self._following.pop(response_id, None)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _stop(self, response_id: str, offset: int | None) -> None:
        ended = await service.stop(self.caller, response_id, offset)
        if response_id not in self._following:
            encode = websocket.WebSocketEncoder(response_id, "")
            await self.send(encode(EndEvent(ended.log_length, ended)))

    async def _answer(self, response_id: str, given: AnswerBody) -> None:
        """Answer a request. All followers get it as a frame `answer`; who does not follow gets the same."""
        await service.answer(self.caller, response_id, given)
        if response_id not in self._following:
            answered = {"requestId": given.requestId, "outcome": given.outcome}
            await self.send(websocket.frame({"type": "answer", "responseId": response_id, **answered}))

    def _watch(self) -> None:
        if self._watching is None:
            self._watching = asyncio.create_task(self._relay_threads())

    async def _relay_threads(self) -> None:
        async with aclosing(service.watch(self.caller)) as events:
            async for thread_event in events:
                thread = (
                    serializers.thread(thread_event.thread)
                    if thread_event.thread
                    else {"threadId": thread_event.thread_id}
                )
                await self.send(
                    websocket.frame({"type": "thread", "event": thread_event.event, "thread": thread})
                )

    async def websocket_disconnect(self, message: Any) -> None:
        if self._connection is not None:
            self._connection.close()
        await self._cancel_all()
        raise StopConsumer

    async def _cancel_all(self) -> None:
        tasks = [task for task in (*self._following.values(), self._watching) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def send(
        self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False
    ) -> None:
        if not self._access_ended:
            await self.base_send({"type": "websocket.send", "text": text_data})


def _unexpected_error() -> Unavailable:
    return Unavailable("Something went wrong on the server. Nothing was lost; try again.")


def _scheme(headers: dict[str, str]) -> str:
    """Return the scheme of the page that opened the socket; only a trusted proxy knows of TLS."""
    return headers.get("x-forwarded-proto", "http") if settings.trusted_proxy else "http"


def _parse_frame(text: str) -> dict[str, Any]:
    if len(text.encode()) > FRAME_BYTES:
        raise TooLarge(f"A frame may have at most {FRAME_BYTES} bytes.", limit=FRAME_BYTES)
    return schemas.parse_object(text)
