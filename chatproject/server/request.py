"""One HTTP request while it arrives. Its lines and its body are told apart by llhttp, Node's parser."""

from __future__ import annotations

import json
import re
import tempfile
from http import HTTPStatus
from typing import IO, Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

# Bytes of the request line with all headers: twice what common proxies let through.
HEAD_BYTES = 16 * 1024
# Lines of them, of which each becomes two objects.
HEAD_LINES = 500
# Bytes of a body that is kept in memory while it arrives; a larger one waits in an unnamed file.
MEMORY_BYTES = 100_000

# The paths whose errors have OpenAI's form.
OPENAI_PATHS = b"/v1/"

# The absolute form of a target, which proxies send and every server has to take (RFC 9112, section 3.2.2).
_ABSOLUTE = re.compile(rb"https?://([^/?#]+)([^#]*)", re.IGNORECASE)
# A method in any case, as servers that call themselves lenient take it: `fetch` sends `patch` as it is written.
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VERSIONS = (b"HTTP/1.1", b"HTTP/1.0")
# Python takes this byte, which is a letter nowhere, for the end of a line.
_NEXT_LINE = b"\x85"

Header = tuple[bytes, bytes]


def problem(status: int, code: str, detail: str, path: bytes = b"") -> tuple[list[Header], bytes]:
    """Return headers and body of a problem document for a request that never reaches the application.

    To a path of OpenAI's clients it is an error in their form.
    """
    title, kind = HTTPStatus(status).phrase, b"application/problem+json"
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    body |= {"detail": detail, "code": code}
    if path.startswith(OPENAI_PATHS):
        kind, named = b"application/json", {"type": "invalid_request_error", "param": None, "code": code}
        body = {"error": {"message": detail, **named}}
    data = json.dumps(body).encode()
    return [
        (b"Content-Type", kind),
        (b"Content-Length", b"%d" % len(data)),
        (b"Cache-Control", b"no-store"),
        (b"Content-Security-Policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"X-Content-Type-Options", b"nosniff"),
        (b"Referrer-Policy", b"same-origin"),
    ], data


class RefusedRequest(Exception):
    """A request that is answered before it has wholly arrived, with these headers and this body."""

    def __init__(self, status: int, code: str, detail: str, path: bytes = b"") -> None:
        super().__init__(detail)
        self.status = status
        self.headers, self.body = problem(status, code, detail, path)


class Request:
    """One request, `target` in origin form, `headers` with their names in small letters and in the order of the wire.

    `body_bytes`: the largest body. The attributes are set once the head has arrived. `keeps_alive`: the client may send
    another request over the connection. `expects`: it sends the body once it is told to (`Expect: 100-continue`).
    `websocket`: it is the handshake of a WebSocket.
    """

    __slots__ = (
        "_body_bytes",
        "_complete",
        "_file",
        "_head",
        "_left",
        "_parser",
        "_pieces",
        "_size",
        "_upgrades",
        "expects",
        "headers",
        "keeps_alive",
        "method",
        "path",
        "query",
        "target",
        "version",
        "websocket",
    )

    def __init__(self, body_bytes: int) -> None:
        self._body_bytes = body_bytes
        self._head = bytearray()
        self._parser: Any = None
        self._complete = self._upgrades = False
        # Bytes of the body that are still to come; None where it comes in chunks.
        self._left: int | None = 0
        self._size, self._pieces = 0, list[bytes]()
        self._file: IO[bytes] | None = None
        self.method = self.target = self.path = self.query = self.version = b""
        self.headers: list[Header] = []
        self.keeps_alive = self.expects = self.websocket = False

    def feed(self, data: bytes) -> bytes | None:
        """Take bytes; return those behind the request once it is whole, and None before. Raises RefusedRequest."""
        if self._parser is None:
            head = self._head
            head += data
            if head[:2] == b"\r\n":  # an empty line ahead of a request is skipped (RFC 9112, section 2.2)
                head[:] = head.lstrip(b"\r\n")
            end = head.find(b"\r\n\r\n", max(0, len(head) - len(data) - 3))
            size = len(head) if end < 0 else end + 4
            if size > HEAD_BYTES:
                words = f"The request line and the headers may have {HEAD_BYTES} bytes."
                raise RefusedRequest(400, "bad_request", words)
            if end < 0:
                return None
            data, self._head = bytes(head[size:]), bytearray()
            self._take_head(bytes(head[:size]))
        if self.websocket:
            self._parser = None
            return data
        return self._take_body(data)

    def _take_head(self, head: bytes) -> None:
        line, fields = head.split(b"\r\n", 1)
        words = line.split(b" ")
        if (
            len(words) != 3
            or words[2] not in _VERSIONS
            or not _METHOD.fullmatch(words[0])
            or not words[1].isascii()
            or head.count(b"\n") > HEAD_LINES
            or _NEXT_LINE in head
        ):
            raise _invalid()
        method, self.target, self.version = words
        self.method = method.upper()
        # The parser knows few methods, and reads what comes behind them in the same way for all.
        self._parse(b"POST %b %b\r\n%b" % (self.target, self.version, fields))
        known = dict(self.headers)
        self.websocket = known.get(b"upgrade", b"").lower() == b"websocket"
        if self._upgrades and not self.websocket:
            # An offer of another protocol, such as HTTP/2, that is not taken: the request is answered as it is.
            kept = [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
            self.headers, self._complete = [], False
            self._parse(b"POST %b %b\r\n%b\r\n" % (self.target, self.version, b"".join(kept)))
        self._standardize()
        self.expects = self.version == b"HTTP/1.1" and known.get(b"expect", b"").lower() == b"100-continue"
        self._left = None if b"transfer-encoding" in known else int(known.get(b"content-length", b"0"))
        if self._left is not None and self._left > self._body_bytes:
            raise self._too_large()

    def _standardize(self) -> None:
        """Bring the target to the origin form; take out headers whose names Django could not tell from others."""
        absolute = _ABSOLUTE.fullmatch(self.target)
        if absolute:
            host, target = absolute.groups()
            self.target = target if target.startswith(b"/") else b"/" + target
            # Of a host in the target and one in the header, the target's counts.
            self.headers = [header for header in self.headers if header[0] != b"host"] + [(b"host", host)]
        self.path, _, self.query = self.target.partition(b"?")
        # CVE-2015-0219: `X_User` would arrive as `X-User`.
        self.headers = [header for header in self.headers if b"_" not in header[0]]

    def _parse(self, head: bytes) -> None:
        self._parser = HttpRequestParser(self)
        try:
            self._parser.feed_data(head)
        except HttpParserUpgrade:
            pass
        except HttpParserError:
            raise _invalid() from None

    def _take_body(self, data: bytes) -> bytes | None:
        if self._left is None:  # where chunks end, the parser alone knows
            rest = b""
        else:
            data, rest = data[: self._left], data[self._left :]
            self._left -= len(data)
        if data:
            try:
                self._parser.feed_data(data)
            except HttpParserError:
                if not self._complete:
                    raise _invalid() from None
        if self._size > self._body_bytes:
            raise self._too_large()
        if not self._complete:
            return None
        self._parser = None  # it and its callbacks take 1 KB, and a response may be open for minutes
        return rest

    def close(self) -> None:
        """Free what a request that will not arrive has brought, without waiting for Python to find its cycle."""
        self._parser, self._pieces = None, []
        if self._file is not None:
            self._file.close()

    def body(self) -> bytes:
        """Return the body of a request that has arrived, and forget it."""
        pieces, self._pieces = self._pieces, []
        if self._file is not None:
            with self._file as file:
                file.seek(0)
                return file.read()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _too_large(self) -> RefusedRequest:
        words = f"The request body is larger than {self._body_bytes} bytes."
        return RefusedRequest(413, "too_large", words, self.path)

    # The parser's callbacks

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._left is not None:  # else a trailer
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if not self._complete:
            self._upgrades = self._parser.should_upgrade()
            self.keeps_alive = self.version == b"HTTP/1.1" and self._parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        if self._complete:
            return
        self._size += len(data)
        if self._file is None and self._size <= MEMORY_BYTES:
            self._pieces.append(data)
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - until the body is read
            self._file.writelines(self._pieces)
            self._pieces = []
        if self._size <= self._body_bytes:
            self._file.write(data)

    def on_message_begin(self) -> None:
        # Where requests follow one in chunks, in one read, their client is told to send them again.
        self.keeps_alive = self.keeps_alive and not self._complete

    def on_message_complete(self) -> None:
        self._complete = True


def _invalid() -> RefusedRequest:
    return RefusedRequest(400, "bad_request", "This is not valid HTTP/1.1.")
