"""The server that gives the vectors of files' passages, configured in CHAT_EMBEDDINGS.

    {"baseUrl": "https://api.openai.com/v1", "model": "text-embedding-3-small", "apiKeyEnv": "OPENAI_API_KEY"}

A mistake raises ImproperlyConfigured with one line that names the field and repeats no value.
"""

from __future__ import annotations

import functools
from typing import Annotated, Any, NoReturn

import msgspec
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from chat.conf import settings
from chat.conf_values import address, json_of, secret

# Numbers of a vector where none are named: a byte each, so a twelfth of the passage's text. OpenAI's models of 2024 and
# others of the Matryoshka kind find with the first 256 numbers nearly what they find with all.
DIMENSIONS = 256
# More would take more room than the text.
MAX_DIMENSIONS = 3_072
# Characters of a model's name, so that it fits with its dimensions into its column.
MODEL_CHARACTERS = 200


class EmbeddingSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The server, the model and the key of embeddings; the key is in the variable that `api_key_env` names."""

    base_url: str
    model: Annotated[str, msgspec.Meta(min_length=1, max_length=MODEL_CHARACTERS)]
    api_key_env: str = ""
    dimensions: Annotated[int, msgspec.Meta(ge=8, le=MAX_DIMENSIONS)] = DIMENSIONS

    @property
    def api_key(self) -> str:
        return secret(self.api_key_env) if self.api_key_env else ""

    @property
    def identity(self) -> str:
        """Return the name under which vectors are stored: those of two identities are never compared."""
        return f"{self.model}@{self.dimensions}"


@functools.cache
def spec() -> EmbeddingSpec | None:
    """Return the configured server, read from the settings once; None without one. Raise ImproperlyConfigured."""
    return read(settings.embeddings) if settings.embeddings else None


def read(text: str) -> EmbeddingSpec:
    """Return the server that JSON, or the file of a path, describes. Raise ImproperlyConfigured for a mistake."""
    try:
        found = msgspec.json.decode(json_of(text), type=EmbeddingSpec)
    except (ValueError, RecursionError) as problem:
        _refuse(str(problem).rstrip("."))
    try:
        found = msgspec.structs.replace(found, base_url=address(found.base_url))
    except ValueError as problem:
        _refuse(f"its `baseUrl` {problem}")
    if found.api_key_env and not found.api_key:
        _refuse("the variable that its `apiKeyEnv` names is not set")
    return found


def _refuse(problem: str) -> NoReturn:
    raise ImproperlyConfigured(f"CHAT_EMBEDDINGS: {problem}.") from None


def _forget(*, setting: str, **_: Any) -> None:
    """Read the setting anew at the next use after a test has overridden it."""
    if setting == "CHAT_EMBEDDINGS":
        spec.cache_clear()


setting_changed.connect(_forget)
