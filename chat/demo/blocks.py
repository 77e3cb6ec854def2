"""The building blocks of an answer, named after OpenUI's components, and the forms of a reply."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from string import Template
from types import SimpleNamespace
from typing import Any

from chat.testing.script import Call

Topics = dict[str, dict[str, Any]]


def _load(name: str) -> Topics:
    return tomllib.loads(Path(__file__).with_name(name).read_text("utf-8"))


DATA: Topics = _load("topics.toml")
LIMITS = SimpleNamespace(**DATA["limits"])


def _translated(texts: Topics) -> Topics:
    return {topic: {**values, **texts.get(topic, {})} for topic, values in DATA.items()}


TEXTS: dict[str, Topics] = {"en": DATA, "de": _translated(_load("topics_de.toml"))}
"""The topics by language."""


FENCE = re.compile(r"^```(\w+)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One component with its positional arguments; a mapping from label to details is its children."""

    component: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class DemoAnswer:
    """The blocks from top to bottom; `follow_ups` are the buttons below, `thought` comes before all of it."""

    blocks: tuple[Block, ...]
    follow_ups: tuple[str, ...] = ()
    thought: str = ""
    language: str = "en"

    def all_blocks(self) -> tuple[Block, ...]:
        """Return the blocks with the caption that every answer carries, and the follow-ups at the end."""
        caption = Block("TextContent", (TEXTS[self.language]["shared"]["caption"], "small"))
        ending = (Block("FollowUpBlock", (list(self.follow_ups),)),) if self.follow_ups else ()
        return (*self.blocks, caption, *ending)


@dataclass(frozen=True, slots=True)
class MarkdownAnswer:
    """Prose with code, formulas or a diagram, as models without a format for interfaces write it."""

    text: str
    language: str = "en"

    def as_blocks(self) -> DemoAnswer:
        """Return the answer for a page that draws nothing but components."""
        parts = FENCE.split(self.text)
        blocks = [Block("TextContent", (words.strip(),)) for words in parts[::3]]
        codes = [
            Block("CodeBlock", (name, code)) for name, code in zip(parts[1::3], parts[2::3], strict=True)
        ]
        mixed = [block for pair in zip_longest(blocks, codes) for block in pair if block]
        return DemoAnswer(tuple(mixed), language=self.language)


@dataclass(frozen=True, slots=True)
class Calls:
    """Tool calls to be made before there is an answer."""

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure on demand: `refuse` before any text; `fail`, `cut` and `silence` after some of `shown`."""

    kind: str
    shown: DemoAnswer


Reply = DemoAnswer | MarkdownAnswer | Calls | Failure


def patterns(topic: str) -> dict[str, re.Pattern[str]]:
    """Return the compiled patterns by which a topic reads the details of a question."""
    return {name: re.compile(pattern) for name, pattern in DATA[topic]["details"].items()}


def grouped(number: int | float | str, language: str) -> str:
    """Return a number with its thousands in groups, as this language writes it."""
    written = f"{number:,}" if not isinstance(number, str) else number
    return written.translate(str.maketrans(",.", ".,")) if language == "de" else written


def card(language: str, topic: str, **values: object) -> DemoAnswer:
    """Return the answer of a topic's data, with the values in their places."""
    texts = TEXTS[language]
    data, known = texts[topic], {**texts["shared"], **values}
    follow_ups = _with_values(data.get("follow_ups", []), known)
    thought = data.get("thought", "").strip()
    return DemoAnswer(tuple(_blocks(data["blocks"], known)), tuple(follow_ups), thought, language)


def markdown(language: str, topic: str) -> MarkdownAnswer:
    """Return a topic's prose, with the caption that every answer carries."""
    texts = TEXTS[language]
    return MarkdownAnswer(f"{texts[topic]['markdown'].strip()}\n\n*{texts['shared']['caption']}*", language)


def _blocks(specs: list[Any], values: Mapping[str, object]) -> Iterator[Block]:
    for spec in specs:
        filled = _with_values(spec, values)
        for component, *arguments in filled if isinstance(spec, str) else [filled]:
            yield Block(component, tuple(arguments))


def _with_values(spec: Any, values: Mapping[str, object]) -> Any:
    if isinstance(spec, str):
        return values[spec[1:]] if spec[1:] in values else Template(spec).safe_substitute(values)
    if isinstance(spec, dict):
        return {key: _with_values(one, values) for key, one in spec.items()}
    return [_with_values(one, values) for one in spec] if isinstance(spec, list) else spec
