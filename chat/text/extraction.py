"""Plain text and titles of messages, for search, lists and models that are not C1."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from chat.text.characters import storable
from chat.text.components import Container, NumberText, Reference, TruncatedString, Value, parse
from chat.text.envelope import FENCE, Segment, artifact_parts, is_prose, parse_context, segments, unescape
from chat.text.sections import is_program

# The width of one line in a desktop's side bar.
TITLE_CHARACTERS = 80
EMPTY_TITLE = "New chat"
IMAGE, FILE = "[image]", "[file]"

_TREE = re.compile(r'\s*\{\s*"(?:component|props|error)"\s*:')
_LINK = re.compile(r"(?:https?:|data:|/)\S+\Z")
_THINK_TITLE = re.compile(r"<thinkitemtitle>(.*?)(?:</|\Z)", re.DOTALL)
_THINK_CONTENT = re.compile(r"<thinkitemcontent>(.*?)(?:</|\Z)", re.DOTALL)

# The arguments of each component that hold words; the others hold names, variants and settings. Of other components,
# charts among them, every argument is read, numbers included, except variants and addresses.
_WORDS: dict[str, slice] = {
    **dict.fromkeys(
        ("Callout", "CalloutV2", "TextCallout", "CodeBlock", "ImageBlock", "SelectItem"), slice(1, None)
    ),
    **dict.fromkeys(
        ("AccordionItem", "SectionItem", "TabItem", "CheckBoxGroup", "Form", "SwitchGroup"), slice(1, None)
    ),
    **dict.fromkeys(("RadioGroup", "Select"), slice(1, 2)),
    **dict.fromkeys(("Accordion", "Button", "ButtonGroup", "Buttons", "Card", "Carousel", "Image"), slice(1)),
    **dict.fromkeys(("ListBlock", "MarkDownRenderer", "Stack", "Tabs", "Tag", "TextContent"), slice(1)),
    **dict.fromkeys(("CheckBoxItem", "Col", "ListItem", "RadioItem", "SwitchItem"), slice(2)),
    **dict.fromkeys(
        ("Action", "DatePicker", "Icon", "Input", "Mutation", "Query", "Slider", "TextArea"), slice(0)
    ),
}


def words_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_VARIANTS = words_of(
    "default primary secondary tertiary ghost small medium large grouped stacked linear natural step horizontal"
    " vertical row column info warning error success neutral danger donut pie number string clear card sunk"
)
_SETTINGS = words_of(
    "name variant type id key size icon iconName url src href image imageSrc imageUrl action context rules format"
    " color layout categoryKey category_key xKey yKey placeholder componentType language mode"
)
_DATA = words_of("data rows values tableData")


def plain_text(content: str) -> str:
    """Return the plain text of any stored message; Markdown stays as it is. Linear time, never raises."""
    if is_prose(content):  # as most prompts and many answers, which would be one segment
        return storable(content) if content.strip() else ""
    return storable("\n".join(text for text in map(segment_text, segments(content)) if text))


def plain_text_of_parts(parts: Iterable[object]) -> str:
    """Return the plain text of OpenAI content parts, one per line.

    `[image]` stands for an image, its name or `[file]` for a file; other kinds are omitted.
    """
    return "\n".join(text for text in map(_read_part, parts) if text)


def is_tree(text: str) -> bool:
    """Return True if a text begins as a component tree in JSON, C1's version 1."""
    return _TREE.match(text) is not None


def title_of(content: str) -> str:
    """Return a title of at most 80 characters: the first line with words, cut at a word."""
    return title_of_text(plain_text(content))


