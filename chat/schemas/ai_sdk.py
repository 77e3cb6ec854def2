"""Requests of Vercel's AI SDK and of assistant-ui's data-stream runtime, which sends messages in the SDK's prompt form.

Only the last message is new; the others serve to find its place in the thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import msgspec

from chat.exceptions import BadRequest, TooLarge
from chat.schemas.answers import BroughtAnswer
from chat.schemas.openai_tools import awaited_tools
from chat.schemas.prompts import MAX_TURNS, UPLOADS, BusyPolicy, Content, SendRequest, Turn
from chat.schemas.validation import is_id, optional_id, parse_struct

Part = dict[str, Any]

# Roles that take part in the conversation, and that of the results of tools, which the clients keep for themselves.
_ROLES = ("user", "assistant", "system")
_RESULTS = "tool"


class _Message(msgspec.Struct):
    """A message with the SDK's `parts`, or with the `content` of its prompts."""

    role: str
    id: str | None = None
    parts: list[Part] | None = None
    content: str | list[Part] | None = None

    @property
    def all_parts(self) -> list[Part]:
        found = self.content if self.parts is None else self.parts
        return [{"type": "text", "text": found}] if isinstance(found, str) else found or []


class _Tool(msgspec.Struct):
    description: str | None = None
    parameters: dict[str, Any] | None = None


class ChatBody(msgspec.Struct):
    """The messages of a chat, or its last one."""

    id: str | None = None
    messages: list[_Message] | None = None
    message: _Message | None = None
    trigger: Literal["submit-message", "regenerate-message"] = "submit-message"
    messageId: str | None = None
    model: str | None = None
    busy: BusyPolicy | None = None
    # Those of the client's own, by their names, or in OpenAI's form.
    tools: dict[str, _Tool] | list[dict[str, Any]] | None = None
    # Those of assistant-ui.
    threadId: str | None = None
    parentId: str | None = None
    unstable_assistantMessageId: str | None = None


class ChatStopBody(msgspec.Struct):
    """A stop, with the reply as the client shows it."""

    assistantMessage: _Message | None = None


@dataclass(frozen=True, slots=True)
class AnswersRequest:
    """Answers to what a reply waits for; `response` is None where only the thread is known. `approves`: one is an approval."""

    brought: list[BroughtAnswer]
    response: str | None
    thread: str | None

    @property
    def approves(self) -> bool:
        return any(not one.to_call for one in self.brought)


S = TypeVar("S", bound=msgspec.Struct)


def parse_chat(body: bytes) -> SendRequest | AnswersRequest:
    """Parse the body of `POST /api/ai-sdk/chat`."""
    raw = parse_struct(body, ChatBody)
    *earlier, prompt = _messages(raw)
    if prompt.role in ("assistant", _RESULTS) and (brought := list(_brought(prompt))):
        response = optional_id(prompt.id, "messages.id") if prompt.role == "assistant" else None
        return AnswersRequest(brought, response, optional_id(raw.threadId or raw.id, "id"))
    if prompt.role != "user":
        raise BadRequest(
            "The last of `messages` must have the role `user`, or hold an approval or the output of a tool of yours."
        )
    thread = raw.id if raw.threadId is None else raw.threadId
    turns = tuple(_turns(earlier))
    return SendRequest(
        content=_content(prompt),
        prompt_id=_prompt_id(raw, prompt),
        thread_id=optional_id(thread, "id" if raw.threadId is None else "threadId"),
        response_id=optional_id(raw.unstable_assistantMessageId, "unstable_assistantMessageId"),
        model=raw.model,
        busy=raw.busy or "interrupt",
        turns=turns,
        prompts_before=_prompts_before(raw, prompt, turns),
        by_id=True,
        another=raw.trigger == "regenerate-message",
        another_if_known=raw.unstable_assistantMessageId is not None,
        inline_pictures=True,
        options=awaited_tools(_tools(raw)),
    )


def _tools(raw: ChatBody) -> list[dict[str, Any]]:
    """Return the client's tools in OpenAI's form."""
    if isinstance(raw.tools, list):
        return raw.tools
    named = raw.tools or {}
    return [{"type": "function", "function": {"name": name} | _given(tool)} for name, tool in named.items()]


def _given(tool: _Tool) -> dict[str, Any]:
    given = {"description": tool.description, "parameters": tool.parameters}
    return {name: value for name, value in given.items() if value is not None}


def _brought(message: _Message) -> Iterable[BroughtAnswer]:
    """Yield the answers that a message holds; most are those of earlier rounds."""
    for part in message.all_parts:
        approval, call = part.get("approval"), part.get("toolCallId")
        if part.get("state") == "approval-responded" and isinstance(approval, dict):
            yield BroughtAnswer(str(approval.get("id")), {"approved": approval.get("approved")})
        elif part.get("state") == "output-available" or part.get("type") == "tool-result":
            yield BroughtAnswer(str(call), _output(part), to_call=True)
        elif part.get("state") == "output-error":
            yield BroughtAnswer(str(call), {"error": part.get("errorText")}, to_call=True)


