"""Forms with files: parsed beside the event loop and in memory alone; heads that cannot be read are refused."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser
from django.test import RequestFactory

from chat.api import attachments, base
from chat.api.dialects import openai_files
from chat.exceptions import BadRequest, CsrfFailed

# Beyond the size from which Django stores a file of a form on disk.
LARGE = b"x" * 3_000_000


def form(data: bytes = LARGE) -> HttpRequest:
    return RequestFactory().post("/v1/files", {"file": SimpleUploadedFile("a.txt", data)})


@pytest.fixture
def uploads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The uploads of the view, none of which is stored."""
    found = list[tuple[Any, ...]]()

    async def identify(request: HttpRequest) -> None:
        return None

    async def upload(*given: Any) -> str:
        found.append(given)
        return "row"

    monkeypatch.setattr(openai_files, "authenticate", identify)
    monkeypatch.setattr("chat.service.upload", upload)
    monkeypatch.setattr(openai_files, "_object", lambda row: row)
    return found


def test_a_form_is_parsed_beside_the_event_loop_and_leaves_no_file(
    uploads: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, parse = list[threading.Thread](), MultiPartParser.parse

    def noted(parser: MultiPartParser) -> Any:
        threads.append(threading.current_thread())
        return parse(parser)

    def refused(*_: Any) -> None:
        raise AssertionError("a file on disk")

    monkeypatch.setattr(MultiPartParser, "parse", noted)
    monkeypatch.setattr(TemporaryUploadedFile, "__init__", refused)
    asyncio.run(openai_files.create(form()))
    assert [given[1:] for given in uploads] == [(LARGE, "a.txt", "text/plain")]
    assert threading.main_thread() not in threads


def test_a_check_for_forgery_parses_no_form(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr(MultiPartParser, "parse", refused)
    with pytest.raises(CsrfFailed):
        base._check_csrf(form())


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=", "multipart/form-data"])
def test_a_form_that_cannot_be_read_is_refused(kind: str, uploads: list[tuple[Any, ...]]) -> None:
    request = RequestFactory().generic("POST", "/v1/files", b"x", content_type=kind)
    with pytest.raises(BadRequest):
        asyncio.run(openai_files.create(request))


@pytest.mark.parametrize(
    "value", ["attachment; filename*=x-none''a", "attachment; filename*=utf-8''\udcff\xfc"]
)
def test_a_bad_content_disposition_is_refused(value: str) -> None:
    request = RequestFactory().post("/api/attachments", headers={"Content-Disposition": value})
    with pytest.raises(BadRequest):
        attachments._name(request)
