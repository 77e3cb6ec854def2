"""Parameters in the query of a request."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chat.schemas.validation import Id, MarkText, OffsetText

# Threads on a page; the default fills a tall window.
MAX_THREADS, DEFAULT_THREADS = 100, 50
# Messages on a page, as the documentation promises.
MAX_MESSAGES, DEFAULT_MESSAGES = 1_000, 200
# Items on one page, by default and at most, as OpenAI has them.
DEFAULT_ITEMS, MAX_ITEMS = 20, 100


class FormatQuery(msgspec.Struct):
    """`c1`: the bare text. `sse`: events."""

    format: Literal["c1", "sse"] = "c1"


class CursorQuery(FormatQuery):
    """The place in text and thought from which to read."""

    offset: OffsetText = "0"
    thinkingOffset: OffsetText | None = None


class ThreadsQuery(msgspec.Struct):
    """A page of threads. `q`: words to search for."""

    limit: Annotated[int, Meta(ge=1, le=MAX_THREADS)] = DEFAULT_THREADS
    cursor: str | None = None
    q: str = ""
    archived: Literal["true", "1", "false", "0", "", "any", "all"] = "false"
    pinned: Literal["true", "1", "false", "0", "", "any", "all"] = "any"


class PageQuery(msgspec.Struct):
    """The page behind a cursor."""

    cursor: str | None = None


class MessagesQuery(msgspec.Struct):
    """A page of a branch's messages, those before a message or the newest. `leaf`: a message of the branch."""

    limit: Annotated[int, Meta(ge=1, le=MAX_MESSAGES)] = DEFAULT_MESSAGES
    before: Id | None = None
    leaf: Id | None = None


class ExportQuery(msgspec.Struct):
    """The form of a file."""

    format: Literal["json", "markdown"] = "json"


class RunsQuery(MessagesQuery):
    """A run, behind a mark, or a thread with a page of its messages."""

    runId: Id | None = None
    offset: MarkText = "-1"
    threadId: Id | None = None


class SignInAnswer(msgspec.Struct):
    """The answer of an authorization server (RFC 6749, section 4.1.2), and its name (RFC 9207)."""

    state: str = ""
    code: str | None = None
    error: str | None = None
    iss: str | None = None


class EventsQuery(msgspec.Struct):
    """A response as an object, or (`stream`) its events behind a mark."""

    stream: bool = False
    starting_after: MarkText | None = None


class ItemsQuery(msgspec.Struct):
    """A page of a conversation's items, those after an item or from the beginning of the order."""

    order: Literal["asc", "desc"] = "desc"
    limit: Annotated[int, Meta(ge=1, le=MAX_ITEMS)] = DEFAULT_ITEMS
    after: Id | None = None


class PortionQuery(msgspec.Struct):
    """A portion of a text: from an offset, `-1` (the beginning) or `now` on, at once or as it comes."""

    offset: str = "-1"
    live: Literal["long-poll", "sse"] | None = None
    cursor: str = ""


class ProbeQuery(msgspec.Struct):
    """The key of a probe."""

    key: str = ""


class ProbeStreamQuery(ProbeQuery):
    """`silence`: seconds without a byte ahead of the last piece."""

    silence: Annotated[float, Meta(ge=0, le=120)] = 0.0


class NameQuery(msgspec.Struct):
    """The name of a file."""

    name: str = ""


class ArtifactQuery(msgspec.Struct):
    """A version of an artifact; without one the newest."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None


class AttachmentsQuery(msgspec.Struct):
    """A page of pictures and files."""

    limit: Annotated[int, Meta(ge=1, le=MAX_THREADS)] = DEFAULT_THREADS
    cursor: str | None = None


class PassagesQuery(msgspec.Struct):
    """A page of a file's text."""

    cursor: Annotated[int, Meta(ge=-1, le=2**31 - 1)] = -1


class FilesQuery(msgspec.Struct):
    """A page of files; `after`: the last one of the page before."""

    limit: Annotated[int, Meta(ge=1, le=10_000)] = 10_000
    after: str = ""
    order: Literal["asc", "desc"] = "desc"
