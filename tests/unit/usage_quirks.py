"""The quirks of models' servers in their token counts."""

from __future__ import annotations

import json

from tests.unit.quirk_forms import (
    ANTHROPIC_NAMES,
    HELLO,
    IN_HALVES,
    OPENAI_NAMES,
    PROVIDER,
    UNCOUNTED,
    USAGE,
    VARIANT,
    Quirk,
    counted,
    failing,
    stream,
)
from tests.unit.stream_corpus import ended

USAGE_QUIRKS: dict[str, Quirk] = {
    "usage of Anthropic's names": stream(
        USAGE, HELLO, counted(**ANTHROPIC_NAMES), text="Hello", usage=(11, 5)
    ),
    "usage of both names": stream(
        USAGE, HELLO, counted(**ANTHROPIC_NAMES, **OPENAI_NAMES), text="Hello", usage=(11, 5)
    ),
    "usage of Google's names": stream(
        USAGE, HELLO, counted(promptTokenCount=11, candidatesTokenCount=5), text="Hello", usage=(11, 5)
    ),
    "usage with a total": stream(
        USAGE, HELLO, counted(prompt_tokens=11, total_tokens=16), text="Hello", usage=(11, 5)
    ),
    "usage with a total and a completion": stream(
        USAGE, HELLO, counted(completion_tokens=5, total_tokens=16), text="Hello", usage=(11, 5)
    ),
    "usage in halves": stream(
        IN_HALVES,
        counted(input_tokens=11, output_tokens=1),
        HELLO,
        counted(input_tokens=0, output_tokens=5),
        text="Hello",
        usage=(11, 5),
    ),
    "usage in halves of OpenAI's names": stream(
        IN_HALVES, counted(prompt_tokens=11), HELLO, counted(completion_tokens=5), text="Hello", usage=(11, 5)
    ),
    "usage with every delta": stream(
        PROVIDER,
        HELLO | {"usage": OPENAI_NAMES | {"completion_tokens": 1}},
        HELLO | {"usage": OPENAI_NAMES},
        ended() | {"usage": None},
        text="HelloHello",
        usage=(11, 5),
    ),
    "usage without the prompt's": stream(
        UNCOUNTED, HELLO, counted(prompt_tokens=0, completion_tokens=5), text="Hello"
    ),
    "usage of a prompt from the cache": stream(
        UNCOUNTED,
        HELLO,
        counted(input_tokens=0, output_tokens=5, cache_read_input_tokens=11),
        text="Hello",
        usage=(11, 5),
    ),
    "usage with num": stream(
        VARIANT, HELLO, counted(num_input_tokens=11, num_output_tokens=5), text="Hello", usage=(11, 5)
    ),
    "usage in bare words": stream(VARIANT, HELLO, counted(input=11, output=5), text="Hello", usage=(11, 5)),
    "usage in texts": stream(
        USAGE, HELLO, counted(prompt_tokens="11", completion_tokens="5"), text="Hello", usage=(11, 5)
    ),
    "usage of Vertex' names": stream(
        USAGE, HELLO, counted(prompt_token_count=11, candidates_token_count=5), text="Hello", usage=(11, 5)
    ),
    "usage of Bedrock's names": stream(
        USAGE, HELLO, counted(inputTokenCount=11, outputTokenCount=5), text="Hello", usage=(11, 5)
    ),
    "usage in Cohere's objects": stream(
        PROVIDER,
        HELLO,
        counted(billed_units=ANTHROPIC_NAMES, tokens=ANTHROPIC_NAMES),
        text="Hello",
        usage=(11, 5),
    ),
    "usage in floats": stream(
        USAGE, HELLO, counted(prompt_tokens=11.0, completion_tokens=5.0), text="Hello", usage=(11, 5)
    ),
    "usage of zeros": stream(USAGE, HELLO, counted(prompt_tokens=0, completion_tokens=0), text="Hello"),
    "usage of unknown names": stream(USAGE, HELLO, counted(units=11), text="Hello"),
    "usage in the last choice": stream(
        "MoonshotAI, " + PROVIDER,
        HELLO,
        failing(finish_reason="stop", usage=OPENAI_NAMES),
        text="Hello",
        usage=(11, 5),
    ),
    "usage beside the last choice": stream(
        "Groq, " + PROVIDER, HELLO, ended() | {"x_groq": {"usage": OPENAI_NAMES}}, text="Hello", usage=(11, 5)
    ),
    "usage of Anthropic's names in a whole answer": Quirk(
        USAGE,
        json.dumps(
            {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}], "usage": ANTHROPIC_NAMES}
        ).encode(),
        "Hi",
        usage=(11, 5),
        whole=True,
    ),
}
