"""HTTP/1.1 connections to a model's server: a body comes whole, or its cut is an error."""

from __future__ import annotations

import asyncio
import contextlib
import functools

import pytest

from chat.llm.http import pool
from chat.llm.http.connections import BUFFER_BYTES, HEAD_BYTES, ConnectionBroken, UpstreamConnection
from chat.llm.http.pool import ConnectionPool
from tests.unit.scripted_http_server import (
    SIZED,
    ScriptedHttpServer,
    ask,
    head,
    listening,
    read_all,
    run,
    wait_until,
)

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n4\r\n you\r\n0\r\n\r\n"
TO_THE_END = b"HTTP/1.0 200 OK\r\n\r\nHello you"
CLOSING = SIZED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


def settled(server: ConnectionPool, connection: UpstreamConnection) -> bool:
    """Return whether a released connection has been kept or closed."""
    return bool(server.idle) or not connection.reusable


async def until_broken(connection: UpstreamConnection) -> bytes:
    read = bytearray()
    while data := await connection.read():
        read += data
    assert not connection.complete, "it came to a sound end"
    return bytes(read)


@pytest.mark.parametrize("answer", [CHUNKED, SIZED, TO_THE_END], ids=["chunked", "sized", "to the end"])
def test_a_body_comes_whole_for_every_way_to_state_its_length(answer: bytes) -> None:
    async def work() -> None:
        async with listening(ScriptedHttpServer(answer).serve) as port:
            connection, body = await ask(ConnectionPool(head(f"http://127.0.0.1:{port}/v1/x?y=1")))
            assert (connection.status, body, connection.complete) == (200, b"Hello you", True)
            connection.close()

    run(work)


def test_a_request_has_its_head_and_the_bodys_length() -> None:
    async def work() -> None:
        http_server = ScriptedHttpServer(SIZED)
        async with listening(http_server.serve) as port:
            server = ConnectionPool(head(f"http://127.0.0.1:{port}/v1/x?y=1", Authorization="Bearer k"))
            (await ask(server, b'{"a":1}'))[0].close()
        lines = http_server.asked[0][1].split(b"\r\n")
        assert lines[0] == b"POST /v1/x?y=1 HTTP/1.1"
        assert {b"Host: models.test", b"Authorization: Bearer k", b"Content-Length: 7"} <= set(lines)

    run(work)


def test_an_interim_answer_is_skipped() -> None:
    async def work() -> None:
        async with listening(
            ScriptedHttpServer(b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + SIZED).serve
        ) as port:
            connection, body = await ask(ConnectionPool(head(f"http://127.0.0.1:{port}/")))
            assert (connection.status, body, b"link" in connection.headers) == (200, b"Hello you", False)
            connection.close()

    run(work)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 20",
        b"Nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (HEAD_BYTES + 1),
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    ],
    ids=["nothing", "half a line", "no HTTP", "an endless head", "another protocol"],
)
def test_an_answer_without_a_sound_head_is_broken(answer: bytes) -> None:
    async def work() -> None:
        async with listening(ScriptedHttpServer(answer, close=len(answer) < HEAD_BYTES).serve) as port:
            server = ConnectionPool(head(f"http://127.0.0.1:{port}/"))
            connection = await server.connection()
            with pytest.raises(ConnectionBroken):
                await server.post(connection, b"{}")

    run(work)


@pytest.mark.parametrize("answer", [CHUNKED, SIZED], ids=["chunked", "sized"])
def test_a_body_that_is_cut_off_is_given_as_far_as_it_came_and_then_broken(answer: bytes) -> None:
    async def work() -> None:
        async with listening(ScriptedHttpServer(answer[: answer.index(b"you")]).serve) as port:
            server = ConnectionPool(head(f"http://127.0.0.1:{port}/"))
            connection = await server.connection()
            await server.post(connection, b"{}")
            assert await until_broken(connection) in (b"Hello", b"Hello ")
            assert not connection.complete

    run(work)


@pytest.mark.parametrize(
    ("answer", "idle_seconds", "used"),
    [(CHUNKED, 4.0, [1, 1]), (SIZED, 4.0, [1, 1]), (CLOSING, 4.0, [1, 2]), (SIZED, 0.0, [1, 2])],
    ids=["chunked", "sized", "closed by the server", "idle for too long"],
)
def test_a_connection_whose_answer_was_read_is_used_again_while_it_is_good(
    answer: bytes, idle_seconds: float, used: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "IDLE_SECONDS", idle_seconds)
    monkeypatch.setattr(pool, "QUIET_SECONDS", 0)

    async def work() -> None:
        http_server = ScriptedHttpServer(answer, SIZED, close=False)
        async with listening(http_server.serve) as port:
            server = ConnectionPool(head(f"http://127.0.0.1:{port}/"))
            for _ in range(2):
                connection, body = await ask(server)
                assert body == b"Hello you"
                server.release(connection)
                await wait_until(functools.partial(settled, server, connection))
            connection.close()
        assert [number for number, _ in http_server.asked] == used

    run(work)


def test_an_answer_released_a_moment_before_its_end_leaves_its_connection_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "QUIET_SECONDS", 0.05)
    body, end = CHUNKED[:-5], CHUNKED[-5:]
    ending = asyncio.Event()
    served = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        await reader.readuntil(b"{}")
        writer.write(body)
        await ending.wait()
        writer.write(end)
        await reader.readuntil(b"{}")
        writer.write(SIZED)
        await reader.read()
        writer.close()

    async def work() -> None:
        async with listening(serve) as port:
            server = ConnectionPool(head(f"http://127.0.0.1:{port}/"))
            connection = await server.connection()
            await server.post(connection, b"{}")
            read = await connection.read()
            while len(read) < 9:
                read += await connection.read()
            server.release(connection)
            ending.set()
            await wait_until(lambda: server.idle)
            again, whole_body = await ask(server)
            assert (again is connection, whole_body, served) == (True, b"Hello you", 1)
            again.close()

    run(work)


