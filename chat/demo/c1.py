"""An answer in C1's own components, for a page that draws with Thesys' client; the rest becomes Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .blocks import Block

MEANT = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~.])")
"""Characters that Markdown could take for more than themselves."""

_VARIANTS = {"error": "danger", "neutral": "info"}
_DATES = {"single": "2027-01-31", "range": "2027-01-31 to 2027-02-03"}


def in_c1(block: Block) -> Block:
    """Return the block as C1 writes it; one that both pages know stays as it is."""
    write = _FORMS.get(block.component)
    return write(*block.arguments) if write else block


def _escaped(words: object) -> str:
    return MEANT.sub(r"\\\1", " ".join(str(words).split()))


def _markdown(*lines: str) -> Block:
    return Block("TextContent", ("\n".join(lines),))


def _table(columns: list[Any]) -> Block:
    cells = [[column.arguments[0], *column.arguments[1]] for column in columns]
    head, *rows = [f"| {' | '.join(map(_escaped, row))} |" for row in zip(*cells, strict=True)]
    return _markdown(head, "|" + "---|" * len(columns), *rows)


def _bars(labels: list[str], series: list[Any], *_axes: str) -> Block:
    shown = [dict(zip(("category", "values"), one.arguments, strict=True)) for one in series]
    return Block("BarChart", (labels, shown, "default", "grouped"))


def _listing(items: list[Any], _variant: str) -> Block:
    pairs = enumerate((map(_escaped, item.arguments) for item in items), 1)
    return _markdown(*(f"{number}. **{title}**: {more}" for number, (title, more) in pairs))


def _form(name: str, buttons: Any, controls: list[Any]) -> Block:
    submit = buttons.arguments[0][0].arguments[0]
    action = {"type": "continue_conversation", "context": f"User clicked: {submit}"}
    group = Block("ButtonGroup", ([Block("Button", (submit, action, "primary"))],))
    fields = [Block("FormControl", (one.arguments[0], _field(one.arguments[1]))) for one in controls]
    return Block("Form", (name, group, fields))


def _field(field: Any) -> Block:
    """Return a text input for any field, with an example of a value as its placeholder."""
    name, *rest = field.arguments
    hint, rules = _HINTS[field.component](*rest)
    return Block("Input", (name, {"required": bool(rules.get("required"))}, hint))


_FORMS: dict[str, Callable[..., Block]] = {
    "CardHeader": lambda title, subtitle="": Block("Header", (title, subtitle)),
    "Callout": lambda kind, *words: Block("CalloutV2", (_VARIANTS.get(kind, kind), *words)),
    "Table": _table,
    "BarChart": _bars,
    "HorizontalBarChart": _bars,
    "AreaChart": _bars,
    "PieChart": lambda labels, values, _kind: _bars(labels, [Block("Series", ("Shares", values))]),
    "ListBlock": _listing,
    "TagBlock": lambda words: _markdown(_escaped(" · ".join(words))),
    "Form": _form,
    "FollowUpBlock": lambda items: Block("FollowUpBlock", ([item.arguments[0] for item in items],)),
}
_HINTS: dict[str, Callable[..., tuple[str, dict[str, Any]]]] = {
    "Input": lambda hint, _kind, rules: (hint, rules),
    "Select": lambda items, _hint, rules: (", ".join(str(item.arguments[0]) for item in items), rules),
    "DatePicker": lambda mode, rules: (_DATES[mode], rules),
    "Slider": lambda _kind, lowest, highest, *_rest: (f"{lowest} to {highest}", {}),
}
