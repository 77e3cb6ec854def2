"""The Python environment of a command: find or make `.venv`, install the locks, and continue there.

Standard library only, with the syntax of Python 3.9, which is the `python3` of macOS.
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
# The server's packages.
LOCK = ROOT / "requirements.txt"
# The further packages of tests and checks.
TEST_LOCK = ROOT / "tests" / "requirements.txt"
# The commands that need them.
DEVELOPMENT = {"test", "matrix", "audit"}

# The oldest version that the locks and the sources support.
OLDEST = (3, 11)
# Searched on the PATH where `python3` is too old.
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")

PYTHON_MISSING = (
    "Python 3.11 or newer is needed, and none is on the PATH: install one, for example from python.org."
)
VENV_MISSING = "This Python cannot make environments: install its `venv` (on Debian and Ubuntu: apt install python3-venv)."
# Settings of pip that concern the way to the package index. Others, such as PIP_USER or PIP_TARGET, would have it install
# elsewhere or nothing at all.
PIP_NETWORK = re.compile(
    "PIP_(CACHE_DIR|(CLIENT_)?CERT|CONFIG_FILE|(DEFAULT_)?TIMEOUT|(EXTRA_)?INDEX_URL|FIND_LINKS|KEYRING_PROVIDER"
    "|NO_CACHE_DIR|NO_INDEX|PROXY|RETRIES|TRUSTED_HOST)"
)
PINNED = ["--quiet", "--require-hashes", "--only-binary", ":all:"]


def enter(argv: list[str]) -> None:
    """Return in an environment that holds the command's locks, or replace this process by one in `.venv`.

    Raise SystemExit with one line that names the missing part and the remedy.
    """
    locks = locks_of(argv)
    if _inside() and _whole(locks):
        return
    if _foreign() and not (missing := _missing(locks)):
        return
    if _foreign():
        say(f"The active environment has no {missing}, as required by {_names(locks)}: continuing in {VENV}.")
    ensure(locks)
    python = str(_python())
    os.execv(python, [python, str(ROOT / "manage.py"), *argv[1:]])


def locks_of(argv: list[str]) -> tuple[Path, ...]:
    """Return the locks that a command needs: the test tools are installed when a command of development first runs."""
    return (LOCK, TEST_LOCK) if {*argv[1:2]} & DEVELOPMENT else (LOCK,)


def ensure(locks: tuple[Path, ...]) -> None:
    """Make `.venv` unless it holds `locks`. Of several processes at once, one works and the others wait."""
    if _whole(locks):
        return
    with alone(_private_folder()):
        if not _whole(locks):
            _make(locks)


def _private_folder() -> Path:
    """Return the folder that is locked during an installation. Other users could lock the project's own."""
    folder = VENV.with_name(VENV.name + ".lock")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as problem:
        raise SystemExit(f"{VENV} cannot be made: {problem}.") from None
    return folder


def say(line: str) -> None:
    """Print a line for the person at the terminal, apart from the output of the command."""
    print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the exclusive lock of `folder`, which other users must not be able to open.

    The folder itself is the lock: the kernel frees it, and no file is left behind.
    """
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
    """Return whether an environment other than `.venv` is active."""
    return sys.prefix != sys.base_prefix and not _inside()


def _missing(locks: tuple[Path, ...]) -> str:
    """Return the first package of the locks that this environment lacks or has in another version; "" if none."""
    from importlib import metadata

    # Packages with a platform marker are not checked: their dependants need them or not.
    text = "".join(lock.read_text() for lock in locks)
    for name, version in re.findall(r"^([a-z0-9._-]+)==(\S+) \\$", text, re.MULTILINE):
        try:
            if metadata.version(name) != version:
                return str(name)
        except metadata.PackageNotFoundError:
            return str(name)
    return ""


def _names(locks: tuple[Path, ...]) -> str:
    return " and ".join(lock.relative_to(ROOT).as_posix() for lock in locks)


# The stamps, one per lock: the hash of the lock and the Python version of the environment, written after the installation.
# An empty stamp marks an installation that has begun.


def _stamp_path(lock: Path) -> Path:
    return VENV / "-".join([*lock.relative_to(ROOT).parent.parts, "stamp"])


def _stamp(lock: Path) -> str:
    try:
        return _stamp_path(lock).read_text().strip()
    except OSError:
        return ""


def _lock_hash(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _version() -> str:
    """Return the running Python's minor version: compiled packages fit no other."""
    return "{}.{}".format(*sys.version_info[:2])


