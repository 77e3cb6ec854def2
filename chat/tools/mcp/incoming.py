"""Messages of MCP servers, made fit for the official package: it refuses a whole list, or a result, for one odd entry in it."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, Self

from chat.tools.provider_schema import parameters_schema

logger = logging.getLogger(__name__)

# Tools of one page: more than the 128 that are offered of a server, so that a surplus is noticed.
MAX_PAGE_TOOLS = 256
# Bytes of one tool and of one page as JSON: a request has to have room for the conversation, too.
TOOL_BYTES, PAGE_BYTES = 131_072, 524_288
# Blocks of one result, of which 64 KiB reach the model.
MAX_BLOCKS = 1_024
# Requests of a server without a reply: each is a task, and a server that takes no reply would add to them for ever.
MAX_REQUESTS = 64

# The required fields of the blocks of a result, and what stands for one that is missing.
_REQUIRED: dict[str, dict[str, str]] = {
    "text": {"text": ""},
    "image": {"data": "", "mimeType": ""},
    "audio": {"data": "", "mimeType": ""},
    "resource_link": {"uri": "", "name": ""},
}


class _Around:
    """A stream of the package's, which is passed on but for what a subclass changes."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> Any:
        return await self._stream.__aexit__(*error)


class WatchedStream(_Around):
    """A stream of messages from a server, made fit for the package, that reports its end.

    It ends with the server's own, or when the server makes requests without taking the replies.
    """

    def __init__(self, stream: Any, server: str, on_end: Callable[[], None]) -> None:
        super().__init__(stream)
        self._server, self._on_end = server, on_end
        # By their numbers, which servers without sessions begin anew in each stream.
        self._open: Counter[int | str] = Counter()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            item = await self._stream.__anext__()
        except StopAsyncIteration:
            self._on_end()
            raise
        if not self._admits(getattr(item, "message", None)):
            logger.warning("action=mcp_replies_not_taken server=%s requests=%d", self._server, MAX_REQUESTS)
            self._on_end()
            raise StopAsyncIteration
        # In a thread: a list of tools may take 0.1 s.
        return (
            await asyncio.to_thread(fitted, item, self._server)
            if has_result(item)
            else fitted(item, self._server)
        )

    def _admits(self, message: Any) -> bool:
        """Note the requests of the server that are open. Return False for one too many."""
        method, number = getattr(message, "method", None), getattr(message, "id", None)
        if method == "notifications/cancelled":
            self._withdraw((message.params or {}).get("requestId"))
        elif method is not None and number is not None:
            self._open[number] += 1
        return self._open.total() <= MAX_REQUESTS

    def _withdraw(self, number: Any) -> None:
        """Note that the server has given up a request: the package ends one alone of several with the same number."""
        if isinstance(number, int | str) and self._open[number] <= 1:
            del self._open[number]

    def close_request(self, number: int | str | None) -> None:
        """Note that the server has taken the reply to a request."""
        if number is not None:
            self._open -= Counter([number])


class ReplyStream(_Around):
    """A stream of messages to a server, which tells the stream of its messages that it has taken a reply."""

    def __init__(self, stream: Any, incoming: WatchedStream) -> None:
        super().__init__(stream)
        self._incoming = incoming

    async def send(self, item: Any) -> None:
        """Send a message."""
        await self._stream.send(item)
        if not hasattr(item.message, "method"):
            self._incoming.close_request(item.message.id)


def has_result(item: Any) -> bool:
    """Return whether a message is the result of a request."""
    return isinstance(getattr(getattr(item, "message", None), "result", None), dict)


def fitted(item: Any, server: str) -> Any:
    """Return a message of a server whose list of tools, or result of a call, the package takes."""
    message = getattr(item, "message", None)
    result = getattr(message, "result", None)
    if isinstance(result, dict):
        if not isinstance(result.get("_meta", {}), dict):
            del result["_meta"]
        if isinstance(result.get("tools"), list):
            result["tools"] = _tools(result["tools"], server)
            if not isinstance(result.get("nextCursor"), str):
                result.pop("nextCursor", None)
        elif {"content", "structuredContent", "isError"} & result.keys():
            _fit_result(result)
    elif getattr(message, "method", "") == "notifications/progress":
        _fit_progress(message)
    return item


