"""A generator of requests and frames over all routes that the server has, its admin included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from django.urls import URLPattern, URLResolver, get_resolver

from tests.fuzz.values import mutated, text

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW")
# Valid objects that bodies and frames start from; the keys of all documented ones stand in some of them.
OBJECTS: tuple[dict[str, Any], ...] = (
    {
        "prompt": {"id": "p", "role": "user", "content": "Hello"},
        "threadId": "t",
        "responseId": "r",
        "busy": "queue",
    },
    {
        "prompt": {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
        "model": "c1",
        "parentId": None,
    },
    {"prompt": {"role": "user", "content": [{"type": "file", "file": {"file_id": "f", "filename": "a"}}]}},
    {
        "prompt": {
            "role": "user",
            "content": [{"type": "file", "file": {"file_data": "data:text/plain;base64,SGk="}}],
        }
    },
    {"messages": [{"role": "user", "content": "Hi"}], "threadId": "t"},
    {"threadId": "t", "title": "Title", "message": "Hello", "model": "c1", "systemPrompt": "Be brief."},
    {"title": "Title", "archived": True, "leaf": "r", "systemPrompt": "x"},
    {"content": "text"},
    {"score": 1, "comment": "good"},
    {"offset": 0},
    {"expiresAt": "2030-01-01T00:00:00Z"},
    {"responseId": "r2", "model": "c1", "busy": "reject"},
    {
        "threadId": "t",
        "runId": "r3",
        "protocolVersion": "1.0",
        "messages": [{"id": "p3", "role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        "forwardedProps": {"model": "c1"},
    },
    {
        "id": "t",
        "messages": [{"id": "p4", "role": "user", "parts": [{"type": "text", "text": "Hi"}]}],
        "trigger": "regenerate-message",
        "messageId": "r",
    },
    {
        "threadId": "t",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        "parentId": "p5",
        "unstable_assistantMessageId": "r5",
    },
    {"assistantMessage": {"role": "assistant", "parts": [{"type": "text", "text": "Hi"}]}},
    {
        "model": "c1",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "max_tokens": 50,
        "stop": ["x"],
        "response_format": {"type": "json_object"},
    },
    {
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
        "instructions": "Be brief.",
        "previous_response_id": "r",
        "metadata": {"a": "b"},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {}}},
        "background": True,
    },
    {"items": [{"type": "message", "role": "user", "content": "Hi"}], "metadata": {"a": "b"}},
    {"method": "agent/stop", "params": {"agentId": "default", "threadId": "t"}, "body": {"runId": "r3"}},
    {},
)
FRAMES: tuple[dict[str, Any], ...] = (
    {"type": "send", **OBJECTS[0]},
    {"type": "follow", "responseId": "r", "offset": 0},
    {"type": "unfollow", "responseId": "r"},
    {"type": "stop", "responseId": "r", "offset": 0},
    {"type": "watch"},
    {"type": "ping"},
)
QUERIES = (
    "limit", "cursor", "q", "archived", "offset", "format", "before", "leaf", "model", "after", "page", "next", "days",
    "_to_field", "_popup", "o", "p", "e", "created_at__year", "created_at__gte", "status__exact", "owner__id__exact",
    "all", "since", "until", "range", "from", "to", "reason", "hidden", "whole", "version",
    "runId", "threadId", "stream", "starting_after", "order", "live",
    "user", "name", "username", "groups", "valid_from", "valid_from_0", "currency",
)  # fmt: skip
HEADERS = (
    "Last-Event-ID",
    "Cookie",
    "Authorization",
    "Origin",
    "Access-Control-Request-Method",
    "Access-Control-Request-Headers",
    "Sec-Fetch-Site",
    "Host",
    "Accept-Language",
    "Range",
    "If-None-Match",
)
TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "image/png",
)


@dataclass(frozen=True)
class Input:
    """A request: method, path with query, headers and body."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def templates() -> list[str]:
    """Return every path of the server, `{}` in the place of each part that varies."""
    return sorted(set(_walk(get_resolver().url_patterns, "/")))


def _walk(patterns: list[Any], prefix: str) -> Iterator[str]:
    for entry in patterns:
        part = _template(str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, prefix + part)
        elif isinstance(entry, URLPattern):
            yield prefix + part


def _template(pattern: str) -> str:
    pattern = re.sub(r"\(\?P<\w+>.*?\)\$?|\(\?:.*\)\??", "{}", pattern)
    return re.sub(r"<[^>]+>", "{}", pattern).replace("^", "").replace("$", "").replace("\\", "")


class Generator:
    """Draws inputs from a seed. `known` are ids that exist, so that some inputs reach what is behind the checks."""

    def __init__(self, seed: int, known: list[str]) -> None:
        self.random = Random(seed)
        self._known = known
        self._templates = templates()

    def input(self) -> Input:
        """Return one request."""
        random = self.random
        method = random.choice(METHODS if random.random() < 0.3 else METHODS[:2])
        body, kind = self._body() if method not in ("GET", "HEAD") else (b"", "")
        headers = {"Content-Type": kind} if kind else {}
        while random.random() < 0.2:
            headers[random.choice(HEADERS)] = text(random)
        return Input(method, self._path(), headers, body)

    def frame(self) -> bytes:
        """Return one WebSocket frame."""
        return mutated(self.random, self._with_known(self.random.choice(FRAMES)))

    def fields(self, names: list[str]) -> dict[str, str]:
        """Return values for the fields of a form, some of them missing."""
        return {name: self._part() for name in names if self.random.random() < 0.9}

    def _path(self) -> str:
        random = self.random
        path = re.sub(r"\{\}", lambda _: quote(self._part(), safe=""), random.choice(self._templates))
        query = {random.choice(QUERIES): self._part() for _ in range(random.choice((0, 0, 1, 2, 3)))}
        return path + ("?" + urlencode(query) if query else "")

    def _part(self) -> str:
        return self.random.choice(self._known) if self.random.random() < 0.5 else text(self.random)

    def _body(self) -> tuple[bytes, str]:
        random = self.random
        kind = TYPES[0] if random.random() < 0.8 else random.choice(TYPES)
        if kind == TYPES[1]:
            return urlencode({random.choice(QUERIES): text(random) for _ in range(3)}).encode(), kind
        return mutated(random, self._with_known(random.choice(OBJECTS))), kind

    def _with_known(self, valid: dict[str, Any]) -> dict[str, Any]:
        """Return the object with ids that exist in the place of some of its own."""
        return {
            key: self.random.choice(self._known)
            if key.endswith("Id") and self.random.random() < 0.5
            else value
            for key, value in valid.items()
        }
