"""Types of the JSON objects that routes answer with: for mypy, and for the OpenAPI document.

Annotations are evaluated where they stand, without `annotations` from `__future__`: as strings, those of an inherited field
would be looked up in the module of the heir since Python 3.14.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta

from chat.exceptions import BY_CODE
from chat.files.extract.bounds import Code
from chat.models import RequestKind, RequestOutcome, Role, Status, ToolState

StatusName = Annotated[str, Meta(extra_json_schema={"enum": [str(value) for value in Status.values]})]
RoleName = Annotated[str, Meta(extra_json_schema={"enum": [str(Role.USER), str(Role.ASSISTANT)]})]
ToolStateName = Annotated[str, Meta(extra_json_schema={"enum": [str(value) for value in ToolState.values]})]
RequestKindName = Annotated[
    str, Meta(extra_json_schema={"enum": [str(value) for value in RequestKind.values]})
]
RequestOutcomeName = Annotated[
    str, Meta(extra_json_schema={"enum": [str(value) for value in RequestOutcome.values]})
]
ErrorCode = Annotated[str, Meta(extra_json_schema={"enum": sorted(BY_CODE)})]


class TokenUsage(TypedDict):
    """Tokens of a response; parts of them only where the provider counted them."""

    promptTokens: int | None
    completionTokens: int | None
    reasoningTokens: NotRequired[int]
    cachedTokens: NotRequired[int]
    source: Literal["provider", "estimated"]


class ResponseError(TypedDict):
    """The reason for which a response has no complete answer."""

    code: ErrorCode
    message: str
    retryable: bool


class RequestState(TypedDict):
    """A request to a person. `arguments` are those of a call that waits for approval, `schema` is that of a form.

    `by`: staff answer in the admin; without it the owner of the thread does.
    """

    requestId: str
    kind: RequestKindName
    tool: str
    callId: str
    deadline: datetime
    arguments: NotRequired[dict[str, Any]]
    editable: NotRequired[bool]
    by: NotRequired[Literal["staff"]]
    schema: NotRequired[dict[str, Any]]
    message: NotRequired[str]


class EndedRequest(TypedDict):
    """A request to a person that has ended, and the offset of the text at which it stood. `answeredBy`: a user's name."""

    requestId: str
    kind: RequestKindName
    tool: str
    callId: str
    outcome: RequestOutcomeName
    offset: int
    answeredAt: datetime
    answeredBy: str | None


class AnswerState(TypedDict):
    """The end of a request."""

    requestId: str
    outcome: RequestOutcomeName


class ResponseState(TypedDict):
    """A response. Offsets count bytes of UTF-8; `keptOffset` is where the stored message ends."""

    id: str
    threadId: str
    status: StatusName
    model: str
    offset: int
    keptOffset: int | None
    thinkingOffset: int
    thinkingSeconds: float | None
    finishReason: str | None
    usage: TokenUsage | None
    error: ResponseError | None
    requests: list[RequestState]
    createdAt: datetime
    firstTokenAt: datetime | None
    finishedAt: datetime | None


class EndData(TypedDict):
    """The end of a response."""

    status: StatusName
    finishReason: str | None
    usage: TokenUsage | None
    error: ResponseError | None
    keptOffset: int | None


class ResponseStatus(TypedDict):
    """The status of a response, after a stop or an answer."""

    status: StatusName


class SearchExcerpt(TypedDict):
    """Text around a match, and the ranges of characters that matched. `thinking`: it is from a model's thought.

    `messageId`: the message that matched best, if any did.
    """

    text: str
    ranges: list[tuple[int, int]]
    thinking: NotRequired[bool]
    messageId: NotRequired[str]


class ThreadState(TypedDict):
    """A thread; `waiting`: its active response waits for its owner; `excerpt` in the answer to a search."""

    threadId: str
    title: str
    createdAt: datetime
    updatedAt: datetime
    archived: bool
    pinned: bool
    temporary: bool
    model: str
    activeResponseId: str | None
    waiting: bool
    excerpt: NotRequired[SearchExcerpt]


