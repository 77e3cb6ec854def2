"""Small files of every kind, made from a few words."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from tests.live.client import Client

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_S = (
    'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_P = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def pdf(pages: Sequence[str], trailer: str = "") -> bytes:
    """Return a PDF with a line of text on each page; `trailer` goes into its last dictionary."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(f'{4 + 2 * at} 0 R' for at in range(len(pages)))}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for at, text in enumerate(pages):
        shown = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        content = f"BT /F1 12 Tf 72 720 Td ({shown}) Tj ET" if text else ""
        font = "/Resources << /Font << /F1 3 0 R >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] {font} /Contents {5 + 2 * at} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    return pdf_of(objects, trailer)


def pdf_of(objects: Sequence[str], trailer: str = "") -> bytes:
    """Return a PDF of these objects; the first one is its root."""
    out, places = bytearray(b"%PDF-1.7\n"), list[int]()
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    end = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer}>>\nstartxref\n{start}\n%%EOF\n"
    return bytes(out) + end.encode()


def package(parts: Mapping[str, str | bytes]) -> bytes:
    """Return an Office document of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()


def docx(paragraphs: Sequence[str], extra: Mapping[str, str | bytes] = {}) -> bytes:
    """Return a Word document; a paragraph of a form feed is the end of a page."""
    body = "".join(
        "<w:p><w:r><w:lastRenderedPageBreak/></w:r></w:p>"
        if text == "\f"
        else f"<w:p><w:r><w:t>{escape(text)}</w:t></w:r></w:p>"
        for text in paragraphs
    )
    return package({"word/document.xml": f"<w:document {_W}><w:body>{body}</w:body></w:document>", **extra})


def _relations(targets: Sequence[str]) -> str:
    found = "".join(f'<Relationship Id="r{at}" Target="{target}"/>' for at, target in enumerate(targets))
    return f'<Relationships xmlns="{_RELATIONS}">{found}</Relationships>'


def xlsx(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    """Return a spreadsheet; texts are shared strings, numbers stand in their cells."""
    strings = list(
        dict.fromkeys(
            cell for rows in sheets.values() for row in rows for cell in row if isinstance(cell, str)
        )
    )
    targets = [f"worksheets/sheet{at}.xml" for at in range(len(sheets))]
    names = "".join(
        f'<sheet name="{escape(name)}" sheetId="{at + 1}" r:id="r{at}"/>' for at, name in enumerate(sheets)
    )
    parts = {
        "xl/workbook.xml": f"<workbook {_S}><sheets>{names}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(targets),
        "xl/sharedStrings.xml": f"<sst {_S}>{''.join(f'<si><t>{escape(one)}</t></si>' for one in strings)}</sst>",
    }
    for target, rows in zip(targets, sheets.values(), strict=True):
        lines = "".join(f'<row r="{at}">{_cells(row, strings)}</row>' for at, row in enumerate(rows, 1))
        parts[f"xl/{target}"] = f"<worksheet {_S}><sheetData>{lines}</sheetData></worksheet>"
    return package(parts)


def _cells(row: Sequence[object], strings: list[str]) -> str:
    return "".join(
        f'<c t="s"><v>{strings.index(cell)}</v></c>' if isinstance(cell, str) else f"<c><v>{cell}</v></c>"
        for cell in row
    )


def pptx(slides: Sequence[str], more: str = "", extra: Mapping[str, str] = {}) -> bytes:
    """Return a presentation with a text on each slide; `more`: XML behind each text, `extra`: further parts."""
    targets = [f"slides/slide{at}.xml" for at in range(len(slides))]
    ids = "".join(f'<p:sldId id="{256 + at}" r:id="r{at}"/>' for at in range(len(slides)))
    parts = {
        "ppt/presentation.xml": f"<p:presentation {_P}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": _relations(targets),
    }
    for target, text in zip(targets, slides, strict=True):
        parts[f"ppt/{target}"] = f"<p:sld {_P}><a:p><a:r><a:t>{escape(text)}</a:t></a:r></a:p>{more}</p:sld>"
    return package({**parts, **extra})


def upload_file(client: Client, name: str, data: bytes, kind: str = "application/octet-stream") -> Any:
    """Upload a file, and return the answer."""
    return client.http.post(
        f"/api/attachments?name={quote(name)}", content=data, headers={"Content-Type": kind}
    )


def file_part(made: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content part that refers to a file."""
    return {"type": "file", "file": {"file_id": made["attachmentId"]}}
