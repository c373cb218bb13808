"""Lets only a plain Word file be a template: no macros, nothing fetched from elsewhere, nothing embedded."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

from defense.domain.errors import InvalidInput
from defense.domain.text import Text

MAX_TEMPLATE_BYTES = 2 * 1024 * 1024
MAX_UNPACKED_BYTES = 16 * 1024 * 1024
MAX_PART_BYTES = 1024 * 1024
"""Of one part that holds text or steers how it is read; pictures may be larger."""
MAX_MARKS = 2_000
"""Braces that begin something, in one part; the shipped templates have at most 90."""
MAX_PARTS = 200

_OLE_MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PLAIN_FIELDS = {"PAGE", "NUMPAGES", "SECTIONPAGES", "SECTION", "DATE", "TIME", "SEQ", "REF", "PAGEREF"}
"""Fields that look at nothing but the document and the clock; others run programs or fetch files."""
_FOREIGN_FOLDERS = ("word/embeddings/", "word/activex/", "word/afchunk", "customui/")


def check_template_file(data: bytes) -> None:
    """Let only a plain .docx of bearable size pass.

    Raises
    ------
    InvalidInput
        Naming what is wrong and the way out.
    """
    if len(data) > MAX_TEMPLATE_BYTES:
        raise _refused(
            f"文件超过 {MAX_TEMPLATE_BYTES // 1024**2} MB：请删除或压缩图片",
            f"the file is larger than {MAX_TEMPLATE_BYTES // 1024**2} MB: remove pictures or shrink them",
        )
    if data.startswith(_OLE_MAGIC):
        raise _refused(
            "这是旧版 .doc 文件或已加密的文件：请去掉密码，另存为 .docx",
            "this is an old .doc file, or it has a password: take the password away and save it as .docx",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_parts(archive)
            for part in archive.infolist():
                if part.filename.lower().endswith((".xml", ".rels")):
                    _check_part(part.filename, archive.read(part))
    except InvalidInput:
        raise
    except Exception as error:  # a damaged archive surfaces as any of a dozen kinds of error
        raise _refused(
            "文件已损坏或不是 .docx：请在 Word 或 WPS 中另存为 .docx",
            "the file is damaged or not a .docx: save it as .docx in Word or WPS",
        ) from error


def check_has_fields(data: bytes) -> None:
    """Refuse a template that says the same of everybody; the file was let pass before.

    Raises
    ------
    InvalidInput
        It names nothing of the document's content.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [archive.read(name) for name in archive.namelist() if name.lower().endswith(".xml")]
    if not any(b"{{" in _words_of(part) for part in parts):
        raise _refused(
            "其中没有任何字段（{{ … }}），每份文书都会一样：请从现用模板改起",
            "it has no field ({{ … }}), so that every document would be the same: begin with the present one",
        )


def _words_of(part: bytes) -> bytes:
    """The text of a part; Word spreads a mark over several runs."""
    root = ElementTree.fromstring(part)  # noqa: S314 - see `_check_part`
    return "".join(root.itertext()).encode()


def _check_parts(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = [part.filename.lower() for part in parts]
    if "word/document.xml" not in names or "[content_types].xml" not in names:
        raise _refused(
            "不是 .docx 文件：请在 Word 或 WPS 中另存为 .docx", "not a .docx: save it as .docx in Word or WPS"
        )
    if len(set(names)) < len(names) or any(part.flag_bits & 1 for part in parts):
        raise _refused("文件结构不正常：请另存后再上传", "the file is oddly built: save it anew")
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise _refused("文件解压后过大：请删除图片", "the file is too large once unpacked: remove pictures")
    if any("vbaproject" in name for name in names):
        raise _refused("文件含宏：请另存为不含宏的 .docx", "it holds macros: save it as a .docx without any")
    if any(name.startswith(_FOREIGN_FOLDERS) for name in names):
        raise _refused(
            "文件含嵌入的其他文件或控件：请删除后再上传", "it holds other files or controls: remove them"
        )


def _check_part(name: str, part: bytes) -> None:
    if len(part) > MAX_PART_BYTES:
        raise _refused(f"“{name}”过大：请精简内容", f"“{name}” is too large: simplify the template")
    if b"<!DOCTYPE" in part or b"<!ENTITY" in part or b"\0" in part[:200]:
        raise _refused("文件含不安全的内容：请另存后再上传", "it holds unsafe content: save it anew")
    if sum(part.count(mark) for mark in (b"{{", b"{%", b"{#")) > MAX_MARKS:
        raise _refused(
            f"“{name}”中的标记超过{MAX_MARKS}处：请改用循环",
            f"“{name}” has more than {MAX_MARKS} marks: use loops",
        )
    try:
        root = ElementTree.fromstring(part)  # noqa: S314 - without a DOCTYPE there are no entities
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise _refused(f"“{name}”已损坏：请另存后再上传", f"“{name}” is damaged: save it anew") from error
    if name.lower().endswith(".rels"):
        _check_relationships(root)
    else:
        _check_fields(root)


def _check_relationships(root: ElementTree.Element) -> None:
    """Nothing may be fetched when somebody opens the document; a link that a reader may click is harmless."""
    for relation in root:
        kind = relation.get("Type", "").rsplit("/", 1)[-1].lower()
        leads_out = relation.get("TargetMode", "").lower() == "external"
        if (leads_out and kind != "hyperlink") or kind in ("afchunk", "oleobject", "subdocument"):
            raise _refused(
                "文件引用了外部模板、图片或文件：请改为直接插入，或删除引用",
                "it refers to a template, picture or file elsewhere: insert that itself, or remove it",
            )


def _check_fields(root: ElementTree.Element) -> None:
    for instruction in _fields(root):
        word = (instruction.split() or [""])[0].upper()
        if word not in _PLAIN_FIELDS:
            raise _refused(
                f"域“{word or '（空）'}”不能用于模板：请改为普通文字",
                f"the field “{word}” cannot be in a template: put plain text in its place",
            )


def _fields(root: ElementTree.Element) -> Iterator[str]:
    """The instruction of every field; one may be spread over several runs and lie within another."""
    open_fields: list[list[str]] = []
    for element in root.iter():
        if element.tag == f"{_WORD}fldSimple":
            yield element.get(f"{_WORD}instr", "")
        elif element.tag == f"{_WORD}instrText":
            if not open_fields:
                yield element.text or ""
            for instruction in open_fields[-1:]:
                instruction.append(element.text or "")
        elif element.tag == f"{_WORD}fldChar":
            mark = element.get(f"{_WORD}fldCharType")
            if mark == "begin":
                open_fields.append([])
            elif mark == "separate" and open_fields:
                yield "".join(open_fields[-1])
                open_fields[-1] = ["PAGE"]  # said; what follows is the field's result
            elif mark == "end" and open_fields:
                yield "".join(open_fields.pop())
    for instruction in open_fields:
        yield "".join(instruction)


def _refused(zh: str, en: str) -> InvalidInput:
    return InvalidInput(Text(f"模板未采用：{zh}。", f"The template was not taken: {en}."))
