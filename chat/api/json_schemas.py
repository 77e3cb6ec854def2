"""JSON Schemas of structs and typed dictionaries, with one name for each in a document's components."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import cleandoc
from typing import Any

import msgspec

REFERENCE = "#/components/schemas/"

# The content of an upload, which has no JSON.
BINARY = {"type": "string", "format": "binary"}


class JsonSchemas:
    """The schemas of some types, which share their components."""

    def __init__(self, types: Iterable[Any]) -> None:
        known = list(dict.fromkeys(kind for kind in types if kind is not bytes))
        schemas, components = msgspec.json.schema_components(known, ref_template=REFERENCE + "{name}")
        names = {name: component_name(name) for name in components}
        if len({*names.values()}) < len(names):
            raise ValueError(f"Two types of the API have one name: {sorted(names)}")
        self.components = {
            names[name]: _adapted(schema, names) for name, schema in sorted(components.items())
        }
        self._schemas = {kind: _adapted(schema, names) for kind, schema in zip(known, schemas, strict=True)}

    def of(self, kind: Any) -> dict[str, Any]:
        return BINARY if kind is bytes else self._schemas[kind]


def query_fields(query: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the schemas of a query's parameters, which are never null: one that is left out is."""
    fields = msgspec.json.schema(query)["$defs"][query.__name__]["properties"]
    return {name: _without_null(_adapted(field, {})) for name, field in fields.items()}


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    options = [option for option in field.get("anyOf", ()) if option != {"type": "null"}]
    return options[0] if len(options) == 1 else field


def component_name(name: str) -> str:
    """Return `AgUiMessage` for `chat.schemas.ag_ui._Message`: private structs of several modules share a name."""
    *modules, own = name.replace("-", ".").split(".")
    prefix = "".join(word.title() for word in modules[-1].split("_")) if modules else ""
    return prefix + own.lstrip("_")


def _adapted(schema: Any, names: dict[str, str]) -> Any:
    """Return a schema with the new names in its references, a type for texts of a choice, and no title with an old name."""
    if isinstance(schema, list):
        return [_adapted(item, names) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _adapted(value, names) for key, value in schema.items() if not _is_title(key, value)}
    if "$ref" in kept:
        kept["$ref"] = REFERENCE + names[kept["$ref"].removeprefix(REFERENCE)]
    if isinstance(kept.get("enum"), list) and all(isinstance(value, str) for value in kept["enum"]):
        kept["type"] = "string"
    if isinstance(kept.get("description"), str):  # a docstring, whose indentation Python keeps before 3.13
        kept["description"] = cleandoc(kept["description"])
    return kept


def _is_title(key: str, value: Any) -> bool:
    """Return True for the keyword `title`; False for a property of that name."""
    return key == "title" and isinstance(value, str)
