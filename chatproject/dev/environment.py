"""The environment before Django starts: `.env`, the files of secrets, the data folder, the secret key.

Standard library only. Files never override the real environment.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from chatproject.dev.bootstrap import ROOT, alone

# The first to name a variable wins.
FILES = (".env.local", ".env")
# Bytes of randomness, as many as Django's own generator takes characters.
SECRET_BYTES = 50

LINE = re.compile(
    r"""\s* (?:export\s+)? (?P<name>[A-Za-z_][A-Za-z0-9_]*) \s*=\s*
        (?: '(?P<raw>[^']*)' | "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<bare>[^\s'"\#](?:[^\#]|(?<=\S)\#)*)? )
        \s* (?:\#.*)?""",
    re.VERBOSE,
)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
# Variables that name a file with the value of another one: as containers and service managers hand over secrets.
SECRET_FILE = re.compile(
    r"(?P<name>DATABASE_URL|[A-Z0-9_]+_(?:KEY|KEY_FALLBACKS|SECRET|TOKEN|PASSWORD))_FILE"
)

# Variables of which the value came from a file: it counts again in `reread`.
_from_files: set[str] = set()


def prepare(environ: MutableMapping[str, str], root: Path = ROOT) -> Path:
    """Complete `environ` in place and return the data folder, which then exists with mode 0700.

    Raise SystemExit with one line when a file or the folder cannot be used.
    """
    _merge_files(environ, root)
    folder = _data_folder(environ, root)
    environ["CHAT_DATA_DIR"] = str(folder)
    return folder


def reread(environ: Mapping[str, str], root: Path = ROOT) -> dict[str, str]:
    """Return the environment with the values that the files have by now, but for the data folder.

    Raise SystemExit with one line when a file cannot be used.
    """
    folder = environ["CHAT_DATA_DIR"]
    fresh = {name: value for name, value in environ.items() if name not in _from_files}
    fresh["CHAT_DATA_DIR"] = folder
    _merge_files(fresh, root)
    provide_secret_key(fresh, Path(folder))
    return fresh


def provide_secret_key(environ: MutableMapping[str, str], folder: Path) -> None:
    """Set a generated SECRET_KEY where none is given, the same after a restart: sessions depend on it."""
    if not environ.get("SECRET_KEY"):
        environ["SECRET_KEY"] = generated(folder / "secret-key")
        _from_files.add("SECRET_KEY")


def _merge_files(environ: MutableMapping[str, str], root: Path) -> None:
    for name in FILES:
        _merge(environ, root / name)
    for variable in [name for name in environ if SECRET_FILE.fullmatch(name)]:
        _merge_secret(environ, variable)


def _merge_secret(environ: MutableMapping[str, str], variable: str) -> None:
    """Set a variable from the file that `variable` names, unless it has a value."""
    name, path = variable.removesuffix("_FILE"), environ[variable]
    if environ.get(name) or not path:
        return
    try:
        environ[name] = Path(path).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError, RuntimeError) as problem:
        raise SystemExit(f"The file that {variable} names cannot be read: {problem}.") from None
    _from_files.add(name)


def _merge(environ: MutableMapping[str, str], path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as problem:
        raise SystemExit(f"{path} cannot be read: {problem}.") from None
    for name, value in parse(text, path).items():
        if name not in environ:
            environ[name] = value
            if value:  # an empty one counts as unset, and `up` may have its own
                _from_files.add(name)


def parse(text: str, path: Path = Path(".env")) -> dict[str, str]:
    """Return the variables of a `.env` file: `NAME=value`, `export`, quotes, comments; the last value of a name counts.

    Raise SystemExit with the number of the first invalid line; `path` appears in that message alone.
    """
    values = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if not match:
            raise SystemExit(
                f"{path}, line {number}: not NAME=value. Quote values that hold quotes or blanks."
            )
        values[match["name"]] = _value(match)
    return values


def _value(match: re.Match[str]) -> str:
    if match["quoted"] is not None:
        return re.sub(r"\\(.)", lambda escape: ESCAPES.get(escape[1], escape[1]), match["quoted"])
    return str(match["raw"] or (match["bare"] or "").strip())


def _data_folder(environ: MutableMapping[str, str], root: Path) -> Path:
    folder = (root / Path(environ.get("CHAT_DATA_DIR") or ".data").expanduser()).resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as problem:
        raise SystemExit(
            f"The data folder cannot be used: {problem}. Set CHAT_DATA_DIR to one of your own."
        ) from None
    return folder


def generated(path: Path) -> str:
    """Return the secret stored at `path` (mode 0600), generated there first if missing. Safe in several processes at once."""
    try:
        with alone(path.parent):
            return _read(path) or _generate(path)
    except OSError as problem:
        raise SystemExit(f"A generated secret cannot be kept: {problem}.") from None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return ""


def _generate(path: Path) -> str:
    secret, draft = secrets.token_urlsafe(SECRET_BYTES), path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret + "\n")
    draft.replace(path)  # atomic: a reader sees the whole secret or none
    return secret
