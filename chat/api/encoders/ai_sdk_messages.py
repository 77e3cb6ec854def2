"""The messages of a thread as the AI SDK's UI messages, with the parts that its clients make of the stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from chat.api.encoders.ai_sdk import TOOL_FAILED, artifact_part
from chat.api.encoders.marked import artifact_label
from chat.models import ACTIVE, ArtifactLabel, PersonRequest, RequestKind, Role, Status, ToolState
from chat.text import utf8_floor
from chat.threads.attachments import PATH, reference
from chat.threads.messages import MessageView
from chat.threads.reply_details import ReplyDetails

Part = dict[str, Any]

# The media type of a picture elsewhere, of which only the address is known.
ANY_PICTURE = "image/*"
# The media type of a file that is deleted.
ANY_FILE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class OpenCalls:
    """The requests that the calls of the reply that waits do, by the ids of the calls. `approves`: the client knows approvals.

    Models give calls of other replies the same ids.
    """

    requests: Mapping[str, PersonRequest]
    approves: bool

    def part(self, call: Part) -> Part | None:
        """Return the part of a call that waits; None for any other, or one whose request the client does not know."""
        request = self.requests.get(call["id"])
        if request is None or request.by_staff or request.kind == RequestKind.ASK:
            return None
        named = {"type": f"tool-{call['name']}", "toolCallId": call["id"]}
        given = {**named, "input": msgspec.Raw((request.arguments or "{}").encode())}
        if request.kind == RequestKind.CLIENT:
            return {**given, "state": "input-available"}
        asked = {"state": "approval-requested", "approval": {"id": request.public_id}}
        return {**given, **asked} if self.approves else None


def ui_message(
    view: MessageView, details: Mapping[str, ReplyDetails], media: Mapping[str, str], waits: OpenCalls
) -> Part:
    """Return a UI message. `media`: the media types of the attachments by their ids."""
    if view.role != Role.ASSISTANT:
        return {"id": view.id, "role": view.role, "parts": _user_parts(view.content, media)}
    known = details.get(view.id, ReplyDetails())
    about = {"status": view.status, "usage": known.usage}
    return {
        "id": view.id,
        "role": view.role,
        "metadata": about,
        "parts": list(_reply_parts(view, known, waits)),
    }


def _user_parts(content: Any, media: Mapping[str, str]) -> list[Part]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    parts = msgspec.json.decode(content, type=list[Part])
    return [shown for shown in (_user_part(part, media) for part in parts) if shown is not None]


def _user_part(part: Part, media: Mapping[str, str]) -> Part | None:
    """Return the SDK's form of an OpenAI content part; None for one that it has no place for."""
    if part.get("type") == "text":
        return {"type": "text", "text": part.get("text", "")}
    if part.get("type") == "file":
        return _file_part(part, media)
    source = part.get("image_url")
    url = source.get("url") if isinstance(source, dict) else source
    if part.get("type") != "image_url" or not isinstance(url, str):
        return None
    return {"type": "file", "mediaType": media.get(url.removeprefix(PATH), ANY_PICTURE), "url": url}


def _file_part(part: Part, media: Mapping[str, str]) -> Part | None:
    name = reference(part)
    if name is None:
        return None
    shown = {"type": "file", "mediaType": media.get(name, ANY_FILE), "url": f"{PATH}{name}"}
    return {**shown, "filename": part["file"]["filename"]} if "filename" in part["file"] else shown


def _reply_parts(view: MessageView, known: ReplyDetails, waits: OpenCalls) -> Iterable[Part]:
    """Yield the steps of a reply: thought first, then the text with each round of calls where it stood."""
    state = {"state": "streaming" if view.status in ACTIVE else "done"}
    content, start = view.content.encode(), 0
    yield {"type": "step-start"}
    if view.thinking is not None:
        yield {"type": "reasoning", "text": view.thinking["text"], **state}
    for number, call in enumerate(view.tools):
        place = utf8_floor(content, min(known.places[number], len(content)))
        if place > start:
            if number:
                yield {"type": "step-start"}
            yield {"type": "text", "text": content[start:place].decode(), "state": "done"}
            start = place
        yield (waits.part(call) if view.status == Status.WAITING else None) or _call(call)
    # While it waits, the calls are the last step: clients look there for what has been answered.
    if view.tools and view.status != Status.WAITING:
        yield {"type": "step-start"}
    if start < len(content):
        yield {"type": "text", "text": content[start:].decode(), **state}
    for one in view.artifacts:
        label = ArtifactLabel(one.public_id, one.version, one.kind, one.title)
        yield artifact_part(artifact_label(label))


def _call(call: Part) -> Part:
    named = {"type": f"tool-{call['name']}", "toolCallId": call["id"], "input": {}}
    match call["state"]:
        case ToolState.STARTED:
            return {**named, "state": "input-available"}
        case ToolState.DONE:
            return {**named, "state": "output-available", "output": {"state": "done"}}
    return {**named, "state": "output-error", "errorText": TOOL_FAILED}
