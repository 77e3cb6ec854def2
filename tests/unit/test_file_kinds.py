"""The kind of a file, read from its content at the right place."""

from __future__ import annotations

import io
import zipfile

import pytest

from chat.exceptions import UnsupportedMediaType
from chat.files.kinds import recognise
from tests.live import files


def stored(parts: dict[str, bytes]) -> bytes:
    """Return an archive whose parts stand in it as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("ppt/presentation.xml", files.xlsx({"A": [[1]]})),
        ("ppt/presentation.xml", files.docx(["x"])),
        ("xl/workbook.xml", files.docx(["x"])),
    ],
)
def test_a_document_in_a_document_does_not_change_its_kind(outer: str, inner: bytes) -> None:
    data = stored({"embeddings/other": inner, outer: b"<a/>"})
    assert outer.encode().startswith(recognise(data, "x", "").marker)


def test_a_document_among_the_files_of_an_archive_does_not_make_it_one() -> None:
    with pytest.raises(UnsupportedMediaType, match="Archives"):
        recognise(stored({"minutes": files.docx(["x"])}), "all.zip", "")


def test_a_damaged_document_keeps_its_kind_so_that_its_owner_is_told_of_the_damage() -> None:
    assert recognise(files.docx(["whole"])[:-40], "x.docx", "").name == "docx"


@pytest.mark.parametrize(
    "begin", [b"%PDF-1.7\n", b"\xef\xbb\xbf%PDF-1.4", b"\r\n%PDF-2.0", b"\0job\n%PDF-1.4"]
)
def test_a_pdf_may_begin_with_some_bytes_of_its_program(begin: bytes) -> None:
    assert recognise(begin + b"\n1 0 obj", "x", "").name == "pdf"


@pytest.mark.parametrize(
    "text",
    ["# PDF\n\nA PDF begins with `%PDF-1.7`.\n", "%PDF- is its first word", "x" * 900 + "\n%PDF-1.4\n"],
)
def test_a_text_about_pdf_is_a_text(text: str) -> None:
    assert recognise(text.encode(), "notes.md", "text/markdown").name == "markdown"


def test_a_text_about_html_is_a_text() -> None:
    assert recognise(b"Pages begin with <!doctype html>", "x.txt", "").name == "text"
