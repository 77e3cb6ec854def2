"""The tables: accounts, threads and messages, responses and their text logs, usage, and the audit log.

Every rule that the database can enforce is a constraint. Clients choose public ids, which are unique for each owner; primary
keys never leave the server.
"""

from chat.models.accounts import ApiToken, LoginAttempt, User
from chat.models.attachments import CONTENT_TYPES, Attachment, AttachmentUse
from chat.models.audit import AuditAction, AuditLogEntry
from chat.models.holds import Hold
from chat.models.querysets import ID_LENGTH, OwnedQuerySet, raw_delete
from chat.models.responses import (
    ACTIVE,
    ERROR_STATUSES,
    RESPONSE_FIELDS,
    Chunk,
    Response,
    Status,
    ThoughtChunk,
    ToolState,
    ToolUse,
)
from chat.models.revisions import HeldText, PromptBlob, Revision
from chat.models.sharing import Share
from chat.models.statistics import QuotaHit, RollupState, TimeToFirstToken, UsageHour, UserDay
from chat.models.stored_bytes import StoredBytes
from chat.models.thoughts import ThoughtTerms
from chat.models.threads import Message, MessageQuerySet, Role, Thread
from chat.models.usage import CallOutcome, Price, QuotaReservation, TokenSource, UpstreamCall

__all__ = [
    "ACTIVE",
    "CONTENT_TYPES",
    "ERROR_STATUSES",
    "ID_LENGTH",
    "RESPONSE_FIELDS",
    "ApiToken",
    "Attachment",
    "AttachmentUse",
    "AuditAction",
    "AuditLogEntry",
    "CallOutcome",
    "Chunk",
    "HeldText",
    "Hold",
    "LoginAttempt",
    "Message",
    "MessageQuerySet",
    "OwnedQuerySet",
    "Price",
    "PromptBlob",
    "QuotaHit",
    "QuotaReservation",
    "Response",
    "Revision",
    "Role",
    "RollupState",
    "Share",
    "Status",
    "StoredBytes",
    "ThoughtChunk",
    "ThoughtTerms",
    "Thread",
    "TimeToFirstToken",
    "TokenSource",
    "ToolState",
    "ToolUse",
    "UpstreamCall",
    "UsageHour",
    "User",
    "UserDay",
    "raw_delete",
]
