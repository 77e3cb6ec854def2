"""Requests of the AI SDK's clients, and the strictest reading of their parts."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import httpx

from tests.live.client import Client, Json, new_id
from tests.live.transports import HttpReader

PATH = "/api/ai-sdk/chat"

# The keys of each part beside its type: a version refuses what it does not know.
KEYS = {
    "start": {"messageId", "messageMetadata"},
    "start-step": set(),
    "text-start": {"id"},
    "text-delta": {"id", "delta"},
    "text-end": {"id"},
    "reasoning-start": {"id"},
    "reasoning-delta": {"id", "delta"},
    "reasoning-end": {"id"},
    "tool-input-start": {"toolCallId", "toolName"},
    "tool-input-available": {"toolCallId", "toolName", "input"},
    "tool-output-available": {"toolCallId", "output"},
    "tool-output-error": {"toolCallId", "errorText"},
    "tool-output-denied": {"toolCallId"},
    "tool-approval-request": {"toolCallId", "approvalId"},
    "data-artifact": {"id", "data"},
    "finish-step": set(),
    "finish": {"messageMetadata"},
    "abort": {"reason"},
    "error": {"errorText"},
}
OPTIONAL = {"finish": {"finishReason"}}
LAST = ("finish", "abort", "error")
DONE = "[DONE]"


def said(role: str, text: str, name: str | None = None) -> Json:
    """Return a UI message."""
    return {"id": name or new_id("m"), "role": role, "parts": [{"type": "text", "text": text}]}


def picture(url: str, media: str = "image/png", **more: str) -> Json:
    return {"type": "file", "mediaType": media, "url": url, **more}


def chat_body(thread: str, *messages: Json, **more: Any) -> Json:
    """Return a body as `DefaultChatTransport` sends it."""
    return {"id": thread, "messages": list(messages), "trigger": "submit-message", **more}


def runtime_body(thread: str, reply: str, prompt: str, *messages: tuple[str, str]) -> Json:
    """Return a body as assistant-ui's data-stream runtime sends it."""
    content = [{"role": role, "content": [{"type": "text", "text": text}]} for role, text in messages]
    names = {"threadId": thread, "unstable_assistantMessageId": reply, "parentId": prompt}
    return {"messages": content, "tools": {}, "runConfig": {}, **names}


