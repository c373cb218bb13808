"""Refuses files that must not reach the spreadsheet library: other formats, macros, bombs."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import IO

from openpyxl.utils.cell import range_boundaries

from defense.domain.errors import InvalidInput
from defense.domain.text import Text

MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_PARTS = 5_000
MAX_MERGED_CELLS = 1_000_000

_OLE_MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")
_ENCRYPTED_MARK = "EncryptedPackage".encode("utf-16-le")
_CHUNK_BYTES = 1024 * 1024
_OVERLAP_BYTES = 64
_TWO_BYTE_XML = re.compile(rb"\xff\xfe|\xfe\xff|[\s<]\0|\0[\s<]")
_XML_ENCODING = re.compile(rb"""^<\?xml[^>]*encoding\s*=\s*["']([\w.-]+)["']""")
_MERGE_REF = re.compile(rb"""<(?:\w+:)?mergeCell[^>]*\bref\s*=\s*["']([A-Z0-9:$]+)["']""")

_SAVE_AS = "请在表格软件中“另存为”Excel工作簿（.xlsx）后再上传"
_SAVE_AS_EN = "open it in a spreadsheet program, save it as an Excel workbook (.xlsx), and upload that"


def check_archive(data: bytes) -> None:
    """Let only a plain .xlsx of bearable size pass.

    Sizes are those the archive declares, to which the zip reader holds itself. XML parts may not declare a
    document type, without which no entity can be defined.

    Raises
    ------
    InvalidInput
        Naming what the file is and the way out.
    """
    if data.startswith(_OLE_MAGIC):
        raise _encrypted() if _ENCRYPTED_MARK in data else _refused("旧版 .xls 格式", "an old .xls file")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_parts(archive)
            for part in archive.infolist():
                with archive.open(part) as stream:
                    _check_part(stream)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
        raise _refused("损坏的文件或非 .xlsx 格式", "damaged or not an .xlsx file") from error


def check_merged_areas(data: bytes) -> None:
    """Refuse merged areas so large that unfolding them cell by cell would fill the memory."""
    total = 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/"):
                continue
            for match in _MERGE_REF.finditer(archive.read(name)):
                left, top, right, bottom = range_boundaries(match[1].decode())
                total += ((right or 1) - (left or 1) + 1) * ((bottom or 1) - (top or 1) + 1)
    if total > MAX_MERGED_CELLS:
        raise _refused("合并单元格过大的表格", "a workbook with huge merged areas")


def _check_parts(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if any(part.flag_bits & 1 for part in parts):
        raise _encrypted()
    if "xl/workbook.xml" not in names or "[content_types].xml" not in names:
        raise _refused("非 .xlsx 格式的文件", "not an .xlsx file")
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise InvalidInput(
            Text(
                "文件解压后过大，未读取：请删除图片和多余工作表，或拆分为几个文件后再上传",
                "the file is too large once unpacked and was not read: remove pictures and spare sheets, or "
                "split it into several files",
            )
        )
    if any("vbaproject" in name for name in names):
        raise _refused("含宏的工作簿", "a workbook with macros")


def _check_part(stream: IO[bytes]) -> None:
    tail = b""
    while chunk := stream.read(_CHUNK_BYTES):
        # Any part may be read as XML, whatever its name; other encodings could hide the declaration.
        if (not tail and _is_strangely_encoded(chunk)) or b"<!DOCTYPE" in tail + chunk:
            raise _refused("含有不安全内容的文件", "a file with unsafe content (document type or encoding)")
        tail = chunk[-_OVERLAP_BYTES:]


def _is_strangely_encoded(beginning: bytes) -> bool:
    named = _XML_ENCODING.match(beginning.removeprefix(b"\xef\xbb\xbf"))
    is_utf_8 = named is None or named[1].lower() in (b"utf-8", b"utf8", b"us-ascii", b"ascii")
    return not is_utf_8 or _TWO_BYTE_XML.match(beginning) is not None


def _encrypted() -> InvalidInput:
    return InvalidInput(
        Text(
            "文件已加密：请在表格软件中去掉打开密码，另存为 .xlsx 后再上传",
            "the file is encrypted: remove its password in a spreadsheet program, save it as .xlsx, "
            "upload that",
        )
    )


def _refused(zh: str, en: str) -> InvalidInput:
    return InvalidInput(
        Text(f"这是{zh}，未读取：{_SAVE_AS}", f"this is {en} and was not read: {_SAVE_AS_EN}")
    )
