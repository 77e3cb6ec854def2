"""Messages of MCP servers, made fit for the official package: it refuses a whole list, or a result, for one odd entry in it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

from chat.tools.provider_schema import parameters_schema

logger = logging.getLogger(__name__)

# The required fields of the blocks of a result, and what stands for one that is missing.
_REQUIRED: dict[str, dict[str, str]] = {
    "text": {"text": ""},
    "image": {"data": "", "mimeType": ""},
    "audio": {"data": "", "mimeType": ""},
    "resource_link": {"uri": "", "name": ""},
}


def fitted(item: Any, server: str) -> Any:
    """Return a message of a server whose list of tools, or result of a call, the package takes."""
    result = getattr(getattr(item, "message", None), "result", None)
    if isinstance(result, dict):
        if isinstance(result.get("tools"), list):
            result["tools"] = list(_tools(result["tools"], server))
        elif {"content", "structuredContent", "isError"} & result.keys():
            _fit_result(result)
    return item


def _tools(listed: list[Any], server: str) -> Iterator[dict[str, Any]]:
    """Yield the tools that have a name, once each, with those of their fields that are in use.

    The package would check results by their schemas in the event loop, which a pattern of a server's may hold for minutes.
    """
    names: set[str] = set()
    for tool in listed:
        name = tool.get("name") if isinstance(tool, dict) else None
        if not (isinstance(name, str) and name) or name in names:
            logger.warning(
                "action=mcp_tool_left_out server=%s reason=%s", server, "repeated" if name else "no name"
            )
            continue
        names.add(name)
        fitted: dict[str, Any] = {"name": name, "inputSchema": parameters_schema(tool.get("inputSchema"))}
        if isinstance(tool.get("description"), str):
            fitted["description"] = tool["description"]
        annotations = tool.get("annotations")
        if isinstance(annotations, dict) and isinstance(annotations.get("readOnlyHint"), bool):
            fitted["annotations"] = {"readOnlyHint": annotations["readOnlyHint"]}
        yield fitted


def _fit_result(result: dict[str, Any]) -> None:
    content = result.get("content")
    entries = content if isinstance(content, list) else [] if content is None else [content]
    result["content"] = [_block(entry) for entry in entries]
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
