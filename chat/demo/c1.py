"""An answer in C1's own components, for a page that draws with Thesys' client; the rest becomes Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .blocks import Block
from .program import in_openui

MEANT = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~.])")
"""Characters that Markdown could take for more than themselves."""

_VARIANTS = {"error": "danger", "neutral": "info"}
_DATES = {"single": "2027-01-31", "range": "2027-01-31 to 2027-02-03"}


def in_c1(block: Block) -> Block:
    """Return the block as C1 writes it; one that both pages know is written as for OpenUI."""
    write = _FORMS.get(block.component)
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


_FORMS: dict[str, Callable[..., Block]] = {
    "CardHeader": lambda title, subtitle="": Block("Header", (title, subtitle)),
    "Callout": lambda kind, *words: Block("CalloutV2", (_VARIANTS.get(kind, kind), *words)),
    "Table": _table,
    "BarChart": _bars,
    "HorizontalBarChart": _bars,
    "AreaChart": _bars,
    "PieChart": lambda labels, values, _kind: _bars(labels, {"Shares": values}),
    "ListBlock": _listing,
    "TagBlock": lambda words: _markdown(_escaped(" · ".join(words))),
    "Form": _form,
    "FollowUpBlock": lambda words: Block("FollowUpBlock", (words,)),
}
_HINTS: dict[str, Callable[..., tuple[str, dict[str, Any]]]] = {
    "Input": lambda hint, _kind, rules: (hint, rules),
    "Select": lambda options, _hint, rules: (", ".join(options), rules),
    "DatePicker": lambda mode, rules: (_DATES[mode], rules),
    "Slider": lambda _kind, lowest, highest, *_rest: (f"{lowest} to {highest}", {}),
}
