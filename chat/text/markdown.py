"""Replies as Markdown documents: headings, texts, tables and lists of their interfaces, and Markdown as it is.

`chat/page/src/parts/markdown.ts` writes the same for the page's "Copy as Markdown".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from chat.text.characters import storable
from chat.text.envelope import Segment, artifact_parts, segments, unescape
from chat.text.extraction import segment_text, think_text, words_of
from chat.text.sections import is_program
from chat.text.tree import ComponentNode, Resolved, resolve

_FENCE = re.compile(r"```openui-lang[^\n]*\n?")
_FENCE_END = re.compile(r"^[ \t]*```", re.MULTILINE)
_TREE = re.compile(r'\s*\{\s*"component"')
_CUSTOM = re.compile(r"<custommarkdown(?:\s[^<>]{0,200})?>(.*?)(?:</custommarkdown>|\Z)", re.DOTALL)
_LINE_START = re.compile(r"^", re.MULTILINE)
_BACKTICKS = re.compile(r"`{3,}")

# Values that describe a style: left out of components without a writer.
_STYLES = words_of(
    "default small medium large left right center row column primary secondary tertiary grouped stacked linear natural"
    " step normal clear card sunk string number horizontal vertical neutral info success warning danger"
)
# Cells of a table, as a multiple of those that it was given plus a constant for tiny ones: a long column beside many empty
# ones, or a record with many names beside many without any, would have their product.
PADDING, MIN_CELLS = 4, 1_000
# Drawing styles where OpenUI has an axis name: C1 has one such argument more.
_DRAWN = words_of("default grouped stacked linear natural step")

Props = dict[str, Resolved]


def markdown(content: str) -> str:
    """Return a stored reply as Markdown. Linear time, never raises."""
    return storable(segments_as_markdown(segments(content)))


def segments_as_markdown(found: Iterable[Segment]) -> str:
    """Return segments of a reply as Markdown."""
    return "\n\n".join(block for segment in found for block in _segment(segment))


def _segment(segment: Segment) -> Iterator[str]:
    if segment.kind == "thinkitem":
        yield from _nonempty(_quote(think_text(segment)))
    elif segment.kind == "artifact":
        for part in artifact_parts(segment):
            yield from _segment(part)
    elif segment.kind == "program":
        yield from _blocks(resolve(segment.body))
    elif segment.kind != "context":
        text = _CUSTOM.sub(lambda match: unescape(match[1]), segment.body)
        blocks = list(_body(text))
        # A complete envelope without any readable interface is shown as text, as on the page.
        unreadable = not blocks and segment.closed and not segment_text(segment)
        yield from _nonempty(text) if unreadable else blocks


def _body(text: str) -> Iterator[str]:
    """Yield the blocks of a body: a tree, or programs in fences with Markdown around them."""
    if _TREE.match(text) or is_program(text):
        yield from _blocks(resolve(text))
        return
    before, *programs = _FENCE.split(text)
    yield from _nonempty(before)
    for program in programs:
        end = _FENCE_END.search(program)
        yield from _blocks(resolve(program[: end.start()] if end else program))
        yield from _nonempty(program[end.end() :] if end else "")


def _nonempty(text: str) -> Iterator[str]:
    if text.strip():
        yield text.strip()


def _blocks(value: Resolved) -> Iterator[str]:
    """Yield the blocks of anything that may stand as a child: a component, a text, or a list of them."""
    if isinstance(value, ComponentNode):
        yield from _WRITERS.get(value.type, _unknown)(value.props)
    elif isinstance(value, list):
        for item in value:
            yield from _blocks(item)
    elif isinstance(value, dict):
        yield from _unknown(value)
    else:
        yield from _nonempty(_words(value))


def _unknown(props: Props) -> Iterator[str]:
    for value in props.values():
        if not (isinstance(value, str) and value in _STYLES):
            yield from _blocks(value)


def _words(value: Resolved) -> str:
    return str(value) if isinstance(value, str) else ""


def _first(props: Props, *names: str) -> Resolved:
    return next((props[name] for name in names if props.get(name) is not None), None)


def _list(value: Resolved) -> list[Resolved]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _props(value: Resolved) -> Props:
    if isinstance(value, ComponentNode):
        return value.props
    return value if isinstance(value, dict) else {"text": value}


def _quote(text: str) -> str:
    return _LINE_START.sub("> ", text) if text else ""


def _children(props: Props) -> Iterator[str]:
    yield from _blocks(props.get("children"))


def _text(props: Props) -> Iterator[str]:
    yield from _nonempty(_words(_first(props, "textMarkdown", "text")))


def _heading(title: Resolved, detail: Resolved = None) -> Iterator[str]:
    if words := " ".join(_words(title).split()):
        yield f"## {words}"
    yield from _nonempty(_words(detail))


def _header(props: Props) -> Iterator[str]:
    yield from _heading(props.get("title"), props.get("subtitle"))


def _callout(props: Props) -> Iterator[str]:
    title, text = _words(props.get("title")), _words(props.get("description"))
    yield from _nonempty(_quote("\n".join(filter(None, (title and f"**{title}**", text)))))


def _image(props: Props) -> Iterator[str]:
    text, source = _words(_first(props, "alt", "details")) or "Image", _words(props.get("src"))
    yield f"[{text}]({source})" if source else text


def _gallery(props: Props) -> Iterator[str]:
    for image in _list(props.get("images")):
        yield from _image(_props(image))


def _code(props: Props) -> Iterator[str]:
    yield fenced(_words(props.get("codeString")), _words(props.get("language")))


def fenced(text: str, language: str) -> str:
    """Return a text as a block of code, which nothing in it or in the name of its language ends."""
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(text)), default=2))
    name = "".join(language.replace("`", "").split()[:1])
    return f"{fence}{name}\n{text}\n{fence}"


def _rule(_props: Props) -> Iterator[str]:
    yield "---"


def _sections(*names: str) -> Callable[[Props], Iterator[str]]:
    def write(props: Props) -> Iterator[str]:
        for item in map(_props, _list(_first(props, *names))):
            yield from _heading(_first(item, "trigger", "title"))
            yield from _blocks(_first(item, "content", "children"))

    return write


def _items(props: Props, ordered: bool = True) -> Iterator[str]:
    found = [text for item in map(_props, _list(props.get("items"))) if (text := _item(item))]
    yield from _nonempty(
        "\n".join(f"{f'{n}.' if ordered else '-'} {text}" for n, text in enumerate(found, 1))
    )


def _item(item: Props) -> str:
    title = _words(_first(item, "title", "text", "label"))
    text = _words(_first(item, "subtitle", "details", "description"))
    # Further lines are indented, so that they stay part of the item.
    return ": ".join(filter(None, (title, text))).strip().replace("\n", "\n   ")


def _list_block(props: Props) -> Iterator[str]:
    yield from _items(props, ordered=props.get("variant") != "image")


def _tags(props: Props) -> Iterator[str]:
    tags = [_words(_props(tag).get("text")) for tag in _list(_first(props, "tags", "children"))]
    yield from _nonempty(", ".join(filter(None, tags)))


def _form(props: Props) -> Iterator[str]:
    labels = [_field(control) for control in _list(_first(props, "fields", "children"))]
    yield from _nonempty("\n".join(f"- {label}" for label in labels if label))


def _field(control: Resolved) -> str:
    outer = _props(control)
    inner = _first(outer, "input", "children") or (control if outer.get("name") else None)
    props = _props(next(iter(_list(inner)), None))
    label = _first(outer, "label") or _first(props, "label", "name")
    return _words(label) if _words(props.get("name")) else ""


def _nothing(_props: Props) -> Iterator[str]:
    yield from ()


def _table(labels: list[Resolved], columns: list[list[Resolved]]) -> Iterator[str]:
    given = len(labels) + sum(map(len, columns))
    length = _rows_shown(len(columns), max(map(len, columns), default=0), given)
    if not labels or not (length or any(map(_cell, labels))):
        return
    rows = [[_at(column, row) for column in columns] for row in range(length)]
    separator: list[Resolved] = ["---"] * len(labels)
    yield "\n".join(map(_row, [labels, separator, *rows]))


def _rows_shown(width: int, length: int, given: int) -> int:
    """Return how many of `length` rows a table shows that was given so many cells."""
    return min(length, (PADDING * given + MIN_CELLS) // max(1, width))


def _row(cells: list[Resolved]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(value: Resolved) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, ComponentNode | dict):
        value = list(_props(value).values())
    if isinstance(value, list):
        value = " ".join(item for item in value if isinstance(item, str))
    return " ".join(str(value or "").replace("|", "\\|").split())


def _table_block(props: Props) -> Iterator[str]:
    columns = _list(_first(props, "columns", "headers", "children"))
    if (given := props.get("rows")) and isinstance(given, list):
        rows = [row if isinstance(row, list) else list(_props(row).values()) for row in given]
        labels = [_label(column) for column in columns] or [None] * len(rows[0])
        rows = rows[: _rows_shown(len(labels), len(rows), len(labels) + sum(map(len, rows)))]
        yield from _table(labels, [[_at(row, index) for row in rows] for index in range(len(labels))])
    else:
        yield from _table(
            [_label(column) for column in columns], [_list(_props(column).get("data")) for column in columns]
        )


def _at(row: list[Resolved], index: int) -> Resolved:
    return row[index] if index < len(row) else None


def _label(column: Resolved) -> Resolved:
    return column if isinstance(column, str) else _props(column).get("label")


def _chart(props: Props) -> Iterator[str]:
    if isinstance(records := props.get("data"), list):
        yield from _records(records, props.get("categoryKey"))
        return
    series = [_props(item) for item in _list(props.get("series"))]
    axis = props.get("xLabel")
    labels = ["" if axis in _DRAWN else axis, *(_first(item, "category", "name") for item in series)]
    yield from _table(labels, [_list(props.get("labels")), *(_list(item.get("values")) for item in series)])


def _slices(props: Props) -> Iterator[str]:
    if isinstance(records := props.get("data"), list):
        yield from _records(records, props.get("categoryKey"))
        return
    labels = _list(props.get("labels"))
    values = _list(props.get("values"))
    if any("category" in _props(label) for label in labels):
        slices = [_props(label) for label in labels]
        labels, values = [one.get("category") for one in slices], [one.get("value") for one in slices]
    yield from _table(["", ""], [labels, values])


def _records(data: list[Resolved], category: Resolved) -> Iterator[str]:
    """Yield the table of records with named fields, the category first."""
    records = [record for record in data if isinstance(record, dict)]
    keys = sorted(records[0] if records else {}, key=lambda key: key != category)
    records = records[: _rows_shown(len(keys), len(records), sum(map(len, records)))]
    yield from _table([*keys], [[record.get(key) for record in records] for key in keys])


_WRITERS: dict[str, Callable[[Props], Iterator[str]]] = {
    **dict.fromkeys(("Card", "Stack", "Carousel"), _children),
    **dict.fromkeys(("CardHeader", "Header"), _header),
    **dict.fromkeys(("TextContent", "MarkDownRenderer", "Label", "Tag"), _text),
    **dict.fromkeys(("Callout", "CalloutV2", "TextCallout"), _callout),
    **dict.fromkeys(("Image", "ImageBlock"), _image),
    **dict.fromkeys(("BarChart", "LineChart", "AreaChart", "RadarChart", "HorizontalBarChart"), _chart),
    **dict.fromkeys(("PieChart", "RadialChart", "SingleStackedBarChart"), _slices),
    # Buttons belong to the page, not to the document.
    **dict.fromkeys(("Button", "Buttons", "ButtonGroup", "FollowUpBlock", "FollowUpItem"), _nothing),
    **dict.fromkeys(("Tabs", "Accordion"), _sections("items")),
    "SectionBlock": _sections("sections"),
    "ImageGallery": _gallery,
    "CodeBlock": _code,
    "Separator": _rule,
    "Table": _table_block,
    "Form": _form,
    "ListBlock": _list_block,
    "Steps": _items,
    "TagBlock": _tags,
}
