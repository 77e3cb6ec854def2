"""What goes ahead of every request, as the official client makes it, and the sockets that it goes over.

The client makes the head once: nothing in it changes, and making it anew with each prompt takes as long as all that the prompt
stores (0.5 of 2.9 ms of CPU). Its own stream of an answer takes five generators a read; without them a paced delta costs 0.84
of the time (median of five pairs, 100 streams × 50 deltas/s).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cache
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2
import openai
from multidict import CIMultiDict, istr

_GIVEN_BY_BODY = frozenset({"content-length", "host"})


@dataclass(frozen=True, slots=True)
class Head:
    """Address and headers of a request, whatever its body; `proxy`, by which it goes there."""

    url: str
    headers: CIMultiDict[str]
    proxy: str | None


def head(base_url: str, api_key: str, path: str) -> Head:
    """The head that the `openai` client gives a streamed completion; without a key, none is sent."""
    recorder = _Recorder()
    client = openai.OpenAI(
        base_url=base_url,
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
    headers = [(istr(name), value) for name, value in sent.headers.items() if name not in _GIVEN_BY_BODY]
    # As aiohttp keeps them: it would make them anew for each request, and hold those while the answer is read.
    return Head(str(sent.url), CIMultiDict(headers), _proxy(sent.url))


def _proxy(url: httpx2.URL) -> str | None:
    """What the environment says (HTTPS_PROXY, NO_PROXY and so on), looked up once: aiohttp would with each request."""
    return None if proxy_bypass(url.host) else getproxies().get(url.scheme)


class _Recorder(httpx2.BaseTransport):
    """Keeps the request instead of sending it."""

    request: httpx2.Request

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.request = request
        return httpx2.Response(200, request=request)


def open_session(connections: int, idle_seconds: float) -> aiohttp.ClientSession:
    """A pool of at most `connections`, idle ones kept for `idle_seconds`. No deadlines: they are the engine's."""
    connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=idle_seconds, ssl=trusted())
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout())


@cache
def trusted() -> ssl.SSLContext:
    """The certificates that the client trusts: reading them takes 20 ms."""
    return httpx2.create_ssl_context()
