"""One extraction from outside: a process with limits of its own, without this process' keys, environment and files."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from chat.files.extract.bounds import Code, Unreadable

# The folder that holds the package `chat`.
ROOT = Path(__file__).parents[2]
# None of this process' variables, which hold keys, but the folders of libraries that some builds of Python need.
ENVIRONMENT = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
# Bytes of a line: a passage of 3,000 characters with its terms takes a tenth.
LINE_BYTES = 1024 * 1024
# Seconds beyond twice the processor time: the machine may be busy.
GRACE_SECONDS = 10.0

TOO_LONG = "Reading the file took too long. Send a smaller part of it."
NO_ANSWER = "The file could not be read. Save it anew, or send a smaller part of it."


class ReadPassage(msgspec.Struct):
    """A passage as the process gives it: `terms` is a tsvector literal."""

    label: str
    text: str
    terms: str


class _Line(msgspec.Struct):
    label: str = ""
    text: str | None = None
    terms: str = ""
    pages: int | None = None
    refused: str | None = None
    code: Code = "damaged"


@dataclass(slots=True)
class FileText:
    """The text of a file, in passages."""

    passages: list[ReadPassage] = field(default_factory=list)
    pages: int | None = None


def deadline(seconds: float) -> float:
    """Return the seconds after which a reading of so much processor time ends in any case."""
    return 2 * seconds + GRACE_SECONDS


async def extract(kind: str, data: bytes, characters: int, seconds: float) -> FileText:
    """Return the text of a file. Raise Unreadable with a sentence for its owner. The process is gone in any case."""
    arguments = (kind, str(characters), str(max(1, round(seconds))))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-B", "-s", "-m", "chat.files.extract", *arguments),
        cwd=ROOT,
        env=ENVIRONMENT,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        limit=LINE_BYTES,
    )
    try:
        async with asyncio.timeout(deadline(seconds)):
            return await _exchange(process, data)
    except TimeoutError:
        raise Unreadable(TOO_LONG, "too_large") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _exchange(process: Process, data: bytes) -> FileText:
    assert process.stdin is not None
    assert process.stdout is not None
    sending = asyncio.create_task(_send(process.stdin, data))
    try:
        found, ended = FileText(), False
        async for raw in process.stdout:
            line = msgspec.json.decode(raw, type=_Line)
            if line.refused is not None:
                raise Unreadable(line.refused, line.code)
            if line.text is None:
                found.pages, ended = line.pages, True
            else:
                found.passages.append(ReadPassage(line.label, line.text, line.terms))
        if not ended:
            if await process.wait() == -signal.SIGXCPU:
                raise Unreadable(TOO_LONG, "too_large")
            raise Unreadable(NO_ANSWER)
        return found
    except (ValueError, msgspec.DecodeError):  # a line beyond the limit, or none of ours
        raise Unreadable(NO_ANSWER) from None
    finally:
        sending.cancel()
        await asyncio.wait([sending])


async def _send(stdin: asyncio.StreamWriter, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):  # it has refused the file already
        stdin.write(data)
        await stdin.drain()
        stdin.close()
