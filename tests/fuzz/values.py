"""Hostile values, and mutations of valid ones."""

from __future__ import annotations

import json
from random import Random
from typing import Any

TEXTS = (
    "",
    " ",
    "x",
    "x" * 129,
    "x" * 5_000,
    "\x00",
    "a\x00b",
    "\n2026-01-01 00:00:00,000 ERROR forged line",
    "\r\nSet-Cookie: a=b",
    "<script>alert(1)</script>",
    "'; DROP TABLE chat_thread; --",
    "%00",
    "%",
    "../../etc/passwd",
    "..",
    "~1~thread",
    "\u202e\u2066",
    "é\u0301",
    "上海",
    "\ufffe",
    "🦊" * 20,
    "-1",
    "0",
    "1e999",
    "9" * 30,
    "9" * 5_000,
    "NaN",
    "null",
    "true",
    "0x10",
    "١٢",
    "2026-13-45T99:99:99Z",
    "9999999999999999999",
)
JSON_SOURCES = (
    "null",
    "true",
    "-1",
    "1e999",
    "NaN",
    "9" * 5_000,
    "[]",
    "{}",
    '"\\ud800"',
    '"\\u0000"',
    "[" * 200 + "]" * 200,
    '{"a":' * 200 + "1" + "}" * 200,
    '{"a":1,"a":2}',
    '[{"type":"text","text":7}]',
    '[{"type":"image_url","image_url":{"url":"http://169.254.169.254/"}}]',
)
FAST_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
BODIES = (b"", b"\xff\xfe", b"{", b"[" * 50_000, b"\x00" * 100, b"a=b&c=d", b'{"x": "\xff"}')


def text(random: Random) -> str:
    """Return a hostile text, or two of them joined."""
    if random.random() < 0.2:
        return random.choice(TEXTS) + random.choice(TEXTS)
    return random.choice(TEXTS)


def mutated(random: Random, valid: dict[str, Any]) -> bytes:
    """Return the JSON of an object in which some values are hostile; the object itself some of the time."""
    if random.random() < 0.1:
        return random.choice(BODIES)
    if random.random() < 0.3:
        return json.dumps(valid).encode()
    members = [f"{json.dumps(key)}: {_member(random, value)}" for key, value in valid.items()]
    if random.random() < 0.2:
        members.append(f"{json.dumps(text(random)[:100])}: {_hostile(random)}")
    if members and random.random() < 0.2:
        members.pop(random.randrange(len(members)))
    return ("{" + ", ".join(members) + "}").encode()


def _member(random: Random, value: Any) -> str:
    if random.random() < 0.4:
        return _hostile(random)
    if isinstance(value, dict):
        return mutated(random, value).decode("latin-1")
    return json.dumps(value)


def _hostile(random: Random) -> str:
    return random.choice(JSON_SOURCES) if random.random() < 0.5 else json.dumps(text(random))
