"""What each kind of document says, as plain values for a template: formatted in Chinese, nothing secret.

Nothing here shows how a member voted, and nothing of a ballot that is open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from defense.domain.document_kinds import KINDS, DocumentKind, Subject
from defense.domain.errors import NotFound
from defense.domain.text import Text
from defense.models import Application, Round, Sitting
from defense.models.types import MAX_ROW_ID
from defense.services.documents.attendance import attendance_content
from defense.services.documents.ballots import ballot_papers_content
from defense.services.documents.filing import outcome_content, publicity_content, recommendation_content
from defense.services.documents.incidents import incidents_content
from defense.services.documents.minutes import minutes_content
from defense.services.documents.public_list import public_list_content
from defense.services.documents.records import defence_records_content
from defense.services.documents.summary import summary_content
from defense.services.documents.timetable import timetable_content

Row = TypeVar("Row")

_OF_SITTING: dict[DocumentKind, Callable[[Session, Sitting], dict[str, Any]]] = {
    DocumentKind.ATTENDANCE: attendance_content,
    DocumentKind.BALLOT_PAPERS: ballot_papers_content,
    DocumentKind.DEFENCE_RECORDS: defence_records_content,
    DocumentKind.MINUTES: minutes_content,
}
_OF_ROUND: dict[DocumentKind, Callable[[Session, Round], dict[str, Any]]] = {
    DocumentKind.TIMETABLE: timetable_content,
    DocumentKind.SUMMARY: summary_content,
    DocumentKind.PUBLIC_LIST: public_list_content,
    DocumentKind.INCIDENTS: incidents_content,
}


def content_of(
    session: Session, kind: DocumentKind, subject_id: int, *, whole_id_number: bool = False
) -> dict[str, Any]:
    """The content of one document as it stands.

    Parameters
    ----------
    subject_id : of an application, a sitting or a round, as `KINDS` says.
    whole_id_number : for 附件1 alone; the caller has checked the right to it and written it down.

    Returns
    -------
    dict[str, Any]
        Strings, whole numbers, truth values, lists and dicts of them, of the shape of
        `samples.sample_content`.

    Raises
    ------
    NotFound
        There is no such application, sitting or round.
    DocumentRefused
        It may not be written as things stand: why, and the way out.
    """
    subject = KINDS[kind].subject
    if subject is Subject.SITTING:
        sitting = _found(session.get(Sitting, _id(subject_id)))
        if sitting.cancelled:
            raise _not_found()
        return _OF_SITTING[kind](session, sitting)
    if subject is Subject.ROUND:
        return _OF_ROUND[kind](session, _found(session.get(Round, _id(subject_id))))
    application = _found(session.get(Application, _id(subject_id)))
    if kind is DocumentKind.PUBLICITY:
        return publicity_content(application, whole_id_number)
    if kind is DocumentKind.PUBLICITY_OUTCOME:
        return outcome_content(application)
    return recommendation_content(application)


def _found(row: Row | None) -> Row:
    if row is None:
        raise _not_found()
    return row


def _id(subject_id: int) -> int:
    """A number that the database can hold."""
    return subject_id if abs(subject_id) <= MAX_ROW_ID else 0


def _not_found() -> NotFound:
    return NotFound(
        Text(
            "没有这份文书所属的申报、场次或批次。",
            "There is no such application, sitting or round for a document.",
        )
    )
