"""Refuses files that must not reach the spreadsheet library: other formats, macros, bombs."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter

from openpyxl.reader.excel import ExcelReader

from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.integrations.workbooks.part_guard import check_elements, check_markup

MAX_UNPACKED_BYTES = 120 * 1024 * 1024
"""20,000 applications with full texts unpack to about 90 MB."""
MAX_PARTS = 1_000

_OLE_MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")
_ENCRYPTED_MARK = "EncryptedPackage".encode("utf-16-le")
_DIRECTORY_ENTRY = b"PK\x01\x02"
_XML_SPACE = b"\xef\xbb\xbf \t\r\n"
_TWO_BYTE_XML = re.compile(rb"\xff\xfe|\xfe\xff|[\s<]\0|\0[\s<]")
_XML_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([\w.-]{1,40})["']""")

_SAVE_AS = "请在表格软件中“另存为”Excel工作簿（.xlsx）后再上传"
_SAVE_AS_EN = "open it in a spreadsheet program, save it as an Excel workbook (.xlsx), and upload that"


def check_archive(data: bytes) -> None:
    """Let only a plain .xlsx of bearable size pass; the work is in proportion to the unpacked size.

    Sizes are those the archive declares, to which the zip reader holds itself. XML parts may hold neither
    document types, without which no entity can be defined, nor comments and CDATA sections, which could
    hide elements from the count.

    Raises
    ------
    InvalidInput
        Naming what the file is and the way out.
    """
    if data.startswith(_OLE_MAGIC):
        raise _encrypted() if _ENCRYPTED_MARK in data else _refused("旧版 .xls 格式", "an old .xls file")
    if data.count(_DIRECTORY_ENTRY) > MAX_PARTS:
        raise _too_large()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_parts(archive)
            elements: Counter[bytes] = Counter()
            for part in archive.infolist():
                _check_part(archive.read(part), elements)
    except InvalidInput:
        raise
    except Exception as error:  # a damaged archive surfaces as any of a dozen kinds of error
        raise _refused("损坏的文件或非 .xlsx 格式", "damaged or not an .xlsx file") from error
    _check_sheets(data)


def _check_parts(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if any(part.flag_bits & 1 for part in parts):
        raise _encrypted()
    if "xl/workbook.xml" not in names or "[content_types].xml" not in names:
        raise _refused("非 .xlsx 格式的文件", "not an .xlsx file")
    if sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise _too_large()
    if any("vbaproject" in name for name in names):
        raise _refused("含宏的工作簿", "a workbook with macros")


def _check_part(part: bytes, elements: Counter[bytes]) -> None:
    # Any part may be read as XML, whatever its name; other encodings could hide what is looked for.
    if b"<!DOCTYPE" in part or _is_strangely_encoded(part):
        raise _unsafe()
    beginning = part[:64].lstrip(_XML_SPACE)
    if beginning and not beginning.startswith(b"<"):
        return  # a picture or the like, which no XML reader accepts
    if not check_markup(part):
        raise _unsafe()
    check_elements(part, elements)


def _check_sheets(data: bytes) -> None:
    """Two sheets may not share one part: it would be counted once and read many times."""
    try:
        reader = ExcelReader(io.BytesIO(data), read_only=True, keep_links=False)
        reader.read_manifest()
        reader.read_workbook()
        targets = [relation.target for _sheet, relation in reader.parser.find_sheets()]
    except Exception as error:  # a damaged part surfaces as any of a dozen kinds of error
        raise _refused("损坏的文件", "a damaged file") from error
    if len(set(targets)) < len(targets):
        raise _unsafe()


def _is_strangely_encoded(part: bytes) -> bool:
    named = _XML_ENCODING.match(part.removeprefix(b"\xef\xbb\xbf"))
    is_utf_8 = named is None or named[1].lower() in (b"utf-8", b"utf8", b"us-ascii", b"ascii")
    return not is_utf_8 or _TWO_BYTE_XML.match(part) is not None


def _encrypted() -> InvalidInput:
    return InvalidInput(
        Text(
            "文件已加密：请在表格软件中去掉打开密码，另存为 .xlsx 后再上传",
            "the file is encrypted: remove its password in a spreadsheet program, save it as .xlsx, "
            "upload that",
        )
    )


def _too_large() -> InvalidInput:
    return InvalidInput(
        Text(
            "文件解压后过大，未读取：请删除图片和多余工作表，或拆分为几个文件后再上传",
            "the file is too large once unpacked and was not read: remove pictures and spare sheets, or "
            "split it into several files",
        )
    )


def _unsafe() -> InvalidInput:
    return _refused(
        "含有不安全内容的文件（文档类型声明、注释、特殊编码等）",
        "a file with unsafe content (document type, comment, odd encoding or the like)",
    )


def _refused(zh: str, en: str) -> InvalidInput:
    return InvalidInput(
        Text(f"这是{zh}，未读取：{_SAVE_AS}", f"this is {en} and was not read: {_SAVE_AS_EN}")
    )
