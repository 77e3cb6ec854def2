"""The forms of a quirk: an answer of a model's server, the issue that reports it, and the right reading."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.unit.stream_corpus import END, JSON, chat, ended, event

Calls = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Quirk:
    """One answer. `calls`: names and arguments; `error`: the answer failed; `whole`: one JSON document, no stream."""

    source: str
    body: bytes
    text: str = ""
    calls: Calls = ()
    usage: tuple[int, int] | None = None
    error: bool = False
    whole: bool = False

    @property
    def headers(self) -> dict[str, str]:
        return JSON if self.whole else {"Content-Type": "text/event-stream"}


def stream(source: str, *parts: Any, **expected: Any) -> Quirk:
    """Return a stream of these events and bytes, with the usual end."""
    data = b"".join(part if isinstance(part, bytes) else event(part) for part in parts)
    return Quirk(source, data + END, **expected)


def reasons(*reasons: str | None) -> Iterable[dict[str, Any]]:
    """Yield a delta of text for each reason, numbered."""
    for number, reason in enumerate(reasons):
        yield {
            "choices": [{"index": 0, "delta": {"content": f"{number} "}, "finish_reason": reason}],
        }


def lines(*payloads: dict[str, Any]) -> bytes:
    """Return events with one newline between them."""
    return b"".join(event(payload)[:-1] for payload in (*payloads, ended())) + b"data: [DONE]\n"


def failing(**choice: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, **choice}]}


def called(arguments: Any, **more: Any) -> dict[str, Any]:
    return chat(
        tool_calls=[{"index": 0, "id": "a", **more, "function": {"name": "f", "arguments": arguments}}]
    )


def error_of(source: str, *parts: Any) -> Quirk:
    """Return a stream that says Hello and then fails in this way, with the usual end."""
    return stream(source, HELLO, *parts, text="Hello", error=True)


def last(source: str, end: bytes) -> Quirk:
    """Return a stream whose end mark is this one."""
    return Quirk(source, event(HELLO) + event(ended()) + end, "Hello")


def plain(payload: dict[str, Any]) -> bytes:
    """Return an event's JSON without its framing."""
    return json.dumps(payload).encode()


def counted(**usage: Any) -> dict[str, Any]:
    return {"choices": [], "usage": usage}


HELLO = chat(content="Hello")
X, Y = '{"x": 1}', '{"y": 2}'
EARLY = "su-kaka/gcli2api#403, QuantumNous/new-api#378, songquanpeng/one-api#1408"
KEEPALIVE = "anomalyco/opencode#50871, mnfst/llm-gateway#2053"
FRAMING = "QuantumNous/new-api#378"
OBJECT = "can1357/oh-my-pi#1779"
TWICE = "anomalyco/opencode#17339, Soju06/codex-lb#284"
INDEX = "agno-agi/agno#8880"
DRESSED = "genkit-ai/genkit#6259"
NAMELESS = "SamSaffron/term-llm#454"
USAGE = "earendil-works/pi#2326"
TWO_OBJECTS = "dyedd/lens#49, open-webui/open-webui#22235, agno-agi/agno#3826"
ABORTED = "vllm-project/vllm#57082, sgl-project/sglang#19357"
IN_PLAIN = "maximhq/bifrost#5262"
TWO_PREFIXES = "openclaw/openclaw#96497"
IN_HALVES = "envoyproxy/ai-gateway#1631, spring-projects/spring-ai#921"
UNCOUNTED = "diegosouzapw/OmniRoute#4615"
ENCODED = "quarkiverse/quarkus-langchain4j#2642, vllm-project/vllm#54964"
PROVIDER = "the provider's documentation"
TYPED = "NousResearch/hermes-agent#65643"
# Not reported in this very form.
VARIANT = "a variant of the others"
ANTHROPIC_NAMES = {"input_tokens": 11, "output_tokens": 5}
OPENAI_NAMES = {"prompt_tokens": 11, "completion_tokens": 5}
