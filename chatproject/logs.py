"""Redaction of the server's log: an error message may quote a conversation, and an address may be a key."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

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
        if _is_own(record):
            return super().format(record)
        escaped = logging.makeLogRecord(record.__dict__)
        if record.name.startswith("django.security.") and record.exc_info and record.exc_info[1]:
            escaped.msg = f"action=request_refused reason={type(record.exc_info[1]).__name__}"
            escaped.exc_info = escaped.exc_text = None
        else:
            escaped.msg = CONTROLS.sub(_escape, record.getMessage())
        escaped.args = None
        return super().format(escaped)


def _is_own(record: logging.LogRecord, names: tuple[str, ...] = OWN_LOGGERS) -> bool:
    return any(record.name == own or record.name.startswith(f"{own}.") for own in names)


def _escape(control: re.Match[str]) -> str:
    return control[0].encode("unicode_escape").decode()


class JsonFormatter(EscapingFormatter):
    """Formats each record as one JSON object: the `key=value` pairs of our own lines as fields, other messages as text."""

    def format(self, record: logging.LogRecord) -> str:
        first, _, trace = super().format(record).partition("\n")
        written = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields: dict[str, Any] = {"time": written, "level": record.levelname, "logger": record.name}
        ours = first.startswith("action=") and _is_own(record, (*OWN_LOGGERS, "django.security"))
        pairs = PAIR.findall(first) if ours else []
        fields |= {name: _value(text) for name, text in pairs} or {"message": first}
        if trace:
            fields["traceback"] = trace
        return json.dumps(fields, ensure_ascii=False)


# One pair of a line of ours, whose values hold no blank.
PAIR = re.compile(r"(\w+)=(\S*)")
NUMBER = re.compile(r"-?\d{1,18}(?:\.\d+)?")


def _value(text: str) -> str | int | float | None:
    """Return a number as one, and None for `-`."""
    if NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return None if text == "-" else text
