"""Bytes and updates that are taken in the turn that brings them, ahead of the task that reads them: none twice, none lost."""

from __future__ import annotations

import asyncio
import gc
import weakref
from itertools import cycle

import pytest

from chat.exceptions import ModelFailed
from chat.llm.clients.chat_completions import OPTIONAL
from chat.llm.http.connections import UpstreamConnection
from chat.llm.http.pool import ConnectionPool
from chat.llm.sse import AtOnce, StreamUpdate
from chat.testing import Gate, ScriptedModel, answer
from chat.testing.script import Raw
from tests.unit.scripted_http_server import SIZED, ScriptedHttpServer, head, listening, run
from tests.unit.test_connections import CHUNKED, TO_THE_END
from tests.unit.test_transport import BODY, transport

# Whether each of successive pieces is taken.
TAKES = {"all": (True,), "none": (False,), "by turns": (True, False), "two of three": (True, True, False)}


async def posted(port: int) -> UpstreamConnection:
    server = ConnectionPool(head(f"http://127.0.0.1:{port}/"))
    connection = await server.connection()
    await server.post(connection, b"{}")
    return connection


class Consumer:
    """Takes bytes by a pattern; `log`: all bytes, in the order in which they were taken or returned."""

    def __init__(self, takes: tuple[bool, ...]) -> None:
        self._takes = cycle(takes)
        self.log = bytearray()

    def __call__(self, data: bytes) -> bool:
        takes = next(self._takes)
        if takes:
            self.log += data
        return takes

    async def read(self, connection: UpstreamConnection) -> bytes:
        while data := await connection.read(self):
            self.log += data
        return bytes(self.log)


@pytest.mark.parametrize("takes", TAKES.values(), ids=TAKES)
@pytest.mark.parametrize("body", [CHUNKED, SIZED, TO_THE_END], ids=["chunked", "sized", "to the end"])
def test_bytes_are_taken_or_returned_once_and_in_order(body: bytes, takes: tuple[bool, ...]) -> None:
    async def work() -> None:
        async with listening(ScriptedHttpServer(body).serve) as port:
            connection = await posted(port)
            assert await Consumer(takes).read(connection) == b"Hello you"
            assert connection.complete
            connection.close()

    run(work)


@pytest.mark.parametrize("takes", TAKES.values(), ids=TAKES)
def test_a_body_that_is_cut_off_ends_there(takes: tuple[bool, ...]) -> None:
    async def work() -> None:
        async with listening(ScriptedHttpServer(SIZED[:-2]).serve) as port:
            connection = await posted(port)
            assert await Consumer(takes).read(connection) == b"Hello y"
            assert not connection.complete

    run(work)


class LateBody:
    """A server that sends its answer's head, and the body once `go` is set: a reader waits for it by then."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(SIZED[:-9])
        await self.go.wait()
        writer.write(SIZED[-9:])
        await writer.drain()
        writer.close()


def test_what_a_consumer_raises_is_raised_to_the_reader() -> None:
    def consume(data: bytes) -> bool:
        raise ValueError(data.decode())

    async def work() -> None:
        server = LateBody()
        async with listening(server.serve) as port:
            connection = await posted(port)
            reading = asyncio.create_task(connection.read(consume))
            await asyncio.sleep(0)
            server.go.set()
            with pytest.raises(ValueError, match="Hello you"):
                await reading
            connection.close()

    run(work)


def test_bytes_for_a_reader_that_was_cancelled_stay_for_the_next() -> None:
    async def work() -> None:
        server = LateBody()
        async with listening(server.serve) as port:
            connection, consumer = await posted(port), Consumer((True,))
            reading = asyncio.create_task(connection.read(consumer))
            await asyncio.sleep(0)
            reading.cancel()
            await asyncio.wait([reading])
            server.go.set()
            assert await connection.read() == b"Hello you"
            assert not consumer.log
            connection.close()

    run(work)


def test_a_connection_keeps_neither_its_consumer_nor_an_error_of_it() -> None:
    class OddBytes(Exception):
        def __init__(self) -> None:
            kept.append(weakref.ref(self))

    class Picky(Consumer):
        def __call__(self, data: bytes) -> bool:
            raise OddBytes

    async def fail(connection: UpstreamConnection, server: LateBody) -> None:
        consumer = Picky(())
        kept.append(weakref.ref(consumer))
        reading = asyncio.create_task(connection.read(consumer))
        await asyncio.sleep(0)
        server.go.set()
        await asyncio.wait([reading])
        assert isinstance(reading.exception(), OddBytes)

    async def work() -> None:
        server = LateBody()
        async with listening(server.serve) as port:
            connection = await posted(port)
            gc.disable()
            try:
                await fail(connection, server)
                assert [one() for one in kept] == [None, None]
            finally:
                gc.enable()
            connection.close()

    kept = list[weakref.ref[object]]()
    run(work)


def read(model: ScriptedModel, at_once: AtOnce, log: list[str], gate: Gate) -> StreamUpdate:
    """Add the texts of the updates that are not taken at once to `log`, and return the last of those updates.

    The first of them, which may come along with the head, opens the gate.
    """

    async def work() -> StreamUpdate:
        wire = transport(model.base_url)
        last = StreamUpdate()
        async with asyncio.timeout(20):
            async for last in wire.stream(BODY, optional=OPTIONAL, at_once=at_once):
                gate.open()
                log.append(last.text)
        wire.close()
        return last

    return asyncio.run(work())


@pytest.mark.parametrize("takes", TAKES.values(), ids=TAKES)
def test_updates_are_taken_or_yielded_once_and_in_order(
    model: ScriptedModel, takes: tuple[bool, ...]
) -> None:
    words, log, pattern = [f"{number} " for number in range(50)], list[str](), cycle(takes)
    gate, offered = Gate(), list[str]()

    def at_once(update: StreamUpdate) -> bool:
        gate.open()
        offered.append(update.text)
        taken = next(pattern) and not update.done
        if taken:
            log.append(update.text)
        return taken

    model.script(answer(words[0], gate, *words[1:], split=[7]))
    assert read(model, at_once, log, gate).done
    assert "".join(log) == "".join(words)
    assert offered


def taking(gate: Gate) -> AtOnce:
    """Return what takes all updates, and opens a gate with the first."""

    def at_once(update: StreamUpdate) -> bool:
        gate.open()
        return True

    return at_once


def test_the_end_of_an_answer_is_always_yielded(model: ScriptedModel) -> None:
    gate = Gate()
    model.script(answer("Hello ", gate, "you."))
    assert read(model, taking(gate), [], gate).done


def test_what_takes_an_update_may_fail(model: ScriptedModel) -> None:
    def at_once(update: StreamUpdate) -> bool:
        raise LookupError(update.text)

    gate = Gate()
    model.script(answer("Hello ", gate, "you ", Gate(), "there."))
    with pytest.raises(LookupError):
        read(model, at_once, [], gate)


def test_a_fault_of_the_stream_is_one_behind_taken_updates_too(model: ScriptedModel) -> None:
    gate = Gate()
    model.script(answer("Hello.", gate, Raw(b"data: {\n\n")))
    with pytest.raises(ModelFailed):
        read(model, taking(gate), [], gate)
