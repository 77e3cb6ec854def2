"""The system text for OpenUI's Gateway: its configuration, and instructions behind it.

    ]]>openui:config
    {"chatLibrary": {"root": "Card", "schema": {…}, "componentGroups": […]}, "systemPromptOptions": {…}}
    You work for Example Ltd.

The Gateway makes the model's prompt of that and corrects the answer by it. A built page brings the configuration with its
own components; without one, or with one that the Gateway would not take, OpenUI's default library is named, which the plain
page draws.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path

import msgspec

from chat.conf import settings
from chat.text.sections import MARKER, neutral

logger = logging.getLogger(__name__)

# A file in the folder of a built page.
FILE = "openui-gateway.txt"
# Bytes. That of OpenUI's library is an eighth of it (32 KB), and the whole prompt must fit into the context of a small model.
MAX_CONFIG_BYTES = 262_144

CONFIG = f"{MARKER}config"
# The version that OpenUI's own client names for its default library.
DEFAULT_CONFIG = f'{CONFIG}\n{{"libraryVersion":"0.1.0"}}'


def gateway_system(instructions: str) -> str:
    """Return the system text: the built page's configuration or the default one, then the instructions."""
    config = _built(Path(settings.page_build, FILE)) if settings.page_build else None
    return _joined(config or DEFAULT_CONFIG, instructions)


@lru_cache
def _joined(config: str, instructions: str) -> str:
    return f"{config}\n{neutral(instructions)}" if instructions else config


def _built(path: Path) -> str | None:
    """Return the configuration of a build; None where there is no build, or none that the Gateway would take."""
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return None
    return _read(path, changed)


@lru_cache(maxsize=1)
def _read(path: Path, _changed: int) -> str | None:
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise ValueError(f"it is larger than {MAX_CONFIG_BYTES} bytes")
        marker, _, config = path.read_text(encoding="utf-8").strip().partition("\n")
        msgspec.json.decode(config, type=dict[str, msgspec.Raw])
        if marker != CONFIG or "\n" in config:
            raise ValueError("it is not a marker and a line of JSON")
    except (OSError, ValueError, RecursionError) as problem:
        logger.warning("action=gateway_config_ignored reason=%s", problem)
        return None
    return f"{marker}\n{config}"
