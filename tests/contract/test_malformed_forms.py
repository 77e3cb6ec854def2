"""Forms in the body of requests of a browser, whose CSRF token may stand in them: none ends in an error of the server."""

from __future__ import annotations

from typing import Any

import pytest

MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}
FORMS = [
    b"x",
    b"{}",
    b"--x\r\n",
    b"a" * 5_000,
    b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--",
]
ROUTES_WITH_BODY = [
    ("POST", "/api/chat"),
    ("POST", "/api/threads"),
    ("POST", "/api/attachments"),
    ("POST", "/api/responses/r/stop"),
    ("POST", "/api/responses/r/regenerate"),
    ("POST", "/api/threads/t/shares"),
    ("PUT", "/api/threads/t/messages/m"),
    ("POST", "/nothing"),
    ("POST", "/login/"),
    ("POST", "/admin/"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES_WITH_BODY)
@pytest.mark.parametrize("body", FORMS, ids=range(len(FORMS)))
def test_a_malformed_form_of_a_browser_breaks_no_route(
    make_client: Any, server: Any, method: str, path: str, body: bytes
) -> None:
    visitor = make_client(server, token=False)
    token = visitor.get("/api/session").json()["csrfToken"]
    by_script = {**MULTIPART, "X-CSRFToken": token}
    for headers in (MULTIPART, by_script, {**by_script, "Host": "a:b:c"}):
        answer = visitor.http.request(method, path, content=body, headers=headers)
        assert answer.status_code < 500
