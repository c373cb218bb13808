"""What may be a template and stand in one; all else is refused with the place and a way out."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import pytest
from docx import Document

from defense.domain.errors import InvalidInput
from defense.integrations.word import check_template_file, render_document, trial
from defense.integrations.word.trial import try_template

CONTENT = {
    "name": "古丽·<w:p>&“{{ 7*7 }}”\x0b",
    "rows": [{"n": 1, "parts": [1, 2]}],
    "others": [3],
    "empty": None,
}
FOREIGN = (
    '<Relationship Id="rX" Type="http://x/relationships/{kind}" Target="http://evil/x" TargetMode="{mode}"/>'
)
FIELD = (
    '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>{first}</w:instrText></w:r>'
    '<w:r><w:instrText>{second}</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    '<w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
)


def word_file(*paragraphs: str) -> bytes:
    document, stream = Document(), io.BytesIO()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    document.save(stream)
    return stream.getvalue()


def changed(data: bytes, part: str, change: Callable[[bytes], bytes], **more: bytes) -> bytes:
    """The file with one part changed, and others added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
        for name, content in more.items():
            new.writestr(name, content)
    return stream.getvalue()


_VERSION_20 = b"PK\x01\x02\x14\x03\x14"
"""How an entry of an archive's directory begins; the last byte says what it takes to unpack it."""


def _in_utf_7(part: bytes) -> bytes:
    return re.sub(rb"encoding=.UTF-8.", b'encoding="utf-7"', part)


def _with_many_marks(part: bytes) -> bytes:
    return part.replace("一".encode(), b"{%tr a%}" * 3_000)


def text_of(data: bytes) -> str:
    return "\n".join(paragraph.text for paragraph in Document(io.BytesIO(data)).paragraphs)


def test_a_plain_template_is_filled_and_names_cannot_break_it() -> None:
    template = word_file(
        "{{ name }}！{{ empty }}", "{%p for row in rows %}", "{{ loop.index }} {{ row.n }}", "{%p endfor %}"
    )
    check_template_file(template)
    assert text_of(render_document(template, CONTENT)) == "古丽·<w:p>&“{{ 7*7 }}”！\n1 1"


