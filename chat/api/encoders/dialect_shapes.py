"""Types of the JSON objects of other clients' protocols; what their own documentation describes is left open here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NotRequired, TypedDict

from chat.api.encoders.shapes import StatusName

AnyObject = dict[str, Any]


class OpenAiError(TypedDict):
    """The inner object of an error in OpenAI's form; a used-up budget names itself and when it renews."""

    message: str
    type: Literal["invalid_request_error", "server_error"]
    param: None
    code: str
    quota: NotRequired[str]
    group: NotRequired[str | None]
    renewsAt: NotRequired[str]


class OpenAiProblem(TypedDict):
    """An error in OpenAI's form."""

    error: OpenAiError


class OpenAiModel(TypedDict):
    """A model."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class OpenAiModels(TypedDict):
    """The models of this server."""

    object: Literal["list"]
    data: list[OpenAiModel]


class CompletionObject(TypedDict):
    """A chat completion."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[AnyObject]
    usage: AnyObject


class ResponseObject(TypedDict):
    """A response of OpenAI's Responses API, with further fields of its own."""

    id: str
    object: Literal["response"]
    created_at: int
    status: Literal["queued", "in_progress", "completed", "incomplete", "cancelled", "failed"]
    error: AnyObject | None
    incomplete_details: AnyObject | None
    model: str
    output: list[AnyObject]
    conversation: AnyObject
    usage: AnyObject | None


class FileObject(TypedDict):
    """A file; `status_details`: why its text could not be read."""

    id: str
    object: Literal["file"]
    bytes: int
    created_at: int
    filename: str
    purpose: Literal["user_data", "vision"]
    status: Literal["uploaded", "processed", "error"]
    status_details: str | None


class FilePage(TypedDict):
    """A page of files."""

    object: Literal["list"]
    data: list[FileObject]
    first_id: str | None
    last_id: str | None
    has_more: bool


class DeletedFile(TypedDict):
    """The note of a file's deletion."""

    id: str
    object: Literal["file"]
    deleted: bool


class DeletedResponse(TypedDict):
    """The note of a deletion."""

    id: str
    object: Literal["response"]
    deleted: bool


class ItemPage(TypedDict):
    """A page of items."""

    object: Literal["list"]
    data: list[AnyObject]
    first_id: str | None
    last_id: str | None
    has_more: bool


class ConversationObject(TypedDict):
    """A conversation."""

    id: str
    object: Literal["conversation"]
    created_at: int
    metadata: dict[str, str]


class UiChat(TypedDict):
    """A chat as UI messages."""

    id: str
    messages: list[AnyObject]
    activeResponseId: str | None


class NewestStatus(TypedDict):
    """The status of the newest response; null where the thread has none."""

    status: StatusName | None


class RuntimeInfo(TypedDict):
    """CopilotKit's description of a runtime, with further fields of its own."""

    version: str
    agents: dict[str, AnyObject]
    mode: Literal["sse"]


class ClientThread(TypedDict):
    """A thread's messages as TanStack AI's clients keep them; `page` where a page was asked for."""

    messages: list[AnyObject]
    activeRun: AnyObject | None
    interrupts: AnyObject | None


class StopState(TypedDict):
    """The outcome of a stop: true where something ran."""

    stopped: bool


class StoredThread(TypedDict):
    """A thread of OpenUI's storage."""

    id: str
    title: str
    createdAt: datetime


class StoredThreads(TypedDict, total=False):
    """A page of threads."""

    threads: list[StoredThread]
    nextCursor: str
