"""The head of a request as the official client makes it, the proxy for an address, and the trusted certificates.

The head is made once per client: it never changes, and making it for each prompt takes as long as storing the prompt
(0.5 of 2.9 ms of CPU).
"""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, parse_qsl, urljoin, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
import openai

PORTS = {"http": 80, "https": 443}

# Names of this machine in usual files of hosts.
LOOPBACK_NAMES = {"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"}

# Headers that are for one origin alone.
CREDENTIALS = {"authorization", "api-key", "x-api-key", "cookie", "openai-organization", "openai-project"}


@dataclass(frozen=True, slots=True)
class RequestHead:
    """Address and headers of a request with any body; `proxy`: the address of the proxy, if it goes through one."""

    url: str
    headers: list[tuple[str, str]]
    proxy: str | None


def head(base_url: str, api_key: str, path: str) -> RequestHead:
    """Return the head that the `openai` client gives a streamed completion; without a key, none is sent."""
    recorder = _Recorder()
    address, query = split_query(base_url)
    client = openai.OpenAI(
        base_url=address,
        default_query=query,
        api_key=api_key or "none",
        max_retries=0,
        http_client=httpx2.Client(transport=recorder),
    )
    wanted: dict[str, str | openai.Omit] = {
        "Content-Type": "application/json",
        "Accept": "text/event-stream",
        "Accept-Encoding": "identity",
    }
    if not api_key:
        wanted["Authorization"] = openai.Omit()
    with client:
        client.post(path, cast_to=httpx2.Response, content=b"", options={"headers": wanted})
    sent = recorder.request
    headers = [(name, value) for name, value in sent.headers.items() if name != "content-length"]
    return RequestHead(str(sent.url), headers, proxy_of(sent.url))


def split_query(base_url: str) -> tuple[str, dict[str, object]]:
    """Return a base URL without its query, and the query: it belongs behind the path of each request (Azure's does).

    Many people set the whole address of a request instead.
    """
    url = urlsplit(base_url.strip())
    path = re.sub(r"/+((chat/+)?completions|responses)?/*\Z", "", url.path, flags=re.IGNORECASE)
    return urlunsplit((url.scheme, url.netloc, path, "", "")), dict(
        parse_qsl(url.query, keep_blank_values=True)
    )


def redirected(head: RequestHead, location: str) -> RequestHead:
    """Return the head for the target of a redirect; another origin gets no key. Raise ValueError for no such address."""
    before, after = urlsplit(head.url), urlsplit(urljoin(head.url, location))
    if (
        after.scheme not in ("http", "https")
        or not after.hostname
        or any(sign in location for sign in "\r\n\0")
    ):
        raise ValueError("The model's server redirects to an address that is none.")
    try:
        url = httpx2.URL(urlunsplit(after._replace(fragment="")))
    except httpx2.InvalidURL as problem:
        raise ValueError(str(problem)) from problem
    secret = set() if _is_same(before, after) else CREDENTIALS
    headers = [(name, value) for name, value in head.headers if name.lower() not in secret | {"host"}]
    return RequestHead(str(url), [("Host", url.netloc.decode()), *headers], proxy_of(url))


def _is_same(before: SplitResult, after: SplitResult) -> bool:
    """Return whether a redirect stays with one origin, or goes from http to https on one host."""
    origins = [(url.scheme, url.port or PORTS.get(url.scheme)) for url in (before, after)]
    upgrade = origins == [("http", 80), ("https", 443)]
    return before.hostname == after.hostname and (upgrade or origins[0] == origins[1])


def proxy_of(url: httpx2.URL) -> str | None:
    """Return the proxy that the environment names for an address (HTTPS_PROXY, ALL_PROXY, NO_PROXY …); none for loopback.

    Some environments leave out the `http://` of a proxy. SOCKS is not spoken here: such an address is asked directly.
    """
    if _is_loopback(url.host) or proxy_bypass(url.host) or proxy_bypass(url.netloc.decode()):
        return None
    proxies = getproxies()
    proxy = (proxies.get(url.scheme) or proxies.get("all") or "").strip()
    if not proxy or proxy.lower().startswith("socks") or _is_excepted(url.host, proxies.get("no", "")):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_excepted(host: str, exceptions: str) -> bool:
    """Return whether NO_PROXY names a host by a pattern or a network, for which the standard library does not look."""
    names = [name.lower() for name in re.split(r"[\s,;]+", exceptions) if name]
    return any(fnmatchcase(host.lower(), name) for name in names) or any(
        _contains(name, host) for name in names
    )


def _contains(network: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    """Return whether a host is this machine, which a proxy cannot reach: the demo model's, for example."""
    name = host.rstrip(".").lower()
    try:
        address = ip_address(name)
    except ValueError:
        return name in LOOPBACK_NAMES or name.endswith(".localhost") or _is_short_loopback(name)
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _is_short_loopback(name: str) -> bool:
    """Return whether a name is an address of this machine in a form such as `127.1`, which resolvers read."""
    try:
        return ip_address(socket.inet_aton(name)).is_loopback
    except OSError:
        return False


class ProxiedTransport(httpx2.AsyncBaseTransport):
    """A transport that asks each address through its own proxy, if it has one: `proxy_of`."""

    def __init__(self, certificates: ssl.SSLContext) -> None:
        self._certificates = certificates
        self._transports: dict[str | None, httpx2.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        proxy = proxy_of(request.url)
        if proxy not in self._transports:
            self._transports[proxy] = httpx2.AsyncHTTPTransport(verify=self._certificates, proxy=proxy)
        return await self._transports[proxy].handle_async_request(request)

    async def aclose(self) -> None:
        for transport in self._transports.values():
            await transport.aclose()


class _Recorder(httpx2.BaseTransport):
    """A transport that keeps the request instead of sending it."""

    request: httpx2.Request

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.request = request
        return httpx2.Response(200, request=request)


@cache
def trusted_certificates() -> ssl.SSLContext:
    """Return the certificates that the client trusts: reading them takes 20 ms."""
    return httpx2.create_ssl_context()
