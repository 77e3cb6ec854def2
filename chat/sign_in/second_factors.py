"""Second factors: their secrets are encrypted at rest."""

from __future__ import annotations

import base64
import secrets

import msgspec
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.db import transaction

from chat.accounts.mcp_connections import encryption
from chat.accounts.mcp_connections.reencryption import renewed

ROW = "second factor"
# Entries of an authenticator's data that are encrypted: an app's secret, and that of the recovery codes.
ENCRYPTED = ("secret", "seed")


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


def reencrypt_factors() -> tuple[int, int]:
    """Encrypt all secrets with the current key. Return how many rows changed, and how many no key opens."""
    rows = Authenticator.objects.filter(data__has_any_keys=ENCRYPTED).values_list("pk", flat=True)
    results = [_reencrypt(pk) for pk in rows.iterator()]
    return results.count(True), results.count(False)


@transaction.atomic
def _reencrypt(pk: int) -> bool | None:
    """Encrypt the secrets of one row. Return True if they changed, False if no key opens them, None if there was no need."""
    row = Authenticator.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if row is None:
        return None
    try:
        secrets_now = {
            name: renewed(row.data[name], ROW, FactorSecret) for name in ENCRYPTED if row.data.get(name)
        }
    except encryption.Undecryptable:
        return False
    if secrets_now.items() <= row.data.items():
        return None
    row.data = {**row.data, **secrets_now}
    row.save(update_fields=["data"])
    return True
