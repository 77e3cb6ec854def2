"""A machine that sends, follows, cuts, resumes, stops, kills and restarts at will, checked against a model of the log.

The model (`Said`) knows what the scripted model was let say, and from that what any reader may have got and what must stay.
More runs, other ones each time: MACHINE_EXAMPLES=200 in the environment.
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

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "5"))
STEPS = 14  # of one run: about three seconds with the restarts
LEASE = "2"  # seconds; what was killed is reaped that soon, and a busy machine can keep the heartbeats
PIECES = ["Grö", "ße ", "€", "🍎 ", "x" * 9000, "plain words ", "<b>&amp;", "\n\n", "ende"]
TERMINAL = {"done", "stopped", "interrupted"}

places = st.sampled_from([0, 1])
transports = st.sampled_from(TRANSPORTS)


@dataclass
class SentPrompt:
    """The model of one log: what it says in all, how much of that it was let say, and what may have become of it."""

    id: str
    thread: str
    pieces: list[str]
    owner: int  # the process that runs it
    gates: list[Gate]
    let: int = 0  # pieces that the model was let say
    sure: int = 0  # bytes that a reader in another process has seen: they are in the table
    stop: int | None = None  # the first stop's offset, -1 for none
    killed: bool = False
    unread: bool = False  # killed or stopped: nobody knows how far it came

    @property
    def whole(self) -> bytes:
        return "".join(self.pieces).encode()

    @property
    def so_far(self) -> bytes:
        return "".join(self.pieces[: self.let]).encode()

    @property
    def runs(self) -> bool:
        return not self.unread and self.let < len(self.pieces)

    def may_end_as(self) -> set[str]:
        ways = {"done"} if self.let == len(self.pieces) else set()
        ways |= {"stopped"} if self.stop is not None else set()
        return ways | ({"interrupted"} if self.killed else set())

    def script(self) -> Script:
        return answer(*(part for pair in zip(self.gates, self.pieces, strict=True) for part in pair))


@dataclass
class Follower:
    """A reader, where it began, and in which process it reads."""

    said: SentPrompt
    place: int
    begin: int
    reader: Reader
    open: bool = True

    @property
    def at(self) -> int:
        return self.begin + len(self.reader.heard.text)


@dataclass
class World:
    """What the machine plays with."""

    model: ScriptedModel
    servers: list[LiveServer]
    there: list[Client]


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
        return next(said for said in self.logs if said.id == wanted).script()

    def _place(self, wanted: int) -> int:
        return wanted if self.up[wanted] else 1 - wanted

    def _follow(self, said: SentPrompt, place: int, transport: Transport, offset: int) -> None:
        reader = transport.follow(self.world.there[place], said.id, offset)
        self.followers.append(Follower(said, place, offset, reader))

    def _open(self) -> list[Follower]:
        return [follower for follower in self.followers if follower.open]

    @rule(
        place=places, transport=transports, pieces=st.lists(st.sampled_from(PIECES), min_size=2, max_size=6)
    )
    def send(self, place: int, transport: Transport, pieces: list[str]) -> None:
        place = self._place(place)
        said = SentPrompt(new_id("r"), new_id("t"), pieces, place, [Gate() for _ in pieces])
        self.logs.append(said)
        reader = transport.send(self.world.there[place], said.id, thread=said.thread, response=said.id)
        self.followers.append(Follower(said, place, 0, reader))
        said.gates[0].wait_until_reached()

    @precondition(lambda self: self.logs)
    @rule(place=places, transport=transports, number=st.integers(0, 99))
    def send_again(self, place: int, transport: Transport, number: int) -> None:
        said, place = self.logs[number % len(self.logs)], self._place(place)
        reader = transport.send(self.world.there[place], said.id, thread=said.thread, response=said.id)
        self.followers.append(Follower(said, place, 0, reader))

    @precondition(lambda self: any(said.runs for said in self.logs))
    @rule(number=st.integers(0, 99), count=st.integers(1, 3))
    def say(self, number: int, count: int) -> None:
        running = [said for said in self.logs if said.runs]
        said = running[number % len(running)]
        for gate in said.gates[said.let : said.let + count]:
            gate.open()
        said.let = min(len(said.pieces), said.let + count)

    @precondition(lambda self: self.logs)
    @rule(place=places, transport=transports, number=st.integers(0, 99), cut=st.integers(0, 99))
    def follow(self, place: int, transport: Transport, number: int, cut: int) -> None:
        said = self.logs[number % len(self.logs)]
        if said.unread:
            return  # how far its log came is not known: `resume` and the end look at that
        offset = len("".join(said.pieces[: cut % (said.let + 1)]).encode())
        self._follow(said, self._place(place), transport, offset)

    @precondition(lambda self: self._open())
    @rule(number=st.integers(0, 99))
    def catch_up(self, number: int) -> None:
        """Read all that the model was let say."""
        follower = self._open()[number % len(self._open())]
        said = follower.said
        if not said.unread:
            follower.reader.until(said.so_far[follower.begin :].decode())
            said.sure = max(said.sure, follower.at if follower.place != said.owner else 0)

    @precondition(lambda self: self._open())
    @rule(number=st.integers(0, 99))
    def cut(self, number: int) -> None:
        follower = self._open()[number % len(self._open())]
        follower.open = False
        follower.reader.close()

    @precondition(lambda self: any(not follower.open for follower in self.followers))
    @rule(place=places, transport=transports, number=st.integers(0, 99))
    def resume(self, place: int, transport: Transport, number: int) -> None:
        left = [follower for follower in self.followers if not follower.open]
        old = left[number % len(left)]
        self._follow(old.said, self._place(place), transport, old.at)

    @precondition(lambda self: any(said.runs for said in self.logs))
    @rule(place=places, number=st.integers(0, 99), offset=st.none() | st.integers(0, 60))
    def stop(self, place: int, number: int, offset: int | None) -> None:
        running = [said for said in self.logs if said.runs]
        said = running[number % len(running)]
        told = self.world.there[self._place(place)].stop(
            said.id, **({} if offset is None else {"offset": offset})
        )
        assert told.json() == {"status": "stopped"}
        said.stop, said.unread = -1 if offset is None else offset, True

    @precondition(lambda self: all(self.up) and self.logs)
    @rule(place=places)
    def kill(self, place: int) -> None:
        self.world.servers[place].kill9()
        self.up[place] = False
        for said in self.logs:
            if said.owner == place and said.stop is None:
                said.killed = said.unread = True
        for follower in self._open():
            if follower.place == place:
                follower.open = False
                follower.reader.close()

    @precondition(lambda self: not all(self.up))
    @rule()
    def restart(self) -> None:
        place = self.up.index(False)
        self.world.servers[place].restart()
        self.up[place] = True

    @invariant()
    def followers_saw_only_logged_bytes(self) -> None:
        for follower in getattr(self, "followers", []):
            heard = follower.reader.heard.text
            assert follower.said.so_far[follower.begin :].startswith(heard)

    def teardown(self) -> None:
        """Let everything come to its end, and look at it from all sides."""
        if not hasattr(self, "logs"):
            return
        try:
            for said in self.logs:
                self._finish(said)
            for follower in self._open():
                self._check_follower(follower)
            assert len(self.world.model.requests) == len(self.logs), "a model was asked twice"
        finally:
            with contextlib.suppress(Exception):
                for follower in self.followers:
                    follower.reader.close()
            self.world.model.reset()

    def _finish(self, said: SentPrompt) -> None:
        for gate in said.gates:
            gate.open()
        if not said.unread:
            said.let = len(said.pieces)
        client = self.world.there[self._place(0)]
        heard = TRANSPORTS[1].follow(client, said.id).rest()
        told = client.response(said.id)
        assert told["status"] == heard.end["status"], said
        assert told["status"] in said.may_end_as(), said
        assert said.whole.startswith(heard.text), said
        seen = [follower.at for follower in self.followers if follower.said is said]
        assert len(heard.text) >= (said.sure if said.killed else max(seen)), said
        assert heard.text == said.whole or told["status"] != "done", said
        self._check_kept(said, heard.text, told)

    def _check_kept(self, said: SentPrompt, log: bytes, told: dict[str, Any]) -> None:
        kept = told["keptOffset"]
        if told["status"] == "stopped" and said.stop is not None and said.stop >= 0:
            assert kept == len(log[: said.stop].decode(errors="ignore").encode()), said
        else:
            assert kept == len(log), said
        assert_valid_log(Response.objects.get(public_id=said.id))

    def _check_follower(self, follower: Follower) -> None:
        heard, said = follower.reader.rest(), follower.said
        client = self.world.there[self._place(0)]
        log = TRANSPORTS[1].follow(client, said.id).rest()
        assert heard.text.startswith(log.text[follower.begin :]), said
        assert said.whole[follower.begin :].startswith(heard.text), said
        assert heard.end["status"] == log.end["status"], said
        assert [name for name, _ in heard.events].count("end") <= 1


def test_whatever_is_sent_cut_stopped_and_killed_no_log_breaks(
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