def title_of_text(text: str) -> str:
    """Return the title of a plain text, as `title_of` does."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    line = next(filter(None, lines), EMPTY_TITLE)
    if len(line) <= TITLE_CHARACTERS:
        return line
    head = line[:TITLE_CHARACTERS]
    return (head.rpartition(" ")[0] or head[:-1]) + "…"


def _read_part(part: object) -> str:
    if isinstance(part, str):
        return plain_text(part)
    if not isinstance(part, dict):
        return ""
    if isinstance(text := part.get("text"), str):
        return plain_text(text)
    if part.get("type") == "file":
        return _file_name(part.get("file"))
    return IMAGE if "image" in str(part.get("type")) else ""


def _file_name(file: object) -> str:
    name = file.get("filename") if isinstance(file, dict) else None
    return name if isinstance(name, str) and name else FILE


def segment_text(segment: Segment) -> str:
    """Return the plain text of a segment."""
    match segment.kind:
        case "thinkitem":
            return think_text(segment)
        case "context":
            return "\n".join(_read_context(parse_context(segment.body) or []))
        case "artifact":
            return "\n".join(filter(None, map(segment_text, artifact_parts(segment))))
        case "program":
            return _read_tree(segment.body)
        case "content":
            return _read_body(segment)
    return _read_tree(segment.body) if is_program(segment.body) else segment.body


def think_text(segment: Segment) -> str:
    """Return the text of a think item; empty for an ephemeral one, which is shown during the wait only."""
    if 'ephemeral="true"' in segment.attributes:
        return ""
    found = (_THINK_TITLE.search(segment.body), _THINK_CONTENT.search(segment.body))
    return ": ".join(unescape(match[1]).strip() for match in found if match and match[1].strip())


def _read_body(segment: Segment) -> str:
    words, fence, program = segment.body.partition(FENCE)
    if fence and (not words.strip() or "version=" in segment.attributes):
        return "\n".join(text for text in (words.strip(), _read_tree(program)) if text)
    if is_tree(segment.body) or is_program(segment.body):
        return _read_tree(segment.body)
    if not segment.closed and _begins_tree(segment.body.strip()):
        return ""
    return segment.body.strip()


def _begins_tree(body: str) -> bool:
    return FENCE.startswith(body) or '{"component":'.startswith(body)


def _read_context(context: list[object]) -> Iterator[str]:
    """Yield `User clicked: …` as it is, and a line `field: value` for each field of a form."""
    pending: list[tuple[str, object]] = [("", item) for item in reversed(context)]
    while pending:
        label, value = pending.pop()
        if isinstance(value, dict):
            inner = [(label, value["value"])] if "value" in value else list(value.items())
            pending.extend(reversed(inner))
        elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            pending.extend((label, item) for item in reversed(value))
        elif text := _scalar(value):
            yield f"{label}: {text}" if label else text


def _scalar(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(filter(None, map(_scalar, value)))
    if value is None or value is True or value is False:
        return {True: "yes", False: "no", None: ""}[value]
    return str(value)


def _read_tree(source: str) -> str:
    return "\n".join(text for text in map(str.strip, _walk(parse(source))) if text)


def _walk(statements: dict[str, Container]) -> Iterator[str]:
    """Yield texts in reading order, from the root on; each statement once, so references cannot multiply."""
    pending: list[Value] = [Reference("root")] if "root" in statements else [*reversed(statements.values())]
    unread = dict(statements)
    while pending:
        value = pending.pop()
        if isinstance(value, Reference):
            statement = unread.pop(value.partition(".")[0], None)
            pending.extend(reversed(statement.items) if statement else ())
        elif isinstance(value, str):
            yield value
        elif value.kind == "[" and value.items and not any(map(_is_branch, value.items)):
            yield ", ".join(map(str, value.items))
        else:
            pending.extend(reversed(_children(value)))


def _is_branch(value: Value) -> bool:
    return isinstance(value, Container | Reference)


def _children(container: Container) -> list[Value]:
    if container.kind == "{":
        return _properties(container)
    if container.kind in "[(":
        return container.items
    known = _WORDS.get(container.kind)
    if known is None:
        return [item for item in container.items if _is_word(item)]
    return [item for item in container.items[known] if not isinstance(item, NumberText)]


def _is_word(value: Value) -> bool:
    """Return False for a variant, an address, and the beginning of one that a cut left: those are for the renderer."""
    if isinstance(value, TruncatedString):
        return not any(
            word.startswith(value) for word in (*_VARIANTS, "https://", "data:")
        ) and not _LINK.match(value)
    return not isinstance(value, str) or (value not in _VARIANTS and not _LINK.match(value))


def _properties(container: Container) -> list[Value]:
    """Return an object's words; the rows of a chart's or a table's data lose their keys."""
    found: list[Value] = []
    for key, value in zip(container.keys, container.items, strict=True):
        if key in _DATA and isinstance(value, Container):
            found.append(Container("[", [_row(item) for item in value.items]))
        elif _is_shown(key, value):
            found.append(value)
    return found


def _is_shown(key: str, value: Value) -> bool:
    if key in _SETTINGS or (isinstance(value, str) and key in ("", "component")):
        return False
    return _is_word(value) and (key == "value" or not isinstance(value, NumberText))


def _row(value: Value) -> Value:
    plain = isinstance(value, Container) and value.kind == "{" and "component" not in value.keys
    return Container("[", value.items) if plain and isinstance(value, Container) else value
