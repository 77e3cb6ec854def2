"""Requirements of models' servers, by the name sent upstream and the server's host; a value in CHAT_MODELS wins over these.

A name is searched in small letters, so `mistralai/Mistral-7B`, `open-mistral-7b` and `mistral:7b` are one family. What a row
changes is harmless where it is not needed: most rows only bring a history into a form that every server takes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from chat.llm.config import ModelSpec

DEFAULTS: dict[str, Any] = {
    "alternate": False,
    "one_system": False,
    "call_ids": None,
    "think_tags": False,
    "stream_usage": True,
    "wants_back": True,
}

_NAMES: tuple[tuple[str, dict[str, Any]], ...] = (
    # Ids of nine letters and digits, no user after a tool: mistralai/mistral-common, protocol/instruct/validator.py. Roles in
    # turn, one system text: the templates of the open weights (vllm-project/vllm#6862, charmbracelet/crush#279).
    (
        r"mi(s|x|nis)tral|codestral|devstral|mathstral|magistral|pixtral|voxtral",
        {"alternate": True, "one_system": True, "call_ids": 9},
    ),
    # Roles in turn, one system text: its template (suitenumerique/conversations#197).
    (r"gemma", {"alternate": True, "one_system": True}),
    # No system text: "System role not supported" (huggingface/chat-ui#1386, EricLBuehler/mistral.rs#506), "Only user and
    # assistant roles are supported!" (Mintplex-Labs/anything-llm#2914).
    (r"gemma(-?2|-?7b|-1\.1)|codegemma|mistral-7b|mixtral-8x7b", {"one_system": "user"}),
    # Roles in turn, one system text: its template (clp-research/clemcore#24).
    (r"llama-?2(?![0-9.])|codellama|code-llama", {"alternate": True, "one_system": True}),
    # "System message must be at the beginning": vllm-project/vllm#41114, can1357/oh-my-pi#958, also for MiniMax.
    (r"qwen|qwq|minimax", {"one_system": True}),
    # Thought in tags where the server has no parser for it: docs.vllm.ai, features/reasoning_outputs; Perplexity's.
    (
        r"deepseek-r1|qwq|qwen-?3(?!.*(instruct|coder|embed))|glm-(4\.[5-9]|[5-9]|z1)|hunyuan-a13b|minimax-m|magistral",
        {"think_tags": True},
    ),
    # The same: ollama/ollama#11064 (magistral), kwaroran/Risuai#764, Infinitix-LLC/gpt_markdown#42, and the models' own cards.
    (
        r"r1-1776|sonar-reasoning|seed-oss|phi-4.*reasoning|nemotron|smollm3|exaone|think",
        {"think_tags": True},
    ),
    # Templates that open the thought, so that the text only closes it: ggml-org/llama.cpp#11861, deepseek-ai/DeepSeek-R1#526,
    # xorbitsai/inference#2805 (distilled ones too); the model cards of QwQ and of Qwen3's Thinking-2507, EXAONE's template.
    # On servers that tell it apart, or that put the tag ahead, it is read as everywhere.
    (r"deepseek-r1|qwq|qwen-?3.*thinking|exaone-deep", {"think_tags": "open"}),
    # scouzi1966/maclocal-api#121, Augustas11/macprovider#743; ibm-granite/granite-3.2-8b-instruct; the card of Gemma 4
    # (lmstudio-ai/lmstudio-bug-tracker#2013).
    (r"gpt-oss", {"think_tags": "harmony"}),
    (r"granite-?3\.2", {"think_tags": "granite"}),
    (r"gemma-?4(?!b)", {"think_tags": True}),
    # 400 where a message with calls lacks its thought: api-docs.deepseek.com, guides/thinking_mode (V3.2 and later).
    (r"deepseek-(reasoner|chat|flash|pro|v3\.2|v[4-9])", {"wants_back": "reasoning_content"}),
    # The same of MiMo: platform.xiaomimimo.com, usage-guide/passing-back-reasoning_content (NousResearch/hermes-agent#25484).
    (r"mimo-v", {"wants_back": "reasoning_content"}),
    # The same of Kimi's thinking models (MoonshotAI/kimi-agent-sdk#169, QuantumNous/new-api#3121). Their own call ids look like
    # `functions.name:0`, and the models are trained on that form.
    (r"kimi-(k2\.\d|k[3-9]|k2-thinking|for-coding)|^k2p\d", {"wants_back": "reasoning_content"}),
    (r"kimi", {"call_ids": 0}),
    # 400 where the first call of a step lacks its signature: ai.google.dev, gemini-api/docs/thought-signatures.
    (r"gemini-([3-9]|[1-9]\d)|gemini-(pro|flash|flash-lite)-latest", {"wants_back": "thought_signature"}),
)

_HOSTS: tuple[tuple[str, dict[str, Any]], ...] = (
    # 400 for any field in a history that is not OpenAI's: tashfeenahmed/freellmapi#1070, karthink/gptel#774.
    (r"(^|\.)groq\.com$", {"wants_back": False}),
)


def properties(spec: ModelSpec, upstream: str, base_url: str) -> dict[str, Any]:
    """Return the fields of a profile that depend on the model's name; those that `spec` gives win."""
    name, host = upstream.lower(), urlsplit(base_url).hostname or ""
    found = {**DEFAULTS, "stream_usage": not spec.gateway}
    for rows, text in ((_NAMES, name), (_HOSTS, host)):
        for pattern, required in rows:
            if re.search(pattern, text):
                found |= required
    if spec.gateway:
        # The Gateway speaks for the providers, and reads only the last of two sections in one message.
        found |= {"alternate": False, "think_tags": False, "one_system": bool(found["one_system"])}
    given = {field: value for field in DEFAULTS if (value := getattr(spec, field)) is not None}
    if given.get("alternate"):
        # Such templates take one system text at most, and only first.
        found["one_system"] = found["one_system"] or True
    found |= given
    return found | {"call_ids": 0 if found["call_ids"] is False else found["call_ids"]}
