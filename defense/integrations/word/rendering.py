"""A document from a template and a content."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from docxtpl import DocxTemplate
from jinja2 import TemplateError, UndefinedError

from defense.domain.errors import InvalidInput
from defense.domain.text import Text
from defense.integrations.word.language import TemplateLanguage

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MAX_DOCUMENT_BYTES = 20 * 1024 * 1024
_LONGEST_PLACE = 60


def render_document(template: bytes, content: Mapping[str, Any]) -> bytes:
    """The bytes of the .docx.

    Parameters
    ----------
    template : a .docx that `check_template_file` let pass.
    content : plain values, as `services.documents.contents.content_of` gives them.

    Raises
    ------
    InvalidInput
        The template names what is not there, or has a mark that is not allowed or not closed: the place and
        the way out.
    """
    document = DocxTemplate(io.BytesIO(template))
    made = io.BytesIO()
    try:
        document.render(dict(content), TemplateLanguage())
        document.save(made)
    except TemplateError as error:
        raise _faulty(error) from None
    except Exception as error:  # what somebody else's file does to three libraries has no list
        raise _broken() from error
    if len(made.getbuffer()) > MAX_DOCUMENT_BYTES:
        limit = MAX_DOCUMENT_BYTES // 1024**2
        raise InvalidInput(
            Text(
                f"生成的文书超过 {limit} MB：请从模板中删除图片。",
                f"The document would be larger than {limit} MB: remove pictures from the template.",
            )
        )
    return made.getvalue()


def _faulty(error: TemplateError) -> InvalidInput:
    place = _place_of(error)
    if isinstance(error, UndefinedError):
        found = re.findall(r"'([^']{1,80})'", error.message or "")
        word = found[-1] if found else "?"
        return InvalidInput(
            Text(
                f"模板中的“{word}”不是本文书可用的字段{place[0]}：请对照字段表修改后重新上传。",
                f"“{word}” in the template is no field of this document{place[1]}: compare it with the list "
                "of fields and upload it again.",
            )
        )
    if (error.message or "").startswith("not allowed"):
        return InvalidInput(
            Text(
                f"模板中用了不允许的写法{place[0]}：只能使用字段、if、for 和字段表下列出的过滤器；"
                "循环内只能再循环该行自己的列表。",
                f"The template has something that is not allowed{place[1]}: only fields, if, for and the "
                "filters below the list of fields; a loop within a loop goes over a list of its own row.",
            )
        )
    return InvalidInput(
        Text(
            f"模板中的标记不完整或写错{place[0]}：请检查 {{{{ }}}} 和 {{% %}} 是否成对、"
            "是否有对应的 endfor、endif。",
            f"A mark in the template is wrong or not closed{place[1]}: look whether every {{{{ }}}} and "
            "{% %} is closed and every for and if has its end.",
        )
    )


def _place_of(error: TemplateError) -> tuple[str, str]:
    """Text near the fault, in both languages; nothing where none is known."""
    near = " ".join("".join(getattr(error, "docx_context", ())).split())
    if not near:
        return "", ""
    marked = re.search(r"\{[{%].*", near)
    shown = (marked[0] if marked else near)[:_LONGEST_PLACE]
    return f"（位置：“{shown}”附近）", f" (near “{shown}”)"


def _broken() -> InvalidInput:
    return InvalidInput(
        Text(
            "用该模板无法生成文书：{%tr %} 之类的标记须独占一行表格，段落标记 {%p %} 须独占一段。"
            "请修改后重新上传。",
            "No document can be made with this template: marks such as {%tr %} stand alone in a table row, "
            "{%p %} alone in a paragraph. Change it and upload it again.",
        )
    )
