"""Strict fakes of providers: each refuses what the real service refuses, with the body of the real one.

`behave` is a behaviour for `ScriptedModel`: it answers as the provider whose model is asked for. In each turn it calls a tool
in two rounds, then speaks. The fields that it sends beside its calls depend on their ids, so that forged ones are noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chat.testing import strict_checks as checks
from chat.testing.script import DONE, Delta, Finish, Script, answer, document
from chat.testing.strict_checks import Body, Refused, signature, thought

if TYPE_CHECKING:
    from chat.testing.model_server import Received

Fields = Callable[[str], dict[str, Any]]

ROUNDS = 2
"""Rounds of tool calls in each turn."""
ANSWER = "It is 42."


@dataclass(frozen=True)
class StrictProvider:
    """A provider. `check` raises Refused; `call_id` gives the id of its call by the number of results before it.

    `message_fields` and `call_fields`: its own fields beside a message's calls, and in the first call, for that call's id.
    """

    model: str
    check: Callable[[Body], None]
    call_id: str
    message_fields: Fields = field(default=lambda _: {})
    call_fields: Fields = field(default=lambda _: {})

    def answer(self, body: Body) -> Script:
        try:
            checks.check_answered(body)
            self.check(body)
        except Refused as refusal:
            return document(refusal.args[0], 400)
        results = [message["role"] for message in body["messages"]].count("tool")
        if "tools" not in body or len(list(checks.steps(checks.current_turn(body)))) >= ROUNDS:
            return answer(ANSWER, usage=(7, 3))
        id_ = self.call_id.format(results)
        function = {"name": "calculate", "arguments": '{"expression": "6*7"}'}
        call = {"index": 0, "id": id_, "type": "function", "function": function, **self.call_fields(id_)}
        delta = {"role": "assistant", "content": None, **self.message_fields(id_), "tool_calls": [call]}
        return Script([Delta(delta), Finish("tool_calls"), DONE])


def behave(received: Received) -> Script:
    """Answer as the provider whose model is asked for."""
    return PROVIDERS[received.json["model"]].answer(received.json)


PROVIDERS: dict[str, StrictProvider] = {
    provider.model: provider
    for provider in (
        StrictProvider("gpt-5.1", checks.check_openai, "call_{:024}"),
        StrictProvider("gpt-4-azure", checks.check_no_stream_options, "call_{:024}"),
        StrictProvider(
            "openai/gpt-oss-120b", checks.check_groq, "fc_{:032}", lambda id_: {"reasoning": thought(id_)}
        ),
        StrictProvider(
            "gemini-3-pro-preview",
            checks.check_gemini,
            "function-call-{:020}",
            call_fields=lambda id_: {"extra_content": {"google": {"thought_signature": signature(id_)}}},
        ),
        StrictProvider(
            "deepseek-v4-pro",
            checks.check_deepseek,
            "call_00_{:020}",
            lambda id_: {"reasoning_content": thought(id_)},
        ),
        StrictProvider(
            "kimi-k2.5",
            checks.check_kimi,
            "functions.calculate:{}",
            lambda id_: {"reasoning_content": thought(id_)},
        ),
        StrictProvider("claude-opus-4-5", checks.check_anthropic, "toolu_{:022}"),
        StrictProvider("mistral-large-latest", checks.check_mistral, "{:09}"),
        StrictProvider("Qwen/Qwen3.5-27B", checks.check_qwen, "chatcmpl-tool-{:032}"),
        StrictProvider("Ministral-3-8B-Instruct", checks.check_template, "{:09}"),
    )
}
