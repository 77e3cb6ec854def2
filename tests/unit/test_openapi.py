"""The OpenAPI document against the routes: each method of each route has one complete operation, and nothing else has."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import jsonschema_rs
import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls.resolvers import RoutePattern

from chat import urls
from chat.api.base import is_endpoint
from chat.api.openapi import path_of
from chat.exceptions import BY_CODE

DOCUMENT: dict[str, Any] = urls.openapi_document()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def allowed(pattern: Any) -> list[str]:
    """Return the methods that an endpoint names when it is asked with an unknown one."""
    request: HttpRequest = RequestFactory(headers={"host": "localhost"}).generic("BREW", "/")
    answer = asyncio.run(pattern.callback(request))
    return [method for method in answer["Allow"].split(", ") if method != "HEAD"]


def test_each_method_of_each_route_has_an_operation_and_nothing_else_has() -> None:
    patterns = [one for one in urls.urlpatterns if isinstance(one.pattern, RoutePattern)]
    endpoints = [one for one in patterns if is_endpoint(one.callback)]
    routes = {f"{method} {path_of(one)}" for one in endpoints for method in allowed(one)}
    assert set(OPERATIONS) == routes


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_has_a_summary_and_a_successful_answer(operation: dict[str, Any]) -> None:
    assert operation["summary"], "write a docstring"
    assert any(status < "400" for status in operation["responses"]), "name its answers with @describe"


def test_operations_have_names_of_their_own() -> None:
    assert len({one["operationId"] for one in OPERATIONS.values()}) == len(OPERATIONS)


def test_every_error_that_the_table_has_stands_in_the_answers() -> None:
    answers = DOCUMENT["components"]["responses"]
    said = {code for name, one in answers.items() if name.startswith("Problem") for code in codes(one)}
    of_v1 = {"model_not_found", "previous_response_not_found"}
    assert said | {"method_not_allowed"} == set(BY_CODE)
    assert all(one["description"] for one in answers.values())
    assert of_v1 <= said


def codes(answer: dict[str, Any]) -> list[str]:
    schema = answer["content"]["application/problem+json"]["schema"]
    return list(schema["allOf"][1]["properties"]["code"]["enum"])


def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    for name, schema in DOCUMENT["components"]["schemas"].items():
        jsonschema_rs.meta.validate(schema)
        assert schema.get("description") or "_" not in name
    references = {part.split('"')[0] for part in text.split('"$ref": "#')[1:]}
    for reference in references:
        found: Any = DOCUMENT
        for key in reference.strip("/").split("/"):
            found = found[key]


@pytest.mark.parametrize(
    ("name", "security"),
    [
        ("GET /api/threads", [{"bearer": ["read"]}, {"session": []}]),
        ("POST /api/threads", [{"bearer": ["send"]}, {"session": [], "csrf": []}]),
        ("DELETE /api/threads/{threadId}", [{"bearer": ["manage"]}, {"session": [], "csrf": []}]),
        ("POST /api/chat", [{"bearer": ["send"]}, {"session": []}, {}]),
        ("GET /healthz", []),
    ],
)
def test_an_operation_tells_who_may_call_it(name: str, security: list[Any]) -> None:
    assert OPERATIONS[name]["security"] == security
