"""Prompts, imported conversations, and requests for another answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from chat.conf import settings
from chat.exceptions import BadRequest, TooLarge
from chat.schemas.metadata import allowed_metadata
from chat.schemas.openai_tools import awaited_tools
from chat.schemas.options import Options
from chat.schemas.validation import Id, Json, bounded, checked_id, is_id, optional_id, parse_struct

# Messages in one imported conversation.
MAX_TURNS = 1_000

# Path of an uploaded picture or file, before its id.
UPLOADS = "/api/attachments/"


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a message: its text, or (`parts`) the JSON text of OpenAI content parts, as received."""

    text: str
    parts: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of an imported conversation.

    `tool_calls`: JSON text of an assistant's calls; `tool_call_id`: the call that a tool's message answers.
    """

    role: str
    content: Content
    id: str | None = None
    tool_calls: str | None = None
    tool_call_id: str | None = None

    @property
    def hidden(self) -> bool:
        return self.role in ("system", "tool") or self.tool_calls is not None


@dataclass(frozen=True, slots=True)
class SendRequest:
    """A prompt to answer. The server makes ids that are None; `turns` precede the prompt in a new thread.

    `parent_id` is the message that the prompt follows (None: it starts the thread; unset: it follows the last message).
    `by_id`: in a known thread the messages' ids tell whether this is a new prompt, a known one or an edit
    (`chat.responses.claims.resends`); `another`: a known prompt gets another answer,
    and so does the newest one with the same content; `another_if_known`: only one that is known by its id.
    `prompts_before`: the number of prompts before this one, from clients whose messages have no ids.
    `unlisted`: a new thread is in no list, and expires; with `temporary`, a thread that is in a list is refused.
    `instructed`: a new thread gets the user's instructions. `inline_pictures`: pictures come as `data:` URLs. `rounds`: calls
    of the client's tools and their results, which follow the prompt and precede its reply.
    """

    content: Content
    prompt_id: str | None = None
    thread_id: str | None = None
    response_id: str | None = None
    model: str | None = None
    busy: str = "interrupt"
    turns: tuple[Turn, ...] = ()
    parent_id: str | msgspec.UnsetType | None = msgspec.UNSET
    effort: str | None = None
    by_id: bool = False
    another: bool = False
    another_if_known: bool = False
    prompts_before: int | None = None
    unlisted: bool = False
    rounds: tuple[Turn, ...] = ()
    temporary: bool = False
    instructed: bool = False
    inline_pictures: bool = False
    options: Options | None = None


@dataclass(frozen=True, slots=True)
class RegenerateRequest:
    """A request for another answer to the prompt that the response `original` answered."""

    original: str
    response_id: str | None = None
    model: str | None = None
    busy: str = "interrupt"
    effort: str | None = None
    options: Options | None = None


# A response that runs in the thread is stopped, refuses the prompt, or lets it wait.
BusyPolicy = Literal["interrupt", "reject", "queue"]
# A policy of `/v1/responses` alone: a response that runs lets the prompt wait, one that waits for a person is stopped. In the
# queue the prompt would wait for that person, for days perhaps, and its client with it.
QUEUE_UNLESS_WAITING = "queue-unless-waiting"

_PART_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": {"type": "string"}, "text": {"type": "string"}},
}
_CONTENT_SCHEMA: dict[str, Any] = {
    "description": "Text, or OpenAI's content parts.",
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "minItems": 1, "items": _PART_SCHEMA},
    ],
}
_RawContent = Annotated[msgspec.Raw, Meta(extra_json_schema=_CONTENT_SCHEMA)]


# Roles of the messages of a conversation.
ROLES = ("system", "user", "assistant")


class _Message(msgspec.Struct, kw_only=True):
    content: _RawContent
    role: Annotated[str, Meta(extra_json_schema={"enum": list(ROLES)})]
    id: str | None = None


class _Part(msgspec.Struct):
    type: str
    text: str = ""


class _UiMessage(_Message, kw_only=True):
    """A message of Vercel's AI SDK. Without a content it has that of its text parts; the other parts are left out."""

    content: _RawContent = msgspec.field(default_factory=lambda: msgspec.Raw(b"null"))
    parts: list[_Part] | None = None

    def __post_init__(self) -> None:
        if self.parts is not None and bytes(self.content) == b"null":
            texts = (part.text for part in self.parts if part.type == "text")
            self.content = msgspec.Raw(msgspec.json.encode("".join(texts)))

    @property
    def is_empty_reply(self) -> bool:
        """Return whether this is a reply that failed or was stopped before its first text."""
        return self.role == "assistant" and bytes(self.content) == b'""'


