"""All settings: variable, type, default, unit and reason of each.

`settings` holds those of the app, read from Django's settings of the same names (`CHAT_GUESTS = True`) at the first use.
No other module of `chat` reads them. A bad value raises ImproperlyConfigured with one line that names the setting.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from django.conf import settings as django_settings
from django.core.signals import setting_changed

from chat.conf_values import (
    choice,
    count,
    json_source,
    names,
    read,
    seconds,
    setting,
    switch,
    text,
    url,
)

# The model of `c1` where none is named: a C1 model, and the one in the Gateway's own quick start.
C1_MODEL = "c1-nightly"
GATEWAY_MODEL = "openai/gpt-5"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings of the app, immutable."""

    thesys_api_key: str = setting(
        "THESYS_API_KEY", text, "", "secret", "key for C1; without it the demo model answers"
    )
    c1_base_url: str = setting(
        "C1_BASE_URL",
        url,
        "",
        "URL",
        "an OpenAI-compatible server for `c1`; Thesys' own if only the key is set",
    )
    c1_model: str = setting("C1_MODEL", text, C1_MODEL, "name", "the model name sent upstream for `c1`")
    c1_format: str = setting(
        "C1_FORMAT",
        choice("c1", "gateway"),
        "c1",
        "name",
        "what `c1` is: a C1 model, or with `gateway` a model of OpenUI's Gateway, at the same address with the same key",
    )
    openassistant_base_url: str = setting(
        "OPENASSISTANT_BASE_URL",
        url,
        "",
        "URL",
        "a server with `/completions`; without it the demo model answers",
    )
    openassistant_api_key: str = setting(
        "OPENASSISTANT_API_KEY", text, "", "secret", "key for that server, if it wants one"
    )
    openassistant_model: str = setting(
        "OPENASSISTANT_MODEL",
        text,
        "OpenAssistant/oasst-sft-4-pythia-12b-epoch-3.5",
        "name",
        "the model name sent upstream for `openassistant`",
    )
    page: str = setting(
        "CHAT_PAGE",
        choice("openui", "c1"),
        "openui",
        "name",
        "the component library of the page that `up` builds; `c1` needs Thesys' permission",
    )
    page_build: str = setting(
        "CHAT_PAGE_BUILD",
        text,
        "",
        "folder",
        "the built React page; `up` sets it and builds it there; without one the plain page is served",
    )
    guests: bool = setting(
        "CHAT_GUESTS",
        switch,
        False,
        "switch",
        "visitors without an account get a guest account; `up` on loopback turns it on",
    )
    guests_active: int = setting(
        "CHAT_GUESTS_ACTIVE",
        count,
        200,
        "responses",
        "active responses of all guests together, because anyone can be a guest",
    )
    signup: bool = setting(
        "CHAT_SIGNUP", switch, False, "switch", "visitors may sign up; on where `up` turns guests on"
    )
    allowed_origins: tuple[str, ...] = setting(
        "CHAT_ALLOWED_ORIGINS", names, (), "origins", "further origins of this site, `https://host[:port]`"
    )
    trusted_proxy: bool = setting(
        "CHAT_TRUSTED_PROXY",
        switch,
        False,
        "switch",
        "take scheme and address from X-Forwarded-*; only behind a proxy that sets them, for clients can forge them",
    )
    first_token_seconds: float = setting(
        "CHAT_FIRST_TOKEN_SECONDS",
        seconds,
        30.0,
        "seconds",
        "from the request to the first text, thought or tool call; then `model_timeout`",
    )
    silence_seconds: float = setting(
        "CHAT_SILENCE_SECONDS",
        seconds,
        30.0,
        "seconds",
        "between two bytes from the model; then `model_timeout`",
    )
    thinking_seconds: float = setting(
        "CHAT_THINKING_SECONDS",
        seconds,
        120.0,
        "seconds",
        "the thought of one call of a model; then `model_timeout`",
    )
    response_seconds: float = setting(
        "CHAT_RESPONSE_SECONDS",
        seconds,
        300.0,
        "seconds",
        "a whole response, tools included; then `model_timeout`",
    )
    text_bytes: int = setting(
        "CHAT_TEXT_BYTES",
        count,
        1_048_576,
        "bytes",
        "visible text of a response; beyond: cut with the finish reason `length`",
    )
    thinking_bytes: int = setting(
        "CHAT_THINKING_BYTES",
        count,
        1_048_576,
        "bytes",
        "stored thought of a response; beyond, the rest is dropped and the answer goes on",
    )
    content_bytes: int = setting(
        "CHAT_CONTENT_BYTES", count, 65_536, "bytes", "content of one prompt; beyond: `too_large`"
    )
    attachment_bytes: int = setting(
        "CHAT_ATTACHMENT_BYTES",
        count,
        5_242_880,
        "bytes",
        "one picture, about a photo of a phone; beyond: `too_large`",
    )
    attachments: int = setting(
        "CHAT_ATTACHMENTS",
        count,
        100,
        "pictures",
        "stored for one user, in the database; beyond: 429",
    )
    strip_metadata: bool = setting(
        "CHAT_STRIP_METADATA",
        switch,
        True,
        "switch",
        "uploaded pictures lose their metadata, which may hold a location; orientation and colours stay",
    )
    tools: tuple[str, ...] = setting(
        "CHAT_TOOLS",
        names,
        ("current_time", "calculate", "search_threads"),
        "names",
        "the tools that models may call",
    )
    stored_bytes: int = setting(
        "CHAT_STORED_BYTES",
        count,
        536_870_912,
        "bytes",
        "of messages, thought, replaced messages, prompts and pictures that one user may store; beyond: 429",
    )
    thread_bytes: int = setting(
        "CHAT_THREAD_BYTES",
        count,
        134_217_728,
        "bytes",
        "of one thread, without its pictures: some 20,000 long answers; beyond: 429",
    )
    guests_stored_bytes: int = setting(
        "CHAT_GUESTS_STORED_BYTES",
        count,
        4_294_967_296,
        "bytes",
        "of all guests together; the tables take about three times as much on disk",
    )
    models: str = setting(
        "CHAT_MODELS",
        json_source,
        "",
        "JSON or path",
        "further models by name, and options of `c1` and `openassistant`; see `chat/llm/config.py`",
    )
    title_model: str = setting(
        "CHAT_TITLE_MODEL",
        text,
        "",
        "name",
        "a cheap model that improves titles after the first answer; unset: titles stay as they are",
    )
    mcp: str = setting(
        "CHAT_MCP",
        json_source,
        "",
        "JSON or path",
        "MCP servers by name, with tools that models may call; see `chat/tools/mcp/spec.py`",
    )
    tool_rounds: int = setting(
        "CHAT_TOOL_ROUNDS",
        count,
        8,
        "rounds",
        "of tool calls in a response; then one more call of the model without tools",
    )
    tool_seconds: float = setting(
        "CHAT_TOOL_SECONDS",
        seconds,
        10.0,
        "seconds",
        "one tool call, unless the tool has a deadline of its own; then its result is an error",
    )
    active_per_user: int = setting(
        "CHAT_ACTIVE_PER_USER", count, 2, "responses", "active responses of one user; beyond: 429"
    )
    per_hour: int = setting(
        "CHAT_PER_HOUR",
        count,
        0,
        "responses",
        "that one user may start in an hour, stopped and failed ones included; 0: no limit, because accounts are trusted",
    )
    tokens_per_day: int = setting(
        "CHAT_TOKENS_PER_DAY",
        count,
        0,
        "tokens",
        "of one user's prompts and answers in 24 hours; 0: no limit, because accounts are trusted",
    )
    guests_per_hour: int = setting(
        "CHAT_GUESTS_PER_HOUR",
        count,
        0,
        "responses",
        "that all guests together may start in an hour; 0: no limit, because by default guests come from this machine",
    )
    guests_tokens_per_day: int = setting(
        "CHAT_GUESTS_TOKENS_PER_DAY",
        count,
        0,
        "tokens",
        "of all guests together in 24 hours; 0: no limit; on a public server set it, because it bounds the cost of guests",
    )
    active_total: int = setting(
        "CHAT_ACTIVE_TOTAL", count, 2_000, "responses", "active responses of one process; beyond: 503"
    )
    model_errors: str = setting(
        "CHAT_MODEL_ERRORS",
        choice("card", "status"),
        "card",
        "word",
        "form of a failure in the raw stream: a card, because C1's client shows nothing on an error status",
    )
    think_items: bool = setting(
        "CHAT_THINK_ITEMS", switch, True, "switch", "C1 readers get think items while tools run"
    )
    flush_seconds: float = setting(
        "CHAT_FLUSH_SECONDS",
        seconds,
        0.2,
        "seconds",
        "between two writes of the log: the text that `kill -9` can lose, and the delay for readers in other processes",
    )
    lease_seconds: float = setting(
        "CHAT_LEASE_SECONDS",
        seconds,
        20.0,
        "seconds",
        "without a heartbeat, after which a response counts as orphaned",
    )
    retention_days: int = setting(
        "CHAT_RETENTION_DAYS",
        count,
        0,
        "days",
        "after its last activity, a thread of an account is deleted; 0: never, because duties to keep or delete differ",
    )
    guests_retention_days: int = setting(
        "CHAT_GUESTS_RETENTION_DAYS",
        count,
        0,
        "days",
        "after its last activity, a thread of a guest is deleted; 0: never",
    )
    access_retention_days: int = setting(
        "CHAT_ACCESS_RETENTION_DAYS",
        count,
        0,
        "days",
        "after which an entry of the audit log is deleted; 0: never",
    )
    admin_reason: bool = setting(
        "CHAT_ADMIN_REASON", switch, False, "switch", "the admin asks for a reason before it shows content"
    )

    @property
    def c1_upstream(self) -> str:
        """Return the base URL of `c1`: Thesys' own server, also that of the Gateway, unless C1_BASE_URL names another."""
        return self.c1_base_url or "https://api.thesys.dev/v1/embed/"

    @property
    def demo(self) -> bool:
        """Return True if the demo model answers for `c1`."""
        return not (self.thesys_api_key or self.c1_base_url)

    @property
    def heartbeat_seconds(self) -> float:
        """Return the interval of heartbeats: four in a lease, of which three may be lost."""
        return self.lease_seconds / 4


class _UnreadSettings(Settings):
    """The settings before their first use: an access to any of them reads all.

    The object is then of the class `Settings`, so that each later access costs as little as a plain attribute.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name not in _VARIABLES:
            raise AttributeError(name)
        given = {variable: getattr(django_settings, variable, None) for variable in _VARIABLES.values()}
        values = read(Settings, given)
        for field in _VARIABLES:
            object.__setattr__(self, field, getattr(values, field))
        object.__setattr__(self, "__class__", Settings)
        return getattr(self, name)


_VARIABLES = {entry.name: str(entry.metadata["name"]) for entry in fields(Settings)}

settings: Settings = object.__new__(_UnreadSettings)


def _forget(*, setting: str, **_: Any) -> None:
    """Read all settings again at the next use, after a test has overridden one."""
    if setting in _VARIABLES.values() and type(settings) is Settings:
        for field in _VARIABLES:
            object.__delattr__(settings, field)
        object.__setattr__(settings, "__class__", _UnreadSettings)


setting_changed.connect(_forget)
