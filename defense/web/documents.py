"""The documents of a round: writing them, and the Word templates they are made from.

A document that leaves the house is a disclosure: it goes by POST and is in the audit log first. The Word
files are made beside the event loop, since a hundred of them take seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import gevent
from flask import Blueprint, Response, abort, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from defense.auth import access, own_transaction, require_principal
from defense.domain.document_kinds import KINDS, DocumentKind, DocumentRefused, Subject
from defense.domain.errors import IllegalState, InvalidInput, NotFound
from defense.domain.text import Text
from defense.extensions import db
from defense.models import Application, Round
from defense.services.access import Role
from defense.services.documents.templates import (
    DOCX,
    FILTERS,
    MAX_TEMPLATE_BYTES,
    MOST_VERSIONS,
    TriedTemplate,
    field_names,
    find_templates,
    keep_template,
    list_templates,
    template_file,
    tried,
    use_template,
)
from defense.services.documents.writing import (
    Draft,
    NotWritten,
    draft_document,
    draft_round,
    record_documents,
    subjects_of,
    zip_documents,
)
from defense.services.keeping.personal import allow_file
from defense.services.transaction import begin_snapshot, begin_write
from defense.web.aside import run_aside
from defense.web.document_prints import require_of_round, require_reader
from defense.web.rounds import round_or_404

pages = Blueprint("documents", __name__, url_prefix="/rounds/<code>/documents")


@pages.get("")
@access(Role.STAFF, Role.SUPERVISOR)
def index(code: str) -> ResponseReturnValue:
    """Every kind: how many there would be, and which template it is made from."""
    round_ = round_or_404(code)
    return render_template(
        "documents/index.html",
        round=round_,
        kinds=list_templates(db.session(), round_),
        subjects={kind: len(subjects_of(db.session(), round_, kind)) for kind in KINDS},
        subject_of={kind: words.subject for kind, words in KINDS.items()},
    )


@pages.get("/<document_kind>")
@access(Role.STAFF, Role.SUPERVISOR)
def show(code: str, document_kind: str) -> ResponseReturnValue:
    """One kind: writing one by number, its template's versions, and what a template may name."""
    return _page(code, _kind_or_404(document_kind))


@pages.post("/<document_kind>/<int:subject_id>/document.docx")
@access(Role.STAFF, Role.SUPERVISOR, Role.SECRETARY)
@own_transaction
def write(code: str, document_kind: str, subject_id: int) -> Response:
    """One document as a Word file."""
    kind = _kind_or_404(document_kind)
    begin_snapshot(db.session())
    round_ = round_or_404(code)
    require_reader(require_principal(), kind, subject_id)
    require_of_round(round_, kind, subject_id)
    return _one(code, kind, subject_id)


@pages.post("/<document_kind>/document.docx")
@access(Role.STAFF, Role.SUPERVISOR)
@own_transaction
def write_by_number(code: str, document_kind: str) -> Response:
    """One document about the application whose number was typed in."""
    kind = _kind_or_404(document_kind)
    begin_snapshot(db.session())
    number = "".join(request.form.get("number", "").split())
    wanted = db.select(Application.id).where(
        Application.round_id == round_or_404(code).id, Application.number == number
    )
    found = db.session.scalar(wanted)
    if found is None or KINDS[kind].subject is not Subject.APPLICATION:
        raise NotFound(
            Text(
                f"本批次没有申报编号“{number}”：请核对后重新填写。",
                f"The round has no application “{number}”: check the number.",
            )
        )
    return _one(code, kind, found)


@pages.post("/documents.zip")
@access(Role.STAFF, Role.SUPERVISOR)
@own_transaction
def write_round(code: str) -> Response:
    """All documents of the kinds that were ticked, as a zip file that is sent as it is made."""
    kinds = [kind for kind in KINDS if kind.value in request.form.getlist("kind")]
    if not kinds:
        raise InvalidInput(Text("请至少选择一种文书。", "Choose at least one kind of document."))
    detail, is_whole = _allowed(DocumentKind.PUBLICITY in kinds)
    begin_snapshot(db.session())
    drafts = draft_round(db.session(), round_or_404(code), kinds, _breathe, whole_id_number=is_whole)
    found: list[Draft | NotWritten] = list(drafts)
    counts = {"documents": sum(isinstance(item, Draft) for item in found), "kinds": [k.value for k in kinds]}
    _record(code, detail | counts, None)
    answer = Response(_streamed(found), mimetype="application/zip")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{code}-文书.zip")
    return answer


@pages.get("/<document_kind>/template.docx")
@access(Role.STAFF, Role.SUPERVISOR)
def template(code: str, document_kind: str) -> Response:
    """A version of the template, without one the version in use; nobody's data is in it."""
    kind = _kind_or_404(document_kind)
    data = template_file(db.session(), round_or_404(code), kind, request.args.get("version", type=int))
    return _docx(data, f"模板-{KINDS[kind].title.zh}")


