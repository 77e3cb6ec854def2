"""Redaction of the server's log: an error message may quote a conversation, and an address may be a key."""

from __future__ import annotations

import logging
import re

from chat.exceptions import format_traceback_without_message


class RedactExceptionFilter(logging.Filter):
    """Reduces the record of a failed page to the type of the error and the lines of code it came through.

    A second one changes nothing: Django adds the filters again where it is set up twice.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "reduced", False):
            return True
        record.reduced = True
        problem = record.exc_info[1] if record.exc_info else None
        reason, place = (
            (type(problem).__name__, format_traceback_without_message(problem))
            if problem
            else (record.levelname, "")
        )
        record.msg, record.args = "action=page_failed reason=%s\n%s", (reason, place)
        record.exc_info = record.exc_text = record.stack_info = None
        return True


# Their records are written here, each with its line breaks where they are meant.
OWN_LOGGERS = ("chat", "chatproject", "django.request")
# C0 and C1 controls and the line and paragraph separators: line breaks, and commands of a terminal.
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class EscapingFormatter(logging.Formatter):
    """Formats messages of libraries on one line: they quote requests, and a line break would forge an entry.

    Django logs a refused request with a traceback, which quotes the request as well; only the type of its error is kept.
    """

    def format(self, record: logging.LogRecord) -> str:
        if any(record.name == own or record.name.startswith(f"{own}.") for own in OWN_LOGGERS):
            return super().format(record)
        escaped = logging.makeLogRecord(record.__dict__)
        if record.name.startswith("django.security.") and record.exc_info and record.exc_info[1]:
            escaped.msg = f"action=request_refused reason={type(record.exc_info[1]).__name__}"
            escaped.exc_info = escaped.exc_text = None
        else:
            escaped.msg = CONTROLS.sub(_escape, record.getMessage())
        escaped.args = None
        return super().format(escaped)


def _escape(control: re.Match[str]) -> str:
    return control[0].encode("unicode_escape").decode()
