"""All settings: variable, type, default, unit and reason of each.

`settings` holds those of the app, read from Django's settings of the same names (`CHAT_GUESTS = True`) at the first use.
No other module of `chat` reads them. A bad value raises ImproperlyConfigured with one line that names the setting.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from django.conf import settings as django_settings
from django.core.signals import setting_changed

from chat.conf_sign_in import SignInSettings
from chat.conf_values import (
    address,
    choice,
    count,
    json_source,
    names,
    names_of,
    notifier,
    read,
    seconds,
    sender,
    setting,
    switch,
    text,
    url,
    webhook_secret,
)

# The kinds of `chat.files.kinds`.
FILE_KINDS = ("pdf", "docx", "xlsx", "pptx", "html", "markdown", "csv", "json", "text")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(SignInSettings):
    """The settings of the app, immutable."""

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
    content_bytes: int = setting(
        "CHAT_CONTENT_BYTES", count, 65_536, "bytes", "content of one prompt; beyond: `too_large`"
    )
    attachment_bytes: int = setting(
        "CHAT_ATTACHMENT_BYTES",
        count,
        5_242_880,
        "bytes",
        "one picture or file, about a photo of a phone; beyond: `too_large`",
    )
    file_kinds: tuple[str, ...] = setting(
        "CHAT_FILE_KINDS",
        names_of(*FILE_KINDS),
        FILE_KINDS,
        "names",
        "the files that users may attach beside pictures; source code counts as `text`",
    )
    file_seconds: float = setting(
        "CHAT_FILE_SECONDS",
        seconds,
        60.0,
        "seconds",
        "of processor time for the text of one file: a dense PDF page takes some 50 ms; beyond, reading it has failed",
    )
    file_characters: int = setting(
        "CHAT_FILE_CHARACTERS",
        count,
        4_000_000,
        "characters",
        "of text in one file, about 1,500 pages; beyond, reading it has failed",
    )
    file_tokens: int = setting(
        "CHAT_FILE_TOKENS",
        count,
        20_000,
        "tokens",
        "of file texts in one request to a model, about 30 pages; of files beyond it the beginning, and `search_files`",
    )
    attachments: int = setting(
        "CHAT_ATTACHMENTS",
        count,
        100,
        "pictures and files",
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
        ("current_time", "calculate", "search_threads", "search_files"),
        "names",
        "the tools that models may call",
    )
    stored_bytes: int = setting(
        "CHAT_STORED_BYTES",
        count,
        536_870_912,
        "bytes",
        "of messages, thought, replaced messages, prompts, pictures and files that one user may store; beyond: 429",
    )
    thread_bytes: int = setting(
        "CHAT_THREAD_BYTES",
        count,
        134_217_728,
        "bytes",
        "of one thread, without its pictures and files: some 20,000 long answers; beyond: 429",
    )
    guests_stored_bytes: int = setting(
        "CHAT_GUESTS_STORED_BYTES",
        count,
        4_294_967_296,
        "bytes",
        "of all guests together; the tables take about three times as much on disk",
    )
    mcp: str = setting(
        "CHAT_MCP",
        json_source,
        "",
        "JSON or path",
        "MCP servers by name, with tools that models may call; see `chat/tools/mcp/spec.py`",
    )
    tool_policy: str = setting(
        "CHAT_TOOL_POLICY",
        json_source,
        "",
        "JSON or path",
        'by name or pattern: `{"wiki_*": "ask", "pay": "staff"}`; `allow`, `ask` the user, ask `staff`, or `deny`',
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
    think_items: bool = setting(
        "CHAT_THINK_ITEMS", switch, True, "switch", "C1 readers get think items while tools run"
    )
    answer_seconds: float = setting(
        "CHAT_ANSWER_SECONDS",
        seconds,
        604_800.0,
        "seconds",
        "How long a response waits for a person. After a week nobody remembers what was asked.",
    )
    public_url: str = setting(
        "CHAT_PUBLIC_URL",
        url,
        "",
        "URL",
        "this site's address in links of mails and webhooks, which know no request that names it",
    )
    mail_from: str = setting(
        "DEFAULT_FROM_EMAIL",
        sender,
        "",
        "address",
        "Django's; with it and `CHAT_PUBLIC_URL`, who has to answer a request gets a mail",
    )
    webhook_url: str = setting(
        "CHAT_WEBHOOK_URL",
        address,
        "",
        "URL",
        "called for each request to a person; see docs/guides/tools.md",
    )
    webhook_secret: str = setting(
        "CHAT_WEBHOOK_SECRET",
        webhook_secret,
        "",
        "secret",
        "signs calls of the webhook: `whsec_` and base64 of 24 to 64 bytes",
    )
    tool_details: bool = setting(
        "CHAT_TOOL_DETAILS",
        switch,
        False,
        "switch",
        "a thread's owner gets arguments and results of tool calls; off, because results may hold what users must not see",
    )
    flush_seconds: float = setting(
        "CHAT_FLUSH_SECONDS",
        seconds,
        0.2,
        "seconds",
        "between two writes of the log: the text that `kill -9` can lose, and the delay for readers in other processes",
    )
    durable: bool = setting(
        "CHAT_DURABLE",
        switch,
        False,
        "switch",
        "readers see text only once it is committed: `kill -9` loses nothing that anyone saw, and each delta comes 15 ms later",
    )
    notifier: str = setting(
        "CHAT_NOTIFIER",
        notifier,
        "postgres",
        "URL",
        "how processes notify each other: by the database, or by a server (`redis://…`, `nats://…`) past one Postgres; a "
        "`postgresql://…` leads around a pooler",
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

    metrics: bool = setting(
        "CHAT_METRICS", switch, True, "switch", "`/metrics` for Prometheus, and the measurements behind it"
    )
    metrics_token: str = setting(
        "CHAT_METRICS_TOKEN",
        text,
        "",
        "secret",
        "bearer token of `/metrics`; without it only programs on this machine are answered, and no proxy",
    )
    otlp_url: str = setting(
        "CHAT_OTLP_URL",
        url,
        "",
        "URL",
        "OpenTelemetry collector for traces and metrics, such as `http://localhost:4318`; needs the extra `otlp`",
    )

    @property
    def sends_mail(self) -> bool:
        return bool(self.mail_from and self.public_url)

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