def _holds(lock: Path) -> bool:
    """Return whether `.venv` holds a lock. From outside any Python will do; `enter` asks again inside."""
    wanted = f"{_lock_hash(lock)} {_version() if _inside() else ''}"
    return _stamp(lock).startswith(wanted)


def _whole(locks: tuple[Path, ...]) -> bool:
    return all(map(_holds, locks)) and os.access(_python(), os.X_OK)


def _unusable(locks: tuple[Path, ...]) -> bool:
    """Return whether `.venv` is missing, incomplete, or made for another Python than the running one."""
    if not (_stamp(LOCK) and os.access(_python(), os.X_OK)):
        return True
    interrupted = any(_stamp_path(lock).exists() and not _stamp(lock) for lock in locks)
    return interrupted or (_inside() and _stamp(LOCK).split()[-1] != _version())


# Making it


def _make(locks: tuple[Path, ...]) -> None:
    python = _base_python()
    say(f"Installing the packages of {_names(locks)} into {VENV} (once) …")
    fresh = _unusable(locks)
    try:
        _mark_begun([lock for lock in locks if fresh or not _holds(lock)])
        uv = shutil.which("uv")
        if not (uv and _with_uv(uv, python, fresh, locks)):
            _with_pip(python, fresh, locks)
    except OSError as problem:
        raise SystemExit(f"{VENV} cannot be made: {problem}.") from None
    version = _output([str(_python()), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
    for lock in locks:
        _stamp_path(lock).write_text(f"{_lock_hash(lock)} {version}\n")


def _mark_begun(locks: list[Path]) -> None:
    for lock in locks if VENV.is_dir() else ():
        _stamp_path(lock).write_text("")


def _pins(locks: tuple[Path, ...]) -> list[str]:
    return [*PINNED, *(argument for lock in locks for argument in ("-r", str(lock)))]


def _base_python() -> str:
    """Return a Python of at least `OLDEST` outside any environment."""
    if sys.version_info >= OLDEST:
        return str(getattr(sys, "_base_executable", sys.executable))
    for name in NEWER:
        found = shutil.which(name)
        if found and _runs([found, "-c", ""]):
            return found
    raise SystemExit(PYTHON_MISSING)


def _with_uv(uv: str, python: str, fresh: bool, locks: tuple[Path, ...]) -> bool:
    """Install with uv, which is faster. Return False where it fails: it has a configuration of its own, and pip may succeed."""
    if fresh and not _runs([uv, "venv", "--quiet", "--clear", "--python", python, str(VENV)]):
        return False
    return _runs([uv, "pip", "install", "--compile-bytecode", "--python", str(_python()), *_pins(locks)])


def _with_pip(python: str, fresh: bool, locks: tuple[Path, ...]) -> None:
    if not _runs([python, "-c", "import venv, ensurepip"]):
        raise SystemExit(VENV_MISSING)
    # uv makes environments without pip: only one made here can be kept.
    if fresh or not _runs([str(_python()), "-c", "import pip"]):
        _must([python, "-m", "venv", "--clear", str(VENV)])
    install = ["install", "--no-input", "--disable-pip-version-check", *_pins(locks)]
    _must([str(_python()), "-m", "pip", *install], pip_environment())


def pip_environment() -> dict[str, str]:
    """Return the environment with those settings of pip alone that say how the package index is reached."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PIP_") or PIP_NETWORK.fullmatch(name)
    }
    return {**kept, "PIP_USER": "0"}  # a configuration file may say otherwise


def _runs(command: list[str]) -> bool:
    import subprocess

    return subprocess.run(command, capture_output=True).returncode == 0


def _must(command: list[str], environ: dict[str, str] | None = None) -> None:
    import subprocess

    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        reasons = [line for line in lines if line.startswith("ERROR")] or lines[-1:] or ["no reason given"]
        raise SystemExit(f"The packages could not be installed; mend this and start again: {reasons[0]}")


def _output(command: list[str]) -> str:
    import subprocess

    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
