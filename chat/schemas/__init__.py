"""Validation of request bodies: untrusted JSON to frozen dataclasses, or `bad_request` or `too_large`.

validation    objects, ids, offsets and texts
options       parameters and instructions of one answer
prompts       prompts and regenerated answers
threads       changes of threads and of their messages
queries       parameters of queries
frames        frames of the WebSocket
ag_ui         runs of AG-UI's clients, and CopilotKit's single route
openui        threads of OpenUI's storage
imports       files of exported chats
pictures      pictures by their bytes: format, end, and metadata
"""

from chat.schemas.prompts import (
    Content,
    RegenerateRequest,
    SendRequest,
    Turn,
    parse_regenerate,
    parse_send,
    parse_text_send,
)
from chat.schemas.threads import (
    Feedback,
    NewShare,
    NewThread,
    ThreadChange,
    parse_feedback,
    parse_instructions,
    parse_new_thread,
    parse_replacement,
    parse_share,
    parse_stop_offset,
    parse_thread_change,
    parse_token,
)
from chat.schemas.validation import (
    checked_id,
    cursor_text,
    is_id,
    offset_of,
    offset_text,
    optional_id,
    parse_object,
    parse_struct,
)

__all__ = [
    "Content",
    "Feedback",
    "NewShare",
    "NewThread",
    "RegenerateRequest",
    "SendRequest",
    "ThreadChange",
    "Turn",
    "checked_id",
    "cursor_text",
    "is_id",
    "offset_of",
    "offset_text",
    "optional_id",
    "parse_feedback",
    "parse_instructions",
    "parse_new_thread",
    "parse_object",
    "parse_regenerate",
    "parse_replacement",
    "parse_send",
    "parse_share",
    "parse_stop_offset",
    "parse_struct",
    "parse_text_send",
    "parse_thread_change",
    "parse_token",
]