class _Options(msgspec.Struct):
    threadId: Id | None = None
    responseId: Id | None = None
    model: str | None = None
    busy: BusyPolicy | None = None
    parentId: Id | msgspec.UnsetType | None = msgspec.UNSET
    effort: str | None = None


class PromptBody(_Options):
    """A prompt: `prompt`, or `messages` of which the last is new."""

    prompt: _Message | None = None
    messages: list[_Message] | None = None
    tools: list[dict[str, Any]] | None = None
    temporary: bool = False
    metadata: dict[str, Any] | None = None


class TextPromptBody(_Options):
    """A body of `POST /api/response`. `id` is the AI SDK's name of the thread; `messageId` repeats one of the messages."""

    prompt: _UiMessage | str | None = None
    messages: list[_UiMessage] | None = None
    id: Id | None = None
    trigger: Literal["submit-message", "regenerate-message"] | None = None
    messageId: str | None = None


class RegenerateBody(msgspec.Struct):
    """Another answer to the same prompt."""

    responseId: Id | None = None
    model: str | None = None
    busy: BusyPolicy | None = None
    effort: str | None = None


M = TypeVar("M", bound=_Message)


def parse_send(body: bytes | str) -> SendRequest:
    """Parse the body of `POST /api/chat`, or a `send` frame."""
    raw = parse_struct(body, PromptBody)
    messages, temporary = _checked_messages(raw.prompt, raw.messages), raw.temporary
    options = awaited_tools(raw.tools or [])
    if metadata := allowed_metadata(raw.metadata or {}):
        options = msgspec.structs.replace(options or Options(), metadata=metadata)
    return _send_request(
        raw, messages, unlisted=temporary, temporary=temporary, instructed=True, options=options
    )


def parse_text_send(body: bytes) -> SendRequest:
    """Parse the body of `POST /api/response`: that of `POST /api/chat`, or one of those that the AI SDK's clients send."""
    raw = parse_struct(body, TextPromptBody)
    prompt, another = raw.prompt, raw.trigger == "regenerate-message"
    if isinstance(prompt, str):
        prompt = _UiMessage(role="user", content=msgspec.Raw(msgspec.json.encode(prompt)))
    messages = _checked_messages(prompt, raw.messages)
    if another:
        messages = _up_to_prompt(messages)
    chat = optional_id(raw.id, "id")
    raw.threadId = chat if raw.threadId is None else raw.threadId
    request = _send_request(raw, [one for one in messages if not one.is_empty_reply or one is messages[-1]])
    # With a response's id of its own a request is idempotent by that id, as on the other routes.
    resent = raw.messages is not None and request.response_id is None
    return replace(request, by_id=resent or another, another=another)


def _up_to_prompt(messages: list[_UiMessage]) -> list[_UiMessage]:
    """Return the messages without the replies at their end."""
    end = next((at for at in range(len(messages), 0, -1) if messages[at - 1].role != "assistant"), 0)
    return messages[:end] or messages


