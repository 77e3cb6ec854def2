"""Forms of MCP servers: which are taken, and that none asks for a secret."""

from __future__ import annotations

from typing import Any

import pytest

from chat.tools.forms import FormError, encode_schema
from chat.tools.mcp.elicited_forms import MAX_FIELDS, fields_of, secret_in

TEXT = {"type": "string"}
NULL = {"type": "null"}


def form(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields}


def secret(message: str, schema: dict[str, Any]) -> str | None:
    encode_schema(schema)
    return secret_in(message, schema, fields_of(schema))


SECRETS: dict[str, tuple[str, dict[str, Any]]] = {
    "name": ("Sign in", form(userPassword=TEXT)),
    "name in capitals": ("Sign in", form(PASSWORD=TEXT)),
    "title": ("Sign in", form(value=TEXT | {"title": "API key"})),
    "title with a hyphen": ("Sign in", form(value=TEXT | {"title": "API-Key"})),
    "title of one word": ("Sign in", form(value=TEXT | {"title": "Your PIN"})),
    "description": ("Sign in", form(value=TEXT | {"description": "the CVV of your card"})),
    "example": ("Sign in", form(value=TEXT | {"examples": ["my password"]})),
    "format": ("Sign in", form(value=TEXT | {"format": "password"})),
    "another format": ("Sign in", form(value=TEXT | {"format": "X-Passphrase"})),
    "message": ("Please give your credit card", form(value=TEXT)),
    "title of the form": ("Go on?", form(value=TEXT) | {"title": "Enter your password"}),
    "number": ("Sign in", form(card_pin={"type": "integer"})),
    "optional": ("Sign in", form(password={"anyOf": [TEXT, NULL]})),
    "optional with words inside": ("Sign in", form(value={"anyOf": [TEXT | {"title": "Password"}, NULL]})),
    "one value offered beside a text": ("Sign in", form(password={"oneOf": [{"const": "none"}, TEXT]})),
    "no type": ("Sign in", form(password={})),
    "letters that only look different": ("Sign in", form(value=TEXT | {"title": "\uff30assword"})),
    "characters that are not seen": ("Your pass\u200bword?", form(value=TEXT)),
    "code": ("We sent you a verification code", form(value=TEXT)),
    "German": ("Bitte das Kennwort", form(wert=TEXT)),
    "Arabic": ("أدخل كلمة المرور", form(value=TEXT)),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_no_form_asks_for_a_secret(kind: str) -> None:
    assert secret(*SECRETS[kind])


def test_flags_and_choices_about_secrets_are_none() -> None:
    offered = [{"const": "pin", "title": "PIN"}, {"const": "round"}, NULL]
    flags = form(
        reset={"type": "boolean"},
        password={"enum": ["change", "keep"]},
        token={"type": "array", "items": {"enum": ["a", "b"]}},
        pin={"anyOf": offered},
    )
    assert secret("Reset the password?", flags) is None


def test_ordinary_questions_are_asked() -> None:
    schema = form(
        seats={"type": "integer"}, note=TEXT | {"description": "pinned above the table", "format": "email"}
    )
    assert secret("How many seats? A spin in the key of C.", schema) is None


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(levels):
        schema = form(inner=schema)
    return schema


HOSTILE: dict[str, Any] = {
    "deep": nested(50),
    "nested": nested(1),
    "nested in an alternative": form(a={"anyOf": [form(password=TEXT), NULL]}),
    "nested without a type": form(a={"properties": {"password": TEXT}}),
    "nested in a list": form(a={"type": "array", "items": form(password=TEXT)}),
    "a list of texts": form(a={"type": "array", "items": TEXT}),
    "alternatives beside the fields": form() | {"oneOf": [form(password=TEXT)]},
    "fields of any name": form() | {"additionalProperties": TEXT},
    "a pattern": form(a=TEXT | {"pattern": "(a+)+$"}),
    "a reference": form(a={"$ref": "#"}),
    "large": form(a=TEXT | {"description": "x" * 20_000}),
    "many fields": form(**{f"f{number}": TEXT for number in range(MAX_FIELDS + 1)}),
    "no object": {"type": "array"},
    "fields of no schema": {"type": "object", "properties": {"a": 1}},
    "alternatives of no schema": form(a={"anyOf": [True]}),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_form_is_not_taken(kind: str) -> None:
    with pytest.raises(FormError):
        secret("?", HOSTILE[kind])