def _output(part: Part) -> Any:
    """Return a tool's output; in the SDK's prompts it is wrapped with its type."""
    output = part.get("output", part.get("result"))
    if part.get("type") == "tool-result" and isinstance(output, dict) and "value" in output:
        return output["value"]
    return output


def parse_stop(body: bytes) -> int | None:
    """Return the bytes of text that the body's `assistantMessage` shows; None without one."""
    message = parse_struct(body, ChatStopBody).assistantMessage if body.strip() else None
    if message is None:
        return None
    if message.role != "assistant":
        raise BadRequest("`assistantMessage` must have the role `assistant`.")
    return len(_text(message).encode())


def _messages(raw: ChatBody) -> list[_Message]:
    if raw.message is not None and raw.messages is not None:
        raise BadRequest("Send either `message` or `messages`, not both.")
    messages = raw.messages if raw.message is None else [raw.message]
    if not messages:
        raise BadRequest("`messages` is missing.")
    if len(messages) > MAX_TURNS:
        raise TooLarge(f"`messages` holds more than {MAX_TURNS} messages.")
    return messages


def _prompt_id(raw: ChatBody, prompt: _Message) -> str | None:
    """Return the id of the prompt; assistant-ui names it as the parent of the answer."""
    return (
        optional_id(raw.parentId, "parentId") if prompt.id is None else optional_id(prompt.id, "messages.id")
    )


def _prompts_before(raw: ChatBody, prompt: _Message, turns: Sequence[Turn]) -> int | None:
    """Return the number of the earlier prompts where only their number tells the place of this one.

    A list of one message without an id is a new beginning only from assistant-ui, which always sends all messages.
    """
    if prompt.id is not None or any(turn.id is not None for turn in turns):
        return None
    if not turns and raw.parentId is None:
        return None
    return sum(turn.role == "user" for turn in turns)


def _turns(messages: Iterable[_Message]) -> Iterable[Turn]:
    """Yield the messages that say something; a reply that failed or was stopped before its first text says nothing."""
    for message in messages:
        if message.role not in (*_ROLES, _RESULTS):
            raise BadRequest(f"A role in `messages` must be one of {', '.join(_ROLES)}.")
        name = message.id if message.id is not None and is_id(message.id) else None
        if message.role == "user":
            yield Turn(message.role, _content(message), name)
        elif message.role != _RESULTS and (text := _text(message)):
            yield Turn(message.role, Content(text), name)


def _text(message: _Message) -> str:
    return "".join(_text_of(part) for part in message.all_parts if part.get("type") == "text")


def _text_of(part: Part) -> str:
    text = part.get("text")
    if not isinstance(text, str):
        raise BadRequest("A part of the type `text` must have its `text`.")
    return text


def _content(message: _Message) -> Content:
    """Return a user's content, without parts of other types. Its size is checked when its pictures are stored."""
    shown = [part for part in map(_openai_part, message.all_parts) if part is not None]
    if any(part["type"] != "text" for part in shown):
        return Content(msgspec.json.encode(shown).decode(), parts=True)
    text = "".join(part["text"] for part in shown)
    if not text:
        raise BadRequest("A message of the user must have a text or a picture.")
    return Content(text)


def _openai_part(part: Part) -> Part | None:
    """Return OpenAI's form of a part of text or a picture; None for other types."""
    match part.get("type"):
        case "text":
            return {"type": "text", "text": _text_of(part)}
        case "file":
            return _file_part(part)
    return None


def _file_part(part: Part) -> Part:
    """Return the part of a picture or another file, which is named by the path of an upload or comes as data."""
    source, media = _source(part), part.get("mediaType", "")
    if not media or media.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": source}}
    name = part.get("filename")
    named = {"filename": name} if isinstance(name, str) else {}
    if source.startswith(UPLOADS):
        return {"type": "file", "file": {"file_id": source.removeprefix(UPLOADS), **named}}
    head, comma, data = source.partition(",")
    if not comma or not head.lower().startswith("data:"):
        raise BadRequest("Send a file as a `data:` URL, or as the path of an uploaded one.")
    encoding = ";base64" if head.lower().endswith(";base64") else ""
    return {"type": "file", "file": {"file_data": f"data:{media}{encoding},{data}", **named}}


def _source(part: Part) -> str:
    """Return the address of a picture or file, for bare data in Base64 that of a `data:` URL. Raise BadRequest."""
    media = part.get("mediaType", "")
    source = part["url"] if "url" in part else part.get("data")
    if not isinstance(media, str) or not isinstance(source, str):
        raise BadRequest("A part of the type `file` must have its `mediaType`, and its `url` or `data`.")
    if "url" in part or ":" in source or source.startswith(UPLOADS):
        return source
    return f"data:{media};base64,{source}"
