"""The way from the public address to the server: what a proxy changes, holds back, cuts off or drops."""

from __future__ import annotations

import base64
import http.client
import secrets
import ssl
import time
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import httpx2

from chat.api import probe
from chatproject.doctor.findings import Finding

# Seconds for a connection and for an answer that should be immediate.
SECONDS = 10.0
# Share of the time over which pieces were sent, within which they arrive on a way that holds them back; a busy machine may
# delay the first of them.
HELD_BACK = 0.2

UNKNOWN = (
    "Set it to the address of this server, started with the same SECRET_KEY (the key is signed with it)."
)


def check(url: str, silence: float) -> Iterator[Finding]:
    """Check the server at its public address. `silence`: the longest time for which a stream may send nothing."""
    key = quote(probe.new_key())
    try:
        facts = _facts(url, key)
    except (httpx2.HTTPError, ValueError) as problem:
        yield Finding("public address", f"{url}: {str(problem) or type(problem).__name__}", UNKNOWN)
        return
    yield from judge(url, facts)
    yield from stream(url, key, silence)
    yield upgrade(url, key)


def _facts(url: str, key: str) -> probe.ProbeFacts:
    answered = httpx2.get(
        f"{url}api/probe?key={key}", headers={"Origin": _origin(url)}, timeout=SECONDS, trust_env=False
    )
    if answered.status_code != 200:
        raise ValueError(f"the answer is {answered.status_code}, of another server or of the proxy itself")
    facts: probe.ProbeFacts = answered.json()
    return facts


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def judge(url: str, facts: probe.ProbeFacts) -> Iterator[Finding]:
    """Compare what the server saw of a request with what was sent."""
    asked, faults = urlsplit(url), []
    if facts["host"].lower() != asked.netloc.lower():
        faults.append(
            Finding(
                "Host",
                f"the server sees {facts['host']!r} instead of {asked.netloc!r}",
                "Have the proxy pass it on (nginx: `proxy_set_header Host $http_host`): origins are compared with it.",
            )
        )
    elif not facts["hostServed"]:
        faults.append(
            Finding("Host", f"{asked.netloc!r} is refused", f"Set `ALLOWED_HOSTS={asked.hostname}`.")
        )
    if facts["scheme"] != asked.scheme:
        faults.append(
            Finding(
                "scheme",
                f"the server sees {facts['scheme']} instead of {asked.scheme}, so its cookies are not secure",
                "Have the proxy set `X-Forwarded-Proto`, and set `CHAT_TRUSTED_PROXY=on`.",
            )
        )
    if facts["forwarded"]:
        faults.append(
            Finding(
                "addresses",
                "the proxy tells clients' addresses, and they are ignored: attempts to log in count for all together",
                "Set `CHAT_TRUSTED_PROXY=on` if the proxy sets `X-Forwarded-For` itself.",
            )
        )
    if not faults and not facts["originAllowed"]:
        faults.append(
            Finding("origin", "its own pages are refused", f"Set `CHAT_ALLOWED_ORIGINS={_origin(url)}`.")
        )
    yield from faults or [Finding("Host, scheme and origin", "arrive unchanged")]


def stream(url: str, key: str, silence: float) -> Iterator[Finding]:
    """Measure when the pieces of a stream arrive, and whether it survives a silence."""
    arrivals, began = list[float](), time.monotonic()
    with httpx2.Client(timeout=httpx2.Timeout(SECONDS, read=silence + SECONDS), trust_env=False) as client:
        try:
            with client.stream("GET", f"{url}api/probe/stream?key={key}&silence={silence:g}") as answered:
                for piece in answered.iter_raw():
                    # Two pieces may come in one read.
                    arrivals += [time.monotonic() - began] * piece.count(b"\n\n")
        except httpx2.HTTPError:
            pass  # cut, which the number of pieces tells
    yield _pace(arrivals[: probe.PIECES])
    if len(arrivals) > probe.PIECES:
        yield Finding("silence", f"a stream survives {silence:g} s without a byte")
    elif arrivals:
        yield Finding(
            "silence",
            f"a stream is cut off within {silence:g} s without a byte",
            "Raise the proxy's read timeout above CHAT_RESPONSE_SECONDS (nginx: `proxy_read_timeout 360s`).",
        )


def _pace(arrivals: list[float]) -> Finding:
    """Judge the arrivals of pieces that were sent PIECE_SECONDS apart."""
    sent = probe.PIECE_SECONDS * (probe.PIECES - 1)
    if len(arrivals) == probe.PIECES and arrivals[-1] - arrivals[0] >= sent * HELD_BACK:
        return Finding("streaming", f"the first piece arrived after {arrivals[0]:.3f} s")
    came = f"came within {arrivals[-1] - arrivals[0]:.2f} s" if arrivals else "did not come"
    return Finding(
        "streaming",
        f"{probe.PIECES} pieces that were sent over {sent:.2f} s {came}",
        "The proxy holds text back: switch off buffering and compression for it (nginx: `proxy_buffering off`).",
    )


def upgrade(url: str, key: str) -> Finding:
    """Open a WebSocket and wait for its greeting."""
    try:
        problem = _greeting(url, key)
    except (OSError, http.client.HTTPException) as error:
        problem = type(error).__name__
    if not problem:
        return Finding("WebSocket", "opens")
    return Finding(
        "WebSocket",
        f"does not open: {problem}",
        "Have the proxy pass `Upgrade` and `Connection` on, over HTTP/1.1, under /ws/ (docs/guides/nginx.md).",
    )


def _greeting(url: str, key: str) -> str:
    """Return what is wrong with a handshake; "" where the greeting has come."""
    parts = urlsplit(url)
    context = ssl.create_default_context() if parts.scheme == "https" else None
    host, port = parts.hostname or "", parts.port
    link = (
        http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context)
        if context
        else http.client.HTTPConnection(host, port, timeout=SECONDS)
    )
    head = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    nonce = base64.b64encode(secrets.token_bytes(16)).decode()
    try:
        link.request(
            "GET",
            f"{parts.path.rstrip('/')}{probe.SOCKET_PATH}?key={key}",
            headers={**head, "Sec-WebSocket-Key": nonce, "Origin": _origin(url)},
        )
        answered = link.getresponse()
        if answered.status != http.HTTPStatus.SWITCHING_PROTOCOLS:
            return f"the answer is {answered.status} instead of 101"
        greeting = answered.fp.read(2 + len(probe.GREETING))
        return "" if greeting.endswith(probe.GREETING.encode()) else "no frame came"
    finally:
        link.close()