def test_bytes_without_a_request_close_an_idle_connection() -> None:
    async def work() -> None:
        http_server = ScriptedHttpServer(SIZED + SIZED, SIZED, close=False)
        async with listening(http_server.serve) as port:
            server = ConnectionPool(head(f"http://127.0.0.1:{port}/"))
            connection, body = await ask(server)
            assert body == b"Hello you"
            server.release(connection)
            await wait_until(lambda: not connection.reusable)
            connection, body = await ask(server)
            assert body == b"Hello you"
            connection.close()
        assert [number for number, _ in http_server.asked] == [1, 2]

    run(work)


def test_a_second_answer_a_moment_later_is_not_taken_for_the_next_requests() -> None:
    asked_again = asyncio.Event()
    served = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        first = served == 1
        await reader.readuntil(b"{}")
        if not first:
            asked_again.set()
        writer.write(SIZED)
        if first:
            await asked_again.wait()
            writer.write(SIZED.replace(b"you", b"YOU"))
        await reader.read()
        writer.close()

    async def work() -> None:
        async with listening(serve) as port:
            server = ConnectionPool(head(f"http://127.0.0.1:{port}/"))
            connection, _ = await ask(server)
            server.release(connection)
            for _ in range(10):
                await asyncio.sleep(0)
            again, body = await ask(server)
            await wait_until(connection.transport.is_closing)
            server.release(again)
            assert again.transport.is_closing()
            assert (body, served) == (b"Hello you", 2)

    run(work)


@pytest.mark.parametrize("quiet_seconds", [0, 3600], ids=["idle", "resting"])
def test_closing_leaves_no_connection(quiet_seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "QUIET_SECONDS", quiet_seconds)

    async def work() -> None:
        async with listening(ScriptedHttpServer(SIZED, close=False).serve) as port:
            server = ConnectionPool(head(f"http://127.0.0.1:{port}/"))
            connection, _ = await ask(server)
            server.release(connection)
            await wait_until(lambda: quiet_seconds or server.idle)
            server.close()
            assert connection.transport.is_closing()

    run(work)


def test_connections_that_are_not_used_again_are_closed_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "QUIET_SECONDS", 0)
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.05)

    async def work() -> None:
        async with listening(ScriptedHttpServer(*[SIZED] * 6, close=False).serve) as port:
            server = ConnectionPool(head(f"http://127.0.0.1:{port}/"))
            for _ in range(2):
                connections = [(await ask(server))[0] for _ in range(3)]
                for connection in connections:
                    server.release(connection)
                    await wait_until(functools.partial(server.idle.__contains__, connection))
                await wait_until(lambda: not server.idle)
                assert all(connection.transport.is_closing() for connection in connections)

    run(work)


def test_an_answer_that_is_not_read_stays_with_its_sender() -> None:
    # Three times the kernel's buffers.
    size = 16 * 1024 * 1024
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.transport.set_write_buffer_limits(0)
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // BUFFER_BYTES):
            writer.write(b"x" * BUFFER_BYTES)
            await writer.drain()
            sent += BUFFER_BYTES
        writer.close()

    async def work() -> None:
        async with listening(serve) as port:
            server = ConnectionPool(head(f"http://127.0.0.1:{port}/"))
            connection = await server.connection()
            await server.post(connection, b"{}")
            await wait_until(lambda: not connection.transport.is_reading())
            assert sent < size / 2
            assert len(await read_all(connection)) == size
            connection.close()

    run(work)


def test_a_connection_that_was_held_for_its_reader_is_not_used_again() -> None:
    async def work() -> None:
        size = BUFFER_BYTES + 1
        large = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (size, b"x" * size)
        http_server = ScriptedHttpServer(large, SIZED, close=False)
        async with listening(http_server.serve) as port:
            server = ConnectionPool(head(f"http://127.0.0.1:{port}/"))
            connection = await server.connection()
            await server.post(connection, b"{}")
            await wait_until(lambda: connection.complete)
            server.release(connection)
            connection, body = await ask(server)
            assert body == b"Hello you"
            connection.close()
        assert [number for number, _ in http_server.asked] == [1, 2]

    run(work)


@pytest.mark.parametrize(
    "line", [b"X: %b\r\n" % (b"x" * 1000), b"x" * 1000], ids=["many", "one without an end"]
)
def test_trailers_are_bounded(line: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(CHUNKED[:-2] + b"X: ")
        # The client closes long before the end.
        with contextlib.suppress(ConnectionError):
            for _ in range(100_000):
                writer.write(line)
                await writer.drain()
        writer.close()

    async def work() -> None:
        async with listening(serve) as port:
            server = ConnectionPool(head(f"http://127.0.0.1:{port}/"))
            connection = await server.connection()
            await server.post(connection, b"{}")
            await read_all(connection)
            assert not connection.complete
            connection.close()

    run(work)


@pytest.mark.parametrize("line", ["k\r\nX: y", "k\n", "k\0"])
def test_a_key_with_a_lines_end_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="line's end"):
        ConnectionPool(head("http://127.0.0.1/", Authorization=f"Bearer {line}"))


def test_an_unreachable_server_is_an_os_error() -> None:
    async def work() -> None:
        async with listening(ScriptedHttpServer().serve) as port:
            pass
        with pytest.raises(OSError, match="onnect"):
            await ConnectionPool(head(f"http://127.0.0.1:{port}/")).connection()

    run(work)
