"""Extraction of the text of files, each in its process apart; hostile files end in a sentence."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Mapping

import pytest

from chat.conf import FILE_KINDS
from chat.files.extract.bounds import Unreadable
from chat.files.extract.plain import decoded
from chat.files.extraction import FileText, extract
from chat.files.kinds import BY_TYPE, KINDS, recognise
from chat.models import FILE_TYPES
from tests.live import files

CHARACTERS = 200_000


def text_of(kind: str, data: bytes, seconds: float = 10.0) -> FileText:
    return asyncio.run(extract(kind, data, CHARACTERS, seconds))


def refusal_of(kind: str, data: bytes, seconds: float = 10.0) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        text_of(kind, data, seconds)
    return refused.value


def test_the_settings_and_the_table_know_the_same_kinds() -> None:
    assert set(FILE_KINDS) == set(KINDS)
    assert set(FILE_TYPES) == set(BY_TYPE)


@pytest.mark.parametrize(
    ("kind", "data", "pages"),
    [
        ("pdf", files.pdf(["First one", "Second one"]), ["page 1: First one", "page 2: Second one"]),
        ("docx", files.docx(["Hello", "\f", "World"]), ["page 1: Hello", "page 2: World"]),
        ("pptx", files.pptx(["Intro", "Ümlaut"]), ["slide 1: Intro", "slide 2: Ümlaut"]),
        (
            "xlsx",
            files.xlsx({"Q1": [["Item", "Sum"], ["Tea", 12.5]], "Q2": [[7]]}),
            ["sheet Q1, rows 1-2: Item\tSum\nTea\t12.5", "sheet Q2, rows 1-1: 7"],
        ),
    ],
)
def test_a_document_is_read_page_by_page(kind: str, data: bytes, pages: list[str]) -> None:
    found = text_of(kind, data)
    assert [f"{one.label}: {one.text.strip()}" for one in found.passages] == pages
    assert found.pages == 2


def test_a_long_text_is_cut_into_passages_that_give_it_back_whole() -> None:
    text = "".join(f"line {number} of many\n" for number in range(1, 1_001))
    found = text_of("text", text.encode())
    assert "".join(one.text for one in found.passages) == text
    assert found.passages[0].label.startswith("lines 1-")
    assert found.passages[-1].label.endswith("-1000")
    assert found.pages is None


def test_a_word_document_without_noted_pages_claims_none() -> None:
    found = text_of("docx", files.docx(["Hello", "World"]))
    assert (found.pages, [one.label for one in found.passages]) == (None, ["lines 1-2"])


def test_html_that_is_nested_without_end_is_read_in_time() -> None:
    assert text_of("html", b"<div>" * 100_000 + b"Shown").passages[0].text.strip() == "Shown"


def test_html_is_read_without_scripts_and_styles() -> None:
    html = b"<!doctype html><style>p{}</style><script>evil()</script><p>Two <b>words</b></p><p>and more</p>"
    assert text_of("html", html).passages[0].text == "Two words\nand more"


def test_a_table_of_empty_cells_is_read_in_time() -> None:
    assert text_of("html", b"<html><p>Total" + b"<td>" * 150_000, 5.0).passages[0].text == "Total"


TABLES = {
    "cp932": "氏名,住所\n山田太郎,東京都千代田区\n",
    "gb18030": "姓名,地址\n张三,北京市朝阳区\n",
    "big5": "姓名,地址\n王小明,台北市信義區\n",
    "cp949": "이름,주소\n김철수,서울시 강남구\n",
    "cp1251": "Имя,Адрес\nИван Петров,Москва, Тверская улица\n",
    "cp1256": "الاسم,العنوان\nأحمد,القاهرة\n",
    "cp874": "ชื่อ,ที่อยู่\nสมชาย,กรุงเทพ\n",
    "cp1252": "Nom,Prix\nÆrø Ødegård,5 €\n",
}


@pytest.mark.parametrize("encoding", TABLES)
def test_a_table_as_spreadsheets_save_it_is_read_in_its_script(encoding: str) -> None:
    for times in (1, 2_000):
        assert decoded((TABLES[encoding] * times).encode(encoding)) == TABLES[encoding] * times


def test_text_of_utf_16_and_of_windows_is_read() -> None:
    assert text_of("text", "Größe".encode("utf-16")).passages[0].text == "Größe"
    assert text_of("csv", "Größe;€".encode("cp1252")).passages[0].text == "Größe;€"


def book(cells: str, parts: Mapping[str, str] = {}, properties: str = "") -> str:
    """Return the text of a spreadsheet of one row."""
    names = f'<workbook xmlns:r="r"><workbookPr {properties}/><sheets><sheet name="A" r:id="r0"/></sheets></workbook>'
    made = {
        "xl/workbook.xml": names,
        "xl/_rels/workbook.xml.rels": files._relations(["sheet.xml"]),
        "xl/sheet.xml": f"<worksheet><sheetData><row>{cells}</row></sheetData></worksheet>",
        **parts,
    }
    return text_of("xlsx", files.package(made)).passages[0].text.strip("\n")


def styles(code: str) -> dict[str, str]:
    formats = f'<numFmts><numFmt numFmtId="164" formatCode="{code}"/></numFmts>'
    cells = '<cellXfs><xf numFmtId="164"/><xf numFmtId="14"/></cellXfs>'
    return {"xl/styles.xml": f"<styleSheet>{formats}{cells}</styleSheet>"}


def test_a_cell_is_read_in_its_format_and_in_the_date_system_of_its_book() -> None:
    cells = '<c s="0"><v>0.5</v></c><c s="1"><v>1</v></c>'
    assert book(cells, styles("0.0%")) == "50.0%\t1900-01-01"
    assert book(cells, styles("h:mm"), 'date1904="1"') == "12:00:00\t1904-01-02"


def test_a_formula_shows_its_value_and_stands_for_one_that_was_never_counted() -> None:
    cells = '<c><f>SUM(A1:A9)</f><v>45</v></c><c><f>B1*2</f></c><c t="str"><f>A1</f><v>x</v></c>'
    assert book(cells) == "45\t=B1*2\tx"


def test_the_pronunciation_of_a_text_in_a_spreadsheet_is_no_part_of_it() -> None:
    sound = '<rPh sb="0" eb="2"><t>トウキョウ</t></rPh>'
    strings = {"xl/sharedStrings.xml": f"<sst><si><t>東京</t>{sound}</si></sst>"}
    cells = f'<c t="s"><v>0</v></c><c t="inlineStr"><is><t>東京</t>{sound}</is></c>'
    assert book(cells, strings) == "東京\t東京"


def test_parts_are_found_by_their_references_whatever_their_names() -> None:
    def refers(kind: str, target: str) -> str:
        return f'<Relationships><Relationship Id="r0" Type="x/{kind}" Target="{target}"/></Relationships>'

    document = {"word/document2.xml": "<w><p><t>Words</t></p></w>"}
    word = files.package({"_rels/.rels": refers("officeDocument", "/word/document2.xml"), **document})
    assert recognise(word, "a.docx", "").name == "docx"
    assert text_of("docx", word).passages[0].text == "Words\n"
    strings = refers("sharedStrings", "SharedStrings.xml").replace('Id="r0"', 'Id="r9"')
    both = strings.replace("</Relationships>", '<Relationship Id="r0" Target="sheet.xml"/></Relationships>')
    parts = {
        "xl/_rels/workbook.xml.rels": both,
        "xl/SharedStrings.xml": "<sst><si><t>Total</t></si></sst>",
    }
    assert book('<c t="s"><v>0</v></c>', parts) == "Total"


TWICE = "<AlternateContent><Choice><p><t>Boxed</t></p></Choice><Fallback><p><t>Boxed</t></p></Fallback></AlternateContent>"


def test_a_text_box_is_read_once() -> None:
    word = files.package({"word/document.xml": f"<w><p>{TWICE}</p></w>"})
    assert text_of("docx", word).passages[0].text.split() == ["Boxed"]
    slide = files.pptx(["x"], f"<sp>{TWICE}</sp>")
    assert text_of("pptx", slide).passages[0].text.split() == ["x", "Boxed"]


def test_tabs_of_a_word_document_are_read_and_their_definitions_are_not() -> None:
    stops = '<pPr><tabs><tab val="left" pos="720"/></tabs></pPr>'
    line = f"<p>{stops}<r><t>Item</t><tab/><t>Sum</t><ptab/><t>x</t><noBreakHyphen/><t>y</t></r></p>"
    word = files.package({"word/document.xml": f"<w>{line}</w>"})
    assert text_of("docx", word).passages[0].text == "Item\tSum\tx-y\n"


TABLE = "<tbl>{}</tbl>".format(
    "".join(
        f"<tr><tc><p><t>{item}</t></p></tc><tc><p/></tc><tc><p><t>{price}</t></p></tc></tr>"
        for item, price in (("Tea", 2), ("Cake", 3))
    )
)


def test_the_row_of_a_table_is_a_line() -> None:
    word = files.package({"word/document.xml": f"<w><p><t>Costs</t></p>{TABLE}<p><t>End</t></p></w>"})
    assert text_of("docx", word).passages[0].text == "Costs\nTea\t\t2\nCake\t\t3\nEnd\n"
    assert text_of("pptx", files.pptx(["Costs"], TABLE)).passages[0].text == "Costs\nTea\t\t2\nCake\t\t3\n"


def test_what_was_moved_in_a_word_document_stands_where_it_is_now() -> None:
    moved = "<p><moveFrom><r><t>Moved</t></r></moveFrom></p><p><t>Kept</t></p><p><moveTo><r><t>Moved</t></r></moveTo></p>"
    word = files.package({"word/document.xml": f"<w>{moved}</w>"})
    assert text_of("docx", word).passages[0].text.split() == ["Kept", "Moved"]


def relations(*targets: tuple[str, str]) -> str:
    """Return references of kinds to parts."""
    found = (
        f'<Relationship Id="{at}" Type="x/{kind}" Target="{to}"/>' for at, (kind, to) in enumerate(targets)
    )
    return f"<Relationships>{''.join(found)}</Relationships>"


def test_the_notes_of_a_word_document_stand_at_the_end_of_their_page() -> None:
    end = "<r><lastRenderedPageBreak/></r>"
    line = '<p><t>Costs</t><footnoteReference id="2"/><commentReference id="0"/></p>'
    note = "<p><footnoteRef/><t>Without tax.</t></p>"
    parts = {
        "word/document.xml": f'<w>{line}{end}<p><t>More</t><endnoteReference id="1"/></p></w>',
        "word/footnotes.xml": f'<w><footnote id="0"><p><t>no</t></p></footnote><footnote id="2">{note}</footnote></w>',
        "word/endnotes.xml": '<w><endnote id="1"><p><t>Source: a book.</t></p></endnote></w>',
        "word/remarks.xml": '<w><comment id="0"><p><t>Sure?</t></p></comment></w>',
        "word/_rels/document.xml.rels": relations(("comments", "remarks.xml")),
    }
    first, second = text_of("docx", files.package(parts)).passages
    assert first.text == "Costs[footnote 1][comment 2]\n[footnote 1] Without tax.\n[comment 2] Sure?\n"
    assert (second.label, second.text) == ("page 2", "More[endnote 3]\n[endnote 3] Source: a book.\n")


def test_a_slide_has_the_speakers_notes_and_the_comments_with_it() -> None:
    notes = '<n><p><t>Smile.</t></p><p><fld type="slidenum"><t>7</t></fld></p></n>'
    remark = "<cmLst><cm><text>Too long</text></cm><cm><text>Agreed</text></cm></cmLst>"
    more = {
        "ppt/slides/_rels/slide0.xml.rels": relations(
            ("notesSlide", "../notesSlides/n.xml"), ("comments", "/ppt/comments/c.xml")
        ),
        "ppt/notesSlides/n.xml": notes,
        "ppt/comments/c.xml": remark,
    }
    first, second = text_of("pptx", files.pptx(["Welcome", "Next"], extra=more)).passages
    assert first.text == "Welcome\n[speaker notes] Smile.\n[comments] Too long\nAgreed\n"
    assert second.text == "Next\n"


# The part with which reading an Office document begins.
FIRST_PARTS = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}


def zip_bomb(part: str) -> bytes:
    return files.package({part: b"<a>" + b" " * (16 * 1024 * 1024) + b"</a>"})


def entities(part: str) -> bytes:
    levels = "".join(f'<!ENTITY e{at} "{f"&e{at - 1};" * 10}">' for at in range(1, 10))
    return files.package({part: f'<!DOCTYPE w [<!ENTITY e0 "lol">{levels}]><w>&e9;</w>'})


def macros(part: str) -> bytes:
    return files.package({part: "<a/>", f"{part.partition('/')[0]}/vbaProject.bin": b"macro"})


def locked_zip(part: str) -> bytes:
    data = bytearray(files.package({part: "<a/>"}))
    # The flag of encryption, in the entry of the archive's directory.
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize("kind", FIRST_PARTS)
@pytest.mark.parametrize(
    ("make", "words", "code"),
    [
        (zip_bomb, "unpacks to far more", "suspicious"),
        (entities, "entities", "suspicious"),
        (macros, "macros", "macros"),
        (locked_zip, "encrypted", "encrypted"),
        (lambda part: files.package({part: "<a>" * 5_000}), "nested", "suspicious"),
        (lambda part: files.package({part: "<a/>" * 9})[:-40], "damaged", "damaged"),
        (lambda _: files.package({"other.xml": "<a/>"}), "lacks a part", "damaged"),
    ],
)
def test_a_hostile_office_document_of_each_kind_is_refused_with_a_sentence(
    make: Callable[[str], bytes], kind: str, words: str, code: str
) -> None:
    refused = refusal_of(kind, make(FIRST_PARTS[kind]))
    assert (words in str(refused), refused.code) == (True, code)


def wide_sheet() -> bytes:
    cells = "".join("<c><v>1</v></c>" for _ in range(1_000_000))
    sheet = f"<worksheet><sheetData><row>{cells}</row></sheetData></worksheet>"
    return files.package(
        {
            "xl/workbook.xml": '<workbook xmlns:r="r"><sheets><sheet name="A" r:id="r0"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": files._relations(["sheet.xml"]),
            "xl/sheet.xml": sheet,
        }
    )


def locked_pdf() -> bytes:
    return files.pdf(["x"], "/Encrypt << /Filter /Standard /V 4 /R 4 /O (x) /U (x) /P 0 >>")


def endless_pages() -> bytes:
    kids = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        *(f"<< /Type /Pages /Count 1000000 /Kids [{f'{at + 1} 0 R ' * 100}] >>" for at in range(2, 8)),
        "<< /Type /Page /MediaBox [0 0 9 9] >>",
    ]
    return files.pdf_of(kids)


def pdf_bomb() -> bytes:
    """Return a PDF whose page unpacks to 100 MB."""
    packed = zlib.compress(bytes(100 * 1024 * 1024), 9).decode("latin-1")
    return files.pdf_of(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
            f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n{packed}\nendstream",
        ]
    )


@pytest.mark.parametrize(
    ("kind", "make", "words", "code"),
    [
        ("xlsx", wide_sheet, "columns", "too_large"),
        ("pptx", lambda: files.docx(["x"]), "lacks a part", "damaged"),
        ("pdf", endless_pages, "pages", "too_large"),
        ("pdf", pdf_bomb, "no text", "no_text"),
        ("pdf", lambda: files.pdf([""] * 3), "scanned", "no_text"),
        ("pdf", lambda: b"%PDF-1.7 broken", "damaged", "damaged"),
        ("pdf", locked_pdf, "encrypted", "encrypted"),
        ("text", lambda: b"\0\1\2", "no text", "no_text"),
        ("text", lambda: b" \n", "no text", "no_text"),
        ("text", lambda: b"word " * 50_000, "more than", "too_large"),
    ],
)
def test_a_hostile_or_unreadable_file_is_refused_with_a_sentence(
    kind: str, make: Callable[[], bytes], words: str, code: str
) -> None:
    refused = refusal_of(kind, make())
    assert (words in str(refused), refused.code) == (True, code)


def test_a_file_that_takes_too_long_is_given_up() -> None:
    # Some seconds of work.
    lines = "".join(f"<p><t>{number}</t></p>" for number in range(500_000))
    many = files.package({"word/document.xml": f"<w>{lines}</w>"})
    assert "too long" in str(refusal_of("docx", many, 1.0))
