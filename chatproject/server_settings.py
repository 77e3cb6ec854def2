"""Settings of the shipped server beside those of the app: what another Django project defines itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chat.conf import Settings
from chat.conf_values import choice, count, names, path, seconds, setting, switch, text


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSettings(Settings):
    """The settings of the shipped server: those of the app, and those that another Django project defines itself."""

    database_url: str = setting(
        "DATABASE_URL", text, "", "URL", "`postgresql://…`; unset: the embedded Postgres"
    )
    data_dir: Path = setting(  # noqa: RUF009 - an immutable path
        "CHAT_DATA_DIR",
        path,
        Path(".data"),
        "folder",
        "embedded database, generated secrets, built page (mode 0700)",
    )
    secret_key: str = setting(
        "SECRET_KEY", text, "", "secret", "Django's; generated into the data folder by `manage.py`"
    )
    secret_key_fallbacks: tuple[str, ...] = setting(
        "SECRET_KEY_FALLBACKS",
        names,
        (),
        "secrets",
        "Django's; former keys, by which sessions and what is stored encrypted are still read",
    )
    allowed_hosts: tuple[str, ...] = setting(
        "ALLOWED_HOSTS",
        names,
        ("127.0.0.1", "localhost", "[::1]"),
        "names",
        "Django's; loopback by default",
    )
    debug: bool = setting(
        "DEBUG",
        switch,
        False,
        "switch",
        "Django's; it shows tracebacks on pages, so never on a public server",
    )
    apps: tuple[str, ...] = setting(
        "CHAT_APPS",
        names,
        (),
        "names",
        "further Django apps; tools in their `tools` modules are registered",
    )
    email_host: str = setting(
        "EMAIL_HOST", text, "localhost", "name", "Django's; the server that takes mails"
    )
    email_port: int = setting("EMAIL_PORT", count, 25, "port", "Django's")
    email_user: str = setting("EMAIL_HOST_USER", text, "", "name", "Django's; empty: no login there")
    email_password: str = setting("EMAIL_HOST_PASSWORD", text, "", "secret", "Django's")
    email_starttls: bool = setting(
        "EMAIL_USE_TLS", switch, False, "switch", "Django's; STARTTLS, as on port 587"
    )
    email_tls: bool = setting(
        "EMAIL_USE_SSL", switch, False, "switch", "Django's; TLS from the start, as on port 465"
    )
    reader_seconds: float = setting(
        "CHAT_READER_SECONDS",
        seconds,
        60.0,
        "seconds",
        "without reading a byte, after which a client is disconnected",
    )
    log_level: str = setting(
        "CHAT_LOG_LEVEL",
        choice("DEBUG", "INFO", "WARNING", "ERROR"),
        "INFO",
        "level",
        "lowest level of the server's log; no level logs content",
    )
    log_format: str = setting(
        "CHAT_LOG_FORMAT",
        choice("line", "json"),
        "line",
        "word",
        "form of the server's log: lines for people, or a JSON object a line for programs",
    )
