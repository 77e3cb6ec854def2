"""The server's routes with `await`; see `client`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self, TypeVar, Unpack

import httpx

from chat_client import _requests, _routes
from chat_client import shapes as s
from chat_client._cursor import Cursor
from chat_client._reader import MAX_RETRIES, ResponseReader
from chat_client._requests import ApiRequest, new_id
from chat_client.async_stream import AsyncStream
from chat_client.errors import ConnectionLostError

T = TypeVar("T")


class AsyncChatClient:
    """A user of one server: the one of `token`, or without a token a guest, where the server has guests.

    `max_retries`: failed attempts in a row after which a stream gives up.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        max_retries: float = MAX_RETRIES,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._csrf_token = ""
        self._max_retries = max_retries
        self._http = http or httpx.AsyncClient(timeout=_requests.TIMEOUT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def session(self) -> s.SessionJson:
        """Return the user and the models; without a token the visitor becomes a guest."""
        session = await self._exchange(_routes.SESSION)
        self._csrf_token = session["csrfToken"]
        return session

    def send(self, content: s.Content, **options: Unpack[s.SendOptions]) -> AsyncStream:
        """Return the stream of a prompt's answer. The ids are fixed now, so that a repeat makes nothing twice."""
        response_id, thread_id = options.get("response_id") or new_id(), options.get("thread_id") or new_id()
        post = _routes.send(content, {**options, "response_id": response_id, "thread_id": thread_id})
        return self._stream(response_id, post, Cursor(0, 0), thread_id)

    def follow(self, response_id: str, offset: int = 0, thinking_offset: int = 0) -> AsyncStream:
        """Return the stream of a response that exists, from the bytes that were received already."""
        return self._stream(response_id, None, Cursor(offset, thinking_offset))

    def regenerate(self, answered_id: str, **options: Unpack[s.Choices]) -> AsyncStream:
        """Return the stream of another answer to the prompt of a response."""
        response_id = options.get("response_id") or new_id()
        post = _routes.regenerate(answered_id, {**options, "response_id": response_id})
        return self._stream(response_id, post, Cursor(0, 0))

    async def response(self, response_id: str) -> s.ResponseJson:
        return await self._call(_routes.response(response_id))

    async def stop(self, response_id: str, offset: int | None = None) -> s.Status:
        """Stop a response; with `offset` the stored text keeps the bytes received. Return its status."""
        return (await self._call(_routes.stop(response_id, offset)))["status"]

    async def answer(
        self, response_id: str, request_id: str, outcome: s.Outcome, **more: Unpack[s.AnswerFields]
    ) -> s.Status:
        """Answer a request of a waiting response, which goes on with the last answer. Return its status."""
        return (await self._call(_routes.answer(response_id, request_id, outcome, more)))["status"]

    async def threads(self, **query: Unpack[s.ThreadQuery]) -> s.ThreadPageJson:
        """Return a page of threads, last activity first."""
        return await self._call(_routes.threads(query))

    async def thread(self, thread_id: str) -> s.ThreadJson:
        return await self._call(_routes.thread(thread_id))

    async def create_thread(self, **fields: Unpack[s.ThreadFields]) -> s.ThreadJson:
        """Create a thread, or return the one of that id."""
        return await self._call(_routes.create_thread(fields))

    async def update_thread(self, thread_id: str, **change: Unpack[s.ThreadUpdate]) -> s.ThreadJson:
        return await self._call(_routes.update_thread(thread_id, change))

    async def delete_thread(self, thread_id: str) -> None:
        await self._call(_routes.delete_thread(thread_id))

    async def messages(self, thread_id: str, **query: Unpack[s.MessageQuery]) -> s.MessagePageJson:
        """Return a page of messages, oldest first."""
        return await self._call(_routes.messages(thread_id, query))

    async def replace_message(self, thread_id: str, message_id: str, content: str) -> None:
        """Replace the content of a reply that has ended."""
        await self._call(_routes.replace_message(thread_id, message_id, content))

    async def rate_message(self, thread_id: str, message_id: str, score: int) -> None:
        """Rate a reply: -1, 0 or 1."""
        await self._call(_routes.rate_message(thread_id, message_id, score))

    async def upload(
        self, data: bytes, content_type: str = "application/octet-stream", name: str = ""
    ) -> s.AttachmentJson:
        """Upload a picture or a file. Return its id and address, for a content part of a prompt."""
        return await self._call(_routes.upload(data, content_type, name))

    async def attachment(self, attachment_id: str) -> s.AttachmentJson:
        """Return the state of a picture or file: `ready`, `reading` or `failed`."""
        return await self._call(_routes.attachment(attachment_id))

    async def delete_attachment(self, attachment_id: str) -> None:
        """Delete a picture or file; messages that show it stay."""
        await self._call(_routes.delete_attachment(attachment_id))

    def _stream(
        self, response_id: str, post: ApiRequest[object] | None, cursor: Cursor, thread_id: str | None = None
    ) -> AsyncStream:
        reader = ResponseReader(response_id, post, cursor, self._max_retries, thread_id)
        return AsyncStream(reader, self._open, self._call)

    async def _call(self, request: ApiRequest[T]) -> T:
        await self._ensure_visitor()
        return await self._exchange(request)

    async def _exchange(self, request: ApiRequest[T]) -> T:
        async with self._sent(request) as response:
            await response.aread()
            return _requests.decoded(request, response)

    @asynccontextmanager
    async def _open(self, request: ApiRequest[object]) -> AsyncIterator[httpx.Response]:
        """Provide the answer of a stream's request, whose body is still to be read."""
        await self._ensure_visitor()
        async with self._sent(request) as response:
            if not response.is_success:
                await response.aread()
                raise _requests.problem_from(response)
            yield response

    @asynccontextmanager
    async def _sent(self, request: ApiRequest[object]) -> AsyncIterator[httpx.Response]:
        headers = _requests.headers(self._token, self._csrf_token, request)
        content = _requests.body(request)
        url = self._url + request.path
        try:
            async with self._http.stream(
                request.method, url, params=request.params, content=content, headers=headers
            ) as response:
                yield response
        except httpx.RequestError as error:
            raise ConnectionLostError(str(error) or type(error).__name__) from error

    async def _ensure_visitor(self) -> None:
        """Become a guest before the first request: one whose answer is lost would make a second guest."""
        if not self._token and not self._csrf_token:
            await self.session()
