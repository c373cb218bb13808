"""The default Word templates: they come from their script, name only what there is, and print well."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn
from docxtpl import DocxTemplate
from jinja2 import Environment, StrictUndefined

from defense.domain.document_kinds import DocumentKind
from defense.services.documents.samples import sample_content
from tests.office import convert, pages_of
from tools.document_templates.__main__ import FOLDER, TEMPLATES, write_templates

LISTS = {
    DocumentKind.TIMETABLE: 1,
    DocumentKind.ATTENDANCE: 2,
    DocumentKind.SUMMARY: 1,
    DocumentKind.MINUTES: 2,
    DocumentKind.PUBLIC_LIST: 1,
    DocumentKind.INCIDENTS: 1,
}
"""How many tables of a kind go on over pages."""


def filled(kind: DocumentKind, content: dict[str, object], path: Path) -> Path:
    """A document made from the default template; a name that is nowhere in the content is an error."""
    template = DocxTemplate(FOLDER / f"{kind.value}.docx")
    template.render(content, jinja_env=Environment(undefined=StrictUndefined, autoescape=True))
    template.save(path)
    return path


def parts_of(path: Path) -> dict[str, bytes]:
    """What is written in a Word file: its text, its foot and its styles."""
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist() if name.startswith("word/")}


def test_there_is_one_for_every_kind() -> None:
    assert set(TEMPLATES) == {kind.value for kind in DocumentKind}


def test_the_script_gives_the_committed_files(tmp_path: Path) -> None:
    write_templates(tmp_path)
    for kind in DocumentKind:
        name = f"{kind.value}.docx"
        assert parts_of(tmp_path / name) == parts_of(FOLDER / name), f"make document-templates: {name}"


@pytest.mark.parametrize("kind", DocumentKind)
def test_it_is_filled_with_its_sample(kind: DocumentKind, tmp_path: Path) -> None:
    content = sample_content(kind)
    document = Document(str(filled(kind, content, tmp_path / "made.docx")))
    text = "".join(node.text or "" for node in document.element.body.iter(qn("w:t")))
    assert "{" not in text
    assert "None" not in text
    assert content["round"]["name"] in text or kind.value.startswith(("publicity", "recommendation"))
    assert content.get("name", "阿") in text
    assert "NUMPAGES" in parts_of(tmp_path / "made.docx")["word/footer1.xml"].decode()


@pytest.mark.parametrize("kind", LISTS)
def test_long_tables_repeat_their_head_and_break_no_row(kind: DocumentKind) -> None:
    document = Document(str(FOLDER / f"{kind.value}.docx"))
    heads = [table for table in document.tables if table._tbl.findall(f".//{qn('w:tblHeader')}")]
    assert len(heads) >= LISTS[kind]
    for table in heads:
        first, *_others = table.rows
        assert first._tr.find(f".//{qn('w:tblHeader')}") is not None
    for table in document.tables:
        for row in table.rows:
            steers = "{%tr" in row.cells[0].text
            assert steers or row._tr.find(f".//{qn('w:cantSplit')}") is not None


def test_what_a_person_wrote_cannot_break_the_file(tmp_path: Path) -> None:
    content = sample_content(DocumentKind.PUBLICITY)
    content["name"] = "古丽·<w:p>&“{{ 7*7 }}”"
    content["achievement_text"] = "第一行\n第二行 <b>"
    document = Document(str(filled(DocumentKind.PUBLICITY, content, tmp_path / "made.docx")))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "古丽·<w:p>&“{{ 7*7 }}”同志" in text
    assert "第一行\n第二行 <b>" in text


def test_blank_lines_stand_where_the_record_has_nothing(tmp_path: Path) -> None:
    content = sample_content(DocumentKind.PUBLICITY) | {
        "political_conditions": "",
        "supervision_phone": "",
        "objection_office": "",
    }
    document = Document(str(filled(DocumentKind.PUBLICITY, content, tmp_path / "made.docx")))
    ruled = [p for p in document.paragraphs if p._p.find(f".//{qn('w:pBdr')}") is not None]
    assert len(ruled) == 3
    assert "监督电话：＿＿＿＿＿＿＿＿。" in "".join(p.text for p in document.paragraphs)


def test_twenty_candidates_have_twenty_ballot_papers_of_a_page(tmp_path: Path) -> None:
    content = sample_content(DocumentKind.BALLOT_PAPERS)
    longest = content["papers"][1] | {"unit": "新疆维吾尔自治区" * 5, "name": "阿卜杜热合曼·阿卜杜克热木"}
    content["papers"] = [longest | {"order": order} for order in range(1, 21)]
    filled(DocumentKind.BALLOT_PAPERS, content, tmp_path / "papers.docx")
    convert("pdf", [tmp_path / "papers.docx"], tmp_path)
    pages = pages_of(tmp_path / "papers.pdf")
    assert len(pages) == 20
    assert all(page.count("本票按有表决权") == 1 for page in pages)
