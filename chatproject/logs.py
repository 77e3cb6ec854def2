"""Redaction of the server's log: an error message may quote a conversation, and an address may be a key."""

from __future__ import annotations

import logging

from chat.exceptions import format_traceback_without_message


class RedactExceptionFilter(logging.Filter):
    """Reduces the record of a failed page to the type of the error and the lines of code it came through."""

    def filter(self, record: logging.LogRecord) -> bool:
        problem = record.exc_info[1] if record.exc_info else None
        reason, place = (
            (type(problem).__name__, format_traceback_without_message(problem))
            if problem
            else (record.levelname, "")
        )
        record.msg, record.args = "action=page_failed reason=%s\n%s", (reason, place)
        record.exc_info = record.exc_text = record.stack_info = None
        return True
