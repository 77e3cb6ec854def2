"""HTTP/1.1 to a model's server: however it answers, ends or fails, a body comes whole or the end of it is told."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme
import uvloop

from chat.model_clients import connections
from chat.model_clients.connections import BUFFER_BYTES, Broken, Connection, Server
from chat.model_clients.transport import Head

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n4\r\n you\r\n0\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHello you"
TO_THE_END = b"HTTP/1.0 200 OK\r\n\r\nHello you"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Place:
    """A server on loopback that answers as it is told. `asked`: the requests' heads, with the number of their connection."""

    def __init__(self, *answers: bytes, close: bool = True) -> None:
        self.answers, self.close = list(answers), close
        self.asked: list[tuple[int, bytes]] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        mine = self.connections
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked.append((mine, head))
                await reader.readexactly(_length(head))
                for byte_or_more in _split(self.answers.pop(0)):
                    writer.write(byte_or_more)
                    await writer.drain()
            if not self.close:
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length")), 0)


def _split(answer: bytes) -> list[bytes]:
    """Small answers byte by byte: a parser must not care."""
    return [answer[i : i + 1] for i in range(len(answer))] if len(answer) < 200 else [answer]


@asynccontextmanager
async def at(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def head(url: str, proxy: str | None = None, **headers: str) -> Head:
    return Head(url, [("Host", "models.test"), *headers.items()], proxy)


async def ask(server: Server, body: bytes = b"{}") -> tuple[Connection, bytes]:
    connection = await server.connection()
    await server.post(connection, body)
    return connection, await whole(connection)


async def whole(connection: Connection) -> bytes:
    read = bytearray()
    while data := await connection.read():
        read += data
    return bytes(read)


async def until_broken(connection: Connection) -> bytes:
    read = bytearray()
    try:
        while True:
            data = await connection.read()
            assert data, "it came to a sound end"
            read += data
    except Broken:
        return bytes(read)


async def until(true: Callable[[], object]) -> None:
    while not true():  # noqa: ASYNC110
        await asyncio.sleep(0)


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(20):
            return await work()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # the server's own
        return runner.run(bounded())


@pytest.mark.parametrize("answer", [CHUNKED, SIZED, TO_THE_END], ids=["chunked", "sized", "to the end"])
def test_a_body_comes_whole_however_its_length_is_told(answer: bytes) -> None:
    async def work() -> None:
        async with at(Place(answer).serve) as port:
            connection, body = await ask(Server(head(f"http://127.0.0.1:{port}/v1/x?y=1")))
            assert (connection.status, body, connection.complete) == (200, b"Hello you", True)
            connection.close()

    run(work)


def test_a_request_has_its_head_and_the_bodys_length() -> None:
    async def work() -> None:
        place = Place(SIZED)
        async with at(place.serve) as port:
            server = Server(head(f"http://127.0.0.1:{port}/v1/x?y=1", Authorization="Bearer k"))
            (await ask(server, b'{"a":1}'))[0].close()
        lines = place.asked[0][1].split(b"\r\n")
        assert lines[0] == b"POST /v1/x?y=1 HTTP/1.1"
        assert {b"Host: models.test", b"Authorization: Bearer k", b"Content-Length: 7"} <= set(lines)

    run(work)


def test_an_interim_answer_is_none() -> None:
    async def work() -> None:
        async with at(Place(b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + SIZED).serve) as port:
            connection, body = await ask(Server(head(f"http://127.0.0.1:{port}/")))
            assert (connection.status, body, b"link" in connection.headers) == (200, b"Hello you", False)
            connection.close()

    run(work)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 20",
        b"Nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (connections.HEAD_BYTES + 1),
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    ],
    ids=["nothing", "half a line", "no HTTP", "an endless head", "another protocol"],
)
def test_an_answer_without_a_sound_head_is_broken(answer: bytes) -> None:
    async def work() -> None:
        async with at(Place(answer, close=len(answer) < connections.HEAD_BYTES).serve) as port:
            server = Server(head(f"http://127.0.0.1:{port}/"))
            connection = await server.connection()
            with pytest.raises(Broken):
                await server.post(connection, b"{}")

    run(work)


@pytest.mark.parametrize("answer", [CHUNKED, SIZED], ids=["chunked", "sized"])
def test_a_body_that_is_cut_off_is_given_as_far_as_it_came_and_then_broken(answer: bytes) -> None:
    async def work() -> None:
        async with at(Place(answer[: answer.index(b"you")]).serve) as port:
            server = Server(head(f"http://127.0.0.1:{port}/"))
            connection = await server.connection()
            await server.post(connection, b"{}")
            assert await until_broken(connection) in (b"Hello", b"Hello ")
            assert not connection.complete

    run(work)


@pytest.mark.parametrize("answer", [CHUNKED, SIZED], ids=["chunked", "sized"])
def test_a_connection_whose_answer_was_read_is_used_again(answer: bytes) -> None:
    async def work() -> None:
        place = Place(answer, answer, close=False)
        async with at(place.serve) as port:
            server = Server(head(f"http://127.0.0.1:{port}/"))
            for _ in range(2):
                connection, body = await ask(server)
                assert body == b"Hello you"
                server.release(connection)
            connection.close()
        assert [number for number, _ in place.asked] == [1, 1]

    run(work)


