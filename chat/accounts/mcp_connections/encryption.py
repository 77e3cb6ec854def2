"""Encryption of structs at rest, with keys derived from SECRET_KEY and its fallbacks.

Each row has a key of its own, so that a text that was copied to another row opens nothing there.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, TypeVar

import msgspec
from django.conf import settings as django_settings
from django.utils.encoding import force_bytes

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

S = TypeVar("S", bound=msgspec.Struct)

KEY_BYTES = 32
PURPOSE = "chat.mcp_connections"


class Undecryptable(ValueError):
    """The text was encrypted with another SECRET_KEY, for another row, or is damaged."""


def encrypt(value: msgspec.Struct, row: str) -> str:
    """Return a struct as text that only this program can read, and only for this row."""
    return _key(django_settings.SECRET_KEY, row).encrypt(msgspec.json.encode(value)).decode()


def decrypt(text: str, row: str, kind: type[S]) -> tuple[S, bool]:
    """Return a struct, and True if it was encrypted with the current key. Raises Undecryptable."""
    from cryptography.fernet import InvalidToken  # not at the top: few installations need it

    for secret in (django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS):
        try:
            plain = _key(secret, row).decrypt(text)
            return msgspec.json.decode(plain, type=kind), secret == django_settings.SECRET_KEY
        except InvalidToken:
            continue
        except msgspec.DecodeError:
            break
    raise Undecryptable


def _key(secret: str | bytes, row: str) -> Fernet:
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derivation = HKDF(SHA256(), KEY_BYTES, salt=None, info=f"{PURPOSE} {row}".encode())
    return Fernet(base64.urlsafe_b64encode(derivation.derive(force_bytes(secret))))
