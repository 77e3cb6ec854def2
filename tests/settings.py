"""The settings of the tests and of the servers under test: those of the product, with passwords that are cheap to check."""

from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from chatproject.settings import *  # noqa: F403


class CheapPasswordHasher(PBKDF2PasswordHasher):
    """Django's own with few iterations: its million costs a quarter of a second of CPU for each login and each guess."""

    iterations = 1_000


PASSWORD_HASHERS = ["tests.settings.CheapPasswordHasher"]
