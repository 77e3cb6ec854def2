"""The prompt of the OpenAssistant models: turns between control tokens, and nothing in between.

    <|prompter|>Hello<|endoftext|><|assistant|>Hi!<|endoftext|><|prompter|>Bye<|endoftext|><|assistant|>

Rules
- A turn is one message. C1 envelopes become readable text first; images a mark; nothing else of a text is changed.
- No text can hold a control token: every `<|` in it becomes `< |`, after unwrapping, unescaping and joining.
- Every user message is a turn, even an empty one, so two in a row stay two. An assistant message without text, such as
  one with tool calls alone, is left out. So are tool results: the models know no tools, and the reply sums them up.
- System texts (role `developer` too) stand before the first user text that is kept, with a blank line between.
- Beyond the budget whole turns are dropped, oldest first; the first one kept is a user's. System texts and everything
  from the newest user message on always stay whole: if they alone are too long, the model's server decides. It counts
  tokens exactly, and a question cut in silence would get the answer to a different one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from chat.text import plain_text, plain_text_of_parts

PROMPTER, ASSISTANT, END = "<|prompter|>", "<|assistant|>", "<|endoftext|>"
STOP = [END, PROMPTER, ASSISTANT]

# The context of the pythia models, prompt and answer together.
CONTEXT_TOKENS = 2_048
# The usual bound of an answer.
NEW_TOKENS = 1_024
# Below the 4 or more of English prose, so that the estimate is rather too high.
CHARACTERS_PER_TOKEN = 3.5
# The two control tokens of a turn, and the loss at its edges.
TURN_TOKENS = 4


class _Turn(NamedTuple):
    """One message between control tokens; `role` is PROMPTER or ASSISTANT."""

    role: str
    text: str

    @property
    def tokens(self) -> int:
        return estimate(self.text)


def build(
    messages: Sequence[Mapping[str, Any]],
    budget_tokens: int = CONTEXT_TOKENS,
    max_new_tokens: int = NEW_TOKENS,
) -> str:
    """Return the prompt for messages in chat-completions form (`role`, `content`: text, parts or None)."""
    system = "\n\n".join(filter(None, (_text(message) for message in messages if _is_system(message))))
    turns = list(_turns(messages))
    room = budget_tokens - max_new_tokens - (estimate(system) if system else 0)
    kept = _with_system(system, turns[_first_kept(turns, room) :])
    return "".join(f"{turn.role}{_neutral(turn.text)}{END}" for turn in kept) + ASSISTANT


def plain(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages with all JSON text in them decoded."""
    return [{name: _decoded(value) for name, value in message.items()} for message in messages]


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(part) for part in value]
    return msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value


def estimate(text: str) -> int:
    """Return an estimate of the tokens of a turn with this text."""
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN) + TURN_TOKENS


class StopFilter:
    """A filter that cuts streamed text at the first stop token, for servers that ignore `stop`."""

    def __init__(self, stops: Sequence[str] = STOP) -> None:
        self.stopped = False
        self._stops = stops
        self._held = ""

    def feed(self, text: str) -> str:
        """Return the text to pass on; an end that may start a stop token is held back for the next call."""
        if self.stopped:
            return ""
        text = self._held + text
        positions = [position for stop in self._stops if (position := text.find(stop)) >= 0]
        if positions:
            self.stopped, self._held = True, ""
            return text[: min(positions)]
        passed = len(text) - self._overlap(text)
        self._held = text[passed:]
        return text[:passed]

    def flush(self) -> str:
        """Return the text that was held back, once the text has ended."""
        held, self._held = self._held, ""
        return held

    def _overlap(self, text: str) -> int:
        """Return the number of characters at the end of the text that begin a stop token."""
        longest = max(map(len, self._stops)) - 1
        sizes = range(min(longest, len(text)), 0, -1)
        return next((size for size in sizes if any(stop.startswith(text[-size:]) for stop in self._stops)), 0)


def _turns(messages: Iterable[Mapping[str, Any]]) -> Iterable[_Turn]:
    for message in messages:
        role = message.get("role")
        if role == "user":
            yield _Turn(PROMPTER, _text(message))
        elif role == "assistant" and (text := _text(message)):
            yield _Turn(ASSISTANT, text)


def _is_system(message: Mapping[str, Any]) -> bool:
    return message.get("role") in ("system", "developer")


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return plain_text(content)
    return plain_text_of_parts(content) if isinstance(content, list) else ""


def _first_kept(turns: list[_Turn], room: int) -> int:
    """Return the index of the oldest turn that fits, or of the newest user turn where none does."""
    prompts = [index for index, turn in enumerate(turns) if turn.role == PROMPTER]
    costs = _costs_to_the_end(turns)
    starts = [0, *prompts] if turns else []
    return next((start for start in starts if costs[start] <= room), prompts[-1] if prompts else 0)


def _costs_to_the_end(turns: list[_Turn]) -> list[int]:
    total, costs = 0, []
    for turn in reversed(turns):
        total += turn.tokens
        costs.append(total)
    return costs[::-1]


def _with_system(system: str, turns: list[_Turn]) -> list[_Turn]:
    if not system:
        return turns
    first = next((index for index, turn in enumerate(turns) if turn.role == PROMPTER), None)
    if first is None:
        return [_Turn(PROMPTER, system), *turns]
    joined = _Turn(PROMPTER, f"{system}\n\n{turns[first].text}")
    return [*turns[:first], joined, *turns[first + 1 :]]


def _neutral(text: str) -> str:
    # A space, not an invisible character: the text stays readable for people and for the model's tokenizer.
    return text.replace("<|", "< |")
