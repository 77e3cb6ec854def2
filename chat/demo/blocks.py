"""The building blocks of an answer, named after OpenUI's components, and the forms of a reply."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from types import SimpleNamespace
from typing import Any

from chat.testing.script import Call

DATA: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("topics.toml").read_text("utf-8"))
LIMITS = SimpleNamespace(**DATA["limits"])


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

    def all_blocks(self) -> tuple[Block, ...]:
        """Return the blocks with the caption that every answer carries, and the follow-ups at the end."""
        caption = Block("TextContent", (DATA["shared"]["caption"], "small"))
        ending = (Block("FollowUpBlock", (list(self.follow_ups),)),) if self.follow_ups else ()
        return (*self.blocks, caption, *ending)


@dataclass(frozen=True, slots=True)
class Calls:
    """Tool calls to be made before there is an answer."""

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure on demand: `refuse` before any text; `fail`, `cut` and `silence` after some of `shown`."""

    kind: str
    shown: DemoAnswer


Reply = DemoAnswer | Calls | Failure


def patterns(topic: str) -> dict[str, re.Pattern[str]]:
    """Return the compiled patterns by which a topic reads the details of a question."""
    return {name: re.compile(pattern) for name, pattern in DATA[topic]["details"].items()}


def card(topic: str, **values: object) -> DemoAnswer:
    """Return the answer of a topic's data, with the values in their places."""
    data, known = DATA[topic], {**DATA["shared"], **values}
    follow_ups = _with_values(data.get("follow_ups", []), known)
    return DemoAnswer(
        tuple(_blocks(data["blocks"], known)), tuple(follow_ups), data.get("thought", "").strip()
    )


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
