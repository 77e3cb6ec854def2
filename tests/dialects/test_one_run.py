"""One run, five clients: each of another protocol, and each with the same bytes at the same place of one log."""

from __future__ import annotations

from collections.abc import Callable

from openai import OpenAI

from chat.testing import Gate, ScriptedModel, answer
from tests.clients.openai_python import connect_openai  # noqa: F401  found here by pytest
from tests.dialects.ag_ui import AG_UI, PATH, run_input, snapshot_of
from tests.dialects.ai_sdk import PartReader
from tests.live.client import Client, WebSocketClient, new_id
from tests.live.transports import SOCKET

HEAD, MIDDLE, TAIL = "Grö", "ße: ", "🍎."
# Clients of whole text compare these, after each piece of the model.
TEXTS = (HEAD, HEAD + MIDDLE, HEAD + MIDDLE + TAIL)


def test_a_run_is_begun_followed_resumed_stopped_and_replayed_in_five_protocols(
    model: ScriptedModel,
    alice: Client,
    connect_openai: Callable[[Client], OpenAI],  # noqa: F811
) -> None:
    model.script(answer(HEAD, first := Gate(), MIDDLE, second := Gate(), TAIL, Gate(), "never"))
    client = connect_openai(alice)

    # Begun by the `openai` SDK, which leaves after the first piece.
    events = client.responses.create(model="c1", input="Hi", background=True, stream=True)
    created = next(iter(events))
    run, thread = created.response.id, created.response.conversation.id  # type: ignore[union-attr]
    last = next(event for event in events if event.type == "response.output_text.delta")
    events.close()
    assert last.delta == TEXTS[0]

    # Followed in CopilotKit, whose snapshot holds what there was.
    connect = run_input(thread, new_id("r"))
    followed = AG_UI.post(alice, connect, path=f"{PATH}/agent/default/connect").begun()
    shown = snapshot_of(followed.events)[-1]
    assert shown == {"id": run, "role": "assistant", "content": TEXTS[0]}
    first.open()
    followed.until(MIDDLE)

    # Resumed by `useChat`, from its beginning.
    resumed = PartReader(alice, "GET", f"/api/ai-sdk/chat/{thread}/stream")
    resumed.until(TEXTS[1])
    second.open()
    followed.until(TAIL)
    resumed.until(TEXTS[2])

    # Stopped over the WebSocket, which joins where the others stood before the last piece.
    place = len(TEXTS[1].encode())
    socket = SOCKET.follow(alice, run, place).until(TAIL)
    WebSocketClient(socket.connection).say("stop", responseId=run)
    assert socket.rest().end["status"] == "stopped"
    assert socket.received.text.decode() == TAIL
    assert followed.to_end()[-1].data["type"] == "RUN_FINISHED"
    assert [part["type"] for part in resumed.to_end()][-1] == "abort"

    # Replayed from the same place by Durable Streams, and by the client that began.
    for offset, text in ((-1, TEXTS[2]), (place, TAIL)):
        replay = alice.get(f"/v1/streams/{run}", offset=offset)
        assert (replay.content.decode(), replay.headers["stream-closed"]) == (text, "true")
    rest = client.responses.retrieve(run, stream=True, starting_after=last.sequence_number)
    deltas = [event.delta for event in rest if event.type == "response.output_text.delta"]
    whole = client.responses.retrieve(run)
    assert "".join(deltas) == MIDDLE + TAIL
    assert (whole.status, whole.output_text) == ("cancelled", TEXTS[2])
    assert shown["content"] + followed.received.text.decode() == TEXTS[2]
    assert resumed.received.text.decode() == alice.messages(thread)[-1]["content"] == TEXTS[2]
    assert len(model.requests) == 1
