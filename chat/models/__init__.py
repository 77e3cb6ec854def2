"""The tables: who owns what, what was said and shown, which answer was given, its text log, what it took, and who looked at it.

Every rule that can stand in the database stands here as a constraint. Public ids are chosen by clients and are names inside
their owner; primary keys never leave the server.
"""

from chat.models.access import AccessRecord, Action
from chat.models.accounts import ApiToken, Attempt, User
from chat.models.attachments import CONTENT_TYPES, Attachment, AttachmentUse
from chat.models.holds import Hold
from chat.models.recorded import Revision, Told
from chat.models.responses import ACTIVE, FAULTY, Chunk, Response, Status
from chat.models.rows import ID_LENGTH, OwnedQuerySet, raw_delete
from chat.models.sharing import Share
from chat.models.statistics import AddedUp, FirstTokens, QuotaHit, UsageHour, UserDay
from chat.models.threads import Message, MessageQuerySet, Role, Thread
from chat.models.usage import CallEnd, Counted, Price, Spending, UpstreamCall

__all__ = [
    "ACTIVE",
    "CONTENT_TYPES",
    "FAULTY",
    "ID_LENGTH",
    "AccessRecord",
    "Action",
    "AddedUp",
    "ApiToken",
    "Attachment",
    "AttachmentUse",
    "Attempt",
    "CallEnd",
    "Chunk",
    "Counted",
    "FirstTokens",
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
    "Spending",
    "Status",
    "Thread",
    "Told",
    "UpstreamCall",
    "UsageHour",
    "User",
    "UserDay",
    "raw_delete",
]
