"""TLS and proxies on the way to a model's server."""

from __future__ import annotations

import asyncio
import base64
import ssl

import httpx2
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
        "127.1",
        "2130706433",
        "ip6-localhost",
        "localhost.localdomain",
    ],
)
def test_no_proxy_is_used_for_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://proxy.test:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    assert request_head.head(f"http://{host}:8001/v1/", "k", "/chat/completions").proxy is None


@pytest.fixture
def no_variables(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


# psf/requests and Go know networks in NO_PROXY, curl and the official client the variable ALL_PROXY.
@pytest.mark.parametrize(
    ("url", "variables", "proxy"),
    [
        ("http://models.test/v1", {"ALL_PROXY": "http://p.test"}, "http://p.test"),
        ("https://models.test/v1", {"all_proxy": "p.test:3128"}, "http://p.test:3128"),
        (
            "https://models.test/v1",
            {"ALL_PROXY": "socks5://p.test", "HTTPS_PROXY": "http://q.test"},
            "http://q.test",
        ),
        ("https://models.test/v1", {"ALL_PROXY": "socks5://p.test"}, None),
        ("https://models.test/v1", {"HTTPS_PROXY": "socks5h://p.test"}, None),
        ("http://models.test/v1", {"HTTP_PROXY": " http://p.test "}, "http://p.test"),
        ("http://models.test/v1", {"HTTP_PROXY": ""}, None),
        ("http://10.1.2.3/v1", {"HTTP_PROXY": "http://p.test", "NO_PROXY": "10.0.0.0/8"}, None),
        ("http://10.1.2.3/v1", {"HTTP_PROXY": "http://p.test", "NO_PROXY": "11.0.0.0/8"}, "http://p.test"),
        ("http://[fd00::7]/v1", {"HTTP_PROXY": "http://p.test", "NO_PROXY": "x.test, fd00::/8"}, None),
        ("http://a.corp.test/v1", {"HTTP_PROXY": "http://p.test", "NO_PROXY": "*.corp.test"}, None),
        ("http://a.corp.test/v1", {"HTTP_PROXY": "http://p.test", "NO_PROXY": ".corp.test"}, None),
        ("http://corp.test/v1", {"HTTP_PROXY": "http://p.test", "NO_PROXY": "*.corp.test"}, "http://p.test"),
    ],
)
def test_every_usual_form_of_the_variables_is_understood(
    url: str, variables: dict[str, str], proxy: str | None, no_variables: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        no_variables.setenv(name, value)
    assert request_head.head(url, "k", "/chat/completions").proxy == proxy


def test_other_clients_ask_through_the_proxy_but_not_for_this_machine(
    no_variables: pytest.MonkeyPatch,
) -> None:
    async def work() -> list[bytes]:
        proxy, near = ScriptedHttpServer(SIZED), ScriptedHttpServer(SIZED)
        async with listening(proxy.serve) as port, listening(near.serve) as own:
            no_variables.setenv("http_proxy", f"127.0.0.1:{port}")
            transport = request_head.ProxiedTransport(request_head.trusted_certificates())
            async with httpx2.AsyncClient(transport=transport) as client:
                for url in ("http://wiki.test/mcp", f"http://127.0.0.1:{own}/mcp"):
                    assert (await client.post(url, content=b"{}")).text == "Hello you"
        return [place.asked[0][1].partition(b"\r\n")[0] for place in (proxy, near)]

    assert asyncio.run(work()) == [b"POST http://wiki.test/mcp HTTP/1.1", b"POST /mcp HTTP/1.1"]


@pytest.mark.parametrize(
    "url",
    [
        "http://h/v1",
        "http://h/v1//",
        " http://h/v1/chat/completions/",
        "http://h/v1/Chat/Completions",
        "http://h/v1/responses",
    ],
)
def test_the_address_of_a_request_is_that_of_its_server(url: str) -> None:
    assert request_head.head(url, "k", "/chat/completions").url == "http://h/v1/chat/completions"
