"""An answer as plain text, for models whose readers know no components."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .blocks import Answer, Block


def prose(answer: Answer) -> str:
    """The answer as paragraphs with a blank line between them; what cannot be said in words is left out."""
    paragraphs = (
        _WRITERS[block.component](*block.arguments)
        for block in answer.all_blocks()
        if block.component in _WRITERS
    )
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _header(title: str, subtitle: str = "") -> str:
    return f"{title}\n{subtitle}" if subtitle else title


def _text(markdown: str, _size: str = "") -> str:
    return markdown.replace("**", "")


def _callout(_variant: str, title: str, words: str) -> str:
    return f"{title}{'' if title.endswith(('.', '!', '?')) else ':'} {words}"


def _table(columns: list[Block]) -> str:
    labels = [str(column.arguments[0]) for column in columns]
    values: list[Any] = [column.arguments[1] for column in columns]
    rows = [" · ".join(str(cell) for cell in row) for row in zip(*values, strict=True)]
    return "\n".join([" · ".join(labels), *rows])


def _pie(labels: list[str], values: list[float], _variant: str = "") -> str:
    return "\n".join(f"{label} · {value}" for label, value in zip(labels, values, strict=True))


def _steps(items: list[Block]) -> str:
    return "\n".join(
        f"{number}. {item.arguments[0]}: {item.arguments[1]}" for number, item in enumerate(items, 1)
    )


def _listing(items: list[Block], _variant: str = "") -> str:
    return _steps(items)


def _tags(words: list[str]) -> str:
    return ", ".join(words)


def _form(_name: str, _buttons: Block, controls: list[Block]) -> str:
    return (
        "Tell me, in your own words: "
        + ", ".join(str(control.arguments[0]).lower() for control in controls)
        + "."
    )


def _follow_ups(items: list[Block]) -> str:
    return "You could go on with: " + " · ".join(str(item.arguments[0]) for item in items)


_WRITERS: dict[str, Callable[..., str]] = {
    "CardHeader": _header,
    "TextContent": _text,
    "Callout": _callout,
    "Table": _table,
    "PieChart": _pie,
    "Steps": _steps,
    "ListBlock": _listing,
    "TagBlock": _tags,
    "Form": _form,
    "FollowUpBlock": _follow_ups,
}
