"""Files that must not be read, and what the person is told."""

import csv
import io
import re
import zipfile

import pytest
from openpyxl import load_workbook

from defense.domain.errors import InvalidInput
from defense.integrations.workbooks import (
    archive_guard,
    part_guard,
    read_applications,
    sheets,
    write_marked_copy,
)
from defense.services.imports.running import is_large


def refusal(data, rules):
    with pytest.raises(InvalidInput) as caught:
        read_applications(data, rules)
    return caught.value.text


def repacked(data, changes):
    """The same archive with parts changed or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, part in changes.items():
            new.writestr(name, part)
    return stream.getvalue()


def part_of(data, name):
    return zipfile.ZipFile(io.BytesIO(data)).read(name)


SHEET = "xl/worksheets/sheet1.xml"
OLE = bytes.fromhex("D0CF11E0A1B11AE1")


def test_csv(rules):
    stream = io.StringIO()
    csv.writer(stream).writerow(["申报编号", "姓名"])
    assert "另存为" in refusal(stream.getvalue().encode(), rules).zh


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04" + b"\0" * 100])
def test_no_archive(data, rules):
    assert ".xlsx" in refusal(data, rules).en


def test_old_xls(rules):
    assert ".xls" in refusal(OLE + b"\0" * 600, rules).zh


def test_encrypted(rules):
    data = OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
    assert "密码" in refusal(data, rules).zh


def test_other_zip(rules):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    assert "非 .xlsx" in refusal(stream.getvalue(), rules).zh


def test_macros(make_applications, rules):
    assert "宏" in refusal(repacked(make_applications({}), {"xl/vbaProject.bin": b"x"}), rules).zh


def test_zip_bomb_is_refused_by_its_declared_size(make_applications, rules):
    zeros = b"0" * (archive_guard.MAX_UNPACKED_BYTES + 1)
    bomb = repacked(make_applications({}), {"xl/media/image1.png": zeros})
    assert len(bomb) < 2_000_000
    assert "过大" in refusal(bomb, rules).zh


@pytest.mark.parametrize(
    "prolog",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]>',
        b"<!--" + b" " * (part_guard._CHUNK_BYTES - 8) + b"--><!DOCTYPE x>",
    ],
)
def test_document_types_are_refused_wherever_they_stand(prolog, make_applications, rules):
    data = make_applications({})
    bomb = repacked(data, {SHEET: prolog + part_of(data, SHEET)})
    assert "不安全" in refusal(bomb, rules).zh


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_that_could_hide_a_document_type(encoding, make_applications, rules):
    data = make_applications({})
    part = part_of(data, SHEET).decode()
    assert "不安全" in refusal(repacked(data, {SHEET: part.encode(encoding)}), rules).zh


def test_declared_foreign_encoding(make_applications, rules):
    data = make_applications({})
    part = b'<?xml version="1.0" encoding="cp037"?>' + part_of(data, SHEET)
    assert "不安全" in refusal(repacked(data, {SHEET: part}), rules).zh


def test_broken_part(make_applications, rules):
    data = make_applications({})
    half = part_of(data, SHEET)[:400]
    assert "损坏" in refusal(repacked(data, {SHEET: half}), rules).zh


def test_damaged_checksum(make_applications, rules):
    data = bytearray(make_applications({}))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        info = archive.getinfo(SHEET)
    start = info.header_offset + 30 + len(info.filename)
    data[start + 40 : start + 60] = b"\xff" * 20
    assert "损坏" in refusal(bytes(data), rules).zh


def test_too_many_rows(make_workbook, rules, monkeypatch):
    monkeypatch.setattr(sheets, "MAX_ROWS", 10)
    assert "超过10行" in refusal(make_workbook({"表": [[n] for n in range(11)]}), rules).zh


def test_row_numbers_beyond_any_sheet_end_the_reading(make_workbook, rules):
    data = make_workbook({"表": [["申报编号", "姓名"]]})
    far = (
        part_of(data, SHEET)
        .replace(b'<row r="1"', b'<row r="99999999999"')
        .replace(b'"A1"', b'"A99999999999"')
    )
    assert "行" in refusal(repacked(data, {SHEET: far}), rules).zh


def test_1904_dates(make_applications, rules):
    data = make_applications({})
    book = re.sub(rb"<workbookPr(?=[ /])", b'<workbookPr date1904="1"', part_of(data, "xl/workbook.xml"))
    assert "1904" in refusal(repacked(data, {"xl/workbook.xml": book}), rules).zh


def test_huge_merged_area_is_not_unfolded(make_applications):
    data = make_applications({})
    merged = part_of(data, SHEET).replace(
        b"</sheetData>", b'</sheetData><mergeCells count="1"><mergeCell ref="A5:XFD900000"/></mergeCells>'
    )
    with pytest.raises(InvalidInput) as caught:
        write_marked_copy(repacked(data, {SHEET: merged}), [])
    assert "合并" in caught.value.text.zh


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.replace(b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\xff", 1),
        lambda data: data[:-6] + b"\xff\xff\xff\x7f" + data[-2:],
        lambda data: data.replace(SHEET.encode(), b"xl/worksheets/sheet\xff.xml").replace(
            b"\0\0\0\0\x08\0", b"\0\0\0\x08\x08\0"
        ),
    ],
    ids=["version", "offset", "name"],
)
def test_damaged_directories(spoil, make_applications, rules):
    data = spoil(make_applications())
    assert ".xlsx" in refusal(data, rules).en
    assert not is_large("applications", data)


def test_a_workbook_of_hidden_sheets_can_be_marked(make_applications):
    plain = make_applications()
    book = part_of(plain, "xl/workbook.xml")
    hidden = book.replace(b'state="visible"', b'state="hidden"')
    assert hidden != book
    marked = write_marked_copy(repacked(plain, {"xl/workbook.xml": hidden}), [])
    assert load_workbook(io.BytesIO(marked)).worksheets[0].sheet_state == "visible"
