"""The cells of a spreadsheet, sheet by sheet, a line for each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from chat.files.extract import cells
from chat.files.extract.bounds import Unreadable, check_pages
from chat.files.extract.cells import DAYS_TO_1904, CellFormat
from chat.files.extract.package import Package
from chat.files.extract.passages import PASSAGE_CHARACTERS, Unit

WORKBOOK, STRINGS, STYLES = "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"
# Columns of Excel's own sheets.
MAX_COLUMNS = 16_384
# Characters of all shared strings in memory.
MAX_STRINGS = 32 * 1024 * 1024
# The pronunciation of a text, which stands beside it.
PHONETIC = frozenset({"rPh"})


class _Book(NamedTuple):
    """The parts of a spreadsheet that its cells refer to; `shift`: days to add to its dates."""

    strings: list[str]
    formats: list[CellFormat]
    shift: int


def read(data: bytes) -> Iterator[Unit]:
    """Yield the rows of each sheet in units of about a passage, so that none is cut; the label names sheet and rows."""
    package = Package(data)
    workbook = package.main(WORKBOOK)
    targets, names, shift = package.relations(workbook), list[tuple[str, str]](), 0
    for event in package.events(workbook):
        if event.name == "sheet" and event.attributes is not None:
            names.append((event.attributes.get("name", "")[:100], event.attributes.get("id", "")))
        elif event.name == "workbookPr" and event.attributes is not None:
            shift = DAYS_TO_1904 if event.attributes.get("date1904") in ("1", "true") else 0
    check_pages(len(names))
    book = _Book(_strings(package, workbook), _formats(package, workbook), shift)
    for name, target in names:
        yield from _units(name, _rows(package, targets.get(target, ""), book))


def _units(name: str, rows: Iterator[tuple[int, str]]) -> Iterator[Unit]:
    first, last, lines, size = 0, 0, list[str](), 0
    for number, line in rows:
        if lines and size + len(line) >= PASSAGE_CHARACTERS:
            yield Unit(f"sheet {name}, rows {first}-{last}", "".join(lines))
            lines, size = [], 0
        first, last = (number if not lines else first), number
        lines.append(f"{line}\n")
        size += len(line) + 1
    if lines:
        yield Unit(f"sheet {name}, rows {first}-{last}", "".join(lines))


def _strings(package: Package, workbook: str) -> list[str]:
    part = package.related(workbook, "sharedStrings", STRINGS)
    found, pieces, left, in_text = list[str](), list[str](), MAX_STRINGS, False
    for event in package.events(part, PHONETIC) if part in package else ():
        if event.name == "t":
            in_text = not event.ends
        elif event.text and in_text:
            pieces.append(event.text)
        elif event.name == "si" and event.ends:
            found.append("".join(pieces))
            pieces, left = [], left - len(found[-1])
            if left < 0:
                raise Unreadable(
                    "The spreadsheet holds too much text. Send the sheets that matter.", "too_large"
                )
    return found


def _formats(package: Package, workbook: str) -> list[CellFormat]:
    """Return the number format of each cell style."""
    formats, styles, in_styles = dict[str, CellFormat](), list[CellFormat](), False
    part = package.related(workbook, "styles", STYLES)
    for event in package.events(part) if part in package else ():
        if event.name == "cellXfs":
            in_styles = not event.ends
        elif event.name == "numFmt" and event.attributes is not None:
            number = event.attributes.get("numFmtId", "")
            formats[number] = cells.parse(event.attributes.get("formatCode", ""))
        elif event.name == "xf" and in_styles and event.attributes is not None:
            number = event.attributes.get("numFmtId", "0")
            styles.append(formats.get(number) or cells.built_in(_number(number, 0)))
    return styles


def _rows(package: Package, part: str, book: _Book) -> Iterator[tuple[int, str]]:
    """Yield the number and the cells of each row that has any, joined by tabs."""
    number, row, cell, texts, inside = 0, list[str](), dict[str, str](), _texts(), ""
    for event in package.events(part, PHONETIC):
        if event.name == "row":
            if event.ends:
                yield number, "\t".join(row).rstrip("\t")
            else:
                number, row = _number((event.attributes or {}).get("r", ""), number + 1), []
        elif event.name == "c":
            if event.ends:
                _place(row, cell, _shown(cell, texts, book))
            cell, texts = dict(event.attributes or {}), _texts()
        elif event.name in texts:
            inside = "" if event.ends else event.name
        elif event.text and inside:
            texts[inside].append(event.text)


def _texts() -> dict[str, list[str]]:
    """Return the places of a cell's value, its text and its formula."""
    return {"v": [], "t": [], "f": []}


def _number(text: str, default: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else default


def _place(row: list[str], cell: Mapping[str, str], shown: str) -> None:
    """Append a cell in its column; the columns before it that are missing are empty."""
    column = _column(cell.get("r", "")) or len(row) + 1
    if column > MAX_COLUMNS or len(row) >= MAX_COLUMNS:
        raise Unreadable(f"A sheet has more than {MAX_COLUMNS} columns.", "too_large")
    row += [""] * (column - 1 - len(row))
    row.append(" ".join(shown.split()))


def _column(reference: str) -> int:
    """Return the number of a column from a cell's name (`BC12`: 55); 0 for none."""
    number = 0
    for sign in reference[:8].upper():
        if not "A" <= sign <= "Z":
            break
        number = number * 26 + ord(sign) - 64
    return number


def _shown(cell: Mapping[str, str], texts: Mapping[str, list[str]], book: _Book) -> str:
    """Return the text of a cell as its program shows it; the formula of one whose value was never counted."""
    value, formula = "".join(texts["v"] or texts["t"]), "".join(texts["f"])
    match cell.get("t", "n"):
        case "s":
            at = _number(value, len(book.strings))
            return book.strings[at] if at < len(book.strings) else ""
        case "b":
            return "TRUE" if value == "1" else "FALSE"
        case "n" if value:
            style = _number(cell.get("s", ""), 0)
            form = book.formats[style] if style < len(book.formats) else CellFormat()
            return form.shown(value, book.shift)
    return value or (f"={formula}" if formula else "")
