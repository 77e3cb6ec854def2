"""Contract section 5: behaviour of the WebSocket alone; the other files cover behaviour shared with HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from chat.testing import Gate, ScriptedModel, answer
from tests.live.client import Client, body_of, new_id
from tests.live.transports import SOCKET

BAD_FRAMES: list[str | bytes] = [
    "",
    "x",
    "[]",
    "7",
    "null",
    "{}",
    '{"type": "dance"}',
    '{"type": 7}',
    '{"type": null}',
    '{"type": "send"}',
    '{"type": "send", "prompt": {}}',
    '{"type": "send", "prompt": {"role": "system", "content": "x"}}',
    '{"type": "follow"}',
    '{"type": "follow", "responseId": 7, "offset": 0}',
    '{"type": "follow", "responseId": "", "offset": 0}',
    '{"type": "stop"}',
    '{"type": "unfollow", "responseId": []}',
    '{"type": "ping", "x": ' + "[" * 5000 + "]" * 5000 + "}",
    '{"type": "follow", "responseId": "x", "offset": ' + "9" * 5000 + "}",
    b"\x00\x01binary",
    b'{"type": "ping"}',
]


def test_a_ping_gets_a_pong(alice: Client) -> None:
    with alice.socket() as socket:
        assert socket.ask("ping") == {"type": "pong"}


@pytest.mark.parametrize("frame", BAD_FRAMES, ids=lambda frame: repr(frame[:40]))
def test_a_bad_frame_gets_an_error_and_the_socket_stays(alice: Client, frame: str | bytes) -> None:
    with alice.socket() as socket:
        socket.connection.send(frame)
        heard = socket.receive()
        assert (heard["type"], bool(heard["code"]), bool(heard["detail"])) == ("error", True, True)
        assert socket.ask("ping") == {"type": "pong"}


def test_a_frame_with_too_much_content_is_too_large_and_the_socket_stays(
    model: ScriptedModel, alice: Client
) -> None:
    with alice.socket() as socket:
        frame = socket.ask("send", **body_of("x" * 70_000))
        assert (frame["type"], frame["code"]) == ("error", "too_large")
        assert socket.ask("ping") == {"type": "pong"}


def test_a_frame_over_the_hard_cap_closes_with_1009(alice: Client) -> None:
    with alice.socket() as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.ask("send", **body_of("x" * (1024 * 1024 + 1)))
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


def test_every_server_frame_names_its_response_and_the_offset_after_it(
    model: ScriptedModel, alice: Client
) -> None:
    model.script(answer("Grö", "ße"))
    heard = SOCKET.send(alice, response=(response := new_id("r"))).rest()
    at = 0
    for name, frame in heard.events:
        at += len(frame["text"].encode()) if name == "delta" else 0
        assert (frame["responseId"], frame["offset"]) == (response, at), name


def test_several_responses_are_followed_on_one_socket(model: ScriptedModel, alice: Client) -> None:
    gates = [Gate(), Gate()]
    model.script(answer("a", gates[0], "A"), answer("b", gates[1], "B"))
    texts: dict[str, str] = {}
    with alice.socket() as socket:
        for name in ("one", "two"):
            socket.say("send", **body_of(response=f"{name}-{alice.username}"))
            assert socket.receive_until("delta")["responseId"] == f"{name}-{alice.username}"
        gates[1].open()
        assert socket.receive_until("end")["responseId"] == f"two-{alice.username}"
        gates[0].open()
        frame = socket.receive_until("delta")
        texts[frame["responseId"]] = frame["text"]
        socket.receive_until("end")
    assert texts == {f"one-{alice.username}": "A"}


def test_unfollow_ends_the_frames_and_not_the_response(model: ScriptedModel, alice: Client) -> None:
    gate, response = Gate(), new_id("r")
    model.script(answer("a", gate, "b"))
    with alice.socket() as socket:
        socket.say("send", **body_of(response=response))
        socket.receive_until("delta")
        assert socket.ask("unfollow", responseId=response)["type"] == "unfollowed"
        gate.open()
        alice.wait_until(response, "done")
        assert socket.ask("ping") == {"type": "pong"}


def test_a_second_follow_replaces_the_first(model: ScriptedModel, alice: Client) -> None:
    gate, response = Gate(), new_id("r")
    model.script(answer("Hel", gate, "lo"))
    with alice.socket() as socket:
        socket.say("send", **body_of(response=response))
        socket.receive_until("delta")
        socket.say("follow", responseId=response, offset=1)
        assert (socket.receive_until("start")["offset"], socket.receive()["text"]) == (1, "el")
        gate.open()
        assert [socket.receive()["type"] for _ in range(2)] == ["delta", "end"]
        assert socket.ask("ping") == {"type": "pong"}


def test_frames_are_handled_in_order(model: ScriptedModel, alice: Client) -> None:
    alice.chat(response=(response := new_id("r")))
    with alice.socket() as socket:
        for turn in range(20):
            socket.say("follow", responseId=f"unknown-{turn}", offset=0)
        heard = [socket.receive() for _ in range(20)]
        assert [frame["responseId"] for frame in heard] == [f"unknown-{turn}" for turn in range(20)]
        socket.say("follow", responseId=response, offset=0)
        assert socket.receive()["type"] == "start"


def test_a_stop_without_a_follow_gets_the_end_too(model: ScriptedModel, alice: Client) -> None:
    gate, response = Gate(), new_id("r")
    model.script(answer("a", gate, "b"))
    reader = SOCKET.send(alice, response=response).until("a")
    with alice.socket() as socket:
        socket.say("stop", responseId=response)
        end = socket.receive_until("end")
        assert (end["status"], end["keptOffset"]) == ("stopped", 1)
    assert reader.rest().end["status"] == "stopped"
    gate.open()


def test_stopping_an_ended_response_returns_its_end(model: ScriptedModel, alice: Client) -> None:
    alice.chat(response=(response := new_id("r")))
    with alice.socket() as socket:
        socket.say("stop", responseId=response)
        end = socket.receive_until("end")
        assert (end["status"], end["responseId"]) == ("done", response)


def watched(socket: Any) -> tuple[str, str]:
    frame = socket.receive_until("thread")
    return frame["event"], frame["thread"]["threadId"]


def test_watch_reports_changes_of_the_users_threads(model: ScriptedModel, alice: Client, bob: Client) -> None:
    name = new_id("t")
    with alice.socket() as socket:
        socket.say("watch")
        assert socket.ask("ping") == {"type": "pong"}
        bob.http.post("/api/threads", json={"threadId": "bobs"})
        alice.http.post("/api/threads", json={"threadId": name, "title": "One"})
        assert watched(socket) == ("created", name)
        alice.http.patch(f"/api/threads/{name}", json={"title": "Two"})
        assert watched(socket) == ("updated", name)
        alice.http.delete(f"/api/threads/{name}")
        assert watched(socket) == ("deleted", name)


def test_watch_reports_changes_made_in_another_process(
    model: ScriptedModel, alice: Client, second: Any
) -> None:
    there = alice.at(second)
    with there.socket() as socket:
        socket.say("watch")
        assert socket.ask("ping") == {"type": "pong"}
        alice.chat(thread=(name := new_id("t")))
        assert watched(socket) == ("created", name)


def test_frames_are_json_texts(alice: Client) -> None:
    with alice.socket() as socket:
        socket.say("ping")
        frame = socket.connection.recv(10)
        assert isinstance(frame, str)
        assert json.loads(frame) == {"type": "pong"}
