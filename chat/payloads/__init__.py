"""Untrusted JSON to frozen dataclasses, or a clear `bad_request` or `too_large`.

untrusted   objects, ids, offsets and texts
prompts     what is to be answered
threads     what becomes of threads and their messages
"""

from chat.payloads.prompts import Again, Content, Send, Turn, again, send
from chat.payloads.threads import (
    Feedback,
    NewThread,
    ThreadChange,
    feedback,
    new_thread,
    replacement,
    share_end,
    stop_offset,
    thread_change,
)
from chat.payloads.untrusted import checked_id, is_id, offset_of, offset_text, parse_object

__all__ = [
    "Again",
    "Content",
    "Feedback",
    "NewThread",
    "Send",
    "ThreadChange",
    "Turn",
    "again",
    "checked_id",
    "feedback",
    "is_id",
    "new_thread",
    "offset_of",
    "offset_text",
    "parse_object",
    "replacement",
    "send",
    "share_end",
    "stop_offset",
    "thread_change",
]
