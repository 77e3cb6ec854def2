"""Untrusted JSON to frozen dataclasses, or a clear `bad_request` or `too_large`.

untrusted   objects, ids, offsets and texts
prompts     what is to be answered
threads     what becomes of threads and their messages
"""

from chat.payloads.prompts import RegenerateRequest, Content, SendRequest, Turn, parse_regenerate, parse_send
from chat.payloads.threads import (
    Feedback,
    NewThread,
    ThreadChange,
    parse_feedback,
    parse_new_thread,
    parse_replacement,
    parse_share_end,
    parse_stop_offset,
    parse_thread_change,
)
from chat.payloads.untrusted import checked_id, is_id, offset_of, offset_text, parse_object

__all__ = [
    "RegenerateRequest",
    "Content",
    "Feedback",
    "NewThread",
    "SendRequest",
    "ThreadChange",
    "Turn",
    "parse_regenerate",
    "checked_id",
    "parse_feedback",
    "is_id",
    "parse_new_thread",
    "offset_of",
    "offset_text",
    "parse_object",
    "parse_replacement",
    "parse_send",
    "parse_share_end",
    "parse_stop_offset",
    "parse_thread_change",
]
