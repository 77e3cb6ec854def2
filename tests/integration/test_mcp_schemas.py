"""Schemas of an MCP server's tools, in the forms that providers take."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from chat.tools.mcp.server import McpServer
from chat.tools.registry import Tool, tool_schema
from tests.fixtures.mcp_calls import run, stdio

# Schemas

EMPTY = {"type": "object", "properties": {}}
PATH = {"properties": {"path": {"type": "string"}}, "required": ["path"]}


def parameters(schema: Any, **more: Any) -> dict[str, Any]:
    """Return the schema of one parameter, and what else stands at its top."""
    return {"type": "object", "properties": {"a": schema}, **more}


SCHEMAS: list[tuple[Any, dict[str, Any]]] = [
    ({"type": "object"}, EMPTY),
    ({}, EMPTY),
    ({"type": ["object", "null"]}, EMPTY),
    ({"type": "object", "properties": None, "required": None}, EMPTY),
    (
        {"type": "object", "properties": {"a": {"type": "array"}}},
        {**EMPTY, "properties": {"a": {"type": "array", "items": {}}}},
    ),
    (
        {"type": "object", "properties": {"a": {"type": ["array", "null"], "items": [{"type": "string"}]}}},
        {**EMPTY, "properties": {"a": {"type": "array", "items": {"type": "string"}, "nullable": True}}},
    ),
    (
        {
            "type": "object",
            "properties": {"a": {"type": "object", "properties": {"b": {"type": "array"}}, "required": True}},
        },
        {
            **EMPTY,
            "properties": {"a": {"type": "object", "properties": {"b": {"type": "array", "items": {}}}}},
        },
    ),
    (
        {"anyOf": [PATH, {"properties": {"url": {}}}]},
        {**EMPTY, "properties": {"path": {"type": "string"}, "url": {}}},
    ),
    ({"type": "object", "oneOf": [{"required": ["a"]}], "not": {}, "enum": [1]}, EMPTY),
    ({"type": "object", **PATH}, {"type": "object", **PATH}),
    # google-gemini/gemini-cli#13326, anomalyco/opencode#12295, DEEIX-AI/DEEIX-Chat#546
    *(
        (
            parameters(schema, **{"$schema": "https://json-schema.org/draft/2020-12/schema", **more}),
            parameters(sent),
        )
        for schema, more, sent in (
            ({"$ref": "#/$defs/A"}, {"$defs": {"A": {"type": "string"}}}, {"type": "string"}),
            ({"$ref": "#/$defs/a~1b"}, {"$defs": {"a/b": {"$ref": "#/definitions/A%20"}}}, {}),
            (
                {"$ref": "#/$defs/A", "description": "d"},
                {"$defs": {"A": {"type": "string", "description": "no"}}},
                {"type": "string", "description": "d"},
            ),
            (
                {"type": "array", "items": {"$ref": "#/$defs/A"}},
                {"$defs": {"A": {"properties": {"b": {"$ref": "#"}}}}},
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "b": {"type": "object", "properties": {"a": {"type": "array", "items": {}}}}
                        },
                    },
                },
            ),
            ({"allOf": [{"$ref": "#/$defs/A"}]}, {"$defs": {"A": {"type": "integer"}}}, {"type": "integer"}),
        )
    ),
    # github/copilot-cli#4623, sbroenne/mcp-server-excel#672
    (
        parameters({"type": ["object", "null"], **PATH}),
        parameters({"type": "object", **PATH, "nullable": True}),
    ),
    (
        parameters({"type": ["string", "integer"], "description": "d"}),
        parameters({"anyOf": [{"type": "string", "description": "d"}, {"type": "integer"}]}),
    ),
    (
        parameters({"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}),
        parameters({"type": "string", "nullable": True}),
    ),
    (
        parameters({"type": ["string", "integer", "null"]}),
        parameters({"anyOf": [{"type": "string", "nullable": True}, {"type": "integer", "nullable": True}]}),
    ),
    (
        parameters({"type": "string", "anyOf": [{"pattern": "a"}, {"pattern": "b"}]}),
        parameters({"type": "string"}),
    ),
    # PostHog/mcp#141
    (
        parameters({"type": "string", "enum": ["a", "b", "a"]}),
        parameters({"type": "string", "enum": ["a", "b"]}),
    ),
    ({**parameters({}), "required": ["a", "a"]}, {**parameters({}), "required": ["a"]}),
    # containers/kubernetes-mcp-server#758, NousResearch/hermes-agent#18530
    (parameters({"type": "string", "pattern": "[a-z]+"}), parameters({"type": "string"})),
    (parameters({"type": "string", "pattern": r"^\d{4}$"}), parameters({"type": "string"})),
    (
        parameters({"type": "string", "pattern": "^(a|b)[0-9]+$"}),
        parameters({"type": "string", "pattern": "^(a|b)[0-9]+$"}),
    ),
    # ggml-org/llama.cpp#17574
    (parameters({"not": {}}), parameters({})),
    (parameters(True), parameters({})),
    (parameters({"type": "any"}), parameters({})),
    (
        parameters({"type": "integer", "minimum": 0, "exclusiveMinimum": True}),
        parameters({"type": "integer", "minimum": 0}),
    ),
    (parameters({"type": "string", "enum": ["", "a", None]}), parameters({"type": "string", "enum": ["a"]})),
    (
        parameters({"type": "integer", "enum": [1, 2]}),
        parameters({"type": "integer", "description": "One of 1, 2."}),
    ),
    (parameters({"const": "a"}), parameters({"type": "string", "enum": ["a"]})),
    (parameters({"type": "string", "format": "uri", "description": None}), parameters({"type": "string"})),
    ({**parameters({}), "required": ["a", "b"]}, {**parameters({}), "required": ["a"]}),
]


@pytest.mark.parametrize(("given", "sent"), SCHEMAS, ids=[json.dumps(given) for given, _ in SCHEMAS])
def test_a_schema_is_sent_in_the_form_that_every_provider_takes(given: Any, sent: dict[str, Any]) -> None:
    assert tool_schema("a", "b", given)["function"]["parameters"] == sent


def test_a_description_beyond_the_bound_goes_on_above_the_parameters() -> None:
    words = "word " * 300
    sent = tool_schema("a", words, {})["function"]
    assert len(sent["description"]) <= 1024
    assert sent["description"] + sent["parameters"]["description"] == words
    assert len(tool_schema("a", "x" * 3000, {})["function"]["description"]) == 1024


def test_a_parameter_whose_name_a_provider_refuses_has_another_one_for_the_model() -> None:
    named: dict[str, Any] = {"filter[id]": {}, "filter_id_": {}, "größe": {}, "": {}, "a.b": {}}
    listed = {
        "name": "echo",
        "inputSchema": {"type": "object", "properties": named, "required": ["filter[id]"]},
    }
    spec = stdio()
    listing = msgspec.structs.replace(spec, env=spec.env | {"MCP_TOOLS": json.dumps([listed])})

    async def first(server: McpServer) -> Tool:
        return (await server.offered())["stub_echo"]

    tool = run(listing, first)
    sent = tool.schema["function"]["parameters"]
    assert list(sent["properties"]) == ["filter_id__2", "filter_id_", "gr__e", "_", "a.b"]
    assert sent["required"] == ["filter_id__2"]
    assert tool.parse('{"filter_id__2": 1, "gr__e": 2, "a.b": 3, "new": 4}') == {
        "arguments": {"filter[id]": 1, "größe": 2, "a.b": 3, "new": 4}
    }


def test_a_schema_whose_references_multiply_is_sent_in_a_bounded_size() -> None:
    twice = {
        f"A{n}": {"properties": {"a": {"$ref": f"#/$defs/A{n + 1}"}, "b": {"$ref": f"#/$defs/A{n + 1}"}}}
        for n in range(30)
    }
    sent = tool_schema("a", "b", {"properties": {"a": {"$ref": "#/$defs/A0"}}, "$defs": twice})
    assert len(json.dumps(sent)) < 500_000


def test_a_schema_of_any_depth_is_sent() -> None:
    deep: dict[str, Any] = {"type": "array"}
    for _ in range(500):
        deep = {"type": "object", "properties": {"a": deep}}
    assert tool_schema("a", "b", deep)["function"]["parameters"]["type"] == "object"


# Changes
