"""Connection parameters from DATABASE_URL, in every usual form of a Postgres URL.

No error message repeats a part of the URL: where it cannot be parsed, any part may belong to the password.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

# Seconds for one attempt to connect: libpq's default is for ever, a firewall may drop packets silently, and a request that
# waits in the queue for a connection waits as long once more.
CONNECT_SECONDS = 5

# The oldest version that Django supports.
OLDEST_POSTGRES = 14

FORM = "must have the form postgresql://user:password@host:port/database"

# The scheme as libpq, SQLAlchemy (with a driver after a plus sign), Heroku and django-environ write it.
_SCHEME = re.compile(r"(?:jdbc:)?(?:postgres(?:ql)?|pgsql|psql|pg)(?:\+[a-z0-9_]+)?://", re.IGNORECASE)
_LOCATION = r"(?P<hosts>[^@/?#]*)(?:/(?P<dbname>[^@?#]*))?(?:\?(?P<query>&*[^=&#]+=[^#]*)?)?"
_URL = re.compile(rf"(?:(?P<user>[^:@/?#]*)(?::(?P<password>[^@/?#]*))?@)?{_LOCATION}")
# A user or a password that was pasted without escapes: it ends at the last @. Azure's users hold one, too.
_UNESCAPED = re.compile(rf"(?P<user>[^:/?#]*):(?P<password>.*)@{_LOCATION}")
# Values of `ssl`, as in the URLs of JDBC, asyncpg and node-postgres, and libpq's words for them.
_SSL = {
    **dict.fromkeys(("true", "1", "yes", "on", "no-verify"), "require"),
    **dict.fromkeys(("false", "0", "no", "off"), "disable"),
}
# Parameters for Prisma, which hosts of databases put into the URLs that they show; they do not concern Postgres.
_IGNORED = {"pgbouncer", "connection_limit", "pool_timeout", "statement_cache_size", "supa"}

_HOST = re.compile(r"(?:\[(?P<address>[^\[\]]+)\]|(?P<name>[^:\[\]]*))(?::(?P<port>[0-9]{0,5}))?")


def parse(url: str) -> dict[str, str]:
    """Return libpq's parameters. Raise ValueError with a text that continues the name of the setting."""
    # Files of variables for containers keep the quotation marks.
    if url[:1] in ('"', "'") and url.endswith(url[0]):
        url = url[1:-1]
    scheme = _SCHEME.match(url)
    if scheme:
        return _from_url(url[scheme.end() :])
    if "://" in url or "=" not in url:
        raise ValueError(FORM)
    try:
        return {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.Error:
        raise ValueError(FORM) from None


def connection_error(parameters: dict[str, str]) -> str:
    """Connect once. Return the reason of a failure in one line without the password, or "" after a success."""
    options: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, **parameters}
    try:
        with closing(psycopg.connect(**options)) as link:
            return age_error(link.info.server_version)
    except psycopg.Error as error:
        return reason(error, parameters.get("password", ""))


def age_error(version: int) -> str:
    """Return why a server of that version (180004 is 18.4) is too old; "" if it is not."""
    major, minor = divmod(version, 10_000)
    if major >= OLDEST_POSTGRES:
        return ""
    return f"it is Postgres {major}.{minor}, too old for Django; move it to {OLDEST_POSTGRES} or newer"


def reason(error: BaseException, password: str = "") -> str:
    """Return the last part of a message of libpq as one line, which names the cause, without the password."""
    lines = [line.strip(" -\t") for line in str(error).splitlines()]
    causes = [line for line in lines if line and not line.startswith(("Is the server running", "Multiple "))]
    text = (causes or [type(error).__name__])[-1].removeprefix("connection failed: ").rstrip(".")
    return text.replace(password, "***") if password else text


def _from_url(rest: str) -> dict[str, str]:
    match = _URL.fullmatch(rest) or _UNESCAPED.fullmatch(rest)
    if not match:
        raise ValueError(FORM)
    found = {name: unquote(match[name] or "") for name in ("user", "password", "dbname")}
    found |= _hosts(match["hosts"])
    found |= dict(_query(match["query"] or "", named=bool(match["user"]) or "@" not in rest))
    return {name: value for name, value in found.items() if value}


def _hosts(text: str) -> dict[str, str]:
    hosts = [_HOST.fullmatch(host) for host in text.split(",")]
    ports = [host["port"] or "" for host in hosts if host]
    if None in hosts or any(port and not 0 < int(port) < 65_536 for port in ports):
        raise ValueError(f"{FORM}, the port from 1 to 65535")
    names = [unquote(host["address"] or host["name"]) for host in hosts if host]
    return {"host": ",".join(names), "port": ",".join(ports) if any(ports) else ""}


def _query(text: str, *, named: bool) -> Iterator[tuple[str, str]]:
    """Yield the parameters after the question mark. `named`: an error may name one, for it is no part of a password."""
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    for part in filter(None, text.split("&")):
        name, _, value = map(unquote, part.partition("="))
        if name == "ssl":
            name, value = "sslmode", _SSL.get(value.lower(), value)
        if name in _IGNORED:
            continue
        if name not in known:
            raise ValueError(
                f"has the parameter {name[:40]!r}, which Postgres does not know" if named else FORM
            )
        yield name, value
