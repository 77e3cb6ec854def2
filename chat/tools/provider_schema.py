"""JSON schemas of tools in the form that every provider takes.

One schema that a provider refuses fails the whole request, so every prompt. OpenAI wants an object with `properties` at the
top, without a union there, `items` in each array, and lists of names in `required`. Tools validate their own arguments, so a
wider schema does no harm.
"""

from __future__ import annotations

from typing import Any

# Levels below which a schema is not rewritten: none that a person wrote is as deep.
MAX_DEPTH = 32
UNIONS = ("anyOf", "oneOf", "allOf")
REFUSED_AT_TOP = (*UNIONS, "enum", "not", "const")
# Keywords whose values are schemas, lists of schemas, or schemas by name.
_SCHEMA = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_LISTS = (*UNIONS, "prefixItems")
_BY_NAME = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")

Schema = dict[str, Any]


def parameters_schema(schema: Any) -> Schema:
    """Return the schema of a tool's parameters, an object with `properties`, in the form that every provider takes."""
    given = schema if isinstance(schema, dict) else {}
    merged = {key: value for key, value in given.items() if key not in REFUSED_AT_TOP}
    for branch in _branches(given):
        merged["properties"] = {**_dict(branch.get("properties")), **_dict(merged.get("properties"))}
    merged = {**merged, "type": "object", "properties": _dict(merged.get("properties"))}
    return _dict(_rewritten(merged, MAX_DEPTH))


def _branches(schema: Schema) -> list[Schema]:
    lists = (schema.get(union) for union in UNIONS)
    return [branch for entries in lists if isinstance(entries, list) for branch in entries if _dict(branch)]


def _dict(value: Any) -> Schema:
    return value if isinstance(value, dict) else {}


def _rewritten(schema: Any, depth: int) -> Any:
    if not isinstance(schema, dict) or depth == 0:
        return schema
    result = {key: _value(key, value, depth - 1) for key, value in schema.items()}
    if not _is_names(result.get("required", [])):
        del result["required"]
    if "array" in _types(result) and not isinstance(result.get("items"), dict):
        result["items"] = {}
    return result


def _value(key: str, value: Any, depth: int) -> Any:
    if key == "items" and isinstance(value, list):
        # Before draft 2020-12 a list described a tuple; providers want one schema for all items.
        return {"anyOf": [_rewritten(entry, depth) for entry in value]} if value else {}
    if key in _SCHEMA:
        return _rewritten(value, depth)
    if key in _LISTS and isinstance(value, list):
        return [_rewritten(entry, depth) for entry in value]
    if key in _BY_NAME and isinstance(value, dict):
        return {name: _rewritten(entry, depth) for name, entry in value.items()}
    return value


def _is_names(required: Any) -> bool:
    return isinstance(required, list) and all(isinstance(name, str) for name in required)


def _types(schema: Schema) -> Any:
    kind = schema.get("type")
    return kind if isinstance(kind, list) else [kind]
