"""The account that runs root's Postgres: a system user of its own, made at the first start, or else `nobody`."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess

from chatproject.dev.bootstrap import say

NAME = "chatproject-db"
# The account where none can be made. It is on every system, but other programs may run as it, and could read the data.
FALLBACK = "nobody"

_NO_LOGIN = ["--home-dir", "/nonexistent", "--shell", "/bin/false"]
# Commands that make a system user: those of most systems, and those of BusyBox.
_COMMANDS = (
    ["useradd", "--system", "--user-group", "--no-create-home", *_NO_LOGIN, NAME],
    ["addgroup", "-S", NAME],
    ["adduser", "-S", "-D", "-H", "-h", "/nonexistent", "-s", "/bin/false", "-G", NAME, NAME],
)


def find() -> pwd.struct_passwd:
    """Return the account, made if missing."""
    return _existing() or _made() or pwd.getpwnam(FALLBACK)


def _existing() -> pwd.struct_passwd | None:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(NAME)
    return None


def _made() -> pwd.struct_passwd | None:
    for program, *arguments in _COMMANDS:
        path = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
        if path and subprocess.run([path, *arguments], capture_output=True).returncode == 0 and _existing():
            say(f"Made the system user {NAME}, which runs the database.")
        if account := _existing():  # perhaps of another process, which was faster
            return account
    return None
