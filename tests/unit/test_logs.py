"""The log of pages that fail: the lines of code, and no content."""

from __future__ import annotations

import io
import logging

import pytest

from chatproject.logs import RedactExceptionFilter


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


@pytest.mark.parametrize("name", ["mcp.client", "asyncio", "daphne.server"])
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
