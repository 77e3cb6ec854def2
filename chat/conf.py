"""Every setting: its variable, type, default, unit and reason. Nothing else reads the environment.

`settings` is read once, at import. A bad value ends the start with one line that names the variable.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent

_TRUE, _FALSE = {"1", "true", "on", "yes"}, {"0", "false", "off", "no"}


def _switch(text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError("is a switch: 1 or 0, true or false, on or off")
    return text.lower() in _TRUE


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError("must not be negative")
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < 86_400 * 365:
        raise ValueError("must be a number of seconds above 0")
    return number


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _choice(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return text

    return parse


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return text.rstrip("/") + "/"


def _from(name: str, parse: Callable[[str], Any], default: Any, unit: str, reason: str) -> Any:
    """A setting: its environment variable, parser, default, unit and the reason for the default."""
    metadata = {"name": name, "parse": parse, "unit": unit, "reason": reason}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one process, immutable."""

    thesys_api_key: str = _from(
        "THESYS_API_KEY", str, "", "secret", "key for C1; without it the demo model answers"
    )
    c1_base_url: str = _from(
        "C1_BASE_URL",
        _url,
        "",
        "URL",
        "an OpenAI-compatible server for `c1`; Thesys' own where only the key is set",
    )
    c1_model: str = _from(
        "C1_MODEL", str, "c1-nightly", "name", "the model name that is sent upstream for `c1`"
    )
    openassistant_base_url: str = _from(
        "OPENASSISTANT_BASE_URL",
        _url,
        "",
        "URL",
        "a server with `/completions`; without it the demo model answers",
    )
    openassistant_api_key: str = _from(
        "OPENASSISTANT_API_KEY", str, "", "secret", "key for that server, if it asks"
    )
    openassistant_model: str = _from(
        "OPENASSISTANT_MODEL",
        str,
        "OpenAssistant/oasst-sft-4-pythia-12b-epoch-3.5",
        "name",
        "the model name that is sent upstream for `openassistant`",
    )
    database_url: str = _from(
        "DATABASE_URL", str, "", "URL", "`postgresql://…`; the embedded Postgres where it is unset"
    )
    data_dir: Path = _from(  # noqa: RUF009 - an immutable path
        "CHAT_DATA_DIR",
        Path,
        ROOT / ".data",
        "folder",
        "embedded database, generated secrets, built page (mode 0700)",
    )
    page: str = _from(
        "CHAT_PAGE",
        _choice("openui", "c1"),
        "openui",
        "name",
        "whose components draw the answers on the page that `up` builds; `c1` needs Thesys' permission",
    )
    page_build: str = _from(
        "CHAT_PAGE_BUILD",
        str,
        "",
        "folder",
        "a built React page; `up` sets it and builds it there, without one the plain page is served",
    )
    guests: bool = _from(
        "CHAT_GUESTS", _switch, False, "switch", "visitors without an account; `up` on loopback turns it on"
    )
    guests_active: int = _from(
        "CHAT_GUESTS_ACTIVE",
        _count,
        200,
        "responses",
        "active responses of all guests together: they share one purse",
    )
    signup: bool = _from(
        "CHAT_SIGNUP", _switch, False, "switch", "visitors make accounts; on where `up` turns guests on"
    )
    secret_key: str = _from(
        "SECRET_KEY", str, "", "secret", "Django's; generated into the data folder by `manage.py`"
    )
    allowed_hosts: tuple[str, ...] = _from(
        "ALLOWED_HOSTS",
        _names,
        ("127.0.0.1", "localhost", "[::1]"),
        "names",
        "Django's; loopback until it is set",
    )
    allowed_origins: tuple[str, ...] = _from(
        "CHAT_ALLOWED_ORIGINS", _names, (), "origins", "further origins of this site, `https://host[:port]`"
    )
    debug: bool = _from(
        "DEBUG", _switch, False, "switch", "Django's; tracebacks on pages, never on a public server"
    )
    trusted_proxy: bool = _from(
        "CHAT_TRUSTED_PROXY",
        _switch,
        False,
        "switch",
        "scheme and address from X-Forwarded-*; anyone can forge them",
    )
    first_token_seconds: float = _from(
        "CHAT_FIRST_TOKEN_SECONDS",
        _seconds,
        30.0,
        "seconds",
        "until the first text or tool call; then `model_timeout`",
    )
    silence_seconds: float = _from(
        "CHAT_SILENCE_SECONDS",
        _seconds,
        30.0,
        "seconds",
        "between two bytes of the model; then `model_timeout`",
    )
    response_seconds: float = _from(
        "CHAT_RESPONSE_SECONDS",
        _seconds,
        300.0,
        "seconds",
        "a whole response, tools included; then `model_timeout`",
    )
    text_bytes: int = _from(
        "CHAT_TEXT_BYTES", _count, 1_048_576, "bytes", "visible text of a response; cut there with `length`"
    )
    content_bytes: int = _from(
        "CHAT_CONTENT_BYTES", _count, 65_536, "bytes", "content of one prompt; beyond: `too_large`"
    )
    attachment_bytes: int = _from(
        "CHAT_ATTACHMENT_BYTES",
        _count,
        5_242_880,
        "bytes",
        "one picture: what a phone's camera makes; beyond: `too_large`",
    )
    attachments: int = _from(
        "CHAT_ATTACHMENTS",
        _count,
        100,
        "pictures",
        "kept for one user; beyond: 429, they lie in the database",
    )
    tools: tuple[str, ...] = _from(
        "CHAT_TOOLS",
        _names,
        ("current_time", "calculate", "search_threads"),
        "names",
        "the tools that models may call",
    )
    models: str = _from(
        "CHAT_MODELS",
        str,
        "",
        "JSON or path",
        "further models by name, and what is said to `c1` and `openassistant`; see `chat/llm/config.py`",
    )
    title_model: str = _from(
        "CHAT_TITLE_MODEL",
        str,
        "",
        "name",
        "a cheap model that improves titles after the first answer; unset: none does",
    )
    mcp: str = _from(
        "CHAT_MCP",
        str,
        "",
        "JSON or path",
        "MCP servers by name, whose tools models may call; see `chat/tools/mcp_spec.py`",
    )
    apps: tuple[str, ...] = _from(
        "CHAT_APPS", _names, (), "names", "further Django apps; the tools in their `tools` modules are found"
    )
    tool_rounds: int = _from(
        "CHAT_TOOL_ROUNDS", _count, 8, "rounds", "of tool calls; then one more call with tools off"
    )
    tool_seconds: float = _from(
        "CHAT_TOOL_SECONDS", _seconds, 10.0, "seconds", "one tool call; then its result is an error"
    )
    active_per_user: int = _from(
        "CHAT_ACTIVE_PER_USER", _count, 2, "responses", "active at once; beyond: 429"
    )
    per_hour: int = _from(
        "CHAT_PER_HOUR",
        _count,
        0,
        "responses",
        "that one user may start in an hour, stopped and failed ones too; 0: any number, accounts are trusted",
    )
    tokens_per_day: int = _from(
        "CHAT_TOKENS_PER_DAY",
        _count,
        0,
        "tokens",
        "that one user may take in 24 hours, prompts and answers; 0: any number, accounts are trusted",
    )
    guests_per_hour: int = _from(
        "CHAT_GUESTS_PER_HOUR",
        _count,
        0,
        "responses",
        "of all guests together in an hour; 0: any number, for guests come from this machine unless you let others in",
    )
    guests_tokens_per_day: int = _from(
        "CHAT_GUESTS_TOKENS_PER_DAY",
        _count,
        0,
        "tokens",
        "of all guests together in 24 hours: set it where strangers come in, it is what they can cost; 0: any number",
    )
    active_total: int = _from(
        "CHAT_ACTIVE_TOTAL", _count, 2_000, "responses", "active in one process; beyond: 503"
    )
    model_errors: str = _from(
        "CHAT_MODEL_ERRORS",
        _choice("card", "status"),
        "card",
        "word",
        "C1's client shows nothing on a 500, but a card",
    )
    think_items: bool = _from(
        "CHAT_THINK_ITEMS", _switch, True, "switch", "C1 readers see think items while tools run"
    )
    flush_seconds: float = _from(
        "CHAT_FLUSH_SECONDS",
        _seconds,
        0.2,
        "seconds",
        "between two writes of the log: what `kill -9` can lose, and how far another process is behind",
    )
    lease_seconds: float = _from(
        "CHAT_LEASE_SECONDS",
        _seconds,
        20.0,
        "seconds",
        "without a heartbeat; then a response counts as orphaned",
    )
    reader_seconds: float = _from(
        "CHAT_READER_SECONDS", _seconds, 60.0, "seconds", "a reader may take nothing before it is cut off"
    )
    retention_days: int = _from(
        "CHAT_RETENTION_DAYS",
        _count,
        0,
        "days",
        "after its last activity a thread of an account is deleted; 0: never, for only you know what you must keep",
    )
    guests_retention_days: int = _from(
        "CHAT_GUESTS_RETENTION_DAYS", _count, 0, "days", "the same for threads of guests; 0: never"
    )
    access_retention_days: int = _from(
        "CHAT_ACCESS_RETENTION_DAYS",
        _count,
        0,
        "days",
        "after which a record of who looked at content is deleted; 0: never",
    )
    admin_reason: bool = _from(
        "CHAT_ADMIN_REASON", _switch, False, "switch", "the admin asks why before it shows what was said"
    )
    log_level: str = _from(
        "CHAT_LOG_LEVEL",
        _choice("DEBUG", "INFO", "WARNING", "ERROR"),
        "INFO",
        "level",
        "of the server's log; no level logs content",
    )

    @property
    def c1_upstream(self) -> str:
        """Where `c1` is asked: Thesys' own server unless C1_BASE_URL names another."""
        return self.c1_base_url or "https://api.thesys.dev/v1/embed/"

    @property
    def demo(self) -> bool:
        """Whether the demo model answers for `c1`."""
        return not (self.thesys_api_key or self.c1_base_url)

    @property
    def heartbeat_seconds(self) -> float:
        """Four heartbeats to a lease: three may get lost."""
        return self.lease_seconds / 4


def json_of(text: str) -> bytes:
    """What a setting that is JSON, or the path of a JSON file, holds. Raises ValueError."""
    if text.startswith("{"):
        return text.encode()
    try:
        return (ROOT / Path(text).expanduser()).read_bytes()
    except (OSError, ValueError, RuntimeError):
        raise ValueError("is neither a JSON object nor a readable file") from None


def _refuse(name: str, problem: object) -> NoReturn:
    raise SystemExit(f"{name} {problem}. Correct it in the environment, in .env or in .env.local.")


def read(environ: Mapping[str, str]) -> Settings:
    """The settings that `environ` holds; an empty value counts as unset.

    Raises SystemExit with one line that names the variable whose value is no good.
    """
    values: dict[str, Any] = {}
    for entry in fields(Settings):
        name, text = entry.metadata["name"], environ.get(entry.metadata["name"], "").strip()
        if text:
            try:
                values[entry.name] = entry.metadata["parse"](text)
            except ValueError as problem:
                _refuse(name, problem)
    return Settings(**values)


def secret(name: str) -> str:
    """The value of a variable that another setting names; empty where it is unset."""
    return os.environ.get(name, "").strip()


settings = read(os.environ)
