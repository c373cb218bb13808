"""Small files made to hold the service up are refused, or read, at once."""

import io
import zipfile
from contextlib import suppress
from pathlib import Path
from time import process_time

import pytest

from defense.domain.errors import InvalidInput
from defense.domain.round_rules import parse_round_rules
from defense.integrations.workbooks import application_columns, read_applications, write_marked_copy

BOUND_S = 3
RULES = Path(__file__).parents[3] / "rounds"
MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET, BOOK, STYLES = "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"
STRINGS, TYPES, LINKS = "xl/sharedStrings.xml", "[Content_Types].xml", "xl/_rels/workbook.xml.rels"
RELATIONS = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SPREADSHEET = b"application/vnd.openxmlformats-officedocument.spreadsheetml."


def sheet(rows, tail=b""):
    return b"<worksheet " + MAIN + b"><sheetData>" + rows + b"</sheetData>" + tail + b"</worksheet>"


def strings(items):
    return b"<sst " + MAIN + b">" + items + b"</sst>"


def header_and(rows):
    rules = parse_round_rules((RULES / "2021.toml").read_text(encoding="utf-8"))
    headers = [column.header for column in application_columns(rules)]
    cells = "".join(f'<c t="inlineStr"><is><t>{header}</t></is></c>' for header in headers).encode()
    return sheet(b"<row>" + cells + b"</row>" + rows)


def merged(ref):
    return sheet(b"", b'<mergeCells><mergeCell count="1" ref="' + ref + b'"/></mergeCells>')


def formulas(text, count, hidden=b""):
    first = b'<c r="A1"><f t="shared" si="0">' + hidden + text + b"</f></c>"
    return sheet(b"<row>" + first + b'<c r="B1"><f t="shared" si="0"/></c>' * count + b"</row>")


def sheets_of(count, parts):
    """So many sheets on so many parts, each with a row number at the very end."""
    far = sheet(b'<row r="1048576"><c><v>1</v></c></row>')
    listed = b"".join(b'<sheet name="%d" sheetId="%d" r:id="r%d"/>' % (n, n, n) for n in range(1, count + 1))
    targets = b"".join(
        b'<Relationship Id="r%d" Type="%s/worksheet" Target="/xl/worksheets/sheet%d.xml"/>'
        % (n, RELATIONS, (n - 1) % parts + 1)
        for n in range(1, count + 1)
    )
    book = b"<workbook " + MAIN + b' xmlns:r="' + RELATIONS + b'"><sheets>' + listed + b"</sheets></workbook>"
    package = b"http://schemas.openxmlformats.org/package/2006/relationships"
    links = b'<Relationships xmlns="' + package + b'">' + targets + b"</Relationships>"
    return {BOOK: book, LINKS: links} | {f"xl/worksheets/sheet{n}.xml": far for n in range(1, parts + 1)}


def names(items):
    return lambda book: book.replace(b"</sheets>", b"</sheets><definedNames>" + items + b"</definedNames>")


def name(kind, text):
    return b'<definedName name="_xlnm.' + kind + b'" localSheetId="0">' + text + b"</definedName>"


