"""The MCP servers of the setting CHAT_MCP.

{"files": {"command": ["npx", "-y", "some-mcp-server"], "env": {"ROOT": "/srv"}},
 "wiki": {"url": "https://wiki.example/mcp", "apiKeyEnv": "WIKI_TOKEN", "permission": "chat.view_thread", "trusted": true},
 "notes": {"url": "https://notes.example/mcp", "auth": "oauth"}}
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Annotated, Literal, NoReturn

import msgspec
from django.core.exceptions import ImproperlyConfigured

from chat.conf import settings
from chat.conf_values import address, json_of, secret
from chat.tools.mcp.oauth.addresses import is_allowed

# The prefix of each of its tools' names, of which providers take 64 characters.
NAME = re.compile(r"[A-Za-z0-9-]{1,24}")


class McpSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One server: a command that speaks MCP over its standard input and output, or a URL that speaks streamable HTTP.

    `api_key_env` names the variable that holds the URL's bearer token. `seconds`: of one call (default CHAT_TOOL_SECONDS).
    `permission`: a Django permission that a user needs for its tools. `auth`: each user connects the server with OAuth, as
    the client `client_id` (without one the program registers itself) and for `scopes` (default: those that the server asks
    for); `client_secret_env` names the variable that holds the client's secret.
    `trusted`: the operator believes what the server says of its tools, so that those marked as read-only run without asking
    the user.
    """

    command: tuple[str, ...] = ()
    env: dict[str, str] = {}
    url: str = ""
    api_key_env: str = ""
    seconds: Annotated[float, msgspec.Meta(gt=0)] | None = None
    permission: str | None = None
    auth: Literal["", "oauth"] = ""
    client_id: str = ""
    client_secret_env: str = ""
    scopes: tuple[str, ...] = ()
    trusted: bool = False

    @property
    def by_user(self) -> bool:
        """Return True if each user connects the server for themselves."""
        return self.auth == "oauth"

    @property
    def client_secret(self) -> str:
        return secret(self.client_secret_env) if self.client_secret_env else ""

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


def user_servers() -> Mapping[str, McpSpec]:
    """Return the servers that users connect, by name, read once. Raises ImproperlyConfigured."""
    return _user_servers(settings.mcp)


@functools.lru_cache(maxsize=1)
def _user_servers(_: str) -> Mapping[str, McpSpec]:
    return {name: spec for name, spec in configured_servers().items() if spec.by_user}


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
    if spec.url:
        _check_url(name, spec.url)
    if spec.api_key_env and not spec.api_key:
        _refuse(name, "the variable that its `apiKeyEnv` names is not set")
    _check_oauth(name, spec)


def _check_url(name: str, url: str) -> None:
    try:
        address(url)
    except ValueError as problem:
        _refuse(name, f"its `url` {problem}")


def _check_oauth(name: str, spec: McpSpec) -> None:
    if not spec.by_user:
        if spec.client_id or spec.client_secret_env or spec.scopes:
            _refuse(name, '`clientId`, `clientSecretEnv` and `scopes` need `"auth": "oauth"`')
        return
    if not is_allowed(spec.url, spec.url) or spec.api_key_env:
        _refuse(name, '`"auth": "oauth"` needs an https `url`, or one on loopback, and no `apiKeyEnv`')
    if spec.client_secret_env and not (spec.client_id and spec.client_secret):
        _refuse(name, "its `clientSecretEnv` needs a `clientId`, and the variable that it names must be set")


def _refuse(name: str, problem: str) -> NoReturn:
    raise ImproperlyConfigured(f"CHAT_MCP: {name}: {problem}.")