def _fit_progress(message: Any) -> None:
    """Leave out figures that are no floating-point numbers: they would end the connection."""
    for name in ("progress", "total"):
        value = (message.params or {}).get(name)
        if isinstance(value, int) and abs(value) > sys.float_info.max:
            message.params[name] = None


def _tools(listed: list[Any], server: str) -> list[dict[str, Any]]:
    """Return the tools that can be offered, and log how many cannot."""
    found: dict[str, dict[str, Any]] = {}
    left_out: Counter[str] = Counter({"too many": max(len(listed) - MAX_PAGE_TOOLS, 0)})
    room = PAGE_BYTES
    for tool in listed[:MAX_PAGE_TOOLS]:
        name = tool.get("name") if isinstance(tool, dict) else None
        if not (isinstance(name, str) and name) or name in found:
            left_out["repeated" if name else "no name"] += 1
            continue
        fitted = _tool(name, tool)
        size = len(json.dumps(fitted))
        if size > min(room, TOOL_BYTES):
            left_out["too large"] += 1
            continue
        room -= size
        found[name] = fitted
    for reason in +left_out:
        logger.warning(
            "action=mcp_tool_left_out server=%s tools=%d reason=%s", server, left_out[reason], reason
        )
    return list(found.values())


def _tool(name: str, tool: dict[str, Any]) -> dict[str, Any]:
    """Return a tool with those of its fields that are in use.

    The package would check results by their schemas in the event loop, which a pattern of a server's may hold for minutes.
    """
    fitted: dict[str, Any] = {"name": name, "inputSchema": parameters_schema(tool.get("inputSchema"))}
    if isinstance(tool.get("description"), str):
        fitted["description"] = tool["description"]
    annotations = tool.get("annotations")
    if isinstance(annotations, dict) and isinstance(annotations.get("readOnlyHint"), bool):
        fitted["annotations"] = {"readOnlyHint": annotations["readOnlyHint"]}
    return fitted


def _fit_result(result: dict[str, Any]) -> None:
    content = result.get("content")
    entries = content if isinstance(content, list) else [] if content is None else [content]
    result["content"] = [_block(entry) for entry in entries[:MAX_BLOCKS]]
    if len(entries) > MAX_BLOCKS:
        result["content"].append(_text(f"[{len(entries) - MAX_BLOCKS} more blocks, which are left out]"))
    if "structuredContent" in result and not isinstance(result["structuredContent"], dict):
        # Only objects were allowed before 2026-07-28; the package itself wraps other values like this.
        value = result.pop("structuredContent")
        result |= {} if value is None else {"structuredContent": {"result": value}}
    if not isinstance(result.get("isError", False), bool):
        result["isError"] = str(result["isError"]).lower() == "true"


def _block(entry: Any) -> dict[str, Any]:
    """Return a block of a kind that the package knows; any other one as text."""
    if not isinstance(entry, dict):
        return _text(entry)
    block = {name: value for name, value in entry.items() if name not in ("annotations", "icons", "_meta")}
    kind = block.get("type", "text" if "text" in block else None)
    resource = block.get("resource")
    if kind == "resource" and isinstance(resource, dict) and {"text", "blob"} & resource.keys():
        return {**block, "resource": {"uri": "", **resource}}
    required = _REQUIRED.get(str(kind))
    if required is None:
        return _text(block.get("text", block))
    if kind == "text":
        return _text(block.get("text"))
    values = {
        name: block[name] if isinstance(block.get(name), str) else value for name, value in required.items()
    }
    return {**block, **values}


def _text(value: Any) -> dict[str, Any]:
    """Return a block of text: the value itself, or its JSON."""
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
    return {"type": "text", "text": text}
