"""From any Python to one that holds `requirements.txt`: finds or makes `.venv`, and goes on there.

Standard library only. It has to be readable by Python 3.9, which is what macOS calls `python3`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.txt"

OLDEST = (3, 11)  # what the lock was made for, and the oldest that the sources are written for
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")  # looked for where `python3` is too old

PYTHON_MISSING = (
    "Python 3.11 or newer is needed, and none is on the PATH: install one, for example from python.org."
)
VENV_MISSING = "This Python cannot make environments: install its `venv` (on Debian and Ubuntu: apt install python3-venv)."
PINS = ["--quiet", "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)]


def enter(argv: list[str]) -> None:
    """Return in an environment that holds the lock, or replace this process by one that does.

    Raises SystemExit with one line that says what is missing and how to mend it.
    """
    if _inside() and _stamp() == _expected_stamp():
        return
    if _foreign() and not (missing := _missing()):
        return
    if _foreign():
        say(f"The active environment has no {missing}, as requirements.txt wants it: going on in {VENV}.")
    ensure()
    python = str(_python())
    os.execv(python, [python, str(ROOT / "manage.py"), *argv[1:]])


def ensure() -> None:
    """Make `.venv` unless it is there and whole. Of several processes at once, one works and the others wait."""
    if _whole():
        return
    with alone(ROOT):
        if not _whole():
            _make()


def say(line: str) -> None:
    """For the person at the terminal, not for whoever reads the command's output."""
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold `folder` against other processes. It is the lock itself: the kernel frees it, and no file is left behind."""
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


# The environment


def _python() -> Path:
    return VENV / "bin" / "python"


def _inside() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


def _foreign() -> bool:
    """Whether somebody activated an environment of their own."""
    return sys.prefix != sys.base_prefix and not _inside()


def _missing() -> str:
    """The first package that this environment lacks or has in another version than the lock; "" when none."""
    from importlib import metadata

    # Those that depend on the platform stand with a marker, and are left to their dependants.
    for name, version in re.findall(r"^([a-z0-9._-]+)==(\S+) \\$", LOCK.read_text(), re.MULTILINE):
        try:
            if metadata.version(name) != version:
                return str(name)
        except metadata.PackageNotFoundError:
            return str(name)
    return ""


# The stamp: written last, so an environment without the right one is unfinished or out of date


def _lock_hash() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def _expected_stamp() -> str:
    """Of the running Python: compiled packages fit one minor version only."""
    return "{} {}.{}".format(_lock_hash(), *sys.version_info[:2])


def _stamp() -> str:
    try:
        return (VENV / "stamp").read_text().strip()
    except OSError:
        return ""


def _whole() -> bool:
    """Seen from outside, the environment's Python version is its own business; `enter` checks it inside."""
    wanted = _expected_stamp() if _inside() else _lock_hash()
    return _stamp().startswith(wanted) and os.access(_python(), os.X_OK)


# Making it


def _make() -> None:
    python = _base_python()
    say(f"Installing the packages of requirements.txt into {VENV} (once) …")
    fresh = not (_stamp() and os.access(_python(), os.X_OK)) or _inside()
    try:
        (VENV / "stamp").unlink(missing_ok=True)
        uv = shutil.which("uv")
        if not (uv and _with_uv(uv, python, fresh)):
            _with_pip(python, fresh)
    except OSError as problem:
        raise SystemExit(f"{VENV} cannot be made: {problem}.") from None
    version = _output([str(_python()), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
    (VENV / "stamp").write_text(f"{_lock_hash()} {version}\n")


def _base_python() -> str:
    """A Python of at least `OLDEST` that no environment stands in the way of."""
    if sys.version_info >= OLDEST:
        return str(getattr(sys, "_base_executable", sys.executable))
    for name in NEWER:
        found = shutil.which(name)
        if found and _runs([found, "-c", ""]):
            return found
    raise SystemExit(PYTHON_MISSING)


def _with_uv(uv: str, python: str, fresh: bool) -> bool:
    """uv is quick, but has a configuration of its own: where it fails, pip may not."""
    if fresh and not _runs([uv, "venv", "--quiet", "--clear", "--python", python, str(VENV)]):
        return False
    return _runs([uv, "pip", "install", "--compile-bytecode", "--python", str(_python()), *PINS])


def _with_pip(python: str, fresh: bool) -> None:
    if not _runs([python, "-c", "import venv, ensurepip"]):
        raise SystemExit(VENV_MISSING)
    # uv makes environments without pip: only one made here can be kept.
    if fresh or not _runs([str(_python()), "-c", "import pip"]):
        _must([python, "-m", "venv", "--clear", str(VENV)])
    _must([str(_python()), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", *PINS])


def _runs(command: list[str]) -> bool:
    import subprocess

    return subprocess.run(command, capture_output=True).returncode == 0


def _must(command: list[str]) -> None:
    import subprocess

    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        reasons = [line for line in lines if line.startswith("ERROR")] or lines[-1:] or ["no reason given"]
        raise SystemExit(f"The packages could not be installed; mend this and start again: {reasons[0]}")


def _output(command: list[str]) -> str:
    import subprocess

    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
