"""Limits of the extracting process, and the refusal of a file."""

from __future__ import annotations

import contextlib
import os
from typing import Literal

# `suspicious`: built like no real file, as bombs are. `interrupted`: by ends of the reading process.
Code = Literal["damaged", "suspicious", "encrypted", "macros", "too_large", "no_text", "interrupted"]

# Bytes of address space: the interpreter and its libraries take 60 MB, a PDF of 5 MiB some 100 MB more.
ADDRESS_SPACE = 512 * 1024 * 1024
# Steps of niceness: on a busy machine the server itself gets three times the processor of a reading.
NICENESS = 5
# Pages, slides or sheets.
MAX_PAGES = 5_000


class Unreadable(Exception):
    """The file cannot be read; the message tells its owner why, and what to do. `code`: the kind of reason, for programs."""

    def __init__(self, words: str, code: Code = "damaged") -> None:
        super().__init__(words)
        self.code: Code = code


def confine(cpu_seconds: int) -> None:
    """Limit this process: processor time, memory, no file to write, no other process; answers go before it."""
    import resource  # not at the top: the server imports this module on every platform

    os.nice(NICENESS)
    for kind, *limits in (
        (resource.RLIMIT_AS, ADDRESS_SPACE, ADDRESS_SPACE),
        # The soft limit ends the process with a signal of its own, by which its parent knows the reason.
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_NPROC, 0, 0),
    ):
        # Not every platform has every limit; the deadline outside stays.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (limits[0], limits[1]))


def check_pages(number: int) -> None:
    """Raise Unreadable for a file of too many pages."""
    if number > MAX_PAGES:
        raise Unreadable(
            f"The file has more than {MAX_PAGES} pages. Split it, and send the parts that matter.",
            "too_large",
        )
