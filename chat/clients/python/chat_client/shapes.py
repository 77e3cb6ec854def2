"""The server's JSON, with its own names, and the options of requests."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

# A text, or a list of OpenAI's content parts.
Content = str | list[dict[str, Any]]
Status = Literal["queued", "streaming", "waiting", "done", "failed", "stopped", "interrupted"]


class ErrorJson(TypedDict):
    code: str
    message: str
    retryable: bool


class UsageJson(TypedDict):
    promptTokens: int
    completionTokens: int
    reasoningTokens: NotRequired[int]
    cachedTokens: NotRequired[int]
    source: Literal["provider", "estimated"]


Outcome = Literal["approved", "rejected", "answered", "expired", "cancelled"]


class EndedRequestJson(TypedDict):
    """A request to a person that has ended, and the offset of the text at which it stood."""

    requestId: str
    kind: Literal["approve", "ask", "client"]
    tool: str
    callId: str
    outcome: Outcome
    offset: int
    answeredAt: str
    answeredBy: str | None


class RequestJson(TypedDict):
    """A request to a person; keys without a value are left out."""

    requestId: str
    kind: Literal["approve", "ask", "client"]
    tool: str
    callId: str
    deadline: str
    arguments: NotRequired[Any]
    editable: NotRequired[bool]
    by: NotRequired[Literal["staff"]]
    schema: NotRequired[dict[str, Any]]
    message: NotRequired[str]


class ResponseJson(TypedDict):
    """The state of a response."""

    id: str
    threadId: str
    status: Status
    model: str
    offset: int
    keptOffset: int | None
    thinkingOffset: int
    thinkingSeconds: float | None
    finishReason: str | None
    usage: UsageJson | None
    error: ErrorJson | None
    createdAt: str
    firstTokenAt: str | None
    finishedAt: str | None
    requests: list[RequestJson]


class StatusJson(TypedDict):
    status: Status


class ExcerptJson(TypedDict):
    """The text around a search's matches; `ranges` count characters.

    `messageId`: the message that matched best, if any did.
    """

    text: str
    ranges: list[tuple[int, int]]
    messageId: NotRequired[str]


class ThreadJson(TypedDict):
    threadId: str
    title: str
    createdAt: str
    updatedAt: str
    archived: bool
    model: str | None
    activeResponseId: str | None
    waiting: NotRequired[bool]
    excerpt: NotRequired[ExcerptJson]


class ThreadPageJson(TypedDict):
    threads: list[ThreadJson]
    nextCursor: str | None


class ThoughtJson(TypedDict):
    text: str
    seconds: float | None


class ToolProgressJson(TypedDict, total=False):
    """A fraction of 1, and a few words; what is missing is unknown."""

    fraction: float
    message: str


class ToolJson(TypedDict):
    id: str
    name: str
    state: Literal["started", "done", "failed"]
    offset: int


class ArtifactJson(TypedDict):
    """A version of a document in a reply; the message holds its text."""

    artifactId: str
    kind: str
    title: str
    version: int
    messageId: str
    createdAt: str


class MessageJson(TypedDict):
    id: str
    role: Literal["user", "assistant"]
    content: Any
    createdAt: str
    status: Status
    offset: int | None
    versions: list[str]
    feedback: dict[str, Any] | None
    thinking: ThoughtJson | None
    tools: list[ToolJson]
    requests: list[EndedRequestJson]
    artifacts: list[ArtifactJson]


class MessagePageJson(TypedDict):
    """Messages, oldest first; `hasMore` if there are earlier ones."""

    messages: list[MessageJson]
    hasMore: bool


class SessionJson(TypedDict):
    user: dict[str, str]
    guest: bool
    csrfToken: str
    models: list[Any]
    efforts: dict[str, list[str]]
    demo: bool


class AttachmentJson(TypedDict):
    attachmentId: str
    url: str
    contentType: str
    size: int
    name: str
    pages: int | None
    state: Literal["ready", "reading", "failed"]
    detail: str | None
    code: str | None
    createdAt: str


class Choices(TypedDict, total=False):
    """Options of a prompt or of another answer. Ids that are not given are made."""

    response_id: str
    model: str
    effort: str
    busy: Literal["interrupt", "reject", "queue"]


class SendOptions(Choices, total=False):
    """`parent_id`: the message that the prompt follows, where that is not the thread's last; None for none."""

    prompt_id: str
    thread_id: str
    parent_id: str | None


class AnswerFields(TypedDict, total=False):
    """`arguments` of an approval in place of the model's, the `content` of a form, the `result` of a client's tool.

    `for_thread`: the approval counts for all later calls of the tool in the thread.
    """

    arguments: dict[str, Any]
    content: Any
    result: Any
    for_thread: bool


class ThreadQuery(TypedDict, total=False):
    """`q` searches titles and messages; then the threads come by rank."""

    limit: int
    cursor: str | None
    q: str
    archived: Literal["true", "false", "any"]


class MessageQuery(TypedDict, total=False):
    """`before`: the id of a message; the page ends ahead of it. `leaf`: a message of another branch."""

    limit: int
    before: str
    leaf: str


class ThreadFields(TypedDict, total=False):
    """Fields of a new thread; `message` only gives the title."""

    thread_id: str
    title: str
    message: str
    model: str
    system_prompt: str


class ThreadUpdate(TypedDict, total=False):
    """`leaf`: a message of the branch to show and to continue."""

    title: str
    archived: bool
    system_prompt: str
    leaf: str