@pytest.mark.parametrize(
    "mark",
    [
        "{{ ''.__class__ }}",
        "{{ name.__class__.__mro__ }}",
        "{{ rows.append(1) }}",
        "{{ name.upper() }}",
        "{{ name|attr('__class__') }}",
        "{{ 'x' * 1000000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ range(1000000000) }}",
        "{{ self }}",
        "{{ lipsum() }}",
        "{% set x = rows %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% macro m() %}{% endmacro %}",
        "{% for a in rows %}{% for b in rows %}{% endfor %}{% endfor %}",
        "{% for a in rows %}{% for b in others %}{% for c in others %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in rows recursive %}{{ loop(a) }}{% endfor %}",
        "{% for a in [1,2,3] %}{% endfor %}",
    ],
)
def test_nothing_in_a_template_reaches_python_or_runs_without_end(mark: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        render_document(word_file(mark), CONTENT)
    assert refused.value.text.zh and refused.value.text.en


def test_loops_go_over_a_row_s_own_list_and_once_over_another() -> None:
    own = word_file("{% for a in rows %}{% for b in a.parts %}{{ b }}{% endfor %}{% endfor %}")
    other = word_file("{% for a in rows %}{% for b in others %}{{ b }}{% endfor %}{% endfor %}")
    assert (text_of(render_document(own, CONTENT)), text_of(render_document(other, CONTENT))) == ("12", "3")


@pytest.mark.parametrize(
    ("mark", "named"),
    [
        ("申报人：{{ nmae }}", "“nmae”"),
        ("{{ rows[0].unit }}", "“unit”"),
        ("{% if name %}是", "{% if name %}是"),
        ("{{ name", ""),
        ("{%p for row in rows %}", ""),
    ],
)
def test_a_wrong_mark_is_named_with_its_place(mark: str, named: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        render_document(word_file("第一段", mark), CONTENT)
    assert (
        named in refused.value.text.zh and "重新上传" in refused.value.text.zh
    ) or "endif" in refused.value.text.zh


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda data: b"x" * 3_000_000, "超过 2 MB"),
        (lambda data: bytes.fromhex("D0CF11E0A1B11AE1") + data, "旧版 .doc"),
        (lambda data: data[: len(data) // 2], "损坏"),
        (lambda data: changed(data, "", bytes, **{"word/vbaProject.bin": b"x"}), "含宏"),
        (lambda data: changed(data, "", bytes, **{"word/embeddings/a.xlsx": b"x"}), "嵌入"),
        (lambda data: changed(data, "", bytes, **{"word/media/big.bmp": bytes(17 << 20)}), "解压后过大"),
        (
            lambda data: changed(data, "", bytes, **{f"word/media/{i}": b"x" for i in range(200)}),
            "解压后过大",
        ),
        (
            lambda data: changed(
                data, "word/document.xml", lambda x: x.replace(b"?>", b'?><!DOCTYPE a [<!ENTITY b "c">]>', 1)
            ),
            "不安全",
        ),
        (lambda data: changed(data, "word/document.xml", lambda x: x[:-20]), "损坏"),
        (lambda data: changed(data, "word/document.xml", _in_utf_7), "损坏"),
        (lambda data: changed(data, "word/document.xml", _with_many_marks), "超过2000处"),
        (lambda data: data.replace(_VERSION_20, _VERSION_20[:-1] + b"\xff", 1), "损坏"),
    ],
    ids=[
        *("large", "ole", "cut", "macros", "embedded", "bomb", "parts", "entities", "xml"),
        *("coding", "marks", "version"),
    ],
)
def test_a_file_that_is_no_template_is_refused(spoil: Callable[[bytes], bytes], named: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_template_file(spoil(word_file("一")))
    assert named in refused.value.text.zh


@pytest.mark.parametrize(
    ("kind", "mode", "fine"),
    [
        ("hyperlink", "External", True),
        ("image", "External", False),
        ("attachedTemplate", "External", False),
        ("oleObject", "Internal", False),
        ("aFChunk", "Internal", False),
    ],
)
def test_nothing_is_fetched_when_somebody_opens_it(kind: str, mode: str, fine: bool) -> None:
    relation = FOREIGN.format(kind=kind, mode=mode).encode() + b"</Relationships>"
    data = changed(
        word_file("一"), "word/_rels/document.xml.rels", lambda x: x.replace(b"</Relationships>", relation)
    )
    if fine:
        check_template_file(data)
    else:
        with pytest.raises(InvalidInput, match="refers to"):
            check_template_file(data)


@pytest.mark.parametrize(
    ("first", "second", "fine"),
    [
        ("PAGE", "", True),
        (" NUMPAGES ", "\\* MERGEFORMAT", True),
        ("DDE", "AUTO cmd", False),
        ("INCLUDE", "TEXT x", False),
    ],
)
def test_fields_that_run_or_fetch_are_refused(first: str, second: str, fine: bool) -> None:
    field = FIELD.format(first=first, second=second).encode()
    data = changed(word_file("一"), "word/document.xml", lambda x: x.replace(b"</w:p>", field + b"</w:p>", 1))
    if fine:
        check_template_file(data)
    else:
        with pytest.raises(InvalidInput, match="cannot be in a template"):
            check_template_file(data)


@pytest.mark.parametrize(
    "mark",
    [
        "{% if name %}" * 120 + "{% endif %}" * 120,
        "{{ " + "+".join(["1"] * 3_000) + " }}",
        "{{ " + "(" * 300 + "1" + ")" * 300 + " }}",
        "{{ " + "not " * 2_000 + "1 }}",
        "{{ 1 is divisibleby 0 }}",
    ],
    ids=["ifs", "sum", "brackets", "nots", "division"],
)
def test_what_breaks_the_template_language_is_a_refusal(mark: str) -> None:
    with pytest.raises(InvalidInput):
        render_document(word_file(mark), CONTENT)


def test_a_template_is_tried_within_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    try_template(word_file("{{ name }}"), CONTENT)
    with pytest.raises(InvalidInput) as wrong:
        try_template(word_file("{{ nome }}"), CONTENT)
    assert "“nome”" in wrong.value.text.zh
    monkeypatch.setattr(trial, "LIMIT_S", 0.05)
    with pytest.raises(InvalidInput) as slow:
        try_template(word_file("{{ name }}"), CONTENT)
    assert "超过" in slow.value.text.zh
