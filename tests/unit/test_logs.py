"""The log of pages that fail: the lines of code, and no content."""

from __future__ import annotations

import logging

import pytest


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
