"""Python packages that build on `openai`, installed by pip into an environment of their own in the data folder."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from chatproject.dev.bootstrap import alone, pip_environment

LOCK = Path(__file__).with_name("requirements.txt")

# Seconds for the download and installation of some forty packages.
INSTALL_SECONDS = 600


def installed_python(data_folder: Path) -> Path:
    """Return the interpreter of an environment that holds the lock. Raise OSError or SubprocessError."""
    folder = data_folder / "clients"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"python-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    python, whole = target / "bin" / "python", target / "whole"
    with alone(folder):
        if not whole.exists():
            shutil.rmtree(target, ignore_errors=True)
            _run([sys.executable, "-m", "venv", str(target)])
            pins = ["--no-input", "--disable-pip-version-check", "--require-hashes", "-r", str(LOCK)]
            _run([str(python), "-m", "pip", "install", "--quiet", *pins])
            whole.touch()
    return python


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, timeout=INSTALL_SECONDS, env=pip_environment())
