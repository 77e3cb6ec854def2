"""An answer in C1's format, version 2: an envelope around an escaped openui-lang program."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator

from chat.text import escape

from .blocks import Block, DemoAnswer

Turn = Callable[[Block], Block]


def as_it_is(block: Block) -> Block:
    """Return the block for pages that draw with OpenUI's components, which the blocks are named after."""
    return block


def envelope(answer: DemoAnswer, turn: Turn = as_it_is) -> str:
    """Return the text that a C1 model would send; `turn` says each block in other components."""
    program = escape(write(answer, turn))
    return f'<content thesys="true" version="2">\n```openui-lang\n{program}\n```\n</content>'


def write(answer: DemoAnswer, turn: Turn = as_it_is) -> str:
    """Return the answer's openui-lang program, one statement a line, each before those it refers to.

    A page draws from the top down while it arrives.
    """
    card = Block("Card", ([turn(block) for block in answer.all_blocks()],))
    return "\n".join(_statements("root", card, Counter()))


def _statements(name: str, block: Block, used: Counter[str]) -> Iterator[str]:
    children: dict[str, Block] = {}
    arguments = ", ".join(_expression(argument, children, used) for argument in block.arguments)
    yield f"{name} = {block.component}({arguments})"
    for child_name, child in children.items():
        yield from _statements(child_name, child, used)


def _expression(value: object, children: dict[str, Block], used: Counter[str]) -> str:
    match value:
        case Block(component=component):
            used[component] += 1
            name = f"{component[0].lower()}{component[1:]}{used[component]}"
            children[name] = value
            return name
        case list():
            return "[" + ", ".join(_expression(item, children, used) for item in value) + "]"
        case dict():
            pairs = (f"{key}: {_expression(item, children, used)}" for key, item in value.items())
            return "{" + ", ".join(pairs) + "}"
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def quoted(words: str) -> str:
    """Return a string literal; three backticks in it would end the fence, so they become apostrophes."""
    return json.dumps(re.sub("`{3,}", "'''", words), ensure_ascii=False)
