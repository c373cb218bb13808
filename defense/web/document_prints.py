"""Documents in the browser, laid out to be printed: the same contents as the Word files.

Looking changes nothing and tells no more than these people see on other pages, so it is not written down; a
whole ID number is never on a page.
"""

from __future__ import annotations

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue

from defense.auth import access, require_principal
from defense.domain.document_kinds import KINDS, DocumentKind, DocumentRefused, Subject
from defense.domain.errors import Forbidden, IllegalState
from defense.domain.text import Text
from defense.extensions import db
from defense.models import Application, Round, Sitting
from defense.models.types import MAX_ROW_ID
from defense.services.access import Principal, Role
from defense.services.documents.contents import content_of
from defense.services.room.sittings import require_watcher
from defense.services.transaction import begin_snapshot
from defense.web.rounds import round_or_404

pages = Blueprint("document_prints", __name__, url_prefix="/rounds/<code>/documents")

WIDE = frozenset(
    {
        DocumentKind.TIMETABLE,
        DocumentKind.ATTENDANCE,
        DocumentKind.SUMMARY,
        DocumentKind.PUBLIC_LIST,
        DocumentKind.INCIDENTS,
    }
)
"""On paper turned on its side."""


@pages.get("/<document_kind>/<int:subject_id>/print")
@access(Role.SECRETARY, Role.STAFF, Role.SUPERVISOR)
def show(code: str, document_kind: str, subject_id: int) -> ResponseReturnValue:
    """One document as it stands; a secretary's own sittings, everything for staff and supervisors."""
    if document_kind not in set(DocumentKind):
        abort(404)
    kind = DocumentKind(document_kind)
    begin_snapshot(db.session())
    round_ = round_or_404(code)
    require_reader(require_principal(), kind, subject_id)
    require_of_round(round_, kind, subject_id)
    try:
        content = content_of(db.session(), kind, subject_id)
    except DocumentRefused as refused:
        raise IllegalState(refused.text) from refused
    return render_template(
        f"documents/{kind.value}.html",
        round=round_,
        words=KINDS[kind],
        content=content,
        wide=kind in WIDE,
        back=_back(round_, kind, subject_id),
        word=url_for("documents.write", code=code, document_kind=kind.value, subject_id=subject_id),
    )


def papers_of(thing: Application | Sitting) -> list[tuple[Text, str]]:
    """The papers about an application or a sitting by name, and where each is laid out for printing."""
    subject = Subject.SITTING if isinstance(thing, Sitting) else Subject.APPLICATION
    code = db.session.get_one(Round, thing.round_id).code
    return [
        (
            words.title,
            url_for("document_prints.show", code=code, document_kind=kind.value, subject_id=thing.id),
        )
        for kind, words in KINDS.items()
        if words.subject is subject
    ]


def require_reader(principal: Principal, kind: DocumentKind, subject_id: int) -> None:
    """Staff and supervisors read every paper, a secretary those of the own panel's sittings."""
    if KINDS[kind].subject is Subject.SITTING:
        require_watcher(db.session(), principal, subject_id)
    elif principal.role is Role.SECRETARY:
        raise Forbidden(
            Text(
                "这份文书由工作人员或监督员办理；秘书可以打印本组场次的文书。",
                "Staff and supervisors have this document; a secretary prints those of the own sittings.",
            )
        )


def require_of_round(round_: Round, kind: DocumentKind, subject_id: int) -> None:
    """404 for what belongs to another round than the address says, or to none."""
    if abs(subject_id) > MAX_ROW_ID or _round_id(kind, subject_id) != round_.id:
        abort(404)


def _round_id(kind: DocumentKind, subject_id: int) -> int | None:
    subject = KINDS[kind].subject
    if subject is Subject.ROUND:
        return subject_id
    if subject is Subject.SITTING:
        sitting = db.session.get(Sitting, subject_id)
        return sitting.round_id if sitting else None
    application = db.session.get(Application, subject_id)
    return application.round_id if application else None


def _back(round_: Round, kind: DocumentKind, subject_id: int) -> str:
    """The page that the document is about."""
    subject = KINDS[kind].subject
    if subject is Subject.APPLICATION:
        return url_for("applications.show", application_id=subject_id)
    if subject is Subject.SITTING:
        return url_for("sittings.show", sitting_id=subject_id)
    endpoint = "schedule.index" if kind is DocumentKind.TIMETABLE else "results.index"
    return url_for(endpoint, code=round_.code)