class ThreadList(TypedDict):
    """A page of threads."""

    threads: list[ThreadState]
    nextCursor: str | None


class Rating(TypedDict):
    """A user's rating of a reply."""

    score: Literal[-1, 0, 1]
    comment: str


class Thinking(TypedDict):
    """A model's thought before and between its text."""

    text: str
    seconds: float | None


class ToolCallState(TypedDict):
    """A tool call, and the offset of the text at which it stood; with `CHAT_TOOL_DETAILS` what was asked and answered."""

    id: str
    name: str
    state: ToolStateName
    offset: int
    arguments: NotRequired[dict[str, Any] | str | None]
    result: NotRequired[str | None]
    pictures: NotRequired[list[str]]


MessageContent = Annotated[
    Any,
    Meta(
        description="Text, or content parts as they were sent.",
        extra_json_schema={"type": ["string", "array"], "items": {"type": "object"}},
    ),
]


class AttachmentState(TypedDict):
    """A stored picture or file; prompts refer to a picture by `url`, a path on this site, and to a file by its id.

    `pages`: pages, slides or sheets, null where it has none. `detail`: why its text could not be read; `code`: the kind
    of reason.
    """

    attachmentId: str
    url: str
    contentType: str
    size: int
    name: str
    pages: int | None
    state: Literal["ready", "reading", "failed"]
    detail: str | None
    code: Code | None
    createdAt: datetime


class ArtifactState(TypedDict):
    """A version of a document in a reply; `messageId` is the reply that holds its text."""

    artifactId: str
    kind: str
    title: str
    version: int
    messageId: str
    createdAt: datetime


class MessageState(TypedDict):
    """A message. `offset`: where to follow its response from; null for a user's. `attachments`: those that still exist."""

    id: str
    role: RoleName
    content: MessageContent
    createdAt: datetime
    status: StatusName
    offset: int | None
    versions: list[str]
    feedback: Rating | None
    thinking: Thinking | None
    tools: list[ToolCallState]
    requests: list[EndedRequest]
    attachments: list[AttachmentState]
    artifacts: list[ArtifactState]


class MessageList(TypedDict):
    """A page of messages, oldest first."""

    messages: list[MessageState]
    hasMore: bool


class ShareState(TypedDict):
    """A link under which anyone can read a thread, or one message of it; `url` is a path on this site."""

    shareId: str
    url: str
    createdAt: datetime
    expiresAt: datetime | None
    messageId: str | None


class ShareList(TypedDict):
    """The links of a thread, newest first."""

    shares: list[ShareState]


class AttachmentList(TypedDict):
    """A page of a user's pictures and files, newest first."""

    attachments: list[AttachmentState]
    nextCursor: str | None


class FilePassageState(TypedDict):
    """A piece of a file's text, about a page; `label` is its place in the file."""

    label: str
    text: str


class AttachmentText(AttachmentState):
    """A file with a page of its text; `nextCursor` is the `cursor` of the next one."""

    passages: list[FilePassageState]
    nextCursor: int | None


class ImportState(TypedDict):
    """The ids of the new chats, and the numbers of those that were known and of those without text."""

    threads: list[str]
    known: int
    empty: int


class ArtifactList(TypedDict):
    """The artifacts of a thread, each at its newest version, the newest first."""

    artifacts: list[ArtifactState]


class ArtifactDetail(ArtifactState):
    """A version of an artifact with its text, and all versions, oldest first."""

    content: str
    versions: list[ArtifactState]


class ProbeState(TypedDict):
    """The state of a process."""

    status: Literal["ok"]


class ThreadExport(TypedDict):
    """A thread with the visible messages of all its branches."""

    version: int
    exportedAt: datetime
    thread: dict[str, Any]
