"""JSON schemas of tools in the form that every provider takes.

One schema that a provider refuses fails the whole request, so every prompt. Tools validate their own arguments, so a wider
schema does no harm: only keywords that all providers know stay, in forms that all know. OpenAI wants an object with
`properties` at the top, without a union there, and `items` in each array; Gemini no references, one type, texts alone in
`enum`, and nothing beside `anyOf`; Anthropic no value twice in `enum` and `required`, and plain names of properties;
llama.cpp no `not`, and patterns that it can turn into a grammar.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

# Levels below which a schema is not rewritten: none that a person wrote is as deep.
MAX_DEPTH = 32
# Schemas in one schema, each counted as often as references lead to it.
MAX_SCHEMAS = 2_000

# Names of parameters as Anthropic takes them (beautyfree/appstore-connect-mcp#2, twilio-labs/mcp#56).
KEY_CHARACTERS = 64
_KEY = re.compile(rf"[A-Za-z0-9_.-]{{1,{KEY_CHARACTERS}}}")
_ODD_IN_KEY = re.compile(r"[^A-Za-z0-9_.-]")

Schema = dict[str, Any]

# The keywords of each type that are kept as they are.
_KEPT: dict[str, tuple[str, ...]] = {
    "object": (),
    "array": ("minItems", "maxItems"),
    "string": ("minLength", "maxLength"),
    "number": ("minimum", "maximum"),
    "integer": ("minimum", "maximum"),
    "boolean": (),
}
# Keywords that tell the type where it is missing.
_TYPE_OF = {
    "properties": "object",
    "items": "array",
    "prefixItems": "array",
    "pattern": "string",
    "minLength": "string",
}
# Formats that Gemini knows; it refuses any other.
_FORMATS = {"date-time", "int32", "int64", "float", "double"}
# A pattern for a grammar has both anchors, and neither escapes nor assertions.
_PATTERN = re.compile(r"\^(?:[^\\(]|\((?!\?))*\$")


def parameters_schema(schema: Any) -> Schema:
    """Return the schema of a tool's parameters, an object with `properties`, in the form that every provider takes."""
    rewriter = _Rewriter(_dict(schema))
    flat, _ = rewriter.flat(_dict(schema), frozenset(), MAX_DEPTH)
    for branch in _branches(flat):
        part, _ = rewriter.flat(branch, frozenset(), MAX_DEPTH)
        flat = {**flat, "properties": {**_dict(part.get("properties")), **_dict(flat.get("properties"))}}
    top = {
        key: value for key, value in flat.items() if key not in ("anyOf", "oneOf", "enum", "const", "default")
    }
    return {
        "type": "object",
        "properties": {},
        **rewriter.rewritten({**top, "type": "object"}, frozenset(), MAX_DEPTH),
    }


