"""The MCP servers of the setting CHAT_MCP.

{"files": {"command": ["npx", "-y", "some-mcp-server"], "env": {"ROOT": "/srv"}},
 "wiki": {"url": "https://wiki.example/mcp", "apiKeyEnv": "WIKI_TOKEN", "permission": "chat.view_thread"}}
"""

from __future__ import annotations

import re
from typing import Annotated, NoReturn

import msgspec
from django.core.exceptions import ImproperlyConfigured

from chat.conf import settings
from chat.conf_values import json_of, secret

# The prefix of each of its tools' names, of which providers take 64 characters.
NAME = re.compile(r"[A-Za-z0-9-]{1,24}")


class McpSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One server: a command that speaks MCP over its standard input and output, or a URL that speaks streamable HTTP.

    `api_key_env` names the variable that holds the URL's bearer token. `seconds`: of one call (default CHAT_TOOL_SECONDS).
    `permission`: a Django permission that a user needs for its tools.
    """

    command: tuple[str, ...] = ()
    env: dict[str, str] = {}
    url: str = ""
    api_key_env: str = ""
    seconds: Annotated[float, msgspec.Meta(gt=0)] | None = None
    permission: str | None = None

    @property
    def api_key(self) -> str:
        return secret(self.api_key_env) if self.api_key_env else ""


def configured_servers() -> dict[str, McpSpec]:
    """Return the servers by name. Raises ImproperlyConfigured, which repeats no value: an `env` may hold a key."""
    if not settings.mcp:
        return {}
    try:
        specs = msgspec.json.decode(_contents(settings.mcp), type=dict[str, McpSpec])
    except (msgspec.DecodeError, RecursionError) as problem:
        raise ImproperlyConfigured(f"CHAT_MCP: {problem}.") from None
    for name, spec in specs.items():
        _check(name, spec)
    return specs


def _contents(text: str) -> bytes:
    try:
        return json_of(text)
    except ValueError as problem:
        raise ImproperlyConfigured(f"CHAT_MCP {problem}.") from None


def _check(name: str, spec: McpSpec) -> None:
    if not NAME.fullmatch(name):
        _refuse("a server's name", "is 1 to 24 of A-Z a-z 0-9 -")
    if bool(spec.command) == bool(spec.url):
        _refuse(name, "it needs either a `command` or a `url`")
    if spec.url and not spec.url.startswith(("http://", "https://")):
        _refuse(name, "its `url` must start with http:// or https://")
    if spec.api_key_env and not spec.api_key:
        _refuse(name, "the variable that its `apiKeyEnv` names is not set")


def _refuse(name: str, problem: str) -> NoReturn:
    raise ImproperlyConfigured(f"CHAT_MCP: {name}: {problem}.")
