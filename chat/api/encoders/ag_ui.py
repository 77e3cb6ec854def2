"""AG-UI's events (docs.ag-ui.com), with their marks as ids: `dialects.md` in the reference has the table.

Thought is AG-UI's reasoning; a tool's arguments and result stay hidden, so both are empty.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from chat.api.encoders.marked import NOTHING_READ, Event, MarkedEncoder
from chat.models import Response, Status
from chat.streams import EndEvent, StartEvent, ToolEvent


class AgUiEncoder(MarkedEncoder):
    """Encoder of one run. `protocol`: the version that the client sent, None for clients that send none."""

    def __init__(
        self, thread_id: str, run_id: str, protocol: str | None = None, after: int = NOTHING_READ
    ) -> None:
        super().__init__(after)
        self._thread_id, self._run_id, self._protocol = thread_id, run_id, protocol

    def begin(self, event: StartEvent) -> Iterable[Event]:
        version = {} if self._protocol is None else {"protocolVersion": "1.0"}
        yield {"type": "RUN_STARTED", "threadId": self._thread_id, "runId": self._run_id, **version}

    def open_text(self) -> Iterable[Event]:
        yield {"type": "TEXT_MESSAGE_START", "messageId": self._run_id, "role": "assistant"}

    def text(self, piece: str) -> Event:
        return {"type": "TEXT_MESSAGE_CONTENT", "messageId": self._run_id, "delta": piece}

    def close_text(self) -> Iterable[Event]:
        yield {"type": "TEXT_MESSAGE_END", "messageId": self._run_id}

    def start_call(self, call: ToolEvent) -> Iterable[Event]:
        named = {"toolCallId": call.call_id, "toolCallName": call.name, "parentMessageId": self._run_id}
        yield {"type": "TOOL_CALL_START", **named}
        yield {"type": "TOOL_CALL_ARGS", "toolCallId": call.call_id, "delta": "{}"}
        yield {"type": "TOOL_CALL_END", "toolCallId": call.call_id}

    def end_call(self, call: ToolEvent) -> Iterable[Event]:
        message = f"{self._run_id}:{call.call_id}"
        result = {"toolCallId": call.call_id, "content": "", "role": "tool"}
        yield {"type": "TOOL_CALL_RESULT", "messageId": message, **result}

    def end(self, event: EndEvent) -> Iterable[Event]:
        row = event.response
        if row is not None and row.status in (Status.FAILED, Status.INTERRUPTED):
            yield {"type": "RUN_ERROR", "message": _problem(row), "code": row.error_code or row.status}
            return
        ended = {"type": "RUN_FINISHED", "threadId": self._thread_id, "runId": self._run_id}
        stopped = row is None or row.status == Status.STOPPED
        outcome = {"outcome": {"type": "cancelled" if stopped else "success"}} if self._protocol else {}
        yield {**ended, **outcome, **_usage(row)}

    def frame(self, event: Event) -> bytes:
        return b"id: %d\ndata: %b\n\n" % (self.mark, msgspec.json.encode(event))


def _problem(row: Response) -> str:
    return row.error_detail or "The answer was interrupted. Try again."


def _usage(row: Response | None) -> Event:
    if row is None or row.prompt_tokens is None or row.completion_tokens is None:
        return {}
    used = {"inputTokens": row.prompt_tokens, "outputTokens": row.completion_tokens}
    total = row.prompt_tokens + row.completion_tokens
    return {"usage": [{"model": row.model, **used, "totalTokens": total}]}
