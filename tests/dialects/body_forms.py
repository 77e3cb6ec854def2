"""Bodies with one wrong value each, made from the structs that check bodies: every field, in type, range, depth and size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from chat.api.json_schemas import REFERENCE, JsonSchemas
from chat.schemas.validation import MAX_DEPTH
from tests.live.client import Json

# A value of each of JSON's types.
VALUES: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "number": 1.5,
    "string": "x",
    "array": [],
    "object": {},
}
# The key that stands for all keys of an object whose keys are free.
FREE_KEY = "free-key"
DEEP: Any = json.loads("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
UNSTORABLE = "a\0b"
# Of texts, lists and objects; more than any limit on them but those of contents, and fewer bytes than a body may have.
LONG_TEXT, MANY = 200_000, 2_000
LARGE_NUMBER = 10**30


class BodyPlace(NamedTuple):
    """A place in a body: a key for each object around it and 0 for each list, and the schemas of which its value has one."""

    path: tuple[str | int, ...]
    options: tuple[Json, ...]

    @property
    def names(self) -> set[str]:
        """Return the names by which an error may name the place: the field's, or that of the field around all of it."""
        fields = [key for key in self.path if isinstance(key, str) and key != FREE_KEY]
        return {fields[-1], fields[0]}


class BodyForm:
    """The form of a body, as the struct that checks it has it."""

    def __init__(self, kind: type[msgspec.Struct]) -> None:
        schemas = JsonSchemas([kind])
        self._components = schemas.components
        self._root = self._options(schemas.of(kind))

    def places(self) -> Iterator[BodyPlace]:
        """Yield every field, and the first item of every list, at all depths."""
        yield from self._inside(self._root, ())

    def changed(self, body: Json, place: BodyPlace, value: Any) -> Json:
        """Return the body with a value at a place; what is missing around it is made."""
        found: Json = self._changed(self._root, body, place.path, value)
        return found

    def large(self, place: BodyPlace) -> Iterator[Any]:
        """Yield the largest values of the right type."""
        for option in place.options:
            kinds = _types(option)
            if "string" in kinds and "enum" not in option:
                yield "x" * LONG_TEXT
            if "integer" in kinds:
                yield LARGE_NUMBER
            if "array" in kinds:
                yield [self._least(self._options(option.get("items", {})))] * MANY
            if "object" in kinds and not option.get("properties"):
                yield {f"k{number}": "x" for number in range(MANY)}

    def _inside(self, options: tuple[Json, ...], path: tuple[str | int, ...]) -> Iterator[BodyPlace]:
        for option in options:
            for key, inner in self._parts(option).items():
                place = BodyPlace((*path, key), inner)
                yield place
                yield from self._inside(inner, place.path)

    def _parts(self, option: Json) -> dict[str | int, tuple[Json, ...]]:
        parts: dict[str | int, Any] = dict(option.get("properties", {}))
        if extra := option.get("additionalProperties"):
            parts[FREE_KEY] = extra
        if items := option.get("items"):
            parts[0] = items
        return {key: self._options(part) for key, part in parts.items() if isinstance(part, dict)}

    def _options(self, schema: Json) -> tuple[Json, ...]:
        if "$ref" in schema:
            return self._options(self._components[schema["$ref"].removeprefix(REFERENCE)])
        if "anyOf" in schema:
            return tuple(one for option in schema["anyOf"] for one in self._options(option))
        return (schema,)

    def _changed(self, options: tuple[Json, ...], value: Any, path: tuple[str | int, ...], new: Any) -> Any:
        if not path:
            return new
        key, *rest = path
        parts = next(parts for option in options if key in (parts := self._parts(option)))
        if key == 0:
            item = value[0] if isinstance(value, list) and value else self._least(parts[key])
            return [self._changed(parts[key], item, tuple(rest), new)]
        known = value if isinstance(value, dict) else self._least(options)
        around = known if isinstance(known, dict) else self._least_object(options)
        return {**around, key: self._changed(parts[key], around.get(key), tuple(rest), new)}

    def _least_object(self, options: tuple[Json, ...]) -> Any:
        return self._least(tuple(option for option in options if "object" in _types(option)))

    def _least(self, options: tuple[Json, ...]) -> Any:
        """Return the smallest valid value."""
        option = options[0]
        if "enum" in option:
            return option["enum"][0]
        kind = next(iter(_types(option)))
        if kind == "object":
            parts = self._parts(option)
            return {name: self._least(parts[name]) for name in option.get("required", ())}
        return option.get("minimum", VALUES[kind])


def wrong(place: BodyPlace) -> Iterator[Any]:
    """Yield a value of each other type, and those just outside of the bounds of the right ones."""
    allowed = {kind for option in place.options for kind in _types(option)}
    yield from (value for kind, value in VALUES.items() if kind not in allowed)
    for option in place.options:
        yield from _outside(option)


def _types(option: Json) -> dict[str, None]:
    """Return the types of a schema in its order; all of them for one that says nothing."""
    given = option.get("type", list(VALUES))
    kinds = [given] if isinstance(given, str) else given
    # A number may be whole.
    return dict.fromkeys([*kinds, *(["integer"] if "number" in kinds else [])])


def _outside(option: Json) -> Iterator[Any]:
    if "enum" in option:
        yield "other"
    if "pattern" in option:
        yield "a b/ü"
    if option.get("minLength"):
        yield ""
    if "maxLength" in option:
        yield "x" * (option["maxLength"] + 1)
    if "minimum" in option:
        yield option["minimum"] - 1
    if "maximum" in option:
        yield option["maximum"] + 1
    if option.get("minItems"):
        yield []
    if "maxProperties" in option:
        yield {f"k{number}": "x" for number in range(option["maxProperties"] + 1)}
