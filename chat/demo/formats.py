"""The formats of an answer: a program in openui-lang, in OpenUI's or C1's own components, or plain text."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from string import Template
from typing import Any

from chat.text import escape

from .blocks import DATA, TEXTS, Block, DemoAnswer

Turn = Callable[[Block], Block]
"""The way from a block to the component that draws it, whose children are blocks as well."""
MEANT = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~.])")
"""Characters that Markdown could take for more than themselves."""


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


def in_c1(block: Block) -> Block:
    """Return the block as C1 writes it; one that both clients know is as OpenUI writes it."""
    write = _IN_C1.get(block.component)
    return write(*block.arguments) if write else in_openui(block)


def _escaped(words: object) -> str:
    return MEANT.sub(r"\\\1", " ".join(str(words).split()))


def _markdown(*lines: str) -> Block:
    return Block("TextContent", ("\n".join(lines),))


def _table(columns: Mapping[str, list[object]]) -> Block:
    cells = [[label, *values] for label, values in columns.items()]
    head, *rows = [f"| {' | '.join(map(_escaped, row))} |" for row in zip(*cells, strict=True)]
    return _markdown(head, "|" + "---|" * len(columns), *rows)


def _bars(labels: list[str], series: Mapping[str, list[float]], *_axes: str) -> Block:
    shown = [{"category": label, "values": values} for label, values in series.items()]
    return Block("BarChart", (labels, shown, "default", "grouped"))


def _listing(items: Mapping[str, str], _variant: str) -> Block:
    pairs = enumerate((map(_escaped, item) for item in items.items()), 1)
    return _markdown(*(f"{number}. **{title}**: {more}" for number, (title, more) in pairs))


def _form(name: str, submit: str, fields: Mapping[str, list[Any]]) -> Block:
    action = {"type": "continue_conversation", "context": f"User clicked: {submit}"}
    group = Block("ButtonGroup", ([Block("Button", (submit, action, "primary"))],))
    controls = [Block("FormControl", (label, _field(*field))) for label, field in fields.items()]
    return Block("Form", (name, group, controls))


def _field(component: str, name: str, *arguments: Any) -> Block:
    """Return a text input for any field, with an example of a value as its placeholder."""
    hint, rules = _HINTS[component](*arguments)
    return Block("Input", (name, {"required": bool(rules.get("required"))}, hint))


def _example_days(mode: str) -> str:
    """Return a day a month from now, or the four from then on."""
    first = datetime.now(UTC).date() + timedelta(30)
    return f"{first}" if mode == "single" else f"{first} – {first + timedelta(3)}"


_IN_C1: dict[str, Callable[..., Block]] = {
    "CardHeader": lambda title, subtitle="": Block("Header", (title, subtitle)),
    "Callout": lambda kind, *words: Block("CalloutV2", ("info" if kind == "neutral" else kind, *words)),
    "Table": _table,
    **dict.fromkeys(("BarChart", "HorizontalBarChart", "AreaChart"), _bars),
    "PieChart": lambda labels, values, _kind: _bars(labels, {"Shares": values}),
    "ListBlock": _listing,
    "TagBlock": lambda words: _markdown(_escaped(" · ".join(words))),
    "Form": _form,
    "FollowUpBlock": lambda words: Block("FollowUpBlock", (words,)),
}
_HINTS: dict[str, Callable[..., tuple[str, dict[str, Any]]]] = {
    "Input": lambda hint, _kind, rules: (hint, rules),
    "Select": lambda options, _hint, rules: (", ".join(options), rules),
    "DatePicker": lambda mode, rules: (_example_days(mode), rules),
    "Slider": lambda _kind, lowest, highest, *_rest: (f"{lowest} to {highest}", {}),
}


def prose(answer: DemoAnswer) -> str:
    """Return the answer as paragraphs with a blank line between them; blocks without words are left out."""
    shared = TEXTS[answer.language]["shared"]
    paragraphs = (_paragraph(block, shared) for block in answer.all_blocks())
    return "\n\n".join(filter(None, paragraphs))


def _paragraph(block: Block, shared: Mapping[str, str]) -> str:
    given = block.arguments
    if block.component == "Form":
        return Template(shared["asks"]).substitute(fields=", ".join(given[2]))
    if block.component == "FollowUpBlock":
        return Template(shared["offers"]).substitute(words=" · ".join(given[0]))
    write = _IN_WORDS.get(block.component)
    return write(*given) if write else ""


def _callout(_variant: str, title: str, words: str) -> str:
    return f"{title}{'' if title.endswith(('.', '!', '?')) else ':'} {words}"


def _rows(*columns: Iterable[object]) -> str:
    return "\n".join(" · ".join(map(str, row)) for row in zip(*columns, strict=True))


def _numbered(items: Mapping[str, str], *_variant: str) -> str:
    return "\n".join(f"{number}. {title}: {more}" for number, (title, more) in enumerate(items.items(), 1))


_IN_WORDS: dict[str, Callable[..., str]] = {
    "CardHeader": lambda *lines: "\n".join(filter(None, lines)),
    "TextContent": lambda markdown, *_size: markdown.replace("**", ""),
    "Callout": _callout,
    "Table": lambda columns: _rows(*([label, *cells] for label, cells in columns.items())),
    "PieChart": lambda labels, values, _variant: _rows(labels, values),
    "Steps": _numbered,
    "ListBlock": _numbered,
    "TagBlock": ", ".join,
}
