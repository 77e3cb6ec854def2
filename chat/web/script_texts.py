"""Translations for the scripts without a build, which call `gettext` with their English texts."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from django.utils.translation import gettext

import chat

_SCRIPTS = Path(chat.__file__).parent / "static" / "chat" / "js"
_CALL = re.compile(r'\bgettext\("([^"]+)"')


# The scripts of the plain page, and those of the admin, which use them.
PAGE, ADMIN = "*.js", "**/*.js"


@cache
def texts(scripts: str) -> frozenset[str]:
    """Return the English texts of these scripts."""
    return frozenset(text for script in _SCRIPTS.glob(scripts) for text in _CALL.findall(script.read_text()))


def translations(scripts: str = PAGE) -> dict[str, str]:
    """Return the texts in the active language by their English ones; without those that are alike."""
    return {text: other for text in texts(scripts) if (other := gettext(text)) != text}
