"""The form of a history that a model's server accepts. Only requests are shaped; nothing of it is stored.

A shape is kept with each call, so that its request can be rebuilt after the model's settings have changed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from string import ascii_letters, digits
from typing import Any

import msgspec

from chat.llm.clients.base import Messages, ModelProfile
from chat.llm.clients.portable_names import portable
from chat.text import plain_text_of_parts

# What every provider takes as the id of a call: Anthropic's pattern (maximhq/bifrost#5097) within OpenAI's 40 characters
# (vercel/ai#5171).
_PORTABLE = re.compile(r"[A-Za-z0-9_-]{1,40}")
# Characters of an id in place of one that is not portable.
PORTABLE_LENGTH = 24
_ALPHABET = digits + ascii_letters

# Templates of roles in turn begin with a user (mistral-common puts an empty text there, which other servers refuse), and
# Mistral wants an assistant between a tool and a user (avante-corp/avante.nvim#2695).
OPENING, NO_ANSWER = "Hello.", "(no answer)"

# Bedrock and Claude's compatible servers refuse a text of white space, so the thread for good (anomalyco/opencode#31259,
# LibreChat-AI/agents#124, kibitz' #78).
NO_OUTPUT = "(no output)"

# In place of the thought of another model; an empty text would do for DeepSeek (deepseek-ai/deepseek-harness#739), but not for
# servers that look for a text (anomalyco/opencode#10996).
NO_THOUGHT = "."
# Google's own word for calls that another model made: ai.google.dev, gemini-api/docs/thought-signatures.
NO_SIGNATURE = "skip_thought_signature_validator"

_THOUGHT = ("reasoning_content", "reasoning", "reasoning_details")

# The names to send of tools whose portable names would be the same, by their own.
Names = Mapping[str, str]


def shape_of(profile: ModelProfile) -> dict[str, Any]:
    """Return the shape of requests to a model, as JSON."""
    return {
        "alternate": profile.alternate,
        "oneSystem": profile.one_system,
        "callIds": profile.call_ids,
        "wantsBack": profile.wants_back,
        # Of no profile: a request of an older program is rebuilt as it was.
        "noBlanks": True,
    }


def shaped(messages: Messages, shape: dict[str, Any], *, tools: bool) -> Messages:
    """Return the messages in the given shape. `tools`: the request describes tools."""
    if shape.get("noBlanks"):
        messages = [*_without_blanks(messages)]
    messages = _with_portable_calls(messages, shape["callIds"], shape.get("names", {}))
    if tools and shape["wantsBack"] == "reasoning_content":
        messages = [_with_thought(message) for message in messages]
    if shape["wantsBack"] == "thought_signature":
        messages = [_with_signature(message) for message in messages]
    if shape["oneSystem"]:
        messages = _one_system(messages)
    if shape["oneSystem"] == "user":
        messages = [{**one, "role": "user"} if one["role"] == "system" else one for one in messages]
    return _alternating(messages) if shape["alternate"] else messages


def _without_blanks(messages: Messages) -> Iterator[dict[str, Any]]:
    """Yield the messages without texts of white space alone, but for a prompt at the end.

    A tool's say that they are empty, others are left out.
    """
    for message in messages:
        content = message.get("content")
        is_prompt = message is messages[-1] and message["role"] == "user"
        if not isinstance(content, str) or content.strip() or is_prompt:
            yield message
        elif message["role"] == "tool":
            yield {**message, "content": NO_OUTPUT}
        elif "tool_calls" in message:
            yield {**message, "content": None}


# Calls


def _with_portable_calls(messages: Messages, length: int | None, names: Names) -> Messages:
    """Return the messages with ids in the form that the server accepts, and with an object in each call's arguments.

    `length`: as `callIds` in CHAT_MODELS; 0: the ids stay.
    """
    calls = [_decoded(message.get("tool_calls", [])) for message in messages]
    found = [call["id"] for one in calls for call in one]
    if not found:
        return messages
    assign, ids, shaped = _assigner(found, length), dict[str, str](), Messages()
    for message, own in zip(messages, calls, strict=True):
        # A result belongs to the newest call of its id.
        ids |= {call["id"]: assign(call["id"]) for call in own}
        shaped.append(_with_calls(message, own, ids, names) if own else _with_call_id(message, ids))
    return shaped


def _assigner(found: list[str], length: int | None) -> Callable[[str], str]:
    """Return a function that gives the id to send for each call in turn, no id twice.

    Servers may number the calls of each answer alike, and Anthropic refuses a history that repeats an id.
    """
    if length == 0:
        return lambda id_: id_
    fits = (re.compile(rf"[A-Za-z0-9]{{{length}}}") if length else _PORTABLE).fullmatch
    left, used = {id_ for id_ in found if fits(id_)}, set(found)

    def assign(id_: str) -> str:
        if id_ in left:
            left.remove(id_)
            return id_
        fresh = _fresh(id_, length or PORTABLE_LENGTH, used)
        used.add(fresh)
        return fresh

    return assign


def _fresh(id_: str, length: int, used: set[str]) -> str:
    """Return an unused id that depends on the old one and on those before it, so that a history stays the same."""
    salt = 0
    while (fresh := _digest(f"{salt}:{id_}", length)) in used:
        salt += 1
    return fresh


def _digest(text: str, length: int) -> str:
    number, letters = int.from_bytes(hashlib.sha256(text.encode()).digest()), ""
    for _ in range(length):
        number, rest = divmod(number, len(_ALPHABET))
        letters += _ALPHABET[rest]
    return letters


def _with_call_id(message: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    id_ = message.get("tool_call_id")
    return message if id_ is None or ids.get(id_, id_) == id_ else {**message, "tool_call_id": ids[id_]}


def _with_calls(
    message: dict[str, Any], calls: list[Any], ids: dict[str, str], names: Names
) -> dict[str, Any]:
    """Return the message with its calls as they are sent; verbatim where none of them has to change."""
    sent = [_call(call, ids, names) for call in calls]
    return message if sent == calls else {**message, "tool_calls": sent}


def _call(call: dict[str, Any], ids: dict[str, str], names: Names) -> dict[str, Any]:
    function = call["function"]
    if not _is_object(function["arguments"]):
        # Servers decode them, and refuse the whole request: `json.loads` in vLLM's chat utilities, Anthropic, Gemini. The
        # result of the call says what was wrong with them.
        function = {**function, "arguments": "{}"}
    return {**call, "id": ids[call["id"]], "function": _named(function, names)}


def portable_tools(tools: list[dict[str, Any]], names: Names) -> list[dict[str, Any]]:
    """Return tools under names that every provider takes; a call by such a name finds its tool (`declared_name`)."""
    return [{**tool, "function": _named(tool["function"], names)} for tool in tools]


def portable_choice(choice: Any, names: Names) -> Any:
    """Return a `tool_choice` with the name under which its tool is sent."""
    if not (isinstance(choice, dict) and isinstance(choice.get("function"), dict)):
        return choice
    return {**choice, "function": _named({"name": "", **choice["function"]}, names)}


def _named(function: dict[str, Any], names: Names) -> dict[str, Any]:
    name = names.get(function["name"]) or portable(function["name"])
    return function if name == function["name"] else {**function, "name": name}


def _is_object(arguments: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(arguments), dict)
    except (ValueError, RecursionError):
        return False


# Fields that a provider demands


def _with_thought(message: dict[str, Any]) -> dict[str, Any]:
    """Return an assistant's message with a thought; beside tools, DeepSeek wants one in each of them."""
    if message["role"] != "assistant" or any(name in message for name in _THOUGHT):
        return message
    return {**message, "reasoning_content": NO_THOUGHT if "tool_calls" in message else ""}


