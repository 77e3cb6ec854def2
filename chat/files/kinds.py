"""The kind of a file by its content, and its name made safe."""

from __future__ import annotations

import re
import struct
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

from chat.exceptions import UnsupportedMediaType
from chat.files.extract.plain import decoded

# Characters of a file's name, the width of its column.
NAME_CHARACTERS = 255
# Bytes in which a PDF must begin: some programs put a few of their own ahead of it.
PDF_HEAD = 1_024
# Characters in which an HTML document must begin: a text may quote one.
HTML_HEAD = 1_024
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The record at the end of an archive: its signature, and its bytes without a comment.
_ZIP_END, _ZIP_END_BYTES = b"PK\x05\x06", 22
_PDF_MARK = b"%PDF-"
_PDF = re.compile(rb"(?:\xef\xbb\xbf)?\s*%PDF-[0-9]\.[0-9]")
_OFFICE = "application/vnd.openxmlformats-officedocument"


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file. `marker`: how the name of a part begins that an Office document of this kind has.

    `paged`: its text has pages.
    """

    name: str
    content_type: str
    extensions: tuple[str, ...] = ()
    marker: bytes = b""
    paged: bool = False

    @property
    def signed(self) -> bool:
        """Return whether the content itself tells the kind, so that a name that claims it must be true."""
        return self.paged


PDF = FileKind("pdf", "application/pdf", ("pdf",), paged=True)
OFFICE = (
    FileKind("docx", f"{_OFFICE}.wordprocessingml.document", ("docx", "docm"), b"word/document", True),
    FileKind("xlsx", f"{_OFFICE}.spreadsheetml.sheet", ("xlsx", "xlsm"), b"xl/workbook", True),
    FileKind("pptx", f"{_OFFICE}.presentationml.presentation", ("pptx", "pptm"), b"ppt/presentation", True),
)
TEXT = FileKind("text", "text/plain", ("txt",))
HTML = FileKind("html", "text/html", ("html", "htm"))
TEXTS = (
    HTML,
    FileKind("markdown", "text/markdown", ("md", "markdown")),
    FileKind("csv", "text/csv", ("csv",)),
    FileKind("json", "application/json", ("json",)),
)
KINDS = {kind.name: kind for kind in (PDF, *OFFICE, *TEXTS, TEXT)}
BY_TYPE = {kind.content_type: kind for kind in KINDS.values()}
BY_EXTENSION = {extension: kind for kind in KINDS.values() for extension in kind.extensions}


def recognise(data: bytes, name: str, declared: str) -> FileKind:
    """Return the kind of a file. Raise UnsupportedMediaType for no known one, or for one that it only claims to be."""
    found = _by_signature(data) or _text_kind(data, name)
    claimed = BY_TYPE.get(declared), BY_EXTENSION.get(_extension(name))
    for claim in claimed:
        if claim is not None and claim.signed and claim is not found:
            raise UnsupportedMediaType(
                f"This is no {claim.name.upper()} file, though it is named or declared as one."
            )
    return found


def _by_signature(data: bytes) -> FileKind | None:
    if _is_pdf(data):
        return PDF
    if data.startswith(_OLE):
        raise UnsupportedMediaType(
            "This file has a password, or an old Office format. Save it without one, as DOCX, XLSX or PPTX."
        )
    if not data.startswith(_ZIP):
        return None
    directory = _directory(data)
    for kind in OFFICE:
        if kind.marker in directory:
            return kind
    raise UnsupportedMediaType("Archives are not taken: send the files in them one by one.")


def _is_pdf(data: bytes) -> bool:
    """Return whether data is a PDF; a text may quote the beginning of one."""
    if _PDF.match(data):
        return True
    return _PDF_MARK in data[:PDF_HEAD] and decoded(data) is None


def _directory(data: bytes) -> bytes:
    """Return the names of an archive's own parts: another document in it has names of its own. All of a damaged one.

    Only the process apart opens the archive.
    """
    end = data.rfind(_ZIP_END)
    if not 0 <= end <= len(data) - _ZIP_END_BYTES:
        return data
    size, start = struct.unpack_from("<II", data, end + 12)
    return data[start : start + size]


def _text_kind(data: bytes, name: str) -> FileKind:
    if not data:
        raise UnsupportedMediaType("The file is empty.")
    text = decoded(data)
    if text is None:
        raise UnsupportedMediaType(f"Files of this kind are not taken. Known: pictures, {', '.join(KINDS)}.")
    if text[:HTML_HEAD].lstrip().lower().startswith(("<!doctype html", "<html")):
        return HTML
    kind = BY_EXTENSION.get(_extension(name), TEXT)
    return kind if kind in TEXTS else TEXT


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix.removeprefix(".").lower()


def safe_name(name: str, kind: FileKind | None) -> str:
    """Return a name without a path, invisible characters and leading dots, of at most NAME_CHARACTERS."""
    base = name.replace("\\", "/").rpartition("/")[2]
    visible = "".join(sign if unicodedata.category(sign)[0] not in "CZ" else " " for sign in base)
    plain = " ".join(visible.split()).lstrip(". ")
    if len(plain) > NAME_CHARACTERS:
        suffix = PurePosixPath(plain).suffix[:NAME_CHARACTERS]
        plain = plain[: NAME_CHARACTERS - len(suffix)] + suffix
    extension = kind.extensions[0] if kind is not None else ""
    return plain or ("file." + extension if extension else "picture")
