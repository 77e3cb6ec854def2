"""Validation of the values of settings: text from an environment, or Python values from Django's settings."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, field, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

# Django's DEFAULT_FROM_EMAIL of a project that sets none.
DEFAULT_SENDER = "webmaster@localhost"

TRUE, FALSE = {"1", "true", "on", "yes"}, {"0", "false", "off", "no"}

# The schemes of servers that deliver notifications.
NOTIFIERS = ("postgresql://", "redis://", "rediss://", "nats://", "tls://")

_NOT_IN_HOST = re.compile(r"[\s\\]")

Parse = Callable[[Any], Any]


class Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


D = TypeVar("D", bound=Dataclass)


def setting(name: str, parse: Parse, default: Any, unit: str, reason: str) -> Any:
    """Declare a setting: its variable, parser, default, unit and the reason for the default."""
    return field(default=default, metadata={"name": name, "parse": parse, "unit": unit, "reason": reason})


def read(kind: type[D], given: Mapping[str, Any]) -> D:
    """Return settings from values by variable; None and empty text count as unset.

    Raises ImproperlyConfigured with one line that names the variable.
    """
    values: dict[str, Any] = {}
    for entry in fields(kind):
        name = entry.metadata["name"]
        value = given.get(name)
        if isinstance(value, str):
            value = value.strip()
        if value is None or value == "":
            continue
        try:
            values[entry.name] = entry.metadata["parse"](value)
        except ValueError as problem:
            raise ImproperlyConfigured(f"{name} {problem}.") from None
    return kind(**values)


def named(settings: Dataclass) -> dict[str, Any]:
    """Return the values of settings by their variables."""
    return {entry.metadata["name"]: getattr(settings, entry.name) for entry in fields(settings)}


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"has a value of the type {type(value).__name__}, which is not supported")
    return value


def switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = text(value).lower()
    if word not in TRUE | FALSE:
        raise ValueError("is a switch: 1 or 0, true or false, on or off")
    return word in TRUE


def count(value: Any) -> int:
    try:
        number = value if type(value) is int else int(text(value))
    except ValueError:
        raise ValueError("must be a whole number") from None
    if number < 0:
        raise ValueError("must not be negative")
    return number


def seconds(value: Any) -> float:
    try:
        number = float(value if type(value) in {int, float} else text(value))
    except ValueError:
        raise ValueError("must be a number of seconds") from None
    if not 0 < number < 86_400 * 365:
        raise ValueError("must be a number of seconds above 0")
    return number


def names(value: Any) -> tuple[str, ...]:
    parts = value if isinstance(value, list | tuple) else text(value).split(",")
    return tuple(name for part in parts if (name := text(part).strip()))


def choice(*allowed: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return text(value)

    return parse


def names_of(*allowed: str) -> Callable[[Any], tuple[str, ...]]:
    def parse(value: Any) -> tuple[str, ...]:
        given = names(value)
        if not set(given) <= set(allowed):
            raise ValueError(f"may hold only {', '.join(allowed)}")
        return given

    return parse


def url(value: Any) -> str:
    """Return the base URL of a server: with a slash at the end of its path, which a query may follow."""
    found = address(value)
    path, mark, query = found.partition("?")
    return path.rstrip("/") + "/" + mark + query


def notifier(value: Any) -> str:
    """Return `postgres`, or the URL of a Postgres, Redis, Valkey or NATS server."""
    if text(value) != "postgres" and not text(value).startswith(NOTIFIERS):
        raise ValueError(f"must be `postgres` or start with one of {', '.join(NOTIFIERS)}")
    return text(value)


def address(value: Any) -> str:
    """Return a URL as it is: of a single page, not of a folder. Raises ValueError, without a part of the URL."""
    found = text(value).strip()
    if not found.lower().startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    if not _names_host(found):
        raise ValueError("must name a host, and no port beyond 65535")
    return found


def _names_host(url: str) -> bool:
    """Return whether a URL has a host to connect to; a slash or a space in a password, for example, leaves none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError for a number that is none
    except ValueError:
        return False
    return bool(parts.hostname) and not _NOT_IN_HOST.search(parts.netloc)


def sender(value: Any) -> str:
    """Return the sender of mails; empty for Django's default, which has no name in it."""
    return "" if text(value) == DEFAULT_SENDER else text(value)


def webhook_secret(value: Any) -> str:
    """Return a secret in the form of Standard Webhooks. Raises ValueError."""
    try:
        key = base64.b64decode(text(value).removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not (text(value).startswith("whsec_") and 24 <= len(key) <= 64):
        raise ValueError("must be `whsec_` and base64 of 24 to 64 random bytes (`openssl rand -base64 32`)")
    return text(value)


def path(value: Any) -> Path:
    return value if isinstance(value, Path) else Path(text(value))


def json_source(value: Any) -> str:
    """Return JSON, or the path of a file of it, as text; a dict becomes JSON."""
    return (
        json.dumps(value)
        if isinstance(value, dict)
        else str(value)
        if isinstance(value, Path)
        else text(value)
    )


def json_of(source: str) -> bytes:
    """Return the JSON that a setting holds or names as a file. Raises ValueError."""
    if source.startswith("{"):
        return source.encode()
    try:
        return Path(source).expanduser().read_bytes()
    except (OSError, ValueError, RuntimeError):
        raise ValueError("is neither a JSON object nor a readable file") from None


def secret(name: str) -> str:
    """Return the environment variable that another setting names; empty where it is unset."""
    return os.environ.get(name, "").strip()
