"""The tables: accounts, threads and messages, responses and their text logs, usage, and the audit log.

Every rule that the database can enforce is a constraint. Clients choose public ids, which are unique for each owner; primary
keys never leave the server.
"""

from chat.models.accounts import ALL_SCOPES, ApiToken, LoginAttempt, TokenScope, User
from chat.models.artifacts import Artifact, ArtifactLabel
from chat.models.attachments import (
    FILE_TYPES,
    PICTURE_TYPES,
    Attachment,
    AttachmentUse,
    FilePassage,
    ReadingState,
)
from chat.models.audit import AuditAction, AuditLogEntry
from chat.models.connections import ServerConnection
from chat.models.holds import Hold
from chat.models.notices import Notice, NoticeChannel, NoticeState
from chat.models.querysets import ID_LENGTH, OwnedQuerySet, raw_delete
from chat.models.requests import PersonRequest, RequestKind, RequestOutcome
from chat.models.responses import (
    ACTIVE,
    ERROR_STATUSES,
    RESPONSE_FIELDS,
    STARTED,
    Chunk,
    Response,
    Status,
    ThoughtChunk,
    ToolState,
    ToolUse,
)
from chat.models.revisions import HeldText, PromptBlob, Revision
from chat.models.rules import BUDGETS, UsageRule
from chat.models.sharing import Share
from chat.models.sign_ins import SignInRecord
from chat.models.statistics import QuotaHit, RollupState, TimeToFirstToken, UsageHour, UserDay
from chat.models.stored_bytes import StoredBytes
from chat.models.thoughts import ThoughtTerms
from chat.models.threads import Message, MessageQuerySet, Role, Thread
from chat.models.usage import CallOutcome, Price, QuotaReservation, TokenSource, UpstreamCall
from chat.models.vectors import FileVector

__all__ = [
    "ACTIVE",
    "ALL_SCOPES",
    "BUDGETS",
    "ERROR_STATUSES",
    "FILE_TYPES",
    "ID_LENGTH",
    "PICTURE_TYPES",
    "RESPONSE_FIELDS",
    "STARTED",
    "ApiToken",
    "Artifact",
    "ArtifactLabel",
    "Attachment",
    "AttachmentUse",
    "AuditAction",
    "AuditLogEntry",
    "CallOutcome",
    "Chunk",
    "FilePassage",
    "FileVector",
    "HeldText",
    "Hold",
    "LoginAttempt",
    "Message",
    "MessageQuerySet",
    "Notice",
    "NoticeChannel",
    "NoticeState",
    "OwnedQuerySet",
    "PersonRequest",
    "Price",
    "PromptBlob",
    "QuotaHit",
    "QuotaReservation",
    "ReadingState",
    "RequestKind",
    "RequestOutcome",
    "Response",
    "Revision",
    "Role",
    "RollupState",
    "ServerConnection",
    "Share",
    "SignInRecord",
    "Status",
    "StoredBytes",
    "ThoughtChunk",
    "ThoughtTerms",
    "Thread",
    "TimeToFirstToken",
    "TokenScope",
    "TokenSource",
    "ToolState",
    "ToolUse",
    "UpstreamCall",
    "UsageHour",
    "UsageRule",
    "User",
    "UserDay",
    "raw_delete",
]
