"""DATABASE_URL: every usual form is understood, and no error repeats a part of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from chatproject import database_url, settings
from chatproject.dev import external_database

PLAIN = {"user": "u", "password": "p", "host": "h", "dbname": "d"}
SECRET = "canary5512"


@pytest.mark.parametrize(
    ("url", "parameters"),
    [
        *(
            (f"{scheme}://u:p@h/d", PLAIN)
            for scheme in ("postgresql", "postgres", "pgsql", "psql", "POSTGRES", "postgresql+psycopg")
        ),
        *((f"postgresql+{driver}://u:p@h/d", PLAIN) for driver in ("psycopg2", "asyncpg", "pg8000")),
        ("postgresql://u:p@h/d?", PLAIN),
        ("postgresql://u:p@h:5433/d", PLAIN | {"port": "5433"}),
        ("postgresql://u:p%40%2F%3A@h/d", PLAIN | {"password": "p@/:"}),
        *(
            (f"postgresql://u:{text}@h/d", PLAIN | {"password": text})
            for text in ("p@q", "p/q", "p?q", "p#q")
        ),
        *((f"postgresql://u:{text}@h/d", PLAIN | {"password": text}) for text in ("50%off", "p:q", "p+q")),
        ("postgresql://u:p@h/d?sslmode=require&x", None),
        ("postgresql://u:p@h/d?sslmode=require", PLAIN | {"sslmode": "require"}),
        ("postgresql://u:p@h/d?ssl=true", PLAIN | {"sslmode": "require"}),
        *(
            (f"postgresql://u:p@h/d?ssl={value}", PLAIN | {"sslmode": mode})
            for value, mode in (
                ("1", "require"),
                ("no-verify", "require"),
                ("false", "disable"),
                ("verify-full", "verify-full"),
            )
        ),
        # Supabase's pages show them for Prisma.
        (
            "postgresql://u:p@h/d?pgbouncer=true&connection_limit=1&sslmode=require",
            PLAIN | {"sslmode": "require"},
        ),
        ("postgresql://u:p@h/d?&sslmode=require", PLAIN | {"sslmode": "require"}),
        ("jdbc:postgresql://u:p@h/d", PLAIN),
        ("jdbc:postgresql://h/d?user=u&password=p", PLAIN),
        ("pg://u:p@h/d", PLAIN),
        ('"postgresql://u:p@h/d"', PLAIN),
        ("'host=h user=u password=p dbname=d'", PLAIN),
        ("host=h user=u dbname=d password='p q'", PLAIN | {"password": "p q"}),
        # Azure's users name the server.
        ("postgresql://u@server:p@h/d", PLAIN | {"user": "u@server"}),
        ("postgresql://u%40server:p@h/d", PLAIN | {"user": "u@server"}),
        ("postgresql://u@server:p@q@h/d", PLAIN | {"user": "u@server", "password": "p@q"}),
        ("postgresql://u:p@h/d?options=endpoint%3Dep-x", PLAIN | {"options": "endpoint=ep-x"}),
        ("postgresql://u:p@h/d?channel_binding=require", PLAIN | {"channel_binding": "require"}),
        ("postgresql://u:p@/d?host=/cloudsql/a:b:c", PLAIN | {"host": "/cloudsql/a:b:c"}),
        ("postgresql://u.ref:p@h:6543/d", PLAIN | {"user": "u.ref", "port": "6543"}),
        ("postgresql://u:p@h/d?application_name=a%20b", PLAIN | {"application_name": "a b"}),
        ("postgresql://h/d?application_name=a@b", {"host": "h", "dbname": "d", "application_name": "a@b"}),
        ("postgresql://u@/d?host=%2Frun%2Fpg", {"user": "u", "host": "/run/pg", "dbname": "d"}),
        ("postgresql:///d?host=/run/pg", {"host": "/run/pg", "dbname": "d"}),
        ("postgresql://%2Frun%2Fpg/d", {"host": "/run/pg", "dbname": "d"}),
        ("postgresql://[::1]:5433/d", {"host": "::1", "port": "5433", "dbname": "d"}),
        ("postgresql://a:1,b:2/d", {"host": "a,b", "port": "1,2", "dbname": "d"}),
        ("postgresql://", {}),
        ("host=h user=u password=p dbname=d", PLAIN),
    ],
)
def test_usual_forms_are_understood(url: str, parameters: dict[str, str] | None) -> None:
    if parameters is None:
        with pytest.raises(ValueError, match="parameter 'x'"):
            database_url.parse(url)
    else:
        assert database_url.parse(url) == parameters


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://u:{SECRET}@h/d",
        f"postgresql:u:{SECRET}@h/d",
        f"postgresql://u:{SECRET}@h:port/d",
        f"postgresql://u:{SECRET}@h:99999/d",
        f"postgresql://u:{SECRET}@[::1/d",
        f"postgresql://u:x?{SECRET}=1@h:port/d",
        f"postgresql://u:p@h/d?schema={SECRET}",
        f"host=h password='{SECRET}",
        f"host=h passwort={SECRET}",
        f"u:{SECRET}@h/d",
        f'"mysql://u:{SECRET}@h/d"',
        f"jdbc:mysql://h/d?user=u&password={SECRET}",
        f"postgresql://u@server:{SECRET}@h:port/d",
        SECRET,
    ],
)
def test_a_mistake_is_one_line_without_the_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        settings._database(url)
    message = str(caught.value)
    assert message.startswith("DATABASE_URL ")
    assert "\n" not in message
    assert SECRET not in message


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        (f"postgresql://u:{SECRET}@127.0.0.1:1/d", "Connection refused"),
        (f"postgresql://u:{SECRET}@localhost:1/d", "Connection refused"),
        (f"postgresql://u:{SECRET}@/d?host=/no/such/folder", "No such file"),
        (f"postgresql://u:{SECRET}@{SECRET}.invalid:1/d", "resolve host"),
        (f"postgresql://u:{SECRET}@127.0.0.1:1/d?sslmode=never", "sslmode"),
    ],
)
def test_an_unreachable_database_is_one_line_without_the_password(url: str, cause: str) -> None:
    with pytest.raises(SystemExit) as caught:
        external_database.check({"DATABASE_URL": url})
    message = str(caught.value)
    assert message.startswith("The database of DATABASE_URL cannot be used: ")
    assert cause in message
    assert "\n" not in message
    assert SECRET not in message


@pytest.mark.django_db
def test_a_reachable_database_passes_and_one_that_is_missing_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from django.db import connection

    params: dict[str, Any] = connection.get_connection_params()
    known = {
        name: str(params[name]) for name in ("host", "port", "user", "password", "dbname") if params.get(name)
    }
    text = " ".join(f"{name}='{value}'" for name, value in known.items())
    external_database.check({"DATABASE_URL": text})
    with pytest.raises(SystemExit, match='database "no_such" does not exist'):
        external_database.check({"DATABASE_URL": f"{text} dbname=no_such"})


def test_a_server_that_is_too_old_is_named_with_the_remedy() -> None:
    assert (
        database_url.age_error(130_012) == "it is Postgres 13.12, too old for Django; move it to 14 or newer"
    )
    assert database_url.age_error(140_000) == ""