def _with_signature(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message with calls whose first one has a signature; only that one is looked at."""
    if "tool_calls" not in message:
        return message
    first, *others = _decoded(message["tool_calls"])
    if first.get("extra_content"):
        return message
    extra = {"google": {"thought_signature": NO_SIGNATURE}}
    return {**message, "tool_calls": [{**first, "extra_content": extra}, *others]}


# Roles


def _one_system(messages: Messages) -> Messages:
    """Return the messages with all system texts in one, first: templates take no other."""
    texts = [_text(message["content"]) for message in messages if message["role"] == "system"]
    if not texts:
        return messages
    others = [message for message in messages if message["role"] != "system"]
    return [{"role": "system", "content": "\n\n".join(filter(None, texts))}, *others]


def _alternating(messages: Messages) -> Messages:
    """Return the messages with user and assistant in turn, a user first, all after the system texts.

    Calls and their results stay between them.
    """
    shaped = [message for message in messages if message["role"] == "system"]
    before: dict[str, Any] = {"role": None}
    for message in messages:
        if message["role"] == "system":
            continue
        if message["role"] == before["role"] in ("user", "assistant") and "tool_calls" not in before:
            before = {**message, "content": _joined(before["content"], message["content"])}
            shaped[-1] = before
        else:
            before = message
            shaped += [*_between(shaped, message["role"]), message]
    return shaped


def _between(shaped: Messages, role: str) -> Iterator[dict[str, Any]]:
    """Yield what must stand between these messages and one of this role."""
    last = shaped[-1]["role"] if shaped else "system"
    if last == "system" and role == "assistant":
        yield {"role": "user", "content": OPENING}
    if last == "tool" and role == "user":
        yield {"role": "assistant", "content": NO_ANSWER}


def _joined(first: Any, second: Any) -> Any:
    """Return two contents as one: texts with a blank line between them, else the parts of both one after the other.

    No part of white space stands between parts: Anthropic refuses such a text.
    """
    if not first or not second:
        return first or second
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return [*_parts(first), *_parts(second)]


def _parts(content: Any) -> list[Any]:
    if isinstance(content, msgspec.Raw):
        return list(msgspec.json.decode(content, type=list[msgspec.Raw]))
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _text(content: Any) -> str:
    content = _decoded(content)
    return plain_text_of_parts(content) if isinstance(content, list) else content or ""


def _decoded(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
