"""A call that a model wrote into its text, where its server reads no calls, stays text: nothing runs, nothing is lost.

Trackers have both wishes, to run it and to leave it. Text that quotes a call, of a manual or a page, must not run it.
"""

from __future__ import annotations

import pytest

from chat.llm.sse import ChunkDecoder
from tests.unit.stream_corpus import END, chat, event

CALLS = {
    # NousResearch/hermes-agent#7628, which was closed for this reason
    "Hermes and Qwen": '<tool_call>\n{"name": "calculate", "arguments": {"expression": "1"}}\n</tool_call>',
    "Qwen Coder": "<tool_call><function=calculate><parameter=expression>1</parameter></function></tool_call>",
    "Llama": '<|python_tag|>{"name": "calculate", "parameters": {"expression": "1"}}<|eom_id|>',
    "Llama 3.2": '<function=calculate>{"expression": "1"}</function>',
    # ml-explore/mlx-lm#1643
    "Mistral": '[TOOL_CALLS][{"name": "calculate", "arguments": {"expression": "1"}}]',
    "Devstral": '[TOOL_CALLS]calculate[ARGS]{"expression": "1"}',
    "DeepSeek": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>calculate\n```json\n{}\n```",
    # earendil-works/pi#3712
    "DeepSeek V4": '<｜DSML｜tool_calls><｜DSML｜invoke name="calculate"></｜DSML｜invoke></｜DSML｜tool_calls>',
    # can1357/oh-my-pi#8495
    "Kimi": "<|tool_calls_section_begin|><|tool_call_begin|>functions.calculate:0<|tool_call_argument_begin|>{}",
    "Claude": '<function_calls><invoke name="calculate"></invoke></function_calls>',
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("think_tags", [False, True])
def test_a_call_in_the_text_is_text(name: str, think_tags: bool) -> None:
    text = CALLS[name]
    decoder = ChunkDecoder(think_tags=think_tags)
    halves = (text[: len(text) // 2], text[len(text) // 2 :])
    updates = [decoder.feed(data) for data in (*(event(chat(content=half)) for half in halves), END)]
    assert "".join(update.text for update in updates) == text
    assert not any(update.calls for update in updates)
