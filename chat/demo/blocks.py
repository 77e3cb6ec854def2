"""The building blocks of an answer, named after OpenUI's components, and what a reply can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

CAPTION = "Demo model: built in, no AI behind it. Figures, names and bookings are made up."


@dataclass(frozen=True, slots=True)
class Block:
    """One component with its positional arguments; arguments may hold further blocks."""

    component: str
    arguments: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Something to show, top to bottom; `follow_ups` are the buttons below."""

    blocks: tuple[Block, ...]
    follow_ups: tuple[str, ...] = ()

    def all_blocks(self) -> tuple[Block, ...]:
        """The blocks with the caption that every answer carries, and the follow-ups at the end."""
        ending = (follow_up_block(self.follow_ups),) if self.follow_ups else ()
        return (*self.blocks, small(CAPTION), *ending)


@dataclass(frozen=True, slots=True)
class Call:
    """A wish to call the tool `name`; `arguments` is JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Calls:
    """Tools to call before there is an answer."""

    calls: tuple[Call, ...]


FailureKind = Literal["status", "error", "cut", "silence"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure on demand: `status` before any text, the others after some of `shown`."""

    kind: FailureKind
    shown: Answer = Answer(())


Reply = Answer | Calls | Failure


def header(title: str, subtitle: str = "") -> Block:
    return Block("CardHeader", (title, subtitle) if subtitle else (title,))


def text(markdown: str) -> Block:
    return Block("TextContent", (markdown,))


def small(markdown: str) -> Block:
    return Block("TextContent", (markdown, "small"))


def callout(
    variant: Literal["info", "warning", "error", "success", "neutral"], title: str, words: str
) -> Block:
    return Block("Callout", (variant, title, words))


def table(columns: Mapping[str, Sequence[str | float]]) -> Block:
    """A table from label to values; a column of numbers is aligned as such."""
    made = [Block("Col", (label, list(values), _kind(values))) for label, values in columns.items()]
    return Block("Table", (made,))


def _kind(values: Sequence[str | float]) -> str:
    return "string" if any(isinstance(value, str) for value in values) else "number"


def chart(component: str, labels: Sequence[str], series: Mapping[str, Sequence[float]], *axes: str) -> Block:
    """A chart of one or more series; `axes` are its variant and the labels of x and y."""
    made = [Block("Series", (category, list(values))) for category, values in series.items()]
    return Block(component, (list(labels), made, *axes))


def pie(labels: Sequence[str], values: Sequence[float]) -> Block:
    return Block("PieChart", (list(labels), list(values), "donut"))


def steps(items: Mapping[str, str]) -> Block:
    return Block("Steps", ([Block("StepsItem", pair) for pair in items.items()],))


def listing(items: Mapping[str, str]) -> Block:
    """A numbered list from title to subtitle; a click on an item sends its title."""
    return Block("ListBlock", ([Block("ListItem", pair) for pair in items.items()], "number"))


def tags(words: Sequence[str]) -> Block:
    return Block("TagBlock", (list(words),))


def follow_up_block(words: Sequence[str]) -> Block:
    return Block("FollowUpBlock", ([Block("FollowUpItem", (word,)) for word in words],))


def form(name: str, submit: str, fields: Mapping[str, Block]) -> Block:
    """A form from label to input; a button without an action of its own says its label, here `submit`."""
    button = Block("Button", (submit, None, "primary"))
    controls = [Block("FormControl", (label, field)) for label, field in fields.items()]
    return Block("Form", (name, Block("Buttons", ([button],)), controls))


def entry(name: str, placeholder: str, kind: str = "text", **rules: object) -> Block:
    return Block("Input", (name, placeholder, kind, rules or {"required": False}))


def choice(name: str, options: Mapping[str, str], placeholder: str) -> Block:
    """A drop-down from value to label, required."""
    items = [Block("SelectItem", pair) for pair in options.items()]
    return Block("Select", (name, items, placeholder, {"required": True}))


def date(name: str, mode: Literal["single", "range"]) -> Block:
    return Block("DatePicker", (name, mode, {"required": True}))


def slider(name: str, lowest: int, highest: int, step: int, start: int) -> Block:
    return Block("Slider", (name, "continuous", lowest, highest, step, [start]))
