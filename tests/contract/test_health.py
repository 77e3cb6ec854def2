"""Contract section 6: `/healthz` and `/readyz`; and the headers of every answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.client import Client


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_is_answered_in_json_without_a_session(make_client: Any, server: Any, path: str) -> None:
    visitor: Client = make_client(server, token=False)
    answered = visitor.get(path)
    assert (answered.status_code, answered.headers["content-type"].split(";")[0]) == (200, "application/json")
    assert "set-cookie" not in answered.headers
    assert answered.json() is not None


@pytest.mark.parametrize("host", ["10.1.2.3:8000", "[fd00::7]:8000", "chat.internal", "a_b", ""])
def test_a_probe_is_answered_whatever_host_it_names(make_client: Any, server: Any, host: str) -> None:
    visitor: Client = make_client(server, token=False)
    for path in ("/healthz", "/readyz"):
        assert visitor.http.get(path, headers={"Host": host}).status_code == 200
    assert visitor.http.get("/api/threads", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("path", ["/", "/api/session", "/api/threads", "/api/nothing", "/nothing", "/login/"])
def test_every_answer_has_the_security_headers(alice: Client, path: str) -> None:
    headers = alice.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "referrer-policy" in headers
    assert "traceback" not in alice.get(path).text.lower()


def test_a_page_has_a_strict_content_security_policy(alice: Client) -> None:
    policy = alice.get("/login/").headers["content-security-policy"]
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    assert "'unsafe-eval'" not in policy
    assert "frame-ancestors 'none'" in policy
