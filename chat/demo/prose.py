"""An answer as plain text, for models whose readers know no components."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .blocks import DemoAnswer


def prose(answer: DemoAnswer) -> str:
    """Return the answer as paragraphs with a blank line between them; blocks without words are left out."""
    writers = ((_WRITERS.get(block.component), block.arguments) for block in answer.all_blocks())
    return "\n\n".join(paragraph for write, given in writers if write and (paragraph := write(*given)))


def _callout(_variant: str, title: str, words: str) -> str:
    return f"{title}{'' if title.endswith(('.', '!', '?')) else ':'} {words}"


def _rows(*columns: Any) -> str:
    return "\n".join(" · ".join(map(str, row)) for row in zip(*columns, strict=True))


def _table(columns: list[Any]) -> str:
    return _rows(*([column.arguments[0], *column.arguments[1]] for column in columns))


def _steps(items: list[Any], *_variant: str) -> str:
    numbered = enumerate((item.arguments for item in items), 1)
    return "\n".join(f"{number}. {title}: {more}" for number, (title, more) in numbered)


def _form(_name: str, _buttons: Any, controls: list[Any]) -> str:
    labels = ", ".join(control.arguments[0].lower() for control in controls)
    return f"Tell me, in your own words: {labels}."


_WRITERS: dict[str, Callable[..., str]] = {
    "CardHeader": lambda *lines: "\n".join(filter(None, lines)),
    "TextContent": lambda markdown, *_size: markdown.replace("**", ""),
    "Callout": _callout,
    "Table": _table,
    "PieChart": lambda labels, values, _variant: _rows(labels, values),
    "Steps": _steps,
    "ListBlock": _steps,
    "TagBlock": ", ".join,
    "Form": _form,
    "FollowUpBlock": lambda items: "You could go on with: " + " · ".join(item.arguments[0] for item in items),
}
