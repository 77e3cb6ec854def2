"""AG-UI as a row of the contract suite, with the strictest reading of its events, and requests of its clients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from tests.dialects.dialect import MarkedReader, Piece
from tests.live.client import Client, Json, new_id

PATH = "/api/ag-ui"

# The fields of each event: clients of some versions refuse what they do not know, and null everywhere.
FIELDS = {
    "RUN_STARTED": {"threadId", "runId"},
    "TEXT_MESSAGE_START": {"messageId", "role"},
    "TEXT_MESSAGE_CONTENT": {"messageId", "delta"},
    "TEXT_MESSAGE_END": {"messageId"},
    "REASONING_START": {"messageId"},
    "REASONING_MESSAGE_START": {"messageId", "role"},
    "REASONING_MESSAGE_CONTENT": {"messageId", "delta"},
    "REASONING_MESSAGE_END": {"messageId"},
    "REASONING_END": {"messageId"},
    "TOOL_CALL_START": {"toolCallId", "toolCallName", "parentMessageId"},
    "TOOL_CALL_ARGS": {"toolCallId", "delta"},
    "TOOL_CALL_END": {"toolCallId"},
    "TOOL_CALL_RESULT": {"toolCallId", "messageId", "content", "role"},
    "MESSAGES_SNAPSHOT": {"messages"},
    "CUSTOM": {"name", "value"},
    "RUN_FINISHED": {"threadId", "runId"},
    "RUN_ERROR": {"message", "code"},
}
OPTIONAL = {"RUN_STARTED": {"protocolVersion"}, "RUN_FINISHED": {"outcome", "usage"}}
PIECES = {"TEXT_MESSAGE_CONTENT": "text", "REASONING_MESSAGE_CONTENT": "thought"}
# The event that ends what another one begins.
ENDS = {
    "TEXT_MESSAGE_START": "TEXT_MESSAGE_END",
    "REASONING_START": "REASONING_END",
    "REASONING_MESSAGE_START": "REASONING_MESSAGE_END",
    "TOOL_CALL_START": "TOOL_CALL_END",
}


def user(content: Any, name: str | None = None) -> Json:
    return {"id": name or new_id("m"), "role": "user", "content": content}


def run_input(thread: str, run: str, *messages: Json, **more: Any) -> Json:
    """Return a `RunAgentInput` as HttpAgent sends it."""
    fixed: Json = {"state": {}, "tools": [], "context": [], "forwardedProps": {}}
    return {"threadId": thread, "runId": run, **fixed, "messages": list(messages), **more}


class AgUi:
    """`/api/ag-ui`. A message gets its id from its run, so that the same request can be sent again."""

    name = "ag-ui"

    def send(self, client: Client, words: str = "Hi", *, thread: str, run: str) -> MarkedReader:
        return self.post(client, run_input(thread, run, user(words, f"of-{run}")))

    def post(self, client: Client, body: Json, mark: int | None = None, path: str = PATH) -> MarkedReader:
        return MarkedReader(self, client, "POST", path, body, mark)

    def resume(self, client: Client, run: str, mark: int | str) -> MarkedReader:
        return MarkedReader(self, client, "GET", f"{PATH}?runId={run}", None, mark)

    def stop(self, client: Client, thread: str, run: str) -> None:
        answered = client.http.post(f"{PATH}/agent/default/stop/{thread}", json={"runId": run})
        assert answered.json() == {"stopped": True}

    def piece(self, event: Json) -> Piece | None:
        kind = PIECES.get(event["type"])
        return Piece(kind, event["delta"].encode()) if kind else None

    def outcome(self, last: Json) -> str:
        if last["type"] == "RUN_ERROR":
            return str(last["code"])
        assert last["type"] == "RUN_FINISHED", last
        return {"success": "done", "cancelled": "stopped"}[last.get("outcome", {"type": "success"})["type"]]

    def assert_grammar(
        self, events: Sequence[Json], called: Sequence[str] = (), open_calls: Sequence[str] = ()
    ) -> None:
        """Assert that a body is one that the strictest client takes.

        `called` are calls that an earlier run began, `open_calls` those that this one does not end.
        """
        for event in events:
            kind, fields = event["type"], event.keys() - {"type"}
            assert FIELDS[kind] <= fields <= FIELDS[kind] | OPTIONAL.get(kind, set()), event
            assert not [name for name, value in event.items() if value is None], event
            assert event.get("delta") != "", event
        kinds = [event["type"] for event in events]
        assert kinds[0] == "RUN_STARTED"
        assert kinds.count("RUN_STARTED") == 1
        assert [kind in ("RUN_FINISHED", "RUN_ERROR") for kind in kinds] == [False] * (len(kinds) - 1) + [
            True
        ]
        _assert_nested(events)
        _assert_results(events, called, open_calls)


def _assert_nested(events: Sequence[Json]) -> None:
    """Assert that what is begun is ended before anything else is, and that each piece stands inside its own."""
    opened: list[tuple[str, str]] = []
    for event in events:
        kind, name = event["type"], str(event.get("messageId", event.get("toolCallId")))
        if kind in ENDS:
            opened.append((ENDS[kind], name))
        elif kind in ENDS.values():
            assert opened.pop() == (kind, name)
        elif kind in (*PIECES, "TOOL_CALL_ARGS"):
            owner = kind.replace("CONTENT", "END").replace("ARGS", "END")
            assert opened[-1] == (owner, name)
        else:
            assert not opened, event


def _assert_results(events: Sequence[Json], called: Sequence[str], open_calls: Sequence[str]) -> None:
    """Assert that every call has one result, after it and in the order of the calls, with nothing hidden in either."""
    begun = [event["toolCallId"] for event in events if event["type"] == "TOOL_CALL_START"]
    ended = [event for event in events if event["type"] == "TOOL_CALL_RESULT"]
    assert [event["toolCallId"] for event in ended] == [
        call for call in (*called, *begun) if call not in open_calls
    ]
    assert {event["content"] for event in ended} <= {""}
    assert {event["delta"] for event in events if event["type"] == "TOOL_CALL_ARGS"} <= {"{}"}


AG_UI = AgUi()


def snapshot_of(events: Sequence[Json]) -> list[Json]:
    """Return the messages of a body that begins with a snapshot."""
    assert [event["type"] for event in events[:2]] == ["RUN_STARTED", "MESSAGES_SNAPSHOT"]
    return list(events[1]["messages"])


def get(client: Client, **params: Any) -> httpx.Response:
    return client.get(PATH, **params)
