"""The attachments in a history: pictures and files as data, or the text of files, as a model takes them."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from typing import Any

import msgspec

from chat.files import storage
from chat.llm.remote_urls import has_private_url
from chat.models import Attachment, ReadingState
from chat.text import IMAGE
from chat.threads.attachments import reference

# Bytes of pictures and files in one request to a model, three of the largest; the newest win.
HISTORY_BYTES = 16 * 1024 * 1024
# Characters of the beginning of a file that does not fit, where a tool finds the rest.
EXCERPT_CHARACTERS = 4_000
# In place of a file that is deleted or redacted, or was never the user's.
REMOVED = "[file removed]"

_FIELDS = ("pk", "public_id", "content_type", "name", "size", "state", "detail", "pages", "characters")


@dataclass(frozen=True, slots=True)
class AttachmentOptions:
    """The form in which a model gets attachments: `images`, `files`: as they are; else a file as text.

    `characters`: of all files in one request. `searchable`: a tool finds passages of a file that does not fit. `unread`: files
    that count as still being read, because they were when the request was sent that is rebuilt now.
    """

    images: bool
    files: bool = False
    characters: int = 0
    searchable: bool = False
    unread: tuple[int, ...] = ()


@dataclass(slots=True)
class ResolvedHistory:
    """A history with its attachments. `characters`: of file texts in it; `partial`: a file is in it in part.

    `unread`, `whole`: the keys of files that are still being read, and of those that are in it as a whole.
    """

    messages: list[dict[str, Any]] = field(default_factory=list)
    characters: int = 0
    partial: bool = False
    unread: list[int] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    has_files: bool = False


def with_attachments(
    history: list[dict[str, Any]], owner: int, options: AttachmentOptions
) -> ResolvedHistory:
    """Return the history with its attachments in place of the references to them.

    Addresses that are not public become a short text; everything else stays verbatim. Beyond the bounds the newest win.
    """
    wanted = [_parts(message) for message in history]
    names = {name for parts in wanted for _, value in parts if (name := reference(value))}
    resolver = _Resolver(owner, options, _rows(owner, names) if names else {})
    for message, parts in zip(reversed(history), reversed(wanted), strict=True):
        resolver.found.messages.append(resolver.resolved(message, parts))
    resolver.found.messages.reverse()
    return resolver.found


def may_show_attachments(history: list[dict[str, Any]]) -> bool:
    """Return False for a history in which nothing refers to an attachment or another address."""
    contents = (message.get("content") for message in history)
    return any(isinstance(content, msgspec.Raw) and _may_refer(bytes(content)) for content in contents)


Part = tuple[msgspec.Raw, Any]


def _parts(message: dict[str, Any]) -> list[Part]:
    """Return the content parts of a message, raw and decoded; none where no part can refer to anything."""
    content = message.get("content")
    if not isinstance(content, msgspec.Raw) or not _may_refer(bytes(content)):
        return []
    return [
        (part, msgspec.json.decode(part)) for part in msgspec.json.decode(content, type=list[msgspec.Raw])
    ]


def _may_refer(content: bytes) -> bool:
    return b"_url" in content or b'"file"' in content or b"\\u" in content


def _rows(owner: int, names: Iterable[str]) -> dict[str, Attachment]:
    rows = Attachment.objects.owned_by(owner).filter(public_id__in=names).only(*_FIELDS)
    return {row.public_id: row for row in rows}


class _Resolver:
    """Replaces references, newest message first, as long as the bounds allow."""

    def __init__(self, owner: int, options: AttachmentOptions, rows: dict[str, Attachment]) -> None:
        self._owner, self._options, self._rows = owner, options, rows
        self._bytes, self._characters = HISTORY_BYTES, options.characters
        self.found = ResolvedHistory()

    def resolved(self, message: dict[str, Any], parts: list[Part]) -> dict[str, Any]:
        """Return the message with its attachments; the same object where no part refers to any."""
        shown = [self._part(raw, value) for raw, value in parts]
        unchanged = all(new is raw for new, (raw, _) in zip(shown, parts, strict=True))
        return message if unchanged else {**message, "content": shown}

    def _part(self, raw: msgspec.Raw, value: Any) -> Any:
        name = reference(value)
        row = self._rows.get(name or "")
        is_file = isinstance(value, dict) and value.get("type") == "file"
        if row is not None:
            return self._picture(value, row) if row.is_picture else self._file(row)
        if is_file:
            return _text(REMOVED)
        return _text(IMAGE) if name is not None or has_private_url(value) else raw

    def _picture(self, part: dict[str, Any], row: Attachment) -> dict[str, Any]:
        url = self._data_url(row) if self._options.images else None
        if url is None:
            return _text(IMAGE)
        source = part.get("image_url")
        kept = source if isinstance(source, dict) else {}
        others = {name: value for name, value in part.items() if name != "file"}
        return {**others, "type": "image_url", "image_url": {**kept, "url": url}}

    def _file(self, row: Attachment) -> dict[str, Any]:
        self.found.has_files = True
        if self._options.files and (url := self._data_url(row)) is not None:
            self.found.whole.append(row.pk)
            return {"type": "file", "file": {"filename": row.name, "file_data": url}}
        if row.state == ReadingState.READING or row.pk in self._options.unread:
            self.found.unread.append(row.pk)
            return _text(f"[file {row.name}: still being read]")
        if row.state == ReadingState.FAILED:
            return _text(f"[file {row.name}: {row.detail}]")
        return _text(self._file_text(row))

    def _file_text(self, row: Attachment) -> str:
        """Return the text of a file: whole where it fits with its marks, else its beginning."""
        room, rest = self._characters, ""
        text = _marked(row, storage.passages(row.pk)) if row.characters <= room else None
        if text is None or len(text) > room:
            self.found.partial = True
            room = min(room, EXCERPT_CHARACTERS) if self._options.searchable else room
            text, rest = _marked(row, storage.beginning(row.pk, room)), self._rest()
        else:
            self.found.whole.append(row.pk)
        if not text:  # deleted since its row was read
            return REMOVED
        shown = text[:room]
        self._characters -= len(shown)
        self.found.characters += len(shown)
        pages = "" if row.pages is None else f' pages="{row.pages}"'
        end = "" if shown.endswith("\n") else "\n"
        return f'<file name="{escape(row.name)}"{pages}>\n{shown}{end}{rest}</file>'

    def _rest(self) -> str:
        hint = " Find what you need in it with search_files." if self._options.searchable else ""
        return f"[The rest of this file is left out.{hint}]\n"

    def _data_url(self, row: Attachment) -> str | None:
        """Return an attachment as data; None beyond the bound, and for one that was deleted since its row was read."""
        if row.size > self._bytes:
            return None
        data = (
            Attachment.objects.owned_by(self._owner).values_list("data", flat=True).filter(pk=row.pk).first()
        )
        if data is None:
            return None
        self._bytes -= row.size
        return f"data:{row.content_type};base64,{base64.b64encode(data).decode()}"


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _marked(row: Attachment, passages: list[tuple[str, str]]) -> str:
    """Return the text of passages, with a mark ahead of each page; nothing in it can end the file or begin another."""
    pieces, last, paged = list[str](), "", row.pages is not None
    for label, text in passages:
        if paged and label != last:
            pieces.append(f"[{label}]\n")
        last = label
        pieces.append(text if text.endswith("\n") or not paged else f"{text}\n")
    return "".join(pieces).replace("<file", "&lt;file").replace("</file", "&lt;/file")
