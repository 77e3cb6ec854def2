"""The address at which a process listens: Django's, but for what CHAT_NOTIFIER names."""

from __future__ import annotations

import pytest
from django.db import connection

from chat.db.notifications.postgres import PostgresListener


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("", "pooler", "6432"),
        ("postgresql://10.0.0.5/", "10.0.0.5", "5432"),
        ("postgresql:///?host=/run/postgresql", "/run/postgresql", "5432"),
        ("postgresql://10.0.0.5:5433/", "10.0.0.5", "5433"),
        ("postgresql://:5433/", "pooler", "5433"),
    ],
)
def test_the_poolers_port_is_not_that_of_another_host(
    url: str, host: str, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", "pooler")
    monkeypatch.setitem(connection.settings_dict, "PORT", "6432")
    found = PostgresListener(url).parameters()
    assert (found["host"], found["port"]) == (host, port)
