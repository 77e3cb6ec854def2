"""A call by a name in another spelling than the declared one is a call of the tool that it can only mean."""

from __future__ import annotations

import re

import pytest

from chat.llm.clients.portable_names import portable, told_apart
from chat.tools.called_names import declared_name

TOOLS = ["get_weather", "files_read-text", "GetTime", "todo", "a_b", "a-b"]


@pytest.mark.parametrize(
    ("called", "meant"),
    [
        ("get_weather", "get_weather"),
        # anomalyco/opencode#31514
        ("files_read_text", "files_read-text"),
        ("Get_Weather", "get_weather"),
        ("get-weather", "get_weather"),
        # earendil-works/pi#4517, lijunzh/koda#548
        ("getWeather", "get_weather"),
        ("get_time", "GetTime"),
        # openclaw/openclaw#39328
        ("functions.get_weather", "get_weather"),
        ("tools/get_weather", "get_weather"),
        ("default_api:get_weather", "get_weather"),
        ("mcp__686f__get_weather", "get_weather"),
        ("functions.get_weather:0", "get_weather"),
        # NousResearch/hermes-agent#14186
        ("Todo_tool", "todo"),
        # vllm-project/vllm#32587
        ("get_weather<|channel|>commentary", "get_weather"),
        (" get_weather\n", "get_weather"),
        ("a_b", "a_b"),
        # Two could be meant, or none.
        ("A.B", "A.B"),
        ("weather", "weather"),
        ("functions.", "functions."),
        ("天气", "天气"),
        ("", ""),
    ],
)
def test_a_spelling_means_the_one_tool_that_it_fits(called: str, meant: str) -> None:
    assert declared_name(called, TOOLS) == meant


@pytest.mark.parametrize(
    "tools", [["3d", "_3d"], ["a.b", "a/b", "a_b"], ["x" * 64 + "1", "x" * 64 + "2"], ["天气", "时间"]]
)
def test_tools_whose_portable_names_are_the_same_are_told_apart(tools: list[str]) -> None:
    apart = told_apart(tools)
    sent = [apart.get(name, portable(name)) for name in tools]
    assert len(set(sent)) == len(tools)
    assert all(re.fullmatch("[A-Za-z_][A-Za-z0-9_-]{0,63}", name) for name in sent)
    assert [declared_name(name, tools) for name in sent] == tools
