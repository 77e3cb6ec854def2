"""Session engine: Django's sessions in the database, with strict keys and a notice when a key is replaced."""

from __future__ import annotations

import re

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db

from chat.accounts import revocation, sign_ins

# As SessionBase makes them.
_KEY = re.compile(r"[a-z0-9]{32}")


class SessionStore(db.SessionStore):
    """Sessions in Django's own table."""

    def _validate_session_key(self, key: str | None) -> bool:
        """Refuse keys that Django never makes, before they are sent to the database."""
        return key is not None and _KEY.fullmatch(key) is not None

    def cycle_key(self) -> None:
        """Replace the key; streams that were opened with it continue."""
        if self.session_key is not None and (user := self.get(SESSION_KEY)):
            revocation.announce_replacement(int(user), self.session_key)
        old = self.session_key
        super().cycle_key()
        if old is not None and self.session_key is not None:
            sign_ins.move_session(old, self.session_key)