@pytest.mark.parametrize("idle_seconds", [4.0, 0.0], ids=["closed by the server", "idle for too long"])
def test_a_connection_that_is_no_good_any_more_is_not_used_again(
    idle_seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", idle_seconds)
    closing = SIZED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") if idle_seconds else SIZED

    async def work() -> None:
        place = Place(closing, SIZED, close=False)
        async with at(place.serve) as port:
            server = Server(head(f"http://127.0.0.1:{port}/"))
            for _ in range(2):
                connection, body = await ask(server)
                assert body == b"Hello you"
                server.release(connection)
            connection.close()
        assert [number for number, _ in place.asked] == [1, 2]

    run(work)


def test_an_answer_released_a_moment_before_its_end_leaves_its_connection_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "TAIL_SECONDS", 0.05)
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
        async with at(serve) as port:
            server = Server(head(f"http://127.0.0.1:{port}/"))
            connection = await server.connection()
            await server.post(connection, b"{}")
            read = await connection.read()
            while len(read) < 9:
                read += await connection.read()
            server.release(connection)
            ending.set()
            await until(lambda: server.idle)
            again, whole_body = await ask(server)
            assert (again is connection, whole_body, served) == (True, b"Hello you", 1)
            again.close()

    run(work)


def test_what_nobody_asked_for_closes_an_idle_connection() -> None:
    async def work() -> None:
        place = Place(SIZED + SIZED, SIZED, close=False)
        async with at(place.serve) as port:
            server = Server(head(f"http://127.0.0.1:{port}/"))
            connection, body = await ask(server)
            assert body == b"Hello you"
            server.release(connection)
            await until(lambda: not connection.reusable)
            connection, body = await ask(server)
            assert body == b"Hello you"
            connection.close()
        assert [number for number, _ in place.asked] == [1, 2]

    run(work)


def test_an_answer_that_is_not_read_stays_with_its_sender() -> None:
    size = 16 * 1024 * 1024  # three times what the kernel holds
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
        async with at(serve) as port:
            server = Server(head(f"http://127.0.0.1:{port}/"))
            connection = await server.connection()
            await server.post(connection, b"{}")
            await until(lambda: not connection.transport.is_reading())
            assert sent < size / 2
            assert len(await whole(connection)) == size
            connection.close()

    run(work)


def test_a_connection_that_was_held_for_its_reader_is_not_used_again() -> None:
    async def work() -> None:
        size = BUFFER_BYTES + 1
        large = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (size, b"x" * size)
        place = Place(large, SIZED, close=False)
        async with at(place.serve) as port:
            server = Server(head(f"http://127.0.0.1:{port}/"))
            connection = await server.connection()
            await server.post(connection, b"{}")
            await until(lambda: connection.complete)
            server.release(connection)
            connection, body = await ask(server)
            assert body == b"Hello you"
            connection.close()
        assert [number for number, _ in place.asked] == [1, 2]

    run(work)


@pytest.mark.parametrize("line", ["k\r\nX: y", "k\n", "k\0"])
def test_a_key_with_a_lines_end_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="line's end"):
        Server(head("http://127.0.0.1/", Authorization=f"Bearer {line}"))


def test_who_cannot_be_reached_is_an_error_of_the_system() -> None:
    async def work() -> None:
        async with at(Place().serve) as port:
            pass
        with pytest.raises(OSError, match="onnect"):
            await Server(head(f"http://127.0.0.1:{port}/")).connection()

    run(work)


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Signs certificates that the client trusts."""
    authority, context = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(context)
    monkeypatch.setattr(connections, "trusted", lambda: context)
    return authority


def tls_of(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_over_tls_the_servers_name_is_checked(authority: trustme.CA) -> None:
    async def work() -> None:
        async with at(Place(SIZED).serve, tls_of(authority, "localhost")) as port:
            connection, body = await ask(Server(head(f"https://localhost:{port}/")))
            assert body == b"Hello you"
            connection.close()
        async with at(Place(SIZED).serve, tls_of(authority, "elsewhere.test")) as port:
            with pytest.raises(ssl.SSLCertVerificationError):
                await Server(head(f"https://localhost:{port}/")).connection()

    run(work)


def test_a_proxy_is_asked_for_the_whole_address() -> None:
    async def work() -> None:
        proxy = Place(SIZED)
        async with at(proxy.serve) as port:
            server = Server(head("http://models.test/v1/x", f"http://me:p%40ss@127.0.0.1:{port}"))
            connection, body = await ask(server)
            assert body == b"Hello you"
            connection.close()
        lines = proxy.asked[0][1].split(b"\r\n")
        assert lines[0] == b"POST http://models.test/v1/x HTTP/1.1"
        assert b"Proxy-Authorization: Basic " + base64.b64encode(b"me:p@ss") in lines

    run(work)


def test_tls_goes_through_a_proxys_tunnel(authority: trustme.CA) -> None:
    asked: list[bytes] = []

    async def work() -> None:
        place = Place(SIZED)
        async with at(place.serve, tls_of(authority, "models.test")) as port:

            async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                asked.append(await reader.readuntil(b"\r\n\r\n"))
                there, back = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await asyncio.gather(_pump(reader, back), _pump(there, writer))

            async with at(tunnel) as proxy:
                server = Server(head("https://models.test/v1/x", f"http://127.0.0.1:{proxy}"))
                connection, body = await ask(server)
                assert body == b"Hello you"
                connection.close()
        assert asked[0].startswith(b"CONNECT models.test:443 HTTP/1.1\r\nHost: models.test:443\r\n")
        assert place.asked[0][1].startswith(b"POST /v1/x HTTP/1.1")

    run(work)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
    except ConnectionError:
        pass
    finally:
        writer.close()


def test_a_proxy_that_refuses_is_an_error_of_the_system() -> None:
    async def work() -> None:
        refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
        async with at(Place(refusal).serve) as port:
            with pytest.raises(OSError, match="407"):
                await Server(head("https://models.test/", f"http://127.0.0.1:{port}")).connection()

    run(work)
