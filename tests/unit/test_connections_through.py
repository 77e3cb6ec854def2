"""TLS and proxies on the way to a model's server."""

from __future__ import annotations

import asyncio
import base64
import ssl

import pytest
import trustme

from chat.llm.http import pool, request_head
from chat.llm.http.pool import ConnectionPool
from tests.unit.scripted_http_server import SIZED, ScriptedHttpServer, ask, head, listening, run


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Return an authority whose certificates the client trusts."""
    authority, context = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(context)
    monkeypatch.setattr(pool, "trusted_certificates", lambda: context)
    return authority


def tls_of(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_over_tls_the_servers_name_is_checked(authority: trustme.CA) -> None:
    async def work() -> None:
        async with listening(ScriptedHttpServer(SIZED).serve, tls_of(authority, "localhost")) as port:
            connection, body = await ask(ConnectionPool(head(f"https://localhost:{port}/")))
            assert body == b"Hello you"
            connection.close()
        async with listening(ScriptedHttpServer(SIZED).serve, tls_of(authority, "elsewhere.test")) as port:
            with pytest.raises(ssl.SSLCertVerificationError):
                await ConnectionPool(head(f"https://localhost:{port}/")).connection()

    run(work)


def test_a_request_through_a_proxy_has_the_whole_address() -> None:
    async def work() -> None:
        proxy = ScriptedHttpServer(SIZED)
        async with listening(proxy.serve) as port:
            server = ConnectionPool(head("http://models.test/v1/x", f"http://me:p%40ss@127.0.0.1:{port}"))
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
        http_server = ScriptedHttpServer(SIZED)
        async with listening(http_server.serve, tls_of(authority, "models.test")) as port:

            async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                asked.append(await reader.readuntil(b"\r\n\r\n"))
                there, back = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await asyncio.gather(_pump(reader, back), _pump(there, writer))

            async with listening(tunnel) as proxy:
                server = ConnectionPool(head("https://models.test/v1/x", f"http://127.0.0.1:{proxy}"))
                connection, body = await ask(server)
                assert body == b"Hello you"
                connection.close()
        assert asked[0].startswith(b"CONNECT models.test:443 HTTP/1.1\r\nHost: models.test:443\r\n")
        assert http_server.asked[0][1].startswith(b"POST /v1/x HTTP/1.1")

    run(work)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
    except ConnectionError:
        pass
    finally:
        writer.close()


def test_a_refusing_proxy_is_an_os_error() -> None:
    async def work() -> None:
        refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
        async with listening(ScriptedHttpServer(refusal).serve) as port:
            with pytest.raises(OSError, match="407"):
                await ConnectionPool(head("https://models.test/", f"http://127.0.0.1:{port}")).connection()

    run(work)


@pytest.mark.parametrize(
    ("variable", "proxy"), [("127.0.0.1:3128", "http://127.0.0.1:3128"), ("https://p.test", "https://p.test")]
)
def test_the_environment_names_the_proxy(variable: str, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", variable)
    monkeypatch.setenv("no_proxy", "near.test,port.test:8443")
    for host, expected in (
        ("models.test", proxy),
        ("near.test", None),
        ("port.test", proxy),
        ("port.test:8443", None),
    ):
        assert request_head.head(f"https://{host}/v1/", "k", "/chat/completions").proxy == expected


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.8.9.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "demo.localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ],
)
def test_no_proxy_is_used_for_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://proxy.test:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    assert request_head.head(f"http://{host}:8001/v1/", "k", "/chat/completions").proxy is None
