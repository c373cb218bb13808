"""Deleting a round's personal data, step by step, each in a transaction of its own and good to be done again.

What remains is the evidence of the votes: application numbers, series, levels, attempts, counted ballots,
tallies, the audit log and the seals, which verify as before. Names of experts and of the office stay with
the votes and acts that they answer for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, or_, select, update
from sqlalchemy.orm import Session

from defense.domain.application import ApplicationRecord
from defense.domain.record_json import record_to_json
from defense.domain.record_parts import Publicity
from defense.domain.vocabulary import Affiliation, Level
from defense.models import (
    AccessLink,
    Account,
    Application,
    ApplicationFinding,
    CandidateWish,
    DeclaredRecusal,
    Expert,
    ExpertAbsence,
    Feed,
    ImportBatch,
    Invite,
    InviteReply,
    Meeting,
    NamedAttendee,
    OutboxMessage,
    Panel,
    ReceivedMail,
    Round,
    Ruling,
    Schedule,
    SignIn,
    SolveRun,
    UnplacedCandidate,
    UpstreamDelivery,
    UpstreamDifference,
    UpstreamFault,
)
from defense.models.types import utc_now
from defense.services.room.presence import hang_up_on

CHUNK = 200
"""Applications in one transaction: writers wait for it."""

ERASED_TABLES = {
    "access_link": "deleted",
    "account": "candidates: name becomes the number; candidates and experts can sign in no more",
    "application": "name becomes the number; unit and record emptied",
    "candidate_wish": "deleted",
    "declared_recusal": "the reason is emptied",
    "finding": "deleted",
    "expert": "telephone, e-mail and times are emptied",
    "expert_absence": "deleted",
    "feed": "deleted",
    "import_batch": "workbook, file name and rows are emptied",
    "invite": "deleted",
    "invite_reply": "deleted",
    "meeting": "addresses are emptied",
    "named_attendee": "deleted",
    "outbox_message": "deleted",
    "panel": "addresses of the conference room are emptied",
    "received_mail": "deleted, and the excerpts of those that no rule could file",
    "ruling": "name and numbers within the reason become the application number",
    "sign_in": "deleted",
    "solve_run": "what an explanation says is emptied",
    "unplaced_candidate": "the reason is emptied",
    "upstream_delivery": "deleted",
    "upstream_difference": "deleted",
    "upstream_fault": "deleted",
}
KEPT_TABLES = {
    "audit_entry": "evidence; holds no whole value, and cannot be changed",
    "audit_head": "evidence",
    "ballot": "evidence; of secret ballots nobody knows whose",
    "ballot_envelope": "empty once a round of voting is closed",
    "ballot_round": "evidence",
    "calendar_object": "names a panel, no person",
    "defence": "evidence, by application",
    "disconnection": "ids of accounts",
    "document_template": "Word files of the office, checked to name fields and not persons",
    "mail_domain": "names mail servers",
    "notice_wording": "words of letters, without persons",
    "panel_half_day": "times",
    "panel_member": "which expert sat where",
    "presence": "ids of accounts",
    "reopening": "evidence, which the database itself guards; the reason is in the audit log too",
    "retention_export": "digests of archives",
    "room_process": "ids of processes",
    "round": "rules and dates",
    "round_erasure": "who confirmed",
    "schedule": "numbers of rows and names of experts",
    "scheduled_slot": "times, by application",
    "seal": "evidence; by application number",
    "sitting": "times and panels",
    "sitting_member": "which expert sat where",
    "upstream_feed": "a cursor and counts",
    "upstream_hold": "marks of versions, by application",
    "voter": "evidence",
}
"""Why nothing in them is to be deleted. `tests/unit` holds that every table is in one of the two lists."""


def reduced_record(application: Application) -> dict[str, Any]:
    """What is left of a record: number, series, specialty and level, and whether it was reviewed and paid."""
    old = application.record_json
    try:
        submitted_at = datetime.fromisoformat(str(old.get("submitted_at")))
    except ValueError:
        submitted_at = datetime(1970, 1, 1, tzinfo=UTC)
    return record_to_json(
        ApplicationRecord(
            number=application.number,
            name=application.number,
            gender="",
            id_number="",
            phone="",
            email="",
            unit="",
            prefecture="",
            affiliation=Affiliation.OTHER,
            series=application.series,
            specialty=application.specialty,
            level=Level(application.level),
            submitted_at=submitted_at,
            submission_count=int(old.get("submission_count", 1)),
            formal_review_passed=bool(old.get("formal_review_passed")),
            fee_paid=application.fee_paid,
            present_title="",
            present_title_in_xinjiang=False,
            moved_from_government=False,
            work_summary="",
            achievements="",
            publicity=Publicity(None, None, False),
            aid_posting=None,
            in_fanghuiju=False,
            works="",
            attachments=(),
            trainings=(),
            appraisals=(),
        )
    )


def erase_letters(session: Session, round_: Round) -> None:
    """Invites, answers, letters, personal links, sign-ins and feeds of everybody in the round."""
    invites = select(Invite.id).where(Invite.round_id == round_.id)
    accounts = _accounts(round_)
    links = select(AccessLink.id).where(
        or_(AccessLink.invite_id.in_(invites), AccessLink.account_id.in_(accounts))
    )
    came_in = or_(SignIn.link_id.in_(links), SignIn.account_id.in_(accounts))
    for sign_in in session.scalars(select(SignIn).where(came_in, SignIn.ended_at.is_(None))).all():
        hang_up_on(session, sign_in.account_id, sign_in.id)
    session.execute(delete(SignIn).where(came_in).execution_options(synchronize_session=False))
    _delete(session, InviteReply, InviteReply.invite_id.in_(invites))
    _delete(session, OutboxMessage, OutboxMessage.round_id == round_.id)
    _delete(session, ReceivedMail, ReceivedMail.invite_id.in_(invites))
    _delete(session, AccessLink, AccessLink.id.in_(links))
    panels = select(Panel.id).where(Panel.round_id == round_.id)
    _delete(session, Feed, or_(Feed.account_id.in_(accounts), Feed.panel_id.in_(panels)))
    _delete(session, Invite, Invite.round_id == round_.id)
    # Of a mail that no rule could file nobody knows the round: what came in while this one ran may be of it.
    unfiled = ReceivedMail.received_at <= (round_.results_released_at or utc_now())
    session.execute(
        update(ReceivedMail)
        .where(ReceivedMail.invite_id.is_(None), unfiled, ReceivedMail.received_at >= round_.created_at)
        .values(excerpt="")
    )


def erase_workbooks(session: Session, round_: Round) -> None:
    """Uploaded workbooks, and what was found in their rows."""
    for batch in session.scalars(select(ImportBatch).where(ImportBatch.round_id == round_.id)):
        batch.data, batch.filename = b"", ""
        batch.report = {**batch.report, "errors": [], "changes": [], "warnings": []}


def erase_experts(session: Session, round_: Round) -> None:
    """Contact data and times of experts; another round that has the same person keeps its own row of them."""
    experts = select(Expert.id).where(Expert.round_id == round_.id)
    _delete(session, ExpertAbsence, ExpertAbsence.expert_id.in_(experts))
    values = {"phone": "", "email": "", "unavailable_json": []}
    session.execute(update(Expert).where(Expert.round_id == round_.id).values(values))
    session.execute(update(Account).where(Account.expert_id.in_(experts)).values(active=False))


def erase_meetings(session: Session, round_: Round) -> None:
    """Addresses and passwords of video meetings."""
    session.execute(update(Meeting).where(Meeting.round_id == round_.id).values(sealed=None, last_words=None))
    empty = {"meeting_address": None, "meeting_number": None, "meeting_password": None}
    session.execute(update(Panel).where(Panel.round_id == round_.id).values(empty))


def erase_plans(session: Session, round_: Round) -> None:
    """What the scheduler said about persons."""
    schedules = select(Schedule.id).where(Schedule.round_id == round_.id)
    session.execute(
        update(UnplacedCandidate)
        .where(UnplacedCandidate.schedule_id.in_(schedules))
        .values(reason={"zh": "", "en": ""})
    )
    session.execute(update(SolveRun).where(SolveRun.round_id == round_.id).values(result=None, error=None))


def erase_upstream(session: Session, round_: Round) -> None:
    """What the platform was told, and what it said that cannot be read."""
    _delete(session, UpstreamDelivery, UpstreamDelivery.round_id == round_.id)
    _delete(session, UpstreamFault, UpstreamFault.round_id == round_.id)


def erase_applications(session: Session, round_: Round) -> bool:
    """The next so many applications that still have a name; False when there is none."""
    named = (
        select(Application)
        .where(
            Application.round_id == round_.id,
            or_(Application.name != Application.number, Application.unit != ""),
        )
        .order_by(Application.id)
        .limit(CHUNK)
    )
    found = session.scalars(named).all()
    for application in found:
        _erase_application(session, application)
    return bool(found)


STEPS: tuple[Callable[[Session, Round], object], ...] = (
    erase_letters,
    erase_workbooks,
    erase_experts,
    erase_meetings,
    erase_plans,
    erase_upstream,
)
"""In this order, before the applications, which go chunk by chunk."""


def _erase_application(session: Session, application: Application) -> None:
    _scrub(session, application)
    id_ = application.id
    _delete(session, ApplicationFinding, ApplicationFinding.application_id == id_)
    _delete(session, UpstreamDifference, UpstreamDifference.application_id == id_)
    _delete(session, CandidateWish, CandidateWish.application_id == id_)
    _delete(session, NamedAttendee, NamedAttendee.application_id == id_)
    session.execute(update(DeclaredRecusal).where(DeclaredRecusal.application_id == id_).values(reason=""))
    session.execute(
        update(Account)
        .where(Account.application_id == id_)
        .values(display_name=application.number, username=None, password_hash=None, email="", active=False)
    )
    application.record_json = reduced_record(application)
    application.assessment_json = {**application.assessment_json, "findings": []}
    application.unit, application.name = "", application.number


def _scrub(session: Session, application: Application) -> None:
    """Reasons of rulings that staff typed: evidence, but not the person's name and numbers in them."""
    record = application.record_json
    values = [application.name, *(str(record.get(key) or "") for key in ("id_number", "phone", "email"))]
    rulings = select(Ruling).where(Ruling.application_id == application.id)
    for row in session.scalars(rulings):
        for value in filter(None, values):
            row.reason = row.reason.replace(value, application.number)


def _accounts(round_: Round) -> Select[int]:
    return select(Account.id).where(
        or_(
            Account.application_id.in_(select(Application.id).where(Application.round_id == round_.id)),
            Account.expert_id.in_(select(Expert.id).where(Expert.round_id == round_.id)),
        )
    )


def _delete(session: Session, table: type[Any], where: ColumnElement[bool]) -> None:
    session.execute(delete(table).where(where).execution_options(synchronize_session=False))
