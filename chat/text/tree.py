"""Component trees of replies with named arguments and resolved references, from openui-lang and from JSON alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeAlias

from chat.text.components import Container, NumberText, Reference, Value, parse

# Levels of nested values: real programs stay under ten, and circular references end here.
MAX_DEPTH = 40
# Size of a resolved tree, in values and in characters, as a multiple of its source's plus a constant for tiny ones: references
# of a small program can double its size at each line. Charts that share their labels and series stay far below.
GROWTH = 10
MIN_BUDGET = 10_000

_CHART = "labels series variant xLabel yLabel"
_CALLOUT = "variant title description"
_SECTION = "value trigger content"
_SLICES = "labels values"

# Argument names by position, of C1's and OpenUI's libraries, as in `chat/static/chat/js/nodes.js`. Arguments of other
# components get a number.
_SIGNATURES = {
    name: arguments.split()
    for names, arguments in {
        "Accordion Tabs Steps FollowUpBlock ListBlock": "items",
        "AccordionItem SectionItem TabItem": _SECTION,
        "BarChart LineChart AreaChart RadarChart HorizontalBarChart": _CHART,
        "Button": "label action variant",
        "Callout CalloutV2 TextCallout": _CALLOUT,
        "Card Stack Carousel Buttons ButtonGroup": "children",
        "CardHeader Header": "title subtitle",
        "CheckBoxGroup SwitchGroup": "name items",
        "CodeBlock": "language codeString",
        "Col": "label data type",
        "DatePicker": "name mode rules",
        "FollowUpItem Label Tag": "text",
        "Form": "name buttons fields",
        "FormControl": "label input hint",
        "Image": "alt src",
        "ImageBlock": "src alt",
        "ImageGallery": "images",
        "Input": "name placeholder inputType rules",
        "ListItem": "title subtitle image actionLabel action",
        "PieChart RadialChart SingleStackedBarChart": _SLICES,
        "Point": "x y z",
        "RadioGroup": "name items defaultValue",
        "ScatterChart": "datasets xLabel yLabel",
        "ScatterSeries": "name points",
        "SectionBlock": "sections",
        "Select": "name items placeholder rules",
        "Separator": "orientation decorative",
        "Series": "category values",
        "Slice": "category value",
        "Slider": "name variant min max step defaultValue label",
        "StepsItem": "title details",
        "Table": "columns rows",
        "TagBlock": "tags",
        "TextArea": "name placeholder rows rules",
        "TextContent MarkDownRenderer": "textMarkdown",
    }.items()
    for name in names.split()
}
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class ComponentNode:
    """A component with its arguments by name."""

    type: str
    props: dict[str, Resolved]


# Numbers keep the text of their source.
Resolved: TypeAlias = "ComponentNode | dict[str, Resolved] | list[Resolved] | str | bool | None"


def resolve(source: str) -> Resolved:
    """Return the tree at `root`, else at the first statement, else the JSON value in the text. Never raise."""
    parsed = parse(source)
    statements = {name: _expression(statement) for name, statement in parsed.items()}
    json_value = statements.pop("")
    first = "root" if "root" in statements else next(iter(statements), None)
    sizes = _values(parsed.values()), len(source)
    resolver = _Resolver(statements, *(GROWTH * size + MIN_BUDGET for size in sizes))
    return resolver.value(json_value if first is None else Reference(first))


def _values(containers: Iterable[Container]) -> int:
    """Return the number of values in containers and all that they hold."""
    pending, count = [*containers], 0
    while pending:
        items = pending.pop().items
        # A run of numbers is one item of the parser.
        count += sum(1 + item.count(",") if isinstance(item, NumberText) else 1 for item in items)
        pending += (item for item in items if isinstance(item, Container))
    return count


def _expression(statement: Container) -> Value | None:
    return next(iter(statement.items), None)


class _Resolver:
    def __init__(self, statements: dict[str, Value | None], values: int, characters: int) -> None:
        self._statements, self._values, self._characters = statements, values, characters

    def value(self, raw: Value | None, depth: int = 0) -> Resolved:
        self._values -= 1
        self._characters -= len(raw) if isinstance(raw, str) else 0
        if raw is None or depth > MAX_DEPTH or self._values < 0 or self._characters < 0:
            return None
        if isinstance(raw, Reference):
            return self._reference(raw, depth + 1)
        return self._container(raw, depth + 1) if isinstance(raw, Container) else raw

    def _reference(self, reference: str, depth: int) -> Resolved:
        name, *path = reference.split(".")
        if name not in self._statements:
            return _WORDS.get(name)
        value = self.value(self._statements[name], depth)
        for key in path:
            value = [_member(item, key) for item in value] if isinstance(value, list) else _member(value, key)
        return value

    def _container(self, raw: Container, depth: int) -> Resolved:
        if raw.kind == "{":
            return self._object(raw, depth)
        values = [self.value(item, depth) for item in _separate(raw.items)]
        if raw.kind == "[":
            return values
        if raw.kind == "(":
            return values[0] if values else None
        names = _SIGNATURES.get(raw.kind, [])
        pairs = zip_longest(names[: len(values)], values)
        return ComponentNode(
            raw.kind, {name or f"argument{index}": value for index, (name, value) in enumerate(pairs)}
        )

    def _object(self, raw: Container, depth: int) -> Resolved:
        entries = {key: self.value(item, depth) for key, item in zip(raw.keys, raw.items, strict=True) if key}
        component = entries.get("component")
        if isinstance(component, ComponentNode):
            return component
        if not isinstance(component, str):
            return entries
        props = entries.get("props")
        return ComponentNode(component, props if isinstance(props, dict) else {})


def _member(value: Resolved, key: str) -> Resolved:
    props = value.props if isinstance(value, ComponentNode) else value
    return props.get(key) if isinstance(props, dict) else None


def _separate(items: list[Value]) -> list[Value]:
    """Return the items with each number of its own: the parser joins several in a row."""
    return [
        number
        for item in items
        for number in (map(NumberText, item.split(", ")) if isinstance(item, NumberText) else [item])
    ]
