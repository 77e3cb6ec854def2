"""The log of pages that fail: the lines of code, and no content."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest

from chatproject.logs import JsonFormatter, RedactExceptionFilter


def test_a_page_that_fails_is_logged_by_type_and_line_alone(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("django.request")
    try:
        raise ValueError("the canary sings")
    except ValueError:
        logger.exception("Internal Server Error: %s", "/s/the-key", extra={"status_code": 500})
    assert "reason=ValueError" in caplog.text
    assert "test_logs.py" in caplog.text
    assert "canary" not in caplog.text.replace('raise ValueError("the canary sings")', "")
    assert "the-key" not in caplog.text


def test_an_error_without_an_exception_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("django.request").error("Service Unavailable: %s", "/s/the-key")
    assert "action=page_failed reason=ERROR" in caplog.text


def test_a_second_filter_keeps_what_the_first_one_left() -> None:
    error = ValueError("the canary sings")
    record = logging.LogRecord("django.request", logging.ERROR, "", 1, "x", (), (ValueError, error, None))
    for _ in range(2):
        RedactExceptionFilter().filter(record)
    assert record.getMessage().startswith("action=page_failed reason=ValueError")


FORGED = "\n2026-01-01 00:00:00,000 ERROR forged line"


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return the output of the handler that writes the server's log."""
    handler = next(handler for handler in logging.getLogger().handlers if handler.name == "console")
    assert isinstance(handler, logging.StreamHandler)
    output = io.StringIO()
    monkeypatch.setattr(handler, "stream", output)
    return output


@pytest.mark.parametrize("name", ["DisallowedModelAdminToField", "SuspiciousOperation", "csrf", "x.y"])
@pytest.mark.parametrize(
    "text", [FORGED, FORGED.replace("\n", "\r"), FORGED.replace("\n", "\r\n"), "\x1b[2J"]
)
@pytest.mark.parametrize("raised", [True, False])
def test_a_refused_request_is_one_line_of_the_log(
    console: io.StringIO, name: str, text: str, raised: bool
) -> None:
    error = ValueError(f"The field {text} cannot be referenced.")
    logging.getLogger(f"django.security.{name}").error(
        "The field %s cannot be referenced.", text, exc_info=error if raised else None
    )
    logged = console.getvalue()
    assert logged.count("\n") == 1
    assert logged.endswith("\n")
    assert not {"\r", "\x1b"} & set(logged)
    assert f"django.security.{name}" in logged


def test_the_kind_of_a_refused_request_and_the_reason_of_a_csrf_failure_are_logged(
    console: io.StringIO,
) -> None:
    logging.getLogger("django.security.SuspiciousOperation").error("secret", exc_info=ValueError("secret"))
    logging.getLogger("django.security.csrf").warning("Forbidden (%s): %s", "Origin checking failed", "/x/")
    refused, forbidden = console.getvalue().splitlines()
    assert refused.endswith("action=request_refused reason=ValueError")
    assert "secret" not in refused
    assert forbidden.endswith("Forbidden (Origin checking failed): /x/")


def test_the_package_of_mcp_quotes_no_message_of_a_server(console: io.StringIO) -> None:
    logging.getLogger("mcp.client.stdio").error("Failed to parse: the canary sings")
    assert console.getvalue() == ""


@pytest.mark.parametrize("name", ["asyncio", "daphne.server"])
def test_line_breaks_in_messages_of_libraries_are_escaped(console: io.StringIO, name: str) -> None:
    logging.getLogger(name).warning("from outside: %s", FORGED)
    assert console.getvalue().count("\n") == 1
    assert "\\n2026-01-01" in console.getvalue()


def test_the_traceback_of_a_failed_page_keeps_its_lines(console: io.StringIO) -> None:
    try:
        raise ValueError("the canary sings")
    except ValueError:
        logging.getLogger("django.request").exception("Internal Server Error")
    assert "test_logs.py" in console.getvalue()
    assert console.getvalue().count("\n") > 1


def as_json(name: str, text: str, *values: object, error: Exception | None = None) -> dict[str, Any]:
    """Return the object that the JSON formatter makes of a record."""
    raised = (type(error), error, None) if error else None
    record = logging.LogRecord(name, logging.WARNING, "", 1, text, values, raised)
    written = JsonFormatter().format(record)
    assert "\n" not in written
    found: dict[str, Any] = json.loads(written)
    assert found.pop("time").endswith("+00:00")
    return found


def test_the_pairs_of_a_line_are_fields_of_a_json_object() -> None:
    line = "action=response_ended response=%d model=%s code=%s whole_s=%s version=1.2.3"
    assert as_json("chat.responses.lifecycle", line, 7, "c1", "-", "1.250") == {
        "level": "WARNING",
        "logger": "chat.responses.lifecycle",
        "action": "response_ended",
        "response": 7,
        "model": "c1",
        "code": None,
        "whole_s": 1.25,
        "version": "1.2.3",
    }


def test_a_traceback_is_a_field_and_a_message_of_a_library_is_text() -> None:
    found = as_json("chat.db", "action=flush_failed reason=%s\n%s", "ValueError", "line 1\nline 2")
    assert (found["reason"], found["traceback"]) == ("ValueError", "line 1\nline 2")
    assert as_json("asyncio", "action=forged %s", "x=1\n2")["message"] == "action=forged x=1\\n2"


def test_a_refused_request_quotes_nothing_as_json_either() -> None:
    found = as_json("django.security.X", "secret", error=ValueError("secret"))
    assert found["action"] == "request_refused"
    assert "secret" not in json.dumps(found)
