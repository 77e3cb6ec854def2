"""`manage.py doctor`: each fault of a proxy between it and a running server is found, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import override_settings

from chatproject.doctor import public
from tests.fixtures.faulty_proxy import FaultyProxy
from tests.live.client import Client
from tests.live.harness import SECRET_KEY, LiveServer

# Seconds of silence that a stream must survive, and after which the faulty proxy cuts it: well above PIECE_SECONDS.
SILENCE, IDLE = 2.0, 1.0


@pytest.fixture(autouse=True)
def _signing() -> Iterator[None]:
    """Sign keys as the servers under test do."""
    with override_settings(SECRET_KEY=SECRET_KEY):
        yield


# Properties of a proxy, and the subjects of the faults that follow.
PROXIES: list[tuple[dict[str, Any], set[str]]] = [
    ({}, set()),
    ({"buffers": True}, {"streaming"}),
    ({"idle": IDLE}, {"silence"}),
    ({"upgrades": False}, {"WebSocket"}),
    ({"host": "127.0.0.1:1"}, {"Host"}),
]


def faults(server: LiveServer, **proxy: Any) -> set[str]:
    """Return the subjects of the faults that are found through a proxy."""
    with FaultyProxy(urlsplit(server.url).port or 0, **proxy) as between:
        return {finding.subject for finding in public.check(between.url, SILENCE) if finding.remedy}


def test_each_fault_of_a_proxy_is_found_and_no_other(server: LiveServer) -> None:
    # At once, for each is measured over two seconds.
    with ThreadPoolExecutor(len(PROXIES)) as pool:
        found = [pool.submit(faults, server, **proxy) for proxy, _ in PROXIES]
        assert [one.result() for one in found] == [expected for _, expected in PROXIES]


def test_an_address_without_this_server_is_found() -> None:
    (finding,) = public.check("http://127.0.0.1:9/", SILENCE)
    assert (finding.subject, bool(finding.remedy)) == ("public address", True)


def test_another_server_than_this_one_is_found(server: LiveServer) -> None:
    with override_settings(SECRET_KEY="another"):
        (finding,) = public.check(f"{server.url}/", SILENCE)
    assert "404" in finding.text


def test_who_has_no_key_learns_of_no_probe(server: LiveServer, make_client: Any) -> None:
    visitor: Client = make_client(server, token=False)
    for path in ("/api/probe", "/api/probe/stream", "/api/probe?key=probe:1x:y"):
        assert visitor.get(path).status_code == 404
    assert "403" in public.upgrade(f"{server.url}/", "none").text
