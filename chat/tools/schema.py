"""What a model is told of a function, made from its signature and docstring, and how its JSON becomes arguments again."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from typing import Any, NoReturn, get_type_hints

import pydantic
import pydantic_core
from django.core.exceptions import ImproperlyConfigured

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # of a tool, as providers take it

_ARGUMENTS = re.compile(
    r"^(?:Args|Arguments|Parameters):[ \t]*\n((?:[ \t]+.*(?:\n|\Z)|[ \t]*\n)*)", re.MULTILINE
)
_ARGUMENT = re.compile(r"^[ \t]+(\w+)[ \t]*(?:\([^)]*\))?:[ \t]*(.+)$")

Parse = Callable[[str], dict[str, Any]]


class BadArguments(ValueError):
    """What a model sent does not fit the schema; the message is for the model."""


class Arguments:
    """The parameters of the tool `name`, all but the one annotated `context`, of which the model is not told.

    Raises ImproperlyConfigured for what has no annotation, no schema, or a default that JSON cannot hold.
    """

    def __init__(self, name: str, function: Callable[..., Any], context: type) -> None:
        self._tool = name
        self.context: str | None = None
        hints, fields = self._hints(function), {}
        for parameter in inspect.signature(function).parameters.values():
            self._check(parameter, hints)
            if hints[parameter.name] is context:
                self.context = parameter.name
            else:
                # Under another name: pydantic refuses or shadows `_id`, `json`, `schema`, `model_name` and the like.
                fields[f"p_{parameter.name}"] = self._field(parameter, hints[parameter.name])
        try:
            config = pydantic.ConfigDict(extra="forbid")
            self._model = pydantic.create_model(name, __config__=config, **fields)  # type: ignore[call-overload]
            self.schema = _trimmed(self._model.model_json_schema())
        except (pydantic.errors.PydanticUserError, TypeError, ValueError) as problem:
            raise ImproperlyConfigured(
                f"The tool {name!r} has no JSON schema: {str(problem).splitlines()[0]}"
            ) from problem

    def parse(self, text: str) -> dict[str, Any]:
        """The arguments by their names. Raises BadArguments."""
        try:
            model = self._model.model_validate_json(text or "{}")
        except pydantic.ValidationError as problem:
            first = problem.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "JSON"
            raise BadArguments(f"{place}: {first['msg']}") from None
        return {field.removeprefix("p_"): getattr(model, field) for field in type(model).model_fields}

    def describe(self, descriptions: dict[str, str]) -> None:
        """Add what the docstring says of the parameters; what an annotation says stands."""
        properties = self.schema.get("properties", {})
        for name, words in descriptions.items():
            if name in properties:
                properties[name].setdefault("description", words)
            elif name != self.context:
                self._refuse(f"its docstring describes {name!r}, which is no parameter")

    def _hints(self, function: Callable[..., Any]) -> dict[str, Any]:
        try:
            return get_type_hints(function, include_extras=True)
        except (NameError, TypeError) as problem:
            self._refuse(f"its annotations cannot be read: {problem}")

    def _check(self, parameter: inspect.Parameter, hints: dict[str, Any]) -> None:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            self._refuse(f"its parameter {str(parameter).partition(':')[0]!r} cannot be given by name")
        if parameter.name not in hints:
            self._refuse(f"its parameter {parameter.name!r} has no annotation")

    def _field(self, parameter: inspect.Parameter, hint: Any) -> tuple[Any, Any]:
        if parameter.default is parameter.empty:
            return hint, pydantic.Field(alias=parameter.name)
        try:
            json.dumps(pydantic_core.to_jsonable_python(parameter.default), allow_nan=False)
        except (ValueError, TypeError, RecursionError):
            self._refuse(f"the default of its parameter {parameter.name!r} cannot be written as JSON")
        return hint, pydantic.Field(parameter.default, alias=parameter.name)

    def _refuse(self, problem: str) -> NoReturn:
        raise ImproperlyConfigured(f"The tool {self._tool!r}: {problem}.")


def documented(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """A docstring's description, and what its `Args:` section says of each parameter."""
    text = inspect.getdoc(function) or ""
    section = _ARGUMENTS.search(text)
    if section is None:
        return text.strip(), {}
    rest = text[: section.start()].rstrip() + "\n\n" + text[section.end() :].strip()
    return rest.strip(), _descriptions(section[1])


def _descriptions(section: str) -> dict[str, str]:
    """By parameter; a line that begins no new one goes on with the last."""
    found: dict[str, str] = {}
    for line in filter(str.strip, section.splitlines()):
        begun = _ARGUMENT.match(line)
        if begun and _indent(line) == _indent(section):
            name, words = begun.groups()
            found[name] = words.strip()
        elif found:
            found[name] += f" {line.strip()}"
    return found


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _trimmed(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the titles that pydantic makes from names: a model pays for them and learns nothing."""
    schema.pop("title", None)
    for described in schema.get("properties", {}).values():
        described.pop("title", None)
    return schema
