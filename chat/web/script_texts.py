"""Translations for the plain page's scripts, which call `gettext` with their English texts."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from django.utils.translation import gettext

import chat

_SCRIPTS = Path(chat.__file__).parent / "static" / "chat" / "js"
_CALL = re.compile(r'\bgettext\("([^"]+)"')


@cache
def texts() -> frozenset[str]:
    """Return the English texts of all scripts."""
    return frozenset(text for script in _SCRIPTS.glob("*.js") for text in _CALL.findall(script.read_text()))


def translations() -> dict[str, str]:
    """Return the texts in the active language by their English ones; without those that are alike."""
    return {text: other for text in texts() if (other := gettext(text)) != text}
