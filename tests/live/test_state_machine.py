"""A state machine that sends, follows, cuts, resumes, stops, kills and restarts, checked against a model of the log.

The model (`SentPrompt`) knows the text that the scripted model was allowed to send, and from that the text that a reader
may have received and the text that must stay. MACHINE_EXAMPLES=200 in the environment makes more runs, different each time.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chat.models import Response
from chat.testing import Gate, ScriptedModel, answer
from chat.testing.model_server import Received
from chat.testing.script import Script
from tests.live.checks import assert_valid_log
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer, LiveServers
from tests.live.transports import TRANSPORTS, Reader, Transport

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "3"))
# Steps of one run: about three seconds with the restarts.
STEPS = 14
# Seconds: orphans are reaped that soon, and a busy machine can keep the heartbeats.
LEASE = "2"
PIECES = ["Grö", "ße ", "€", "🍎 ", "x" * 9000, "plain words ", "<b>&amp;", "\n\n", "ende"]
TERMINAL = {"done", "stopped", "interrupted"}

processes = st.sampled_from([0, 1])
transports = st.sampled_from(TRANSPORTS)


@dataclass
class SentPrompt:
    """The model of one log: its whole text, the part released so far, and the possible states of its response."""

    id: str
    thread: str
    pieces: list[str]
    owner: int  # the process that runs it
    gates: list[Gate]
    released: int = 0  # pieces that the model was allowed to send
    sure: int = 0  # bytes seen by a reader in another process, hence in the table
    stop: int | None = None  # the first stop's offset, -1 for none
    killed: bool = False
    unread: bool = False  # killed or stopped: the length of its log is unknown

    @property
    def whole(self) -> bytes:
        return "".join(self.pieces).encode()

    @property
    def so_far(self) -> bytes:
        return "".join(self.pieces[: self.released]).encode()

    @property
    def runs(self) -> bool:
        return not self.unread and self.released < len(self.pieces)

    def may_end_as(self) -> set[str]:
        ways = {"done"} if self.released == len(self.pieces) else set()
        ways |= {"stopped"} if self.stop is not None else set()
        return ways | ({"interrupted"} if self.killed else set())

    def script(self) -> Script:
        return answer(*(part for pair in zip(self.gates, self.pieces, strict=True) for part in pair))


@dataclass
class Follower:
    """A reader, its start offset, and its process."""

    prompt: SentPrompt
    process: int
    begin: int
    reader: Reader
    open: bool = True

    @property
    def at(self) -> int:
        return self.begin + len(self.reader.received.text)


@dataclass
class World:
    """The servers, users and prompts of one run."""

    model: ScriptedModel
    servers: list[LiveServer]
    clients: list[Client]


class ServerStateMachine(RuleBasedStateMachine):
    """Rules over two processes on one database, of which one at least is up."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.logs: list[SentPrompt] = []
        self.followers: list[Follower] = []
        self.up = [True, True]
        self.world.model.default(self._answer)
        for server in self.world.servers:
            if not server.alive():
                server.restart()

    def _answer(self, received: Received) -> Script:
        wanted = received.messages[-1]["content"]
        return next(prompt for prompt in self.logs if prompt.id == wanted).script()

    def _running(self, wanted: int) -> int:
        return wanted if self.up[wanted] else 1 - wanted

    def _follow(self, prompt: SentPrompt, process: int, transport: Transport, offset: int) -> None:
        reader = transport.follow(self.world.clients[process], prompt.id, offset)
        self.followers.append(Follower(prompt, process, offset, reader))

    def _open(self) -> list[Follower]:
        return [follower for follower in self.followers if follower.open]

    @rule(
        process=processes,
        transport=transports,
        pieces=st.lists(st.sampled_from(PIECES), min_size=2, max_size=6),
    )
    def send(self, process: int, transport: Transport, pieces: list[str]) -> None:
        process = self._running(process)
        prompt = SentPrompt(new_id("r"), new_id("t"), pieces, process, [Gate() for _ in pieces])
        self.logs.append(prompt)
        reader = transport.send(
            self.world.clients[process], prompt.id, thread=prompt.thread, response=prompt.id
        )
        self.followers.append(Follower(prompt, process, 0, reader))
        prompt.gates[0].wait_until_reached()

    @precondition(lambda self: self.logs)
    @rule(process=processes, transport=transports, number=st.integers(0, 99))
    def send_again(self, process: int, transport: Transport, number: int) -> None:
        prompt, process = self.logs[number % len(self.logs)], self._running(process)
        reader = transport.send(
            self.world.clients[process], prompt.id, thread=prompt.thread, response=prompt.id
        )
        self.followers.append(Follower(prompt, process, 0, reader))

    @precondition(lambda self: any(prompt.runs for prompt in self.logs))
    @rule(number=st.integers(0, 99), count=st.integers(1, 3))
    def say(self, number: int, count: int) -> None:
        running = [prompt for prompt in self.logs if prompt.runs]
        prompt = running[number % len(running)]
        for gate in prompt.gates[prompt.released : prompt.released + count]:
            gate.open()
        prompt.released = min(len(prompt.pieces), prompt.released + count)

    @precondition(lambda self: self.logs)
    @rule(process=processes, transport=transports, number=st.integers(0, 99), cut=st.integers(0, 99))
    def follow(self, process: int, transport: Transport, number: int, cut: int) -> None:
        prompt = self.logs[number % len(self.logs)]
        if prompt.unread:
            return  # the length of its log is unknown: `resume` and the end cover that
        offset = len("".join(prompt.pieces[: cut % (prompt.released + 1)]).encode())
        self._follow(prompt, self._running(process), transport, offset)

    @precondition(lambda self: self._open())
    @rule(number=st.integers(0, 99))
    def catch_up(self, number: int) -> None:
        """Read all that the model was allowed to send."""
        follower = self._open()[number % len(self._open())]
        prompt = follower.prompt
        if not prompt.unread:
            follower.reader.until(prompt.so_far[follower.begin :].decode())
            prompt.sure = max(prompt.sure, follower.at if follower.process != prompt.owner else 0)

    @precondition(lambda self: self._open())
    @rule(number=st.integers(0, 99))
    def cut(self, number: int) -> None:
        follower = self._open()[number % len(self._open())]
        follower.open = False
        follower.reader.close()

    @precondition(lambda self: any(not follower.open for follower in self.followers))
    @rule(process=processes, transport=transports, number=st.integers(0, 99))
    def resume(self, process: int, transport: Transport, number: int) -> None:
        left = [follower for follower in self.followers if not follower.open]
        old = left[number % len(left)]
        self._follow(old.prompt, self._running(process), transport, old.at)

    @precondition(lambda self: any(prompt.runs for prompt in self.logs))
    @rule(process=processes, number=st.integers(0, 99), offset=st.none() | st.integers(0, 60))
    def stop(self, process: int, number: int, offset: int | None) -> None:
        running = [prompt for prompt in self.logs if prompt.runs]
        prompt = running[number % len(running)]
        state = self.world.clients[self._running(process)].stop(
            prompt.id, **({} if offset is None else {"offset": offset})
        )
        assert state.json() == {"status": "stopped"}
        prompt.stop, prompt.unread = -1 if offset is None else offset, True

    @precondition(lambda self: all(self.up) and self.logs)
    @rule(process=processes)
    def kill(self, process: int) -> None:
        self.world.servers[process].kill9()
        self.up[process] = False
        for prompt in self.logs:
            if prompt.owner == process and prompt.stop is None:
                prompt.killed = prompt.unread = True
        for follower in self._open():
            if follower.process == process:
                follower.open = False
                follower.reader.close()

    @precondition(lambda self: not all(self.up))
    @rule()
    def restart(self) -> None:
        process = self.up.index(False)
        self.world.servers[process].restart()
        self.up[process] = True

    @invariant()
    def followers_saw_only_logged_bytes(self) -> None:
        for follower in getattr(self, "followers", []):
            received = follower.reader.received.text
            assert follower.prompt.so_far[follower.begin :].startswith(received)

    def teardown(self) -> None:
        """Let every response end, and check it in every way."""
        if not hasattr(self, "logs"):
            return
        try:
            for prompt in self.logs:
                self._finish(prompt)
            for follower in self._open():
                self._check_follower(follower)
            assert len(self.world.model.requests) == len(self.logs), "a model was called twice"
        finally:
            with contextlib.suppress(Exception):
                for follower in self.followers:
                    follower.reader.close()
            self.world.model.reset()

    def _finish(self, prompt: SentPrompt) -> None:
        for gate in prompt.gates:
            gate.open()
        if not prompt.unread:
            prompt.released = len(prompt.pieces)
        client = self.world.clients[self._running(0)]
        received = TRANSPORTS[1].follow(client, prompt.id).rest()
        state = client.response(prompt.id)
        assert state["status"] == received.end["status"], prompt
        assert state["status"] in prompt.may_end_as(), prompt
        assert prompt.whole.startswith(received.text), prompt
        seen = [follower.at for follower in self.followers if follower.prompt is prompt]
        assert len(received.text) >= (prompt.sure if prompt.killed else max(seen)), prompt
        assert received.text == prompt.whole or state["status"] != "done", prompt
        self._check_kept(prompt, received.text, state)

    def _check_kept(self, prompt: SentPrompt, log: bytes, state: dict[str, Any]) -> None:
        kept = state["keptOffset"]
        if state["status"] == "stopped" and prompt.stop is not None and prompt.stop >= 0:
            assert kept == len(log[: prompt.stop].decode(errors="ignore").encode()), prompt
        else:
            assert kept == len(log), prompt
        assert_valid_log(Response.objects.get(public_id=prompt.id))

    def _check_follower(self, follower: Follower) -> None:
        received, prompt = follower.reader.rest(), follower.prompt
        client = self.world.clients[self._running(0)]
        log = TRANSPORTS[1].follow(client, prompt.id).rest()
        assert received.text.startswith(log.text[follower.begin :]), prompt
        assert prompt.whole[follower.begin :].startswith(received.text), prompt
        assert received.end["status"] == log.end["status"], prompt
        assert [name for name, _ in received.events].count("end") <= 1


def test_no_log_breaks_under_any_sequence_of_sends_cuts_stops_and_kills(
    model: ScriptedModel, make_client: Any, servers: LiveServers
) -> None:
    with contextlib.ExitStack() as stack:
        both = [
            stack.enter_context(servers.own(CHAT_LEASE_SECONDS=LEASE, CHAT_ACTIVE_PER_USER="300"))
            for _ in range(2)
        ]

        client = make_client(both[0])

        class Played(ServerStateMachine):
            world = World(model, both, [client, client.at(both[1])])

        profile = settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not os.environ.get("MACHINE_EXAMPLES"),
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        )
        run_state_machine_as_test(Played, settings=profile)
