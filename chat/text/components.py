"""Lenient parser of component trees: JSON (C1 version 1) and openui-lang (version 2) share one grammar of values.

An openui-lang program is a list of statements `name = expression`; an expression is a string, a number, a reference, a
call `Name(…)`, an array or an object. The parser skips unknown characters and closes brackets that a cut left open. It is
linear in the text, without recursion, in bounded memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice

# Tokens read of one message, in at most some 40 MB; a megabyte of usual text has half as many.
MAX_TOKENS = 200_000

# Possessive quantifiers (`++`, `*+`), because backtracking would make this quadratic on hostile text.
_TOKEN = re.compile(
    r"""
      (?P<assign>^[ \t]*+(?P<target>[$A-Za-z_][\w$]*+)[ \t]*+=(?!=))
    | (?P<string>"(?P<inner>(?:[^"\\]++|\\.)*+)(?P<end>"|\\?\Z))
    | (?P<numbers>-?\d[\d.eE+-]*+(?:\s*+,\s*+-?\d[\d.eE+-]*+)*+)
    | (?P<name>[@$A-Za-z_][\w.$]*+)
    | (?P<open>[\[{(])
    | (?P<close>[\]})])
    | (?P<colon>:)
    | (?P<fence>^[ \t]*+```)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CUT_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\u[0-9a-fA-F]{0,3}\Z")
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class NumberText(str):
    """A number as it is written, or several in a row: charts hold thousands, and one object for each would be slow."""

    __slots__ = ()


class TruncatedString(str):
    """A string whose end is missing: it may yet become a variant's name or an address."""

    __slots__ = ()


class Reference(str):
    """The name of a statement, or a word such as `true` that names none."""

    __slots__ = ()


@dataclass(slots=True)
class Container:
    """`kind` is `[`, `{`, `(` or a call's name; only an object's items have keys."""

    kind: str
    items: list[Value] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    key: str = ""

    def add(self, value: Value) -> None:
        self.items.append(value)
        self.keys.append(self.key)
        self.key = ""

    def make_key(self) -> None:
        """Make the last value the key of the next, in an object; elsewhere (`a ? b : c`) a colon has no meaning."""
        if self.kind == "{" and self.items and isinstance(self.items[-1], str):
            self.key = str(self.items.pop())
            self.keys.pop()

    def take_name(self) -> str:
        """Remove and return the word before an opening parenthesis, which makes a call; `(` without one."""
        if self.items and isinstance(self.items[-1], Reference):
            self.key = self.keys.pop()
            return str(self.items.pop())
        return "("


Value = str | Container


def parse(text: str) -> dict[str, Container]:
    """Return statements by name, in order; text before the first one (a JSON tree, say) has the empty name."""
    builder = _Builder()
    for match in islice(_TOKEN.finditer(text), MAX_TOKENS):
        if match.lastgroup == "fence":
            break
        builder.feed(match)
    return builder.statements


class _Builder:
    def __init__(self) -> None:
        self.statements: dict[str, Container] = {}
        self._begin("")

    def _begin(self, name: str) -> None:
        # A line that assigns begins a statement even if brackets are open: a mistake costs its own line only.
        self._stack = [Container("[")]
        self.statements[name] = self._stack[0]

    def feed(self, match: re.Match[str]) -> None:
        kind, top = match.lastgroup, self._stack[-1]
        if kind == "string":
            top.add(
                _unquote(match["inner"]) if match["end"] == '"' else TruncatedString(_unquote(match["inner"]))
            )
        elif kind == "numbers":
            top.add(NumberText(", ".join(match[0].replace(",", " ").split())))
        elif kind == "name":
            top.add(Reference(match[0]))
        elif kind == "colon":
            top.make_key()
        elif kind == "open":
            self._open(match[0])
        elif kind == "close":
            self._close()
        else:
            self._begin(match["target"])

    def _open(self, bracket: str) -> None:
        top = self._stack[-1]
        container = Container(top.take_name() if bracket == "(" else bracket)
        top.add(container)
        self._stack.append(container)

    def _close(self) -> None:
        if len(self._stack) > 1:
            self._stack.pop()


def _unquote(inner: str) -> str:
    if "\\" not in inner:
        return inner
    whole = _CUT_ESCAPE.sub(r"\1", inner)
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _CONTROLS.get(m[2], m[2]), whole)
