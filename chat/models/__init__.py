"""The tables: who owns what, what was said and shown, which answer was given, its text log, what it took, and who looked at it.

Every rule that can stand in the database stands here as a constraint. Public ids are chosen by clients and are names inside
their owner; primary keys never leave the server.
"""

from chat.models.access import AuditLogEntry, AuditAction
from chat.models.accounts import ApiToken, LoginAttempt, User
from chat.models.attachments import CONTENT_TYPES, Attachment, AttachmentUse
from chat.models.holds import Hold
from chat.models.recorded import Revision, PromptBlob
from chat.models.responses import ACTIVE, ERROR_STATUSES, Chunk, Response, Status
from chat.models.rows import ID_LENGTH, OwnedQuerySet, raw_delete
from chat.models.sharing import Share
from chat.models.statistics import RollupState, TimeToFirstToken, QuotaHit, UsageHour, UserDay
from chat.models.threads import Message, MessageQuerySet, Role, Thread
from chat.models.usage import CallOutcome, TokenSource, Price, QuotaReservation, UpstreamCall

__all__ = [
    "ACTIVE",
    "CONTENT_TYPES",
    "ERROR_STATUSES",
    "ID_LENGTH",
    "AuditLogEntry",
    "AuditAction",
    "RollupState",
    "ApiToken",
    "Attachment",
    "AttachmentUse",
    "LoginAttempt",
    "CallOutcome",
    "Chunk",
    "TokenSource",
    "TimeToFirstToken",
    "Hold",
    "Message",
    "MessageQuerySet",
    "OwnedQuerySet",
    "Price",
    "QuotaHit",
    "Response",
    "Revision",
    "Role",
    "Share",
    "QuotaReservation",
    "Status",
    "Thread",
    "PromptBlob",
    "UpstreamCall",
    "UsageHour",
    "User",
    "UserDay",
    "raw_delete",
]
