"""The context of a tool's call: the user on whose behalf it runs, and what it may do beside returning a result."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from chat.tools.forms import encode_schema


class NotAnswered(Exception):
    """The user rejected the request, or did not answer in time."""


class PictureRefused(Exception):
    """A picture of a result that is not kept. The message is for the model."""


class FileRefused(Exception):
    """A file for the user that is not kept. The message is for the model."""


class ArtifactUnknown(Exception):
    """There is no such artifact in this chat, or no such version of it."""


class AnswerFull(Exception):
    """The answer has reached its largest size; the text that fitted is in it."""


class AnswerNeeded(BaseException):
    """A question of a tool that has no answer yet. It ends the call, which runs anew once there is one.

    No `Exception`, so that a tool's own handlers let it pass.
    """

    def __init__(self, message: str, schema: str) -> None:
        super().__init__("a person's answer is needed")
        self.message, self.schema = message, schema


@dataclass(frozen=True, slots=True)
class PersonAnswer:
    """An answer to a question, identified by its words and its schema. Content None: there is none and will be none.

    `expired`: the user did not refuse, but was silent until the deadline.
    """

    content: Any | None
    message: str = ""
    schema: str = ""
    expired: bool = False


@dataclass(frozen=True, slots=True)
class ArtifactVersion:
    """A version of an artifact of the thread. `body`: its text as it stands between its tags in the answer."""

    artifact_id: str
    kind: str
    title: str
    version: int
    body: str


class ShowStep(Protocol):
    """Shows a step of a tool's work; one that is not `ephemeral` stays in the stored message."""

    def __call__(self, title: str, description: str, ephemeral: bool = True) -> None: ...


class AskModel(Protocol):
    """Returns the answer of a configured model, by default the one that called the tool, to messages in OpenAI's form.

    `metadata` is added to the model's own. Each piece of the answer is passed on to `on_text` as it comes.
    """

    async def __call__(
        self,
        messages: Sequence[dict[str, Any]],
        model: str = "",
        *,
        metadata: Mapping[str, Any] | None = None,
        on_text: Callable[[str], Awaitable[None]] | None = None,
    ) -> str: ...


async def _keep_no_picture(_: bytes) -> str:
    raise PictureRefused("there is no place for pictures here")


async def _keep_no_file(name: str, content_type: str, data: bytes) -> str:
    raise FileRefused("there is no place for files here")


async def _find_no_artifact(artifact_id: str = "", version: int | None = None) -> ArtifactVersion:
    raise ArtifactUnknown("There are no artifacts here.")


async def _list_no_artifacts() -> list[ArtifactVersion]:
    return []


def _report_nothing(_: float | None, __: str) -> None:
    pass


async def _no_files(words: str, name: str) -> list[dict[str, str]]:
    return []


async def _write_nowhere(text: str) -> None:
    raise RuntimeError("there is no answer to write into")


def _show_no_step(title: str, description: str, ephemeral: bool = True) -> None:
    pass


async def _ask_no_model(
    messages: Sequence[dict[str, Any]],
    model: str = "",
    *,
    metadata: Mapping[str, Any] | None = None,
    on_text: Callable[[str], Awaitable[None]] | None = None,
) -> str:
    raise RuntimeError("there is no model to ask")


@dataclass(frozen=True, slots=True)
class ToolContext:
    """The user on whose behalf a tool runs: primary keys of user and thread, and searches in that user's own threads.

    `search_files`: in the user's files, those of this thread first, for words, in the file of this name or (empty) in all.

    `cancelled` is set after a stop, a timeout, or the end of the call; each call has its own. A sync tool that takes long
    should check it; an async one is cancelled. `answers`: those to the questions that the call asked before. `keep_picture`
    stores a picture of the call's result for the user and returns its path, or raises PictureRefused. `report_progress` shows
    the user how far the call is, as a fraction of 1 where it is known, and in a few words.

    `write` appends text to the answer that the user reads; only tools that run `alone` may. It raises AnswerFull at the
    answer's largest size. `think` shows a step, `model` asks a model. `attach` gives the user a file with the answer, by its
    name, its type and its bytes, and returns its path, or raises FileRefused. `artifact` returns an artifact of the
    thread by its id (empty: the newest) and version (None: the newest), or raises ArtifactUnknown; `artifacts` lists them
    without their texts. All are for async tools.
    """

    user: int
    thread: int
    search: Callable[[str], Awaitable[list[dict[str, str]]]]
    search_files: Callable[[str, str], Awaitable[list[dict[str, str]]]] = _no_files
    cancelled: threading.Event = field(default_factory=threading.Event)
    answers: Iterator[PersonAnswer] = field(default_factory=lambda: iter(()))
    keep_picture: Callable[[bytes], Awaitable[str]] = _keep_no_picture
    report_progress: Callable[[float | None, str], None] = _report_nothing
    write: Callable[[str], Awaitable[None]] = _write_nowhere
    think: ShowStep = _show_no_step
    model: AskModel = _ask_no_model
    attach: Callable[[str, str, bytes], Awaitable[str]] = _keep_no_file
    artifact: Callable[[str, int | None], Awaitable[ArtifactVersion]] = _find_no_artifact
    artifacts: Callable[[], Awaitable[list[ArtifactVersion]]] = _list_no_artifacts

    def ask(self, message: str, schema: Mapping[str, Any]) -> Any:
        """Return the content of a form that the user filled in, an object by the JSON schema `schema`.

        Without an answer yet the call ends here, and the response waits; the tool runs anew from its beginning once the user
        has answered, maybe in another process: what comes before must bear repeating, and ask the same questions in the same
        order. Raise NotAnswered where the user refuses or the deadline passes, ValueError for a schema that no form can have.
        """
        text = encode_schema(schema)
        answer = next(self.answers, None)
        if answer is None:
            raise AnswerNeeded(message, text)
        if answer.content is None:
            raise NotAnswered
        return answer.content
