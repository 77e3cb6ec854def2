"""The product with a watchdog and fast hashes of passwords: the usual ones would take most of a fuzzer's time."""

from __future__ import annotations

from django.conf import settings

from tests.faults.watched_loop import application
from tests.fuzz.values import FAST_HASHERS

settings.PASSWORD_HASHERS = FAST_HASHERS

__all__ = ["application"]
