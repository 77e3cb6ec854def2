"""Second factors: their secrets are encrypted at rest."""

from __future__ import annotations

import base64
import secrets

import msgspec
from allauth.mfa.adapter import DefaultMFAAdapter

from chat.accounts.mcp_connections import encryption

ROW = "second factor"


class FactorSecret(msgspec.Struct):
    """The fields that are stored encrypted."""

    text: str


class SecondFactors(DefaultMFAAdapter):
    """allauth's rules, with secrets that a copy of the database does not give away."""

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(FactorSecret(text), ROW)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret; a random one, which no code fits, where SECRET_KEY has been replaced."""
        try:
            return encryption.decrypt(encrypted_text, ROW, FactorSecret)[0].text
        except encryption.Undecryptable:
            return base64.b32encode(secrets.token_bytes(20)).decode()
