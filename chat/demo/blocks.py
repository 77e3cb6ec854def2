"""The building blocks of an answer, named after OpenUI's components, and the forms of a reply."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, Literal

from chat.testing.script import Call

DATA: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("topics.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Block:
    """One component with its positional arguments; arguments may hold further blocks."""

    component: str
    arguments: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class DemoAnswer:
    """The blocks from top to bottom; `follow_ups` are the buttons below."""

    blocks: tuple[Block, ...]
    follow_ups: tuple[str, ...] = ()

    def all_blocks(self) -> tuple[Block, ...]:
        """Return the blocks with the caption that every answer carries, and the follow-ups at the end."""
        ending = (block("FollowUpBlock", self.follow_ups),) if self.follow_ups else ()
        return (*self.blocks, block("TextContent", DATA["shared"]["caption"], "small"), *ending)


@dataclass(frozen=True, slots=True)
class Calls:
    """Tool calls to be made before there is an answer."""

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure on demand: `refuse` before any text, the others after some of `shown`."""

    kind: Literal["refuse", "fail", "cut", "silence"]
    shown: DemoAnswer = DemoAnswer(())


Reply = DemoAnswer | Calls | Failure


def card(topic: str, **values: object) -> DemoAnswer:
    """Return the answer of a topic's data, with the values in their places."""
    data, known = DATA[topic], {**DATA["shared"], **values}
    return DemoAnswer(
        tuple(_blocks(data["blocks"], known)), tuple(_with_values(data.get("follow_ups", []), known))
    )


def _blocks(specs: list[Any], values: Mapping[str, object]) -> Iterator[Block]:
    for spec in specs:
        filled = _with_values(spec, values)
        if isinstance(spec, str):
            yield from (one if isinstance(one, Block) else block(*one) for one in filled)
        else:
            yield block(*filled)


def _with_values(spec: Any, values: Mapping[str, object]) -> Any:
    if isinstance(spec, str):
        return values[spec[1:]] if spec[1:] in values else Template(spec).safe_substitute(values)
    if isinstance(spec, dict):
        return {key: _with_values(one, values) for key, one in spec.items()}
    return [_with_values(one, values) for one in spec] if isinstance(spec, list) else spec


def block(component: str, *arguments: Any) -> Block:
    """Return a component; tables, charts, lists and forms take mappings instead of their children."""
    nest = _NESTED.get(component)
    return Block(component, nest(*arguments) if nest else arguments)


def _table(columns: Mapping[str, list[object]]) -> tuple[object, ...]:
    return ([Block("Col", (label, values, _kind(values))) for label, values in columns.items()],)


def _kind(values: list[object]) -> str:
    return "string" if any(isinstance(value, str) for value in values) else "number"


def _chart(labels: list[str], series: Mapping[str, list[float]], *axes: str) -> tuple[object, ...]:
    return (labels, _children("Series", series), *axes)


def _children(component: str, items: Mapping[str, object]) -> list[Block]:
    return [Block(component, pair) for pair in items.items()]


def _select(name: str, options: Mapping[str, str], hint: str) -> tuple[object, ...]:
    return (name, _children("SelectItem", options), hint, {"required": True})


def _form(name: str, submit: str, fields: Mapping[str, list[Any]]) -> tuple[object, ...]:
    """Return the arguments of a form; a button without an action of its own sends its label, here `submit`."""
    buttons = Block("Buttons", ([Block("Button", (submit, None, "primary"))],))
    return (name, buttons, _children("FormControl", {label: block(*one) for label, one in fields.items()}))


_NESTED: dict[str, Callable[..., tuple[object, ...]]] = {
    "Table": _table,
    "BarChart": _chart,
    "HorizontalBarChart": _chart,
    "AreaChart": _chart,
    "Steps": lambda items: (_children("StepsItem", items),),
    "ListBlock": lambda items: (_children("ListItem", items), "number"),
    "FollowUpBlock": lambda words: ([Block("FollowUpItem", (word,)) for word in words],),
    "Select": _select,
    "Form": _form,
}
