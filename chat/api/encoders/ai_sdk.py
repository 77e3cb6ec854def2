"""The parts of the AI SDK's UI message stream (ai-sdk.dev): `dialects.md` in the reference has the table.

No part has a key or a type that one of the SDK's versions from 5 on, assistant-ui or OpenUI refuses; approvals come to
versions that know them. A tool's input and output stay hidden, so its input is empty and its output tells its state alone. The
input is shown of a call that waits for approval, and of one that the client makes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from chat.api.encoders.marked import NOTHING_READ, Event, MarkedEncoder, artifact_label, error_text
from chat.models import RequestKind, Response, Status, ToolState
from chat.models.responses import ERROR_STATUSES
from chat.streams import EndEvent, RequestEvent, StartEvent, ToolEvent

# The header by which clients recognise the protocol.
HEADER = {"x-vercel-ai-ui-message-stream": "v1"}

TOOL_FAILED = "The tool failed."

# The SDK's names of finish reasons; with any other the part has none.
_REASONS = {"length": "length", "content_filter": "content-filter"}


class AiSdkEncoder(MarkedEncoder):
    """Encoder of one response; the ids of its parts are the same for every reader.

    It begins with the response, or behind the answers to the requests `answered`. `approves`: the client knows approvals.
    """

    def __init__(self, row: Response, *, approves: bool = False, answered: Collection[str] = ()) -> None:
        super().__init__(row, NOTHING_READ, answered)
        self.row, self._approves = row, approves
        about = {"threadId": row.thread.public_id, "model": row.model}
        self._start = {"type": "start", "messageId": row.public_id, "messageMetadata": about}

    def begin(self, event: StartEvent | None = None) -> Iterable[Event]:
        yield self._start
        yield {"type": "start-step"}

    def open_text(self) -> Iterable[Event]:
        yield {"type": "text-start", "id": self._text}

    def text(self, piece: str) -> Event:
        return {"type": "text-delta", "id": self._text, "delta": piece}

    def close_text(self) -> Iterable[Event]:
        yield {"type": "text-end", "id": self._text}

    def open_thought(self) -> Iterable[Event]:
        yield {"type": "reasoning-start", "id": self._thought}

    def thought(self, piece: str) -> Event:
        return {"type": "reasoning-delta", "id": self._thought, "delta": piece}

    def close_thought(self) -> Iterable[Event]:
        yield {"type": "reasoning-end", "id": self._thought}

    def start_call(self, call: ToolEvent) -> Iterable[Event]:
        named = {"toolCallId": call.call_id, "toolName": call.name}
        yield {"type": "tool-input-start", **named}
        yield {"type": "tool-input-available", **named, "input": {}}

    def end_call(self, call: ToolEvent) -> Iterable[Event]:
        if self._approves and call.call_id in self.denied:
            yield {"type": "tool-output-denied", "toolCallId": call.call_id}
        elif call.state == ToolState.DONE:
            yield {"type": "tool-output-available", "toolCallId": call.call_id, "output": {"state": "done"}}
        else:
            yield {"type": "tool-output-error", "toolCallId": call.call_id, "errorText": TOOL_FAILED}

    def end_round(self) -> Iterable[Event]:
        yield {"type": "finish-step"}
        yield {"type": "start-step"}

    def request(self, request: RequestEvent) -> Iterable[Event]:
        if request.kind == RequestKind.CLIENT:
            yield {"type": "tool-input-start", **_named(request)}
            yield _input(request)

    def go_on(self) -> Iterable[Event]:
        return self.begin()

    def wait(self) -> Iterable[Event]:
        for request in self.open_requests.values():
            if self._approves and request.kind == RequestKind.APPROVE:
                yield _input(request)
                call, approval = request.call_id, request.request_id
                yield {"type": "tool-approval-request", "approvalId": approval, "toolCallId": call}
        yield {"type": "finish-step"}
        about = {"status": Status.WAITING, "usage": None}
        yield {"type": "finish", "finishReason": "tool-calls", "messageMetadata": about}

    def end(self, event: EndEvent) -> Iterable[Event]:
        for artifact in event.artifacts:
            yield artifact_part(artifact_label(artifact))
        yield {"type": "finish-step"}
        yield _last_part(event.response)

    def frame(self, event: Event) -> bytes:
        return b"data: %b\n\n" % msgspec.json.encode(event)

    def closing(self) -> bytes:
        return b"data: [DONE]\n\n"

    @property
    def _text(self) -> str:
        return f"t{self.text_number}"

    @property
    def _thought(self) -> str:
        return f"r{self.thought_number}"


def _named(request: RequestEvent) -> Event:
    return {"toolCallId": request.call_id, "toolName": request.tool}


def _input(request: RequestEvent) -> Event:
    given = msgspec.Raw((request.arguments or "{}").encode())
    return {"type": "tool-input-available", **_named(request), "input": given}


def artifact_part(label: Event) -> Event:
    """Return the data part of an artifact; its id keeps the versions in one message apart."""
    return {"type": "data-artifact", "id": f"{label['artifactId']}:{label['version']}", "data": label}


def _last_part(row: Response | None) -> Event:
    """Return the part that tells how a response ended; one that was deleted meanwhile counts as stopped."""
    if row is None or row.status == Status.STOPPED:
        return {"type": "abort", "reason": "stopped"}
    if row.status in ERROR_STATUSES:
        return {"type": "error", "errorText": error_text(row)}
    reason = _REASONS.get(row.finish_reason or "")
    why = {} if reason is None else {"finishReason": reason}
    return {"type": "finish", **why, "messageMetadata": {"status": row.status, "usage": row.usage}}
