"""The choice of a browser: of several sources the first whose browser starts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Seconds for `--version` on a busy machine; it takes 0.1 s and fails at once where a library is missing.
PROBE_SECONDS = 20.0


class ChromiumMissing(Exception):
    """No browser is installed and none could be downloaded; the argument is the reason."""


@dataclass(frozen=True)
class Chromium:
    """A browser's path, and the variables that it needs in its environment."""

    path: str
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, **self.variables}


Source = Callable[[], Chromium | None]


def choose(sources: Iterable[Source], starts: Callable[[Chromium], bool]) -> Chromium:
    """Return the first browser of the sources that starts; later sources are not called. Raise ChromiumMissing."""
    reasons = ["no Chromium is on the PATH"]
    for source in sources:
        try:
            chromium = source()
        except ChromiumMissing as problem:
            reasons.append(str(problem))
            continue
        if chromium and starts(chromium):
            return chromium
        if chromium:
            reasons.append(f"{chromium.path} does not start")
    raise ChromiumMissing("; ".join(reasons))


def on_path(name: str) -> Chromium | None:
    """Return the machine's browser of this name."""
    path = shutil.which(name)
    return Chromium(path) if path else None


def starts(chromium: Chromium) -> bool:
    """Return whether the program and its libraries load on this machine."""
    command = [chromium.path, "--version"]
    try:
        done = subprocess.run(command, env=chromium.environ, capture_output=True, timeout=PROBE_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
