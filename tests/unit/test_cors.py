"""A browser page of an allowed origin may call the clients' routes by its token, and no other page may."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory, override_settings

from chat.api.cors import EXPOSED, cross_origin
from chat.exceptions import NotFound

PAGE, OTHER = "https://app.example", "https://evil.example"
BEARER = {"authorization": "Bearer t", "host": "localhost"}


@pytest.fixture(autouse=True)
def _allowed() -> Iterator[None]:
    with override_settings(CHAT_ALLOWED_ORIGINS=[PAGE]):
        yield


async def greet(request: HttpRequest, **ids: str) -> HttpResponseBase:
    return HttpResponse("hi")


async def fail(request: HttpRequest, **ids: str) -> HttpResponseBase:
    raise NotFound


def asked(method: str, **headers: str) -> HttpResponseBase:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = RequestFactory(headers={"host": "localhost", **named}).generic(method, "/")
    response: HttpResponseBase = asyncio.run(cross_origin(get=greet, post=fail)(request))
    return response


def preflight(origin: str) -> HttpResponseBase:
    wanted = {"access_control_request_method": "POST", "access_control_request_headers": "authorization,x-a"}
    return asked("OPTIONS", origin=origin, **wanted)


def test_a_preflight_of_an_allowed_page_gets_the_headers_that_it_asks_for() -> None:
    answer = preflight(PAGE)
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (204, PAGE)
    assert answer["Access-Control-Allow-Headers"] == "authorization,x-a"
    assert answer["Access-Control-Allow-Methods"] == "GET, POST"
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.parametrize("origin", [OTHER, "null", "", "https://app.example.evil.example"])
def test_a_preflight_of_another_page_allows_nothing(origin: str) -> None:
    assert not [name for name in preflight(origin).headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 404), ("PUT", 405)])
def test_an_allowed_page_reads_answers_and_errors_by_its_token(method: str, status: int) -> None:
    answer = asked(method, origin=PAGE, **BEARER)
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (status, PAGE)
    assert answer["Access-Control-Expose-Headers"] == EXPOSED
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": PAGE},
        {"origin": PAGE, "authorization": "Basic dTpw"},
        {"origin": OTHER, **BEARER},
        {"origin": "null", **BEARER},
        BEARER,
    ],
)
def test_without_a_token_or_from_another_page_an_answer_cannot_be_read(headers: dict[str, str]) -> None:
    answer = asked("GET", **headers)
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
    assert answer["Vary"] == "Origin"


def test_an_options_request_that_is_no_preflight_is_refused() -> None:
    assert asked("OPTIONS", origin=PAGE).status_code == 405
