"""The checks of providers that are strict about a history: each raises Refused with the body that the real one answers."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

Body = dict[str, Any]

DUMMY_SIGNATURE = "skip_thought_signature_validator"


class Refused(Exception):
    """The request is refused; the argument is the body of the answer."""


# Parts of a history


def current_turn(body: Body) -> list[Body]:
    """Return the messages after the last one of a user."""
    roles = [message["role"] for message in body["messages"]]
    return list(body["messages"][len(roles) - roles[::-1].index("user") :])


def steps(messages: list[Body]) -> Iterator[Body]:
    """Yield the messages with calls."""
    return (message for message in messages if message.get("tool_calls"))


def ids(body: Body) -> Iterator[tuple[str, str]]:
    """Yield the place and the value of each id of a call and of a result."""
    for at, message in enumerate(body["messages"]):
        for number, call in enumerate(message.get("tool_calls") or ()):
            yield f"messages[{at}].tool_calls[{number}].id", call["id"]
        if message["role"] == "tool":
            yield f"messages[{at}].tool_call_id", message["tool_call_id"]


def error(message: str, **more: Any) -> Body:
    return {
        "error": {"message": message, "type": "invalid_request_error", "param": None, "code": None, **more}
    }


def template_error(message: str) -> Body:
    """Return what vLLM answers where a chat template raises."""
    return error(message, type="BadRequestError", code=400)


# Checks


def check_answered(body: Body) -> None:
    """Refuse calls without results and results without calls, as every provider does."""
    open_ids: list[str] = []
    for message in [*body["messages"], {"role": "end"}]:
        if message["role"] == "tool" and message["tool_call_id"] in open_ids:
            open_ids.remove(message["tool_call_id"])
        elif open_ids or message["role"] == "tool":
            raise Refused(error("An assistant message with 'tool_calls' must be followed by tool messages."))
        open_ids += [call["id"] for call in message.get("tool_calls") or ()]


def check_openai(body: Body) -> None:
    """Refuse `max_tokens` and long ids (anomalyco/opencode#37964, vercel/ai#5171), and fields of others."""
    if "max_tokens" in body:
        name = "max_tokens"
        words = (
            f"Unsupported parameter: '{name}' is not supported with this model. "
            "Use 'max_completion_tokens' instead."
        )
        raise Refused(error(words, param=name, code="unsupported_parameter"))
    for place, id_ in ids(body):
        if len(id_) > 40:
            words = (
                f"Invalid '{place}': string too long. Expected a string with maximum length 40, "
                f"but got a string with length {len(id_)} instead."
            )
            raise Refused(error(words, param=place, code="string_above_max_length"))


def check_no_stream_options(body: Body) -> None:
    """Refuse `stream_options` (CherryHQ/cherry-studio#9214)."""
    if "stream_options" in body:
        raise Refused(error("Unrecognized request argument supplied: stream_options"))


def check_groq(body: Body) -> None:
    """Refuse fields that are not OpenAI's (tashfeenahmed/freellmapi#1070)."""
    known = {"role", "content", "tool_calls", "tool_call_id", "name"}
    for at, message in enumerate(body["messages"]):
        for name in message.keys() - known:
            rule = f"('messages.{at}' : property '{name}' is unsupported)"
            words = f"'messages.{at}' : for 'role:{message['role']}' the following must be satisfied[{rule}]"
            raise Refused(error(words))


def signature(id_: str) -> str:
    return base64.b64encode(f"signature of {id_}".encode()).decode()


def thought(id_: str) -> str:
    return f"I call {id_}."


def check_gemini(body: Body) -> None:
    """Refuse a step of the current turn whose first call has no signature, and any signature that is not Google's.

    Unlike the real one, it wants the signatures of its own calls, and takes the dummy for those of others alone.
    ai.google.dev, gemini-api/docs/thought-signatures; the body: Gitlawb/openclaude#67.
    """
    current = current_turn(body)
    for at, message in enumerate(body["messages"]):
        for number, call in enumerate(message.get("tool_calls") or ()):
            signed = call.get("extra_content", {}).get("google", {}).get("thought_signature")
            own = call["id"].startswith("function-call-")
            if signed not in (None, signature(call["id"]) if own else DUMMY_SIGNATURE):
                raise Refused(google_error("Corrupted thought signature."))
            if signed is None and number == 0 and message in current:
                words = (
                    "Function call is missing a thought_signature in functionCall parts. This is required for tools to "
                    "work correctly, and missing thought_signature may lead to degraded model performance. Additional "
                    f"data, function call `default_api:{call['function']['name']}` , position {at + 1}."
                )
                raise Refused(google_error(words))


def google_error(message: str) -> list[Body]:
    return [{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}]


def check_deepseek(body: Body) -> None:
    """Refuse, beside tools, an assistant's message without its thought.

    api-docs.deepseek.com, guides/thinking_mode; MoonshotAI/kimi-cli#2141; an empty thought passes
    (deepseek-ai/deepseek-harness#739).
    """
    words = "The `reasoning_content` in the thinking mode must be passed back to the API."
    for message in body["messages"]:
        if "tools" in body and message["role"] == "assistant":
            said = message.get("reasoning_content")
            if not isinstance(said, str) or _is_forged(message, said, "call_00_"):
                raise Refused(error(words, code="invalid_request_error"))


def check_kimi(body: Body) -> None:
    """Refuse a message with calls without its thought (MoonshotAI/kimi-agent-sdk#169)."""
    for at, message in enumerate(body["messages"]):
        said = message.get("reasoning_content")
        if message.get("tool_calls") and (not said or _is_forged(message, said, "functions.calculate:")):
            words = f"thinking is enabled but reasoning_content is missing in assistant tool call message at index {at}"
            raise Refused({"error": {"message": words, "type": "invalid_request_error"}})


def _is_forged(message: Body, said: str, prefix: str) -> bool:
    """Return whether the thought of the provider's own calls is not the one that it sent."""
    own = [call["id"] for call in message.get("tool_calls") or () if call["id"].startswith(prefix)]
    return bool(own) and said != thought(own[0])


def check_anthropic(body: Body) -> None:
    """Refuse ids of another form or twice, empty texts, and arguments that are no object (maximhq/bifrost#5097)."""
    called = [call for message in steps(body["messages"]) for call in message["tool_calls"]]
    for place, id_ in ids(body):
        if not re.fullmatch(r"[a-zA-Z0-9_-]+", id_):
            raise Refused(error(f"{place}: String should match pattern '^[a-zA-Z0-9_-]+$'"))
    if len({call["id"] for call in called}) < len(called):
        raise Refused(error("messages: `tool_use` ids must be unique"))
    for call in called:
        if not isinstance(json.loads(call["function"]["arguments"] or "0"), dict):
            raise Refused(error("tool_use.input: Input should be a valid dictionary"))
    for message in body["messages"]:
        parts = message["content"] if isinstance(message["content"], list) else []
        texts = [part["text"] for part in parts if part["type"] == "text"]
        if not all(text.strip() for text in texts) or (
            message["content"] == "" and not message.get("tool_calls")
        ):
            raise Refused(error("messages: text content blocks must contain non-whitespace text"))


AFTER = {
    "system": {"user", "assistant", "system"},
    "user": {"assistant", "system", "user"},
    "assistant": {"assistant", "user", "tool"},
    "tool": {"assistant", "tool"},
}
"""The roles that may follow each role: mistralai/mistral-common, protocol/instruct/validator.py."""


def check_mistral(body: Body) -> None:
    """Refuse roles in another order, and ids that are not nine letters and digits."""
    for before, after in pairwise(message["role"] for message in body["messages"]):
        if after not in AFTER[before]:
            words = f"Unexpected role '{after}' after role '{before}'"
            raise Refused(mistral_error(words, "invalid_request_message_order", "3230"))
    for _, id_ in ids(body):
        if not re.fullmatch(r"[a-zA-Z0-9]{9}", id_):
            words = f"Tool call id was {id_} but must be a-z, A-Z, 0-9, with a length of 9."
            raise Refused(mistral_error(words, "invalid_function_call", "3280"))


def mistral_error(message: str, kind: str, code: str) -> Body:
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code}


def check_qwen(body: Body) -> None:
    """Refuse a system text that is not first (vllm-project/vllm#41114)."""
    if "system" in [message["role"] for message in body["messages"][1:]]:
        raise Refused(template_error("System message must be at the beginning."))


def check_template(body: Body) -> None:
    """Refuse user and assistant out of turn, beside calls and results (vllm-project/vllm#6862)."""
    spoken = [
        message for message in body["messages"] if message["role"] != "tool" and not message.get("tool_calls")
    ]
    roles = [message["role"] for message in spoken]
    for number, role in enumerate(roles[1:] if roles[0] == "system" else roles):
        if role != ("user", "assistant")[number % 2]:
            words = "After the optional system message, conversation roles must alternate user/assistant/user/assistant/..."
            raise Refused(template_error(words))
