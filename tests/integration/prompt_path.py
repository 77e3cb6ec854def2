"""Measure of one prompt's way through the code: the files down to the claim's SQL, and the types on the whole way.

A profile function sees every call in every thread that starts after it was installed. Stacks are joined where one starts
a task or hands a function to a thread, so that they reach from the endpoint to the statement.
"""

from __future__ import annotations

import enum
import sys
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby, islice
from types import CodeType, FrameType
from typing import Any

ENDPOINT = "chat.api.chat"
SQL = ("chat.db.sql", "batch")
IDENTIFY = ("chat.accounts.identity", "confirm")
CLAIMS = "chat.responses.claims."

# The model's side of the test runs in the same process; notifications, leases and files are handled beside the prompt's way,
# `asgi` ahead of it, and the threads are below its functions.
ELSEWHERE = (
    "chat.testing",
    "chat.demo",
    "chat.asgi",
    "chat.cleanup",
    "chat.conf",
    "chat.db.notifications",
    "chat.db.threads",
    "chat.files.reader",
    "chat.responses.leases",
    "chat.responses.thread_events",
)

# Elements of a container that are looked at.
ELEMENTS = 8


class PromptPath:
    """The stacks of the claim's statements and of the caller's identification, and the types of all values.

    They are those that were seen while `recording` was set.

    `types`: the modules in whose functions values of a type were seen, by the type's full name. Enumerations, which carry
    no fields, are left out.
    """

    def __init__(self) -> None:
        self.recording = False
        self.stacks: list[list[str]] = []
        self.identifications: list[list[str]] = []
        self.types: defaultdict[str, set[str]] = defaultdict(set)
        self._callers: dict[CodeType, list[str]] = {}

    @property
    def files(self) -> list[str]:
        """Return the modules from the endpoint to the claim's SQL, in the order in which they are entered."""
        return list(dict.fromkeys(module for stack in self.stacks for module in stack))

    @property
    def shared_types(self) -> set[str]:
        """Return the types whose values go to other modules than the one that defines them."""
        # `chat.process` keeps one object of some types for the module that asks for it.
        return {
            name
            for name, modules in self.types.items()
            if modules - {name.rpartition(".")[0], "chat.process"}
        }

    @contextmanager
    def installed(self) -> Iterator[PromptPath]:
        """Profile this thread and those that start meanwhile."""
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)
        try:
            yield self
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def _profile(self, frame: FrameType, event: str, result: Any) -> None:
        if not self.recording or event not in ("call", "return"):
            return
        module = _module(frame)
        if event == "call" and module.startswith(("asyncio", "chat.db.threads")):
            self._note_caller(frame)
        elif _counts(module):
            self._note_types(module, [*frame.f_locals.values(), result])
            if event == "call" and (module, frame.f_code.co_name) == SQL:
                self._note_stack(self._stack(frame))
            elif event == "call" and (module, frame.f_code.co_name) == IDENTIFY:
                self.identifications.append(self._stack(frame))

    def _note_caller(self, frame: FrameType) -> None:
        """Remember the stack from which a task or a function in a thread was started."""
        values = frame.f_locals
        started = {
            "create_task": getattr(values.get("coro"), "cr_code", None),
            "run_in_executor": getattr(values.get("func"), "__code__", None),
            "__init__": getattr(values.get("function"), "__code__", None),
        }
        code = started.get(frame.f_code.co_name)
        if code is not None:
            self._callers[code] = self._stack(frame)

    def _stack(self, frame: FrameType | None) -> list[str]:
        """Return the modules on the way to a frame, outermost first, successive calls in one module once."""
        inner: list[str] = []
        outermost = None
        while frame is not None:
            if _counts(_module(frame)):
                inner.append(_module(frame))
                outermost = frame.f_code
            frame = frame.f_back
        before = self._callers.get(outermost, []) if outermost else []
        return [module for module, _ in groupby([*before, *reversed(inner)])]

    def _note_stack(self, stack: list[str]) -> None:
        if ENDPOINT in stack and len(stack) > 1 and stack[-2].startswith(CLAIMS):
            self.stacks.append(stack[stack.index(ENDPOINT) :])

    def _note_types(self, module: str, values: Iterable[Any]) -> None:
        for value in values:
            kind = type(value)
            if kind in (list, tuple, set, frozenset):
                self._note_types(module, islice(value, ELEMENTS))
            elif kind is dict:
                self._note_types(module, islice(value.values(), ELEMENTS))
            elif _counts(str(kind.__module__)) and not issubclass(kind, enum.Enum):
                self.types[f"{kind.__module__}.{kind.__qualname__}"].add(module)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _counts(module: str) -> bool:
    return module.startswith("chat.") and not module.startswith(ELSEWHERE)
