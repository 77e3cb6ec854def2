"""The record of the `up` that runs on a data folder, by which another one reaches it.

The file is locked as long as that `up` lives, so that a number which another process has by now is not taken for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from chatproject.dev.bootstrap import say
from chatproject.dev.supervisor import REPLACE_SIGNAL

FILE = "up.pid"


@contextlib.contextmanager
def recorded(folder: Path) -> Iterator[None]:
    """Record this process within the block. A second `up` on the folder is not recorded, and works all the same."""
    with open(folder / FILE, "a+") as record:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
            record.truncate(0)
            record.write(f"{os.getpid()}\n")
            record.flush()
        yield


def replace(folder: Path) -> int:
    """Ask the recorded process to replace its servers. Return the exit status: 1 where none runs."""
    with contextlib.suppress(FileNotFoundError), open(folder / FILE) as record:
        try:
            fcntl.flock(record, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.kill(int(record.read()), REPLACE_SIGNAL)
            say("The servers are being replaced: the output of `up` says when, and whether it worked.")
            return 0
    say(f"No `up` runs on {folder}: start one.")
    return 1