class PartReader(HttpReader):
    """A strict reader of `data:` lines. `cut`: the body was broken off."""

    def __init__(
        self,
        client: Client,
        method: str,
        path: str,
        body: Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(client, method, path, body, headers or {})
        self.parts, self.done, self.cut, self._rest = list[Json](), False, False, b""

    def until(self, text: str) -> PartReader:
        super().until(text)
        return self

    def to_end(self) -> list[Json]:
        """Read the body to its end, which must be a whole one, and return its parts."""
        self.rest()
        assert (self.head.status, self.cut, self.done, self._rest) == (200, False, True, b""), self.parts
        return self.parts

    def take(self, piece: bytes) -> None:
        *frames, self._rest = (self._rest + piece).split(b"\n\n")
        for frame in frames:
            if not frame.startswith(b":"):
                self._take_frame(frame.decode())

    def _take_frame(self, frame: str) -> None:
        assert frame.startswith("data: "), frame
        assert "\n" not in frame, frame
        assert not self.done, frame
        data = frame.removeprefix("data: ")
        if data == DONE:
            self.done = True
            return
        part = json.loads(data)
        self.parts.append(part)
        if part["type"] == "text-delta":
            self.received.text += part["delta"].encode()
        if part["type"] == "reasoning-delta":
            self.received.thought += part["delta"].encode()

    def _more(self) -> bool:
        try:
            return super()._more()
        except (http.client.IncompleteRead, ConnectionError):
            self.cut = True
            return False


def begin(client: Client, thread: str, *messages: Json, **more: Any) -> PartReader:
    return post(client, chat_body(thread, *messages, **more))


def post(client: Client, body: Json, headers: dict[str, str] | None = None) -> PartReader:
    return PartReader(client, "POST", PATH, body, headers)


def reply_of(client: Client, thread: str, *messages: Json, **more: Any) -> tuple[str, str]:
    """Send messages, and return the text and the id of the answer."""
    reader = begin(client, thread, *messages, **more)
    reader.to_end()
    return reader.received.text.decode(), reader.head.headers["X-Response-Id"]


def reconnect(client: Client, thread: str) -> PartReader:
    return PartReader(client, "GET", f"{PATH}/{thread}/stream")


def stop(client: Client, thread: str, **body: Any) -> httpx.Response:
    return client.http.post(f"{PATH}/{thread}/stop", json=body)


def history(client: Client, thread: str) -> Json:
    answered = client.get(f"{PATH}/{thread}")
    assert answered.status_code == 200, answered.text
    return dict(answered.json())


def merged(parts: Sequence[Json]) -> list[Json]:
    """Return the parts with the deltas of one text or thought joined."""
    result: list[Json] = []
    for (kind, name), some in groupby(parts, key=lambda part: (part["type"], part.get("id"))):
        if kind.endswith("-delta"):
            result.append({"type": kind, "id": name, "delta": "".join(part["delta"] for part in some)})
        else:
            result += some
    return result


def assert_grammar(
    parts: Sequence[Json],
    called: Sequence[str] = (),
    open_calls: Sequence[str] = (),
    inputs: dict[str, Any] | None = None,
) -> None:
    """Assert that a body from its beginning is one that the strictest client takes.

    `called` are calls that an earlier body began, `open_calls` those that this one does not end, `inputs` the inputs shown.
    """
    kinds = [part["type"] for part in parts]
    for part in parts:
        keys, kind = part.keys() - {"type"}, part["type"]
        assert KEYS[kind] <= keys <= KEYS[kind] | OPTIONAL.get(kind, set()), part
        assert part.get("delta") != "", part
    assert kinds[:2] == ["start", "start-step"]
    assert kinds[-1] in LAST
    assert kinds[-2] == "finish-step"
    assert sum(kind in ("start", *LAST) for kind in kinds) == 2
    _assert_steps(kinds)
    _assert_nested(parts)
    _assert_calls(parts, called, open_calls, inputs or {})


def _assert_steps(kinds: Sequence[str]) -> None:
    steps = [kind for kind in kinds if kind in ("start-step", "finish-step")]
    assert steps == ["start-step", "finish-step"] * (len(steps) // 2)


def _assert_nested(parts: Sequence[Json]) -> None:
    """Assert that each delta stands between the start and the end of its text or thought, and nothing else does."""
    opened: tuple[str, str] | None = None
    seen: set[str] = set()
    for part in parts:
        about, _, edge = part["type"].partition("-")
        name = (about, part.get("id", ""))
        if about not in ("text", "reasoning"):
            assert opened is None, part
        elif edge == "start":
            assert (opened, part["id"] in seen) == (None, False), part
            seen.add(part["id"])
            opened = name
        else:
            assert opened == name, part
            opened = None if edge == "end" else opened


def _assert_calls(
    parts: Sequence[Json], called: Sequence[str], open_calls: Sequence[str], inputs: dict[str, Any]
) -> None:
    """Assert that every call has one end, in the order of the calls, and that nothing hidden is in either."""
    begun = [part["toolCallId"] for part in parts if part["type"] == "tool-input-start"]
    given = [part for part in parts if part["type"] == "tool-input-available"]
    ended = [part for part in parts if part["type"].startswith("tool-output")]
    assert [part["toolCallId"] for part in given] == begun
    assert [part["toolCallId"] for part in ended] == [
        call for call in (*called, *begun) if call not in open_calls
    ]
    assert [part["input"] for part in given] == [inputs.get(call, {}) for call in begun]
    for part in ended:
        assert part.get("output", {"state": "done"}) == {"state": "done"}, part
