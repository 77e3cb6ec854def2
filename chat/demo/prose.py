"""An answer as plain text, for models whose readers know no components."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from .blocks import DemoAnswer


def prose(answer: DemoAnswer) -> str:
    """Return the answer as paragraphs with a blank line between them; blocks without words are left out."""
    writers = ((_WRITERS.get(block.component), block.arguments) for block in answer.all_blocks())
    return "\n\n".join(paragraph for write, given in writers if write and (paragraph := write(*given)))


def _callout(_variant: str, title: str, words: str) -> str:
    return f"{title}{'' if title.endswith(('.', '!', '?')) else ':'} {words}"


def _rows(*columns: Iterable[object]) -> str:
    return "\n".join(" · ".join(map(str, row)) for row in zip(*columns, strict=True))


def _numbered(items: Mapping[str, str], *_variant: str) -> str:
    return "\n".join(f"{number}. {title}: {more}" for number, (title, more) in enumerate(items.items(), 1))


_WRITERS: dict[str, Callable[..., str]] = {
    "CardHeader": lambda *lines: "\n".join(filter(None, lines)),
    "TextContent": lambda markdown, *_size: markdown.replace("**", ""),
    "Callout": _callout,
    "Table": lambda columns: _rows(*([label, *cells] for label, cells in columns.items())),
    "PieChart": lambda labels, values, _variant: _rows(labels, values),
    "Steps": _numbered,
    "ListBlock": _numbered,
    "TagBlock": ", ".join,
    "Form": lambda _name, _submit, fields: f"Tell me, in your own words: {', '.join(fields).lower()}.",
    "FollowUpBlock": lambda words: f"You could go on with: {' · '.join(words)}",
}