@pages.get("/<document_kind>/specimen.docx")
@access(Role.STAFF, Role.SUPERVISOR)
@own_transaction
def specimen(code: str, document_kind: str) -> Response:
    """What a kept version makes of invented data."""
    kind = _kind_or_404(document_kind)
    data = template_file(db.session(), round_or_404(code), kind, request.args.get("version", type=int))
    db.session.rollback()
    return _specimen(tried(kind, data))


@pages.post("/<document_kind>/specimen.docx")
@access(Role.STAFF)
@own_transaction
def specimen_of_file(code: str, document_kind: str) -> ResponseReturnValue:
    """What a file would make of invented data, before it is anybody's template; nothing is kept."""
    kind = _kind_or_404(document_kind)
    round_or_404(code)
    try:
        data = _uploaded()
        db.session.rollback()
        return _specimen(tried(kind, data))
    except InvalidInput as error:
        return _page(code, kind, error.text), 422


@pages.post("/<document_kind>/template")
@access(Role.STAFF)
@own_transaction
def upload(code: str, document_kind: str) -> ResponseReturnValue:
    """Take another template; it is tried first."""
    kind, note = _kind_or_404(document_kind), request.form.get("note", "")
    round_or_404(code)
    try:
        data = _uploaded()
        db.session.rollback()
        template = tried(kind, data)
        begin_write(db.session())
        keep_template(db.session(), round_or_404(code), template, note, require_principal().account_id)
    except InvalidInput as error:
        db.session.rollback()
        return _page(code, kind, error.text), 422
    db.session.commit()
    flash(_("The template is in use. Documents that are written from now on are made from it."), "success")
    return redirect(url_for("documents.show", code=code, document_kind=kind.value))


@pages.post("/<document_kind>/use")
@access(Role.STAFF)
def use(code: str, document_kind: str) -> ResponseReturnValue:
    """Put an older version, or the shipped template, in use again."""
    kind, version = _kind_or_404(document_kind), request.form.get("version", -1, type=int)
    use_template(db.session(), round_or_404(code), kind, version, require_principal().account_id)
    db.session.commit()
    flash(_("The template is in use. Documents that are written from now on are made from it."), "success")
    return redirect(url_for("documents.show", code=code, document_kind=kind.value))


def _uploaded() -> bytes:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidInput(Text("请选择一个 .docx 文件。", "Choose a .docx file."))
    return file.stream.read(MAX_TEMPLATE_BYTES + 1)


def _specimen(template: TriedTemplate) -> Response:
    return _docx(template.specimen, f"样张-{KINDS[template.kind].title.zh}")


def _page(code: str, kind: DocumentKind, problem: Text | None = None) -> str:
    round_ = round_or_404(code)
    return render_template(
        "documents/show.html",
        round=round_,
        templates=find_templates(db.session(), round_, kind),
        subject=KINDS[kind].subject,
        fields=field_names(kind),
        filters=FILTERS,
        most_versions=MOST_VERSIONS,
        max_mb=MAX_TEMPLATE_BYTES // 1024**2,
        problem=problem,
    )


def _kind_or_404(value: str) -> DocumentKind:
    if value not in set(DocumentKind):
        abort(404)
    return DocumentKind(value)


def _one(code: str, kind: DocumentKind, subject_id: int) -> Response:
    detail, is_whole = _allowed(kind is DocumentKind.PUBLICITY)
    begin_snapshot(db.session())
    try:
        draft = draft_document(db.session(), round_or_404(code), kind, subject_id, whole_id_number=is_whole)
    except DocumentRefused as refused:
        raise IllegalState(refused.text) from refused
    data = _beside(draft)
    about = KINDS[kind].subject
    subject = None if about is Subject.ROUND else f"{about.value}:{subject_id}"
    _record(code, detail | {"kinds": [kind.value]}, subject)
    return _docx(data, draft.name)


def _allowed(has_id_numbers: bool) -> tuple[dict[str, Any], bool]:
    """The detail of the audit entry, and whether the ID number is to be whole, which asks for a reason."""
    if not (has_id_numbers and "whole" in request.form):
        return {}, False
    begin_snapshot(db.session())
    return allow_file(db.session(), require_principal().account_id, request.form.get("reason", "")), True


def _record(code: str, detail: dict[str, Any], subject: str | None) -> None:
    begin_write(db.session())
    round_: Round = round_or_404(code)
    record_documents(db.session(), round_, detail, subject, require_principal().account_id)
    db.session.commit()
    db.session.remove()


def _streamed(found: list[Draft | NotWritten]) -> Iterator[bytes]:
    yield from zip_documents(found, _beside)


def _beside(draft: Draft) -> bytes:
    return run_aside(draft.write)


def _docx(data: bytes, name: str) -> Response:
    return send_file(BytesIO(data), mimetype=DOCX, as_attachment=True, download_name=f"{name}.docx")


def _breathe() -> None:
    gevent.sleep(0)
