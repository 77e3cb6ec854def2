"""The Pythons of the matrix: those on the PATH, else Debian's, unpacked into the data folder. Nothing is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.fixtures import debian

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
# The version of this process.
RUNNING = "{}.{}".format(*sys.version_info[:2])
# Releases of Debian that have a Python. 3.12 was in none.
RELEASES = {"3.11": "bookworm", "3.13": "trixie", "3.14": "forky"}
# Debian's place of pip, from which environments get theirs.
WHEELS = "/usr/share/python-wheels"


class PythonMissing(Exception):
    """A Python is neither on the PATH nor to be had from Debian's packages; the argument says what to do."""


def find(version: str, folder: Path) -> str:
    """Return the program of a Python, unpacked into `folder` first if missing. Raise PythonMissing."""
    if version == RUNNING:
        return str(getattr(sys, "_base_executable", sys.executable))
    return _from_path(version) or str(_from_debian(version, folder / f"python-{version}"))


def _from_path(version: str) -> str:
    """Return the program on the PATH; "" without one, or where it is a stand-in of pyenv's for a version that is not chosen."""
    found = shutil.which(f"python{version}")
    return found if found and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0 else ""


def _from_debian(version: str, root: Path) -> Path:
    program, complete = root / "usr" / "bin" / f"python{version}", root / "complete"
    if complete.exists():
        return program
    if version not in RELEASES:
        raise PythonMissing(f"no package has it: put a python{version} on the PATH")
    try:
        debian.unpack_with_dependencies(root, RELEASES[version], f"python{version}-venv", "patchelf")
        _settle(root, program)
    except (OSError, subprocess.SubprocessError) as problem:
        raise PythonMissing(
            f"Debian's could not be had ({problem}): put a python{version} on the PATH"
        ) from None
    complete.touch()
    return program


def _settle(root: Path, program: Path) -> None:
    """Have the program and its environments use the libraries and wheels of `root`, in place of the machine's."""
    loader = next(root.glob(debian.LOADERS))
    libraries = str(loader.parent)
    patch = [str(loader), "--library-path", libraries, str(root / "usr" / "bin" / "patchelf")]
    # In two steps: done at once, or in the other order, they leave a program that crashes (patchelf 0.18).
    for change in (["--force-rpath", "--set-rpath", libraries], ["--set-interpreter", str(loader)]):
        subprocess.run([*patch, *change, str(program)], check=True, capture_output=True)
    for settings in root.glob("usr/lib/python3.*/_sysconfigdata_*.py"):
        if not settings.is_symlink():  # a second name of the same file
            settings.write_text(settings.read_text().replace(WHEELS, f"{root}{WHEELS}"))
