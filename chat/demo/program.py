"""An answer in C1's format, version 2: an envelope around an escaped openui-lang program."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from chat.text import escape

from .blocks import Answer, Block

Turn = Callable[[Block], Block]


def as_it_is(block: Block) -> Block:
    """For pages that draw with OpenUI's components, which the blocks are named after."""
    return block


def envelope(answer: Answer, turn: Turn = as_it_is) -> str:
    """The answer as the C1 format's text, as a real C1 model would send it; `turn` says each block in other components."""
    program = escape(write(answer, turn))
    return f'<content thesys="true" version="2">\n```openui-lang\n{program}\n```\n</content>'


def write(answer: Answer, turn: Turn = as_it_is) -> str:
    """The answer's openui-lang program, one statement a line, each before what it refers to."""
    writer = _Writer()
    writer.declare("root", Block("Card", ([turn(block) for block in answer.all_blocks()],)))
    return "\n".join(writer.statements)


class _Writer:
    """Names blocks and collects their statements from the top down, the order in which a page can draw them."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self._named: dict[str, int] = {}

    def declare(self, name: str, block: Block) -> None:
        children: list[tuple[str, Block]] = []
        arguments = ", ".join(self._expression(argument, children) for argument in block.arguments)
        self.statements.append(f"{name} = {block.component}({arguments})")
        for child_name, child in children:
            self.declare(child_name, child)

    def _expression(self, value: object, children: list[tuple[str, Block]]) -> str:
        if isinstance(value, Block):
            return self._reference(value, children)
        if isinstance(value, list):
            return "[" + ", ".join(self._expression(item, children) for item in value) + "]"
        if isinstance(value, dict):
            pairs = (f"{key}: {self._expression(item, children)}" for key, item in value.items())
            return "{" + ", ".join(pairs) + "}"
        return quoted(value) if isinstance(value, str) else json.dumps(value)

    def _reference(self, block: Block, children: list[tuple[str, Block]]) -> str:
        name = self._name(block.component)
        children.append((name, block))
        return name

    def _name(self, component: str) -> str:
        number = self._named[component] = self._named.get(component, 0) + 1
        return f"{component[0].lower()}{component[1:]}{number}"


def quoted(words: str) -> str:
    """A string literal; three backticks in it would end the fence, so they become apostrophes."""
    return json.dumps(re.sub("`{3,}", "'''", words), ensure_ascii=False)
