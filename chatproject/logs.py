"""What the server's log may not tell: an error's message can quote what somebody said, and an address can be a key."""

from __future__ import annotations

import logging

from chat.exceptions import format_traceback_without_message


class RedactExceptionFilter(logging.Filter):
    """Leaves of a page that failed the kind of the error and the lines of code it came through."""

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
