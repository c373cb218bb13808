"""A page as offices print them: A4, song and fang-song type, tables that go on over pages, page numbers.

The fonts are those of every Chinese Windows. Digits and Latin letters are in Times New Roman; names in Uyghur
letters in a font that has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import _Cell, _Row
from docx.text.paragraph import Paragraph
from docx.text.run import Run

SONG, HEI, FANG, KAI = "SimSun", "SimHei", "FangSong", "KaiTi"
LEFT, CENTER, RIGHT = WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT
TITLE, BODY, TABLE, NOTE = 22.0, 16.0, 10.5, 9.0
"""二号, 三号, 五号 and 小五, in points."""
_LONG_SIDE, _SHORT_SIDE = Mm(297), Mm(210)
_MADE_AT = datetime(2021, 11, 22, tzinfo=UTC)
"""In every file, so that the same script gives the same file."""


@dataclass(frozen=True)
class Column:
    """One column: its heading, its width in mm, what its cells hold, how that is aligned."""

    heading: str
    width: float
    cell: str = ""
    align: WD_ALIGN_PARAGRAPH = CENTER


class Page:
    """A document that grows from top to bottom."""

    def __init__(
        self, title: str, margins: tuple[float, float, float, float], landscape: bool = False
    ) -> None:
        """`margins`: top, right, bottom and left, in mm."""
        self.document = Document()
        section = self.document.sections[0]
        section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
        sides = (_LONG_SIDE, _SHORT_SIDE) if landscape else (_SHORT_SIDE, _LONG_SIDE)
        section.page_width, section.page_height = sides
        top, right, bottom, left = (Mm(margin) for margin in margins)
        section.top_margin, section.right_margin, section.bottom_margin = top, right, bottom
        section.left_margin, section.footer_distance = left, Mm(max(margins[2] - 12, 8))
        self._number_pages(section.footer.paragraphs[0])
        properties = self.document.core_properties
        properties.title, properties.author, properties.comments = title, "", ""
        properties.created = properties.modified = _MADE_AT

    def save(self, path: Path) -> None:
        """Write the file."""
        self.document.save(str(path))

    def line(
        self,
        *parts: str | tuple[str, str],
        font: str = FANG,
        size: float = BODY,
        align: WD_ALIGN_PARAGRAPH = LEFT,
        indent: float = 0,
        right_indent: float = 0,
        before: float = 0,
        after: float = 0,
        spacing: float | None = None,
        bold: bool = False,
        starts_page: bool = False,
        with_next: bool = False,
        writing_line: bool = False,
    ) -> Paragraph:
        """A paragraph.

        Parameters
        ----------
        parts : texts; a pair is a text with a font of its own.
        indent : of the first line, right_indent : of the whole, both in characters.
        before, after, spacing : in points; `spacing` is from line to line.
        writing_line : with a rule beneath, to write on.
        """
        paragraph = self.document.add_paragraph()
        shape = paragraph.paragraph_format
        shape.alignment, shape.first_line_indent = align, Pt(indent * size)
        shape.right_indent, shape.space_before, shape.space_after = (
            Pt(right_indent * size),
            Pt(before),
            Pt(after),
        )
        shape.page_break_before, shape.keep_with_next = starts_page, with_next
        if spacing is not None:
            shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(spacing)
        else:
            shape.line_spacing = 1.0
        for part in parts:
            text, of_part = part if isinstance(part, tuple) else (part, font)
            set_type(paragraph.add_run(text), of_part, size, bold)
        if writing_line:
            _rule_beneath(paragraph)
        return paragraph

    def tag(self, expression: str) -> None:
        """A paragraph that only steers, such as `for row in rows`; it is gone when the document is made."""
        self.line(f"{{%p {expression} %}}", size=NOTE)

    def heading(self, text: str, **shape: Any) -> None:
        """The title of a paper."""
        usual: dict[str, Any] = {"font": HEI, "size": TITLE, "align": CENTER, "after": 8.0}
        self.line(text, **usual | shape)

    def table(
        self,
        columns: Sequence[Column],
        loop: str,
        row_mm: float = 8,
        size: float = TABLE,
        blank_rows: int = 0,
    ) -> None:
        """A table with a row for each turn of a loop, its heading on every page, no row over two pages.

        Parameters
        ----------
        loop : `row in rows`.
        blank_rows : further rows to be filled by hand.
        """
        table = self._grid(len(columns), [column.width for column in columns])
        head = table.rows[0]
        _set_row(head, 8, repeats=True)
        for cell, column in zip(head.cells, columns, strict=True):
            fill(cell, column.heading, HEI, size, CENTER)
        self._steering_row(table, f"for {loop}")
        row = table.add_row()
        _set_row(row, row_mm)
        for cell, column in zip(row.cells, columns, strict=True):
            fill(cell, column.cell, SONG, size, column.align)
        self._steering_row(table, "endfor")
        for _ in range(blank_rows):
            _set_row(table.add_row(), row_mm)

    def facts(
        self, rows: Sequence[Sequence[str]], widths: Sequence[float], row_mm: float = 8, size: float = TABLE
    ) -> Any:
        """A grid of names and values by turns.

        Parameters
        ----------
        rows : each name, value, name, value …; the last value of a short row reaches to the right edge. A row
            that begins with `{%tr` only steers.
        """
        table = self._grid(len(widths), widths)
        first = True
        for texts in rows:
            row = table.rows[0] if first else table.add_row()
            first = False
            _set_row(row, row_mm)
            if texts[0].startswith("{%tr"):
                fill(row.cells[0], texts[0], SONG, size)
                continue
            last = row.cells[len(texts) - 1]
            if len(texts) < len(widths):
                last = last.merge(row.cells[-1])
            for n, text in enumerate(texts[:-1]):
                fill(row.cells[n], text, HEI if n % 2 == 0 else SONG, size, CENTER if n % 2 == 0 else LEFT)
            fill(last, texts[-1], SONG, size)
        return table

    def numbers(self, columns: Sequence[tuple[str, str]], width: float) -> None:
        """One row of numbers beneath their names, all of one width."""
        table = self._grid(len(columns), [width] * len(columns))
        table.add_row()
        for n, font in enumerate((HEI, SONG)):
            _set_row(table.rows[n], 8)
            for cell, texts in zip(table.rows[n].cells, columns, strict=True):
                fill(cell, texts[n], font, TABLE, CENTER)

    def blank_table(self, headings: Sequence[tuple[str, float]], rows: int, row_mm: float) -> None:
        """A table to be filled by hand."""
        table = self._grid(len(headings), [width for _text, width in headings])
        _set_row(table.rows[0], 8, repeats=True)
        for cell, (text, _width) in zip(table.rows[0].cells, headings, strict=True):
            fill(cell, text, HEI, TABLE, CENTER)
        for _ in range(rows):
            _set_row(table.add_row(), row_mm)

    def _grid(self, columns: int, widths: Sequence[float]) -> Any:
        table = self.document.add_table(1, columns, "Table Grid")
        table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Mm(width)
        for cell, width in zip(table.rows[0].cells, widths, strict=True):
            cell.width = Mm(width)
        return table

    @staticmethod
    def _steering_row(table: Any, expression: str) -> None:
        row = table.add_row()
        fill(row.cells[0], f"{{%tr {expression} %}}", SONG, NOTE)

    @staticmethod
    def _number_pages(paragraph: Paragraph) -> None:
        """第 1 页 共 3 页, in the middle of the foot."""
        paragraph.alignment = CENTER
        for part in ("第 ", "PAGE", " 页　共 ", "NUMPAGES", " 页"):
            run = paragraph.add_run("" if part.isupper() else part)
            set_type(run, SONG, NOTE)
            if part.isupper():
                _add_field(run, part)


def set_type(run: Run, font: str, size: float, bold: bool = False) -> None:
    """Font and size of a run, for Chinese, Latin and Arabic letters."""
    run.font.size, run.font.bold = Pt(size), bold
    fonts = run._element.get_or_add_rPr().get_or_add_rFonts()
    for script, name in (("ascii", "Times New Roman"), ("hAnsi", "Times New Roman"), ("eastAsia", font)):
        fonts.set(qn(f"w:{script}"), name)
    fonts.set(qn("w:cs"), "Microsoft Uighur")
    # Quotation marks and dashes are Chinese ones.
    fonts.set(qn("w:hint"), "eastAsia")


def fill(
    cell: _Cell, text: str, font: str, size: float, align: WD_ALIGN_PARAGRAPH = LEFT, bold: bool = False
) -> None:
    """Write into a cell, in its middle; a line feed begins a paragraph."""
    cell.vertical_alignment = 1  # type: ignore[assignment]
    parts = text.split("\n")
    for n, part in enumerate(parts):
        paragraph = cell.paragraphs[0] if n == 0 else cell.add_paragraph()
        paragraph.alignment = align
        paragraph.paragraph_format.space_before = Pt(2 if n == 0 else 0)
        paragraph.paragraph_format.space_after = Pt(2 if n == len(parts) - 1 else 0)
        paragraph.paragraph_format.line_spacing = 1.0
        set_type(paragraph.add_run(part), font, size, bold)


def _set_row(row: _Row, height_mm: float, repeats: bool = False) -> None:
    row.height, row.height_rule = Mm(height_mm), WD_ROW_HEIGHT_RULE.AT_LEAST
    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    if repeats:
        properties.append(OxmlElement("w:tblHeader"))


def _add_field(run: Run, code: str) -> None:
    """A field that Word works out, such as the number of the page."""
    for kind in ("begin", None, "separate", "end"):
        if kind is None:
            instruction = OxmlElement("w:instrText")
            instruction.set(qn("xml:space"), "preserve")
            instruction.text = f" {code} "
            run._element.append(instruction)
        else:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._element.append(mark)
            if kind == "separate":
                shown = OxmlElement("w:t")
                shown.text = "1"
                run._element.append(shown)


def _rule_beneath(paragraph: Paragraph) -> None:
    """Also between two of them, which Word would else take for one box."""
    borders = OxmlElement("w:pBdr")
    for side in ("bottom", "between"):
        rule = OxmlElement(f"w:{side}")
        for key, value in (("val", "single"), ("sz", "4"), ("space", "1"), ("color", "808080")):
            rule.set(qn(f"w:{key}"), value)
        borders.append(rule)
    paragraph._p.get_or_add_pPr().append(borders)