class _Rewriter:
    """A rewriter of the schemas in `root`, to which their references lead."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._left = MAX_SCHEMAS

    def rewritten(self, schema: Any, references: frozenset[str], depth: int) -> Schema:
        """Return a schema in the common form, an empty one for anything that is none. `references`: those that led to it."""
        if not isinstance(schema, dict):
            return {}
        flat, references = self.flat(schema, references, depth)
        types, nullable = _types(flat)
        if len(types) > 1:
            branches = [{**flat, "type": kind, "description": None} for kind in types]
            flat = {"anyOf": branches, "description": flat.get("description")}
            types = []
        result = self._of_type(types[0], flat, references, depth) if types else {}
        if options := [self.rewritten(branch, references, depth - 1) for branch in _branches(flat)]:
            wide = not all(options)
            result |= {} if wide else options[0] if len(options) == 1 else {"anyOf": options}
        return _alone(result | _described(flat) | ({"nullable": True} if nullable and result else {}))

    def _of_type(self, kind: str, flat: Schema, references: frozenset[str], depth: int) -> Schema:
        result = {"type": kind, **{key: flat[key] for key in _KEPT[kind] if _is_number(flat.get(key))}}
        if flat.get("format") in _FORMATS:
            result["format"] = flat["format"]
        if kind == "object":
            result |= self._members(flat, references, depth - 1)
        elif kind == "array":
            result["items"] = self.rewritten(_items(flat), references, depth - 1)
        elif kind == "string":
            result |= _texts(flat)
        return result

    def _members(self, flat: Schema, references: frozenset[str], depth: int) -> Schema:
        properties = {
            name: self.rewritten(value, references, depth)
            for name, value in _dict(flat.get("properties")).items()
        }
        required = [
            name for name in _list(flat.get("required")) if isinstance(name, str) and name in properties
        ]
        result: Schema = {"properties": properties} if "properties" in flat else {}
        if others := self.rewritten(flat.get("additionalProperties"), references, depth):
            result["additionalProperties"] = others
        return {**result, "required": [*dict.fromkeys(required)]} if required else result

    def flat(self, schema: Schema, references: frozenset[str], depth: int) -> tuple[Schema, frozenset[str]]:
        """Return a schema without `$ref` and `allOf`, and the references that led to it; one leads nowhere a second time."""
        self._left -= 1
        if depth <= 0 or self._left < 0:
            return {}, references
        reference = schema.get("$ref")
        parts = [part for part in _list(schema.get("allOf")) if isinstance(part, dict)]
        if isinstance(reference, str):
            parts += [] if reference in references else [self._target(reference)]
            references |= {reference}
        flat = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
        for part in parts:
            found, references = self.flat(part, references, depth - 1)
            flat = _together(found, flat)
        return flat, references

    def _target(self, reference: str) -> Schema:
        """Return the schema to which a reference leads, an empty one for one that is elsewhere or nowhere."""
        place: Any = self._root
        base, _, path = reference.partition("#")
        for step in path.split("/")[1:]:
            place = _dict(place).get(unquote(step).replace("~1", "/").replace("~0", "~"))
        return {} if base else _dict(place)


def _alone(schema: Schema) -> Schema:
    """Return a schema without other fields beside `anyOf`; its description and null go into the union, or a type wins."""
    options = schema.pop("anyOf", [])
    if not options or "type" in schema:
        return schema
    description = {key: schema[key] for key in ("description",) if key in schema}
    null = {"nullable": True} if "nullable" in schema else {}
    first, *others = ({**option, **null} for option in options)
    return {"anyOf": [{**description, **first}, *others]}


def portable_keys(schema: Schema) -> tuple[Schema, dict[str, str]]:
    """Return the schema of parameters with names that every provider takes, and the former names by the new ones."""
    properties = _dict(schema.get("properties"))
    renamed: dict[str, str] = {}
    taken = {name for name in properties if _KEY.fullmatch(name)}
    for name in properties:
        if name not in taken:
            plain = _ODD_IN_KEY.sub("_", name)[:KEY_CHARACTERS] or "_"
            numbered = (f"{plain[: KEY_CHARACTERS - 4]}_{number}" for number in range(2, 1_000))
            renamed[name] = next(key for key in (plain, *numbered) if key not in taken)
            taken.add(renamed[name])
    if not renamed:
        return schema, {}
    keys = {renamed.get(name, name): value for name, value in properties.items()}
    required = [renamed.get(name, name) for name in _list(schema.get("required"))]
    changed = {**schema, "properties": keys, **({"required": required} if required else {})}
    return changed, {key: name for name, key in renamed.items()}


def _together(part: Schema, schema: Schema) -> Schema:
    """Return two schemas of which both hold as one; the second one's keywords win."""
    result = {**part, **schema}
    if "properties" in part:
        result["properties"] = {**_dict(part["properties"]), **_dict(schema.get("properties"))}
        result["required"] = [*_list(part.get("required")), *_list(schema.get("required"))]
    return result


def _branches(schema: Schema) -> Iterator[Schema]:
    """Yield the branches of a union but for null."""
    for branch in _list(schema.get("anyOf")) or _list(schema.get("oneOf")):
        if isinstance(branch, dict) and branch.get("type") != "null":
            yield branch


def _types(schema: Schema) -> tuple[list[str], bool]:
    """Return the types that a schema allows, and whether null is among them; no types where it does not tell."""
    given = schema.get("type")
    kinds = [kind for kind in (given if isinstance(given, list) else [given]) if isinstance(kind, str)]
    types = [kind for kind in dict.fromkeys(kinds) if kind in _KEPT]
    if not types:
        found = (kind for key, kind in _TYPE_OF.items() if key in schema)
        types = [next(found, "string" if _values(schema, str) else "")]
    unions = (branch for key in ("anyOf", "oneOf") for branch in _list(schema.get(key)))
    nullable = "null" in kinds or schema.get("nullable") is True or {"type": "null"} in unions
    return [kind for kind in types if kind], nullable


def _items(schema: Schema) -> Any:
    """Return the one schema of all items; before draft 2020-12 a list described a tuple."""
    items = schema.get("items")
    return {"anyOf": items} if isinstance(items, list) else items


def _values(schema: Schema, kind: Any) -> list[Any]:
    """Return the values of this type that a schema names; Gemini refuses an empty text."""
    named = _list(schema.get("enum")) or ([schema["const"]] if "const" in schema else [])
    return [value for value in named if isinstance(value, kind) and value != ""]


def _texts(schema: Schema) -> Schema:
    result: Schema = {"enum": [*dict.fromkeys(values)]} if (values := _values(schema, str)) else {}
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and _PATTERN.fullmatch(pattern):
        result["pattern"] = pattern
    return result


def _described(schema: Schema) -> Schema:
    """Return the description and the default; values other than texts are in the description."""
    words = schema.get("description") if isinstance(schema.get("description"), str) else ""
    if numbers := _values(schema, int | float):
        words = f"{words} One of {', '.join(map(json.dumps, numbers))}.".strip()
    result: Schema = {"description": words} if words else {}
    return result if schema.get("default") is None else {**result, "default": schema["default"]}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> Schema:
    return value if isinstance(value, dict) else {}
