"""The JSON schema of a function, made from its signature and docstring, and the validation of a model's arguments."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from typing import Any, NoReturn, get_type_hints

import pydantic
import pydantic_core
from django.core.exceptions import ImproperlyConfigured

# The name of a tool, as providers take it.
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

_ARGUMENTS = re.compile(
    r"^(?:Args|Arguments|Parameters):[ \t]*\n((?:[ \t]+.*(?:\n|\Z)|[ \t]*\n)*)", re.MULTILINE
)
_ARGUMENT = re.compile(r"^[ \t]+(\w+)[ \t]*(?:\([^)]*\))?:[ \t]*(.+)$")

Parse = Callable[[str], dict[str, Any]]


class BadArguments(ValueError):
    """Arguments that do not fit the schema; the message is for the model."""


class Arguments:
    """The parameters of the tool `name`, except the one annotated `context`, which is hidden from the model.

    Raises ImproperlyConfigured for a parameter without annotation or schema, or with a default that JSON cannot hold.
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
                # With a prefix, because pydantic refuses or shadows `_id`, `json`, `schema`, `model_name` and the like.
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
        """Return the arguments by their names. Raises BadArguments."""
        try:
            model = self._model.model_validate_json(text or "{}")
        except pydantic.ValidationError as problem:
            first = problem.errors(include_url=False, include_input=False)[0]
            path = ".".join(str(part) for part in first["loc"]) or "JSON"
            raise BadArguments(f"{path}: {first['msg']}") from None
        return {field.removeprefix("p_"): getattr(model, field) for field in type(model).model_fields}

    def describe(self, descriptions: dict[str, str]) -> None:
        """Add the docstring's descriptions of parameters that have none by annotation."""
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
    """Return a docstring's description, and the descriptions of parameters in its `Args:` section."""
    text = inspect.getdoc(function) or ""
    section = _ARGUMENTS.search(text)
    if section is None:
        return text.strip(), {}
    rest = text[: section.start()].rstrip() + "\n\n" + text[section.end() :].strip()
    return rest.strip(), _descriptions(section[1])


def _descriptions(section: str) -> dict[str, str]:
    """Return descriptions by parameter; a line that begins no new one continues the last."""
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
    """Remove the titles that pydantic makes from names: they cost tokens and tell a model nothing."""
    schema.pop("title", None)
    for described in schema.get("properties", {}).values():
        described.pop("title", None)
    return schema
