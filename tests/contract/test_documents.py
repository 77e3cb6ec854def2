"""The documents that describe the API: for anyone, cacheable, and the same from every process."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.client import Client

PATHS = ("/api/openapi.json", "/api/asyncapi.json")


@pytest.mark.parametrize("path", PATHS)
def test_a_document_is_for_anyone_and_kept_by_its_tag(make_client: Any, server: Any, path: str) -> None:
    visitor: Client = make_client(server, token=False)
    answered = visitor.get(path)
    assert answered.status_code == 200
    assert "set-cookie" not in answered.headers
    assert "public" in answered.headers["cache-control"]
    tag = answered.headers["etag"]
    again = visitor.http.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert visitor.http.get(path, headers={"If-None-Match": '"another"'}).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_two_processes_give_the_same_document(alice: Client, second: Any, path: str) -> None:
    assert alice.get(path).headers["etag"] == alice.at(second).get(path).headers["etag"]


def test_without_a_build_the_page_of_the_api_lists_its_routes(alice: Client) -> None:
    answered = alice.get("/api/docs")
    assert answered.headers["content-type"].startswith("text/html")
    for path, methods in alice.get("/api/openapi.json").json()["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in answered.text
