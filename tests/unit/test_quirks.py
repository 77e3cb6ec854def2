"""Properties of models by their names, and the values in CHAT_MODELS that win over them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.llm import quirks
from chat.llm.config import ModelSpec, read
from chat.llm.registry import ModelRegistry

URL = "http://127.0.0.1:8080/v1"


def of(upstream: str, url: str = URL, **given: Any) -> dict[str, Any]:
    return quirks.properties(ModelSpec(base_url=url, model=upstream, **given), upstream, url)


NAMES = [
    ("gpt-5.1", {}),
    ("c1-nightly", {}),
    ("c1/anthropic/claude-sonnet-4/v-20250930", {}),
    ("llama3.1", {}),
    ("meta-llama/Llama-3.2-3B-Instruct", {}),
    ("claude-opus-4-5", {}),
    ("mistral-large-latest", {"alternate": True, "one_system": True, "call_ids": 9}),
    ("mistralai/Mixtral-8x7B-Instruct-v0.1", {"alternate": True, "one_system": "user", "call_ids": 9}),
    ("mistral-7b-instruct-v0.3", {"alternate": True, "one_system": "user", "call_ids": 9}),
    ("google/gemma-2-9b-it", {"alternate": True, "one_system": "user"}),
    ("gemma2:27b", {"alternate": True, "one_system": "user"}),
    ("gemma-7b-it", {"alternate": True, "one_system": "user"}),
    ("Ministral-3-8B-Instruct", {"alternate": True, "one_system": True, "call_ids": 9}),
    ("codestral:22b", {"alternate": True, "one_system": True, "call_ids": 9}),
    (
        "magistral-medium-2509",
        {"alternate": True, "one_system": True, "call_ids": 9, "think_tags": True},
    ),
    ("google/gemma-3-27b-it", {"alternate": True, "one_system": True}),
    ("meta-llama/Llama-2-7b-chat-hf", {"alternate": True, "one_system": True}),
    ("Qwen/Qwen3.5-27B", {"one_system": True, "think_tags": True}),
    ("qwen3-coder-plus", {"one_system": True}),
    ("qwen2.5:7b", {"one_system": True}),
    ("QwQ-32B", {"one_system": True, "think_tags": "open"}),
    ("deepseek-r1:8b", {"think_tags": "open"}),
    ("Qwen/Qwen3-30B-A3B-Thinking-2507", {"one_system": True, "think_tags": "open"}),
    ("openai/gpt-oss-120b", {"think_tags": "harmony"}),
    ("ibm-granite/granite-3.2-8b-instruct", {"think_tags": "granite"}),
    ("gemma4:31b", {"alternate": True, "one_system": True, "think_tags": True}),
    ("sonar-reasoning-pro", {"think_tags": True}),
    ("microsoft/Phi-4-mini-reasoning", {"think_tags": True}),
    ("ByteDance-Seed/Seed-OSS-36B-Instruct", {"think_tags": True}),
    ("allenai/Olmo-3-32B-Think", {"think_tags": True}),
    ("zai-org/GLM-5", {"think_tags": True}),
    ("phi-4", {}),
    ("deepseek-v4-pro", {"wants_back": "reasoning_content"}),
    ("deepseek-reasoner", {"wants_back": "reasoning_content"}),
    ("deepseek-ai/DeepSeek-V3.1", {}),
    ("xiaomi/mimo-v2.5-pro", {"wants_back": "reasoning_content"}),
    ("kimi-k2.5", {"wants_back": "reasoning_content", "call_ids": 0}),
    ("moonshotai/kimi-k2-instruct-0905", {"call_ids": 0}),
    ("gemini-3-pro-preview", {"wants_back": "thought_signature"}),
    ("google/gemini-2.5-flash", {}),
]


@pytest.mark.parametrize(("upstream", "required"), NAMES, ids=[name for name, _ in NAMES])
def test_a_name_has_the_properties_of_its_family(upstream: str, required: dict[str, Any]) -> None:
    assert of(upstream) == {**quirks.DEFAULTS, **required}


def test_a_given_value_wins_also_when_it_is_false() -> None:
    given: dict[str, Any] = {"alternate": False, "one_system": False, "call_ids": False}
    assert of("mistral-large-latest", **given) == {**quirks.DEFAULTS, "call_ids": 0}
    assert of("gpt-5.1", call_ids=12)["call_ids"] == 12
    assert of("qwen3", think_tags=False, stream_usage=False) == {
        **quirks.DEFAULTS,
        "one_system": True,
        "stream_usage": False,
    }


def test_roles_in_turn_leave_room_for_one_system_text_only() -> None:
    assert of("local", alternate=True)["one_system"]
    assert not of("local", alternate=True, one_system=False)["one_system"]
    assert of("gemma-2-9b-it", alternate=True)["one_system"] == "user"


def test_the_gateway_takes_a_system_text_for_every_model() -> None:
    assert of("google/gemma-2-9b-it", gateway=True)["one_system"] is True


def test_the_gateway_is_not_asked_to_count() -> None:
    assert not of("openai/gpt-5.1", gateway=True)["stream_usage"]
    assert of("openai/gpt-5.1", gateway=True, stream_usage=True)["stream_usage"]


def test_a_host_that_refuses_all_foreign_fields_gets_none() -> None:
    assert of("moonshotai/kimi-k2.5", "https://api.groq.com/openai/v1")["wants_back"] is False
    assert of("moonshotai/kimi-k2.5", "https://notgroq.com/v1")["wants_back"] == "reasoning_content"


def test_false_and_numbers_are_read_from_the_setting() -> None:
    fields = {"alternate": False, "callIds": False, "wantsBack": "thought_signature"}
    spec = read(json.dumps({"local": {"baseUrl": URL, "model": "mistral", **fields}}))["local"]
    assert (spec.alternate, spec.call_ids, spec.wants_back) == (False, False, "thought_signature")


def test_the_profile_of_a_built_in_model_has_the_name_that_is_sent(settings: Any) -> None:
    registry = ModelRegistry()
    assert registry.profile("c1").upstream == "c1-nightly"
    assert registry.profile("c1").writes_c1
    assert not registry.profile("openassistant").tools
