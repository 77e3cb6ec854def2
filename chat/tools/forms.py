"""Forms that a tool asks a person to fill in: the JSON schemas that are taken, and the check of their answers.

A schema may come from an MCP server, so it is bounded, and has only keywords whose check takes bounded time: no patterns, no
references.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import msgspec

# Bytes of a form's schema: some hundred fields.
SCHEMA_BYTES = 16_384
# Levels of a form's schema; each level of fields takes two.
SCHEMA_DEPTH = 12

# Keywords of JSON Schema (2020-12) that forms may use; values of the first ones are names or data, not schemas.
_DATA = {
    "type", "title", "description", "default", "enum", "enumNames", "const", "examples", "format", "required",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
    "minItems", "maxItems", "uniqueItems", "$schema",
}  # fmt: skip
_SCHEMAS = {"items", "additionalProperties"}
_LISTS = {"oneOf", "anyOf"}
_NAMED = {"properties"}


class FormError(ValueError):
    """A schema that no form can have, or a content that does not fit one; `path` leads to the fault (RFC 6901)."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.path = path


def encode_schema(schema: Mapping[str, Any]) -> str:
    """Return the JSON text of a form's schema. Raise FormError for one that is not taken."""
    try:
        text = msgspec.json.encode(schema).decode()
    except (TypeError, ValueError, RecursionError):
        raise FormError("The schema is not JSON.") from None
    if len(text) > SCHEMA_BYTES:
        raise FormError(f"The schema has more than {SCHEMA_BYTES} bytes.")
    decoded = msgspec.json.decode(text)
    _check_keywords(decoded, SCHEMA_DEPTH)
    if decoded.get("type", "object") != "object":
        raise FormError("The schema of a form must be that of an object.")
    try:
        jsonschema.Draft202012Validator.check_schema(decoded)
    except jsonschema.SchemaError as problem:
        raise FormError(f"The schema is not valid: {problem.message[:200]}") from None
    return text


def _check_keywords(schema: Any, depth: int) -> None:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict) or depth == 0:
        raise FormError("The schema is nested too deep, or is no object.")
    for keyword, value in schema.items():
        if keyword in _SCHEMAS:
            _check_keywords(value, depth - 1)
        elif keyword in _LISTS or keyword in _NAMED:
            for inner in (
                value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            ):
                _check_keywords(inner, depth - 1)
        elif keyword not in _DATA:
            raise FormError(f"A form may not use the keyword {keyword[:40]!r}.")


def check_content(content: Any, schema: str) -> None:
    """Raise FormError with the path of the first fault where a content does not fit a stored schema."""
    decoded = {"type": "object", **msgspec.json.decode(schema)}
    validator = jsonschema.Draft202012Validator(
        decoded, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    fault = min(
        validator.iter_errors(content), key=lambda error: list(map(str, error.absolute_path)), default=None
    )
    if fault is not None:
        path = "".join(f"/{_escaped(str(part))}" for part in fault.absolute_path)
        raise FormError(fault.message[:200], path)


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
