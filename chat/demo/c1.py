"""An answer in C1's own components, for a page that draws with Thesys' client: what it has no block for becomes Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .blocks import Block

MEANT = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~.])")
"""Characters that Markdown could take for more than themselves."""

_VARIANTS = {"error": "danger", "neutral": "info"}


def in_c1(block: Block) -> Block:
    """The block as C1 writes it; one that both pages know stays as it is."""
    write = _FORMS.get(block.component)
    return write(*block.arguments) if write else block


def _said(words: object) -> str:
    return MEANT.sub(r"\\\1", " ".join(str(words).split()))


def _markdown(text: str) -> Block:
    return Block("TextContent", (text,))


def _header(title: str, subtitle: str = "") -> Block:
    return Block("Header", (title, subtitle))


def _callout(variant: str, title: str, words: str) -> Block:
    return Block("CalloutV2", (_VARIANTS.get(variant, variant), title, words))


def _table(columns: list[Block]) -> Block:
    cells = [[column.arguments[0], *_list(column.arguments[1])] for column in columns]
    head, *rows = [f"| {' | '.join(map(_said, row))} |" for row in zip(*cells, strict=True)]
    return _markdown("\n".join([head, "|" + "---|" * len(columns), *rows]))


def _bars(labels: list[str], series: list[Block], *_axes: str) -> Block:
    shown = [dict(zip(("category", "values"), one.arguments, strict=True)) for one in series]
    return Block("BarChart", (labels, shown, "default", "grouped"))


def _pie(labels: list[str], values: list[float], _variant: str) -> Block:
    return _bars(labels, [Block("Series", ("Shares", values))])


def _listing(items: list[Block], _variant: str) -> Block:
    pairs = enumerate((item.arguments for item in items), 1)
    return _markdown(
        "\n".join(f"{number}. **{_said(title)}**: {_said(more)}" for number, (title, more) in pairs)
    )


def _tags(words: list[str]) -> Block:
    return _markdown(_said(" · ".join(words)))


def _form(name: str, buttons: Block, controls: list[Block]) -> Block:
    submit = str(_list(buttons.arguments[0])[0].arguments[0])
    action = {"type": "continue_conversation", "context": f"User clicked: {submit}"}
    group = Block("ButtonGroup", ([Block("Button", (submit, action, "primary"))],))
    fields = [
        Block("FormControl", (label, _field(field))) for label, field in (one.arguments for one in controls)
    ]
    return Block("Form", (name, group, fields))


def _field(field: Any) -> Block:
    """Whatever is asked for is typed; what may be typed stands where nothing is yet."""
    name, *rest = field.arguments
    hint, rules = _HINTS[field.component](*rest)
    return Block("Input", (name, {"required": bool(rules.get("required"))}, hint))


def _follow_ups(items: list[Block]) -> Block:
    return Block("FollowUpBlock", ([item.arguments[0] for item in items],))


def _list(value: Any) -> list[Any]:
    return list(value)


_FORMS: dict[str, Callable[..., Block]] = {
    "CardHeader": _header,
    "Callout": _callout,
    "Table": _table,
    "BarChart": _bars,
    "HorizontalBarChart": _bars,
    "AreaChart": _bars,
    "PieChart": _pie,
    "ListBlock": _listing,
    "TagBlock": _tags,
    "Form": _form,
    "FollowUpBlock": _follow_ups,
}

_HINTS: dict[str, Callable[..., tuple[str, dict[str, Any]]]] = {
    "Input": lambda hint, _kind, rules: (hint, rules),
    "Select": lambda items, _hint, rules: (", ".join(str(item.arguments[0]) for item in items), rules),
    "DatePicker": lambda mode, rules: (
        "2027-01-31 to 2027-02-03" if mode == "range" else "2027-01-31",
        rules,
    ),
    "Slider": lambda _kind, lowest, highest, *_rest: (f"{lowest} to {highest}", {}),
}
