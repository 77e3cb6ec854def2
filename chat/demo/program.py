"""An answer in C1's format, version 2: an envelope around an escaped openui-lang program."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator

from chat.text import escape

from .blocks import DATA, Block, DemoAnswer

Turn = Callable[[Block], Block]
"""The way from a block to the component that draws it, whose children are blocks as well."""


def in_openui(block: Block) -> Block:
    """Return the block as OpenUI writes it."""
    component, arguments = block.component, list(block.arguments)
    if component in DATA["children"]:
        position, child = DATA["children"][component]
        arguments[position] = [_child(child, *pair) for pair in arguments[position].items()]
    if component == "FollowUpBlock":
        arguments = [[Block("FollowUpItem", (words,)) for words in arguments[0]]]
    if component == "Form":  # a button without an action of its own sends its label
        arguments[1] = Block("Buttons", ([Block("Button", (arguments[1], None, "primary"))],))
    return Block(component, tuple(arguments))


def _child(component: str, label: str, details: list[object]) -> Block:
    if component == "Col":
        kind = "string" if any(isinstance(cell, str) for cell in details) else "number"
        return Block(component, (label, details, kind))
    if component == "FormControl":
        field, *arguments = details
        return Block(component, (label, in_openui(Block(str(field), tuple(arguments)))))
    return Block(component, (label, details))


def envelope(answer: DemoAnswer, turn: Turn = in_openui) -> str:
    """Return the text that a C1 model would send."""
    program = escape(write(answer, turn))
    return f'<content thesys="true" version="2">\n```openui-lang\n{program}\n```\n</content>'


def write(answer: DemoAnswer, turn: Turn = in_openui) -> str:
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
            return f"[{', '.join(_expression(item, children, used) for item in value)}]"
        case dict():
            pairs = (f"{key}: {_expression(item, children, used)}" for key, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        case str():  # three backticks would end the fence
            return json.dumps(re.sub("`{3,}", "'''", value), ensure_ascii=False)
    return json.dumps(value)