def _send_request(raw: _Options, messages: Sequence[_Message], **others: Any) -> SendRequest:
    """Return the request for an answer to the last of the messages; `others`: its further fields."""
    *earlier, prompt = messages
    if prompt.role != "user":
        raise BadRequest("The role of the prompt, or of the last of `messages`, must be `user`.")
    return SendRequest(
        content=_content(prompt.content, settings.content_bytes),
        prompt_id=optional_id(prompt.id, "prompt.id"),
        thread_id=optional_id(raw.threadId, "threadId"),
        response_id=optional_id(raw.responseId, "responseId"),
        model=raw.model,
        busy=raw.busy or "interrupt",
        turns=tuple(_turn(message) for message in earlier),
        parent_id=checked_id(raw.parentId, "parentId") if isinstance(raw.parentId, str) else raw.parentId,
        effort=raw.effort,
        **others,
    )


def parse_regenerate(original: str, body: bytes) -> RegenerateRequest:
    """Parse the body of `POST /api/responses/{id}/regenerate`; it may be empty."""
    raw = parse_struct(body, RegenerateBody) if body.strip() else RegenerateBody()
    response_id = optional_id(raw.responseId, "responseId")
    return RegenerateRequest(original, response_id, raw.model, raw.busy or "interrupt", raw.effort)


def _checked_messages(prompt: M | None, messages: list[M] | None) -> list[M]:
    if prompt is not None and messages is not None:
        raise BadRequest("Send either `prompt` or `messages`, not both.")
    if prompt is not None:
        return [prompt]
    if not messages:
        raise BadRequest("`prompt` is missing.")
    if len(messages) > MAX_TURNS:
        raise TooLarge(f"`messages` holds more than {MAX_TURNS} messages.")
    return messages


def _turn(message: _Message) -> Turn:
    if message.role not in ROLES:
        raise BadRequest("A role in `messages` must be `system`, `user` or `assistant`.")
    # A reply comes back as long as the server made it.
    limit = settings.text_bytes if message.role == "assistant" else settings.content_bytes
    known = message.id is not None and is_id(message.id)
    return Turn(message.role, _content(message.content, limit), message.id if known else None)


def _content(raw: msgspec.Raw, limit: int) -> Content:
    value = msgspec.json.decode(raw)
    if isinstance(value, str):
        content = Content(value)
    elif isinstance(value, list) and value and all(is_part(part) for part in value):
        content = Content(bytes(raw).decode(), parts=True)
    else:
        raise BadRequest("`content` must be text, or a list of content parts with a `type` each.")
    if not content.text:
        raise BadRequest("`content` must not be empty.")
    bounded(_without_file_data(value, content.text), limit)
    return content


def _without_file_data(value: Json, text: str) -> str:
    """Return what a content will hold once its files are stored."""
    if not isinstance(value, list) or not any(map(holds_data, value)):
        return text
    return msgspec.json.encode([_without_data(part) if holds_data(part) else part for part in value]).decode()


def holds_data(part: dict[str, Any]) -> bool:
    """Return whether a content part is a file with its data in it."""
    return part["type"] == "file" and "file_data" in part["file"]


def _without_data(part: dict[str, Any]) -> dict[str, Any]:
    return {**part, "file": {name: value for name, value in part["file"].items() if name != "file_data"}}


def is_part(part: Json) -> bool:
    """Return whether a value is a content part. Raise BadRequest for a file of another form."""
    if not (
        isinstance(part, dict) and isinstance(part.get("type"), str) and isinstance(part.get("text", ""), str)
    ):
        return False
    if part["type"] == "file":
        check_file(part.get("file"))
    return True


def check_file(file: Json) -> None:
    """Raise BadRequest unless a part's `file` names a stored file, or holds one."""
    fields = file if isinstance(file, dict) else {}
    given = [name for name in ("file_id", "file_data") if fields.get(name) is not None]
    texts = all(isinstance(fields.get(name, ""), str) for name in ("file_id", "file_data", "filename"))
    if len(given) != 1 or not texts:
        raise BadRequest(
            "A part of the type `file` must have a `file` with either a `file_id` or `file_data`."
        )