XF = b'<xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
ATTACKS = {
    "one row at the end": lambda: {SHEET: sheet(b'<row r="1048576"/>')},
    "50 rows at the end": lambda: sheets_of(50, 50),
    "2,000 sheets": lambda: sheets_of(2_000, 900),
    "50 sheets on one part": lambda: sheets_of(50, 1) | {SHEET: sheet(b"<row><c/></row>" * 50_000)},
    "row written with an entity": lambda: {SHEET: sheet(b'<row r="&#49;048576"/>')},
    "1 million empty rows": lambda: {SHEET: sheet(b"<row/>" * 1_000_000)},
    "the same row again": lambda: {SHEET: sheet(b'<row r="1"/>' * 1_000_000)},
    "rows with a prefix": lambda: {
        SHEET: b"<a:worksheet xmlns:a" + MAIN[5:] + b"><a:sheetData>" + b"<a:row/>" * 900_000
    },
    "10 million cells": lambda: {SHEET: sheet(b"<row>" + b"<c/>" * 10_000_000 + b"</row>")},
    "8 million shared strings": lambda: {STRINGS: strings(b"<si><t/></si>" * 8_000_000)},
    "unclosed strings": lambda: {STRINGS: strings(b"<si>" * 20_000_000)},
    "2 million runs": lambda: {STRINGS: strings(b"<si>" + b"<r><t>a</t></r>" * 2_000_000 + b"</si>")},
    "deep nesting": lambda: {SHEET: sheet(b"<a>" * 5_000_000)},
    "99,000 deep": lambda: {SHEET: sheet(b"<a>" * 99_000 + b"</a>" * 99_000)},
    "99,000 deep in a string": lambda: {STRINGS: strings(b"<si>" + b"<r>" * 99_000 + b"</r>" * 99_000)},
    "400,000 unclosed merges": lambda: {SHEET: sheet(b"", b"<mergeCell" * 400_000)},
    "400,000 merges without area": lambda: {SHEET: sheet(b"", b"<mergeCell a='b'/>" * 400_000)},
    "deep merge": lambda: {SHEET: merged(b"A5:XFD900000")},
    "merged columns": lambda: {SHEET: merged(b"A:XFD")},
    "merge with an entity": lambda: {SHEET: merged(b"&#65;5:XFD900000")},
    "merge behind a decoy": lambda: {
        SHEET: merged(b"A1' x=' ref=\"A1:B2\"").replace(b"A1'", b"A1:XFD99999'")
    },
    "merge behind a second name": lambda: {
        SHEET: sheet(
            b"", b"<mergeCells><mergeCell x-ref='A1' a=' ref=\"A1\"' ref='A1:XFD99999'/></mergeCells>"
        )
    },
    "huge link": lambda: {
        SHEET: sheet(b"", b'<hyperlinks><hyperlink ref="A1:XFD1048576" location="a"/></hyperlinks>')
    },
    "shared formula": lambda: {SHEET: formulas(b"A1+" * 40_000 + b"A1", 45_000)},
    "shared formula in CDATA": lambda: {SHEET: formulas(b"<![CDATA[" + b"A1+" * 9_000 + b"A1]]>", 45_000)},
    "shared formula behind an instruction": lambda: {
        SHEET: formulas(b"A1+" * 9_000 + b"A1", 45_000, hidden=b"<?a?><?b?>")
    },
    "long attribute": lambda: {SHEET: sheet(b'<row a="' + b"x" * 60_000_000 + b'"/>')},
    "many long attributes": lambda: {SHEET: sheet((b'<row a="' + b"x" * 120_000 + b'"/>') * 600)},
    "many attributes": lambda: {
        SHEET: sheet(b"<row" + b"".join(b' a%d=""' % n for n in range(28_000)) + b"/>")
    },
    "long comment": lambda: {SHEET: sheet(b"<!--" + b"< " * 20_000_000 + b"-->")},
    "long instruction": lambda: {SHEET: sheet(b"<?a" + b"< " * 20_000_000 + b"?>")},
    "huge cell text": lambda: {
        SHEET: sheet(b'<row><c t="inlineStr"><is><t>' + b"a" * 60_000_000 + b"</t></is></c></row>")
    },
    "spaces shared by every cell": lambda: {
        STRINGS: strings(b"<si><t>" + b" " * 120_000 + b"</t></si>"),
        SHEET: sheet((b"<row>" + b'<c t="s"><v>0</v></c>' * 10 + b"</row>") * 20_000),
    },
    "brackets in every row": lambda: {
        STRINGS: strings(b"<si><t>" + b"(" * 200 + b"</t></si>"),
        SHEET: header_and(b'<row><c t="s"><v>0</v></c></row>' * 49_000),
    },
    "a fault in every cell": lambda: {SHEET: header_and(b"<row><c><v>1</v></c></row>" * 49_000)},
    "1 million styles": lambda: {
        STYLES: lambda part: part.replace(b"</cellXfs>", XF * 1_000_000 + b"</cellXfs>")
    },
    "90,000 styles": lambda: {STYLES: lambda part: part.replace(b"</cellXfs>", XF * 90_000 + b"</cellXfs>")},
    "huge name": lambda: {BOOK: names(name(b"Print_Area", b"Sheet!$A$1," * 11_000))},
    "huge titles": lambda: {BOOK: names(name(b"Print_Titles", b"'a" * 60_000))},
    "1 million names": lambda: {BOOK: names(name(b"Print_Area", b"A1") * 1_000_000)},
    "50,000 names": lambda: {BOOK: names(name(b"Print_Area", b"$A$1") * 50_000)},
    "far corners": lambda: {SHEET: sheet(b'<row r="51000"><c r="DP51000"><v>1</v></c></row>')},
    "many parts": lambda: {f"a/{n}": b"" for n in range(100_000)},
}


def attack_file(changes, base):
    """A plain workbook with parts changed or added, and shared strings declared."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(base)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, True, 1) as new,
    ):
        parts = {part: old.read(part) for part in old.namelist()}
        for part, change in changes.items():
            parts[part] = change(parts[part]) if callable(change) else change
        override = (
            b'<Override PartName="/xl/sharedStrings.xml" ContentType="'
            + SPREADSHEET
            + b'sharedStrings+xml"/>'
        )
        if b"sharedStrings" not in parts[TYPES]:
            parts[TYPES] = parts[TYPES].replace(b"</Types>", override + b"</Types>")
        parts.setdefault(STRINGS, strings(b""))
        for part, data in parts.items():
            new.writestr(part, data)
    return stream.getvalue()


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_small_file_holds_the_service_up(attack, make_applications, rules):
    plain = make_applications({})
    data = attack_file(ATTACKS[attack](), plain)
    assert len(data) < 20_000_000
    started = process_time()
    with suppress(InvalidInput):
        reading = read_applications(data, rules)
        assert process_time() - started < BOUND_S
        started = process_time()  # only what could be read is ever marked
        write_marked_copy(data, reading.errors)
    assert process_time() - started < BOUND_S
