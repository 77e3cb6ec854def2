"""The metadata of a prompt for its model: what CHAT_METADATA lets clients send, the rest is dropped."""

from __future__ import annotations

from typing import Any

import msgspec

from chat.conf import settings
from chat.schemas.validation import bounded

Metadata = dict[str, Any]


def allowed_metadata(given: Metadata) -> Metadata:
    """Return the allowed fields: `name`, or `name.field` of an object, which may come as JSON text. Raise TooLarge."""
    found: Metadata = {}
    for path in settings.metadata:
        name, _, field = path.partition(".")
        if not field and name in given:
            found[name] = given[name]
        elif field in (inner := object_of(given.get(name))):
            found[name] = {**object_of(found.get(name)), field: inner[field]}
    bounded(msgspec.json.encode(found).decode(), settings.content_bytes, "metadata")
    return found


def object_of(value: object) -> Metadata:
    """Return an object, or the one in a JSON text; an empty one for anything else."""
    try:
        decoded = msgspec.json.decode(value) if isinstance(value, str) else value
    except msgspec.DecodeError:
        return {}
    return decoded if isinstance(decoded, dict) else {}
