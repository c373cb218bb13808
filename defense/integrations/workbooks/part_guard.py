"""Counts what an XML part holds, before anything is built from it.

The spreadsheet library builds objects without measure: time and memory follow the number of elements far
more than the bytes. Every pattern here takes linear time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from openpyxl.utils.cell import range_boundaries

from defense.domain.errors import InvalidInput
from defense.domain.text import Text

MAX_SHEETS = 50
MAX_ROW_ELEMENTS = 51_000
MAX_CELLS = 1_200_000
MAX_SHARED_STRINGS = 500_000
MAX_FORMULAS = 50_000
MAX_FORMULA_BYTES = 2_000_000
"""Number of formulas times length of the longest one, as a shared formula is worked out for every cell."""
MAX_AREAS = 10_000
MAX_NAMES = 5_000
MAX_STYLES = 30_000
MAX_OTHER_ELEMENTS = 100_000
MAX_UNFOLDED_CELLS = 100_000
"""Cells of merged areas and of areas with a link, which the library unfolds one by one."""

_CHUNK_BYTES = 288 * 1024
"""Also the longest tag or text; a cell holds at most 32,767 characters, and some programs write each of them
as a reference of eight bytes."""
_MAX_INSTRUCTIONS = 5

_NAME = re.compile(rb"<(?:[^\s<>/:?]{1,40}:)?([^\s<>/:?]{1,60})[\s/>]")
_LONG_NAME = re.compile(rb"<[^\s<>/:?]{41}")
_LONG_INSTRUCTION = re.compile(rb"<\?(?!.{0,1000}?\?>)", re.DOTALL)
_PREFIX = rb"<(?:[^\s<>/:?]{1,40}:)?"
_AREA_REF = re.compile(
    _PREFIX + rb"(?:mergeCell|hyperlink)"
    rb"""(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*?\s+ref\s*=\s*["']([A-Z0-9:$]{1,40})["']"""
)
_FORMULA = re.compile(_PREFIX + rb"f(?=[\s>])([^<]*)")

_SHEETS = Text("个工作表：请删除多余的工作表", "sheets: delete spare sheets")
_ROWS = Text(
    "行（含空行）：请删除数据下方的空行，或拆分为几个文件",
    "rows, empty ones included: delete the empty rows below the data, or split the file",
)
_CELLS = Text("个单元格：请拆分为几个文件", "cells: split it into several files")
_STRINGS = Text("条文字：请拆分为几个文件", "texts: split it into several files")
_FORMULAS = Text("个公式：请“选择性粘贴—数值”", "formulas: paste the cells as values")
_OTHERS = Text(
    "项格式、批注或其他内容：请新建工作簿，把数据“选择性粘贴—数值”进去",
    "items of formatting, comments and the like: paste the data as values into a new workbook",
)
_AREAS = Text(
    "个合并或带链接的单元格：请取消大范围的合并单元格和链接",
    "merged or linked cells: take the large merged areas and links apart",
)
_LIMITS = {
    b"sheet": (MAX_SHEETS, _SHEETS),
    b"row": (MAX_ROW_ELEMENTS, _ROWS),
    **dict.fromkeys((b"c", b"v", b"is"), (MAX_CELLS, _CELLS)),
    b"t": (2 * MAX_CELLS, _CELLS),
    **dict.fromkeys((b"si", b"phoneticPr"), (MAX_SHARED_STRINGS, _STRINGS)),
    b"f": (MAX_FORMULAS, _FORMULAS),
    b"mergeCell": (MAX_AREAS, _AREAS),
    b"definedName": (MAX_NAMES, _OTHERS),
    b"xf": (MAX_STYLES, _OTHERS),
    b"hyperlink": (MAX_ROW_ELEMENTS, _AREAS),
}


def check_markup(part: bytes) -> bool:
    """Whether an XML part has nothing but elements and a few short instructions."""
    return not (b"<!" in part or part.count(b"<?") > _MAX_INSTRUCTIONS or _LONG_INSTRUCTION.search(part))


def check_elements(part: bytes, elements: Counter[bytes]) -> None:
    """Add the elements of a part to those counted so far, and stop at the first limit.

    Raises
    ------
    InvalidInput
        Too many elements of a kind, a text too long, or areas too large.
    """
    before = {name: elements[name] for name in (b"mergeCell", b"hyperlink", b"f")}
    for start, end in _pieces(part):
        if _LONG_NAME.search(part, start, end):
            raise _too_long()
        elements.update(_NAME.findall(part, start, end))
        for name, (limit, text) in _LIMITS.items():
            if elements[name] > limit:
                raise _too_many(limit, text)
        if elements.total() - sum(elements[name] for name in _LIMITS) > MAX_OTHER_ELEMENTS:
            raise _too_many(MAX_OTHER_ELEMENTS, _OTHERS)
    added = {name: elements[name] - count for name, count in before.items()}
    if added[b"mergeCell"] or added[b"hyperlink"]:
        _check_areas(part, added[b"mergeCell"] + added[b"hyperlink"])
    if added[b"f"]:
        _check_formulas(part, elements[b"f"])


def _pieces(part: bytes) -> Iterator[tuple[int, int]]:
    """Pieces that cut no tag in two."""
    start = 0
    while len(part) - start > _CHUNK_BYTES:
        end = part.rfind(b"<", start + 1, start + _CHUNK_BYTES)
        if end < 0:
            raise _too_long()
        yield start, end
        start = end
    yield start, len(part)


def _check_areas(part: bytes, areas: int) -> None:
    refs = _AREA_REF.findall(part)
    # One that cannot be read here may still be read by the library.
    if len(refs) < areas or sum(_cells_of(ref.decode()) for ref in refs) > MAX_UNFOLDED_CELLS:
        raise _too_many(MAX_UNFOLDED_CELLS, _AREAS)


def _cells_of(ref: str) -> int:
    try:
        left, top, right, bottom = range_boundaries(ref)
    except ValueError:
        return MAX_UNFOLDED_CELLS + 1
    if not (left and top and right and bottom):
        return MAX_UNFOLDED_CELLS + 1  # whole columns or rows
    return (right - left + 1) * (bottom - top + 1)


def _check_formulas(part: bytes, formulas: int) -> None:
    longest = max((len(text) for text in _FORMULA.findall(part)), default=0)
    # An instruction could cut a long formula into pieces that look short.
    if formulas * longest > MAX_FORMULA_BYTES or part.count(b"<?") > 1:
        raise _too_many(MAX_FORMULAS, _FORMULAS)


def _too_long() -> InvalidInput:
    return InvalidInput(
        Text(
            "文件中有过长的文字或名称，未读取：一个单元格最多32767字，请精简后再上传",
            "the file holds a text or name too long and was not read: a cell has at most 32,767 characters; "
            "shorten it and upload it again",
        )
    )


def _too_many(limit: int, what: Text) -> InvalidInput:
    return InvalidInput(
        Text(
            f"工作簿超过{limit}{what.zh}后再上传。文件未读取",
            f"the workbook has more than {limit} {what.en}; then upload it again. The file was not read",
        )
    )
