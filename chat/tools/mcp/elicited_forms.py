"""Forms of MCP servers: flat ones alone, as the protocol has them, and none that asks for a secret."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from chat.tools.forms import FormError

# Fields of one form; longer ones are those of no dialog.
MAX_FIELDS = 32
# Keywords of a form beside its fields; others could add fields.
_FORM_KEYWORDS = {"$schema", "type", "title", "description", "properties", "required", "additionalProperties"}
_PRIMITIVES = ("string", "number", "integer", "boolean", "null")
_TYPED = ("string", "number", "integer")

# Secrets by the words of fields and questions in the languages of our pages; words with another common sense are
# looked for in the names, titles and formats of fields alone.
_SECRET = re.compile(
    r"pass ?(word|phrase|code)|passwd|\bpwd\b|credentials?\b|(api|access|private|secret|security|recovery) ?keys?\b"
    r"|(access|refresh|bearer|auth|session) ?tokens?\b|\b(cvv|cvc|ssn)\b|(credit|debit) ?card|card ?number"
    r"|one ?time ?(code|pin)|(verification|security|authentication|recovery|pin) ?codes?\b|(seed|recovery) ?phrase"
    r"|social security|passwort|kennwort|zugangsdaten|kreditkarte|sicherheitscode|geheimzahl"
    r"|كلمة (المرور|السر)|الرقم السري|رمز (التحقق|الأمان)|بطاقة الائتمان"
)
_SECRET_NAME = re.compile(r"\b(secret|token|pin|otp|tan)$")
_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\W]+")
# Categories of characters that are not seen: marks on letters, and those that only format.
_UNSEEN = ("Mn", "Cf")


def fields_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of a form by their names. Raise FormError where it has others, or one that is not flat."""
    if not schema.keys() <= _FORM_KEYWORDS or isinstance(schema.get("additionalProperties"), dict):
        raise FormError("Its fields must stand in `properties`.")
    fields: Mapping[str, Any] = schema.get("properties") or {}
    if len(fields) > MAX_FIELDS:
        raise FormError(f"It has more than {MAX_FIELDS} fields.")
    if not all(map(_is_flat, fields.values())):
        raise FormError("Its fields must be texts, numbers, flags or choices.")
    return fields


def _is_flat(field: Any) -> bool:
    """Return whether a field is a primitive, a choice of primitives, or a list of values that are offered."""
    if not isinstance(field, dict) or "properties" in field or "additionalProperties" in field:
        return False
    kind = field.get("type", "string")
    if kind == "array":
        return _is_flat(field.get("items")) and _offers_values(field["items"])
    return kind in _PRIMITIVES and "items" not in field and all(map(_is_flat, _alternatives(field)))


def _alternatives(field: Mapping[str, Any]) -> list[Any]:
    return [*field.get("oneOf", ()), *field.get("anyOf", ())]


def _offers_values(field: Mapping[str, Any]) -> bool:
    """Return whether a field offers all of its values, so that nothing can be typed in."""
    alternatives = _alternatives(field)
    offered = bool(alternatives) and all(
        one.get("type") in ("null", "boolean") or _offers_values(one) for one in alternatives
    )
    return "enum" in field or "const" in field or offered


def _is_typed(field: Mapping[str, Any]) -> bool:
    """Return whether a person types a value into a field."""
    return field.get("type", "string") in _TYPED and not _offers_values(field)


def secret_in(message: str, schema: Mapping[str, Any], fields: Mapping[str, Any]) -> str | None:
    """Return the words by which a form asks for a secret, None where it asks for none."""
    typed = {name: field for name, field in fields.items() if _is_typed(field)}
    for name, field in typed.items():
        names = [_words(text) for text in (name, *_texts(field, "title", "format"))]
        described = [_words(text) for text in _texts(field, "description", "default", "examples")]
        if any(map(_SECRET_NAME.search, names)) or any(map(_SECRET.search, names + described)):
            return name
    about = [message, *_texts(schema, "title", "description")] if typed else []
    return next((found[0] for text in about if (found := _SECRET.search(_words(text)))), None)


def _texts(schema: Mapping[str, Any], *keywords: str) -> Iterator[str]:
    """Yield the texts under keywords of a schema and of its alternatives."""
    for keyword in keywords:
        value = schema.get(keyword)
        yield from (str(one) for one in (value if isinstance(value, list) else [value]) if one is not None)
    for one in _alternatives(schema):
        yield from _texts(one, *keywords)


def _words(text: str) -> str:
    """Return the words of a text in small letters, as a reader sees them."""
    seen = "".join(
        one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) not in _UNSEEN
    )
    return " ".join(filter(None, _WORD_ENDS.split(seen))).lower()
