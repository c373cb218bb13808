"""What staff decide about a record that changed at the platform while people rely on it here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState, InvalidInput, NotFound
from defense.domain.record_json import record_from_json
from defense.domain.text import Text
from defense.models import Application, Round, UpstreamDifference, UpstreamFault, UpstreamHold
from defense.services.audit import record_audit
from defense.services.imports.merging import ApplicationMerger
from defense.services.paging import place_page
from defense.services.records.rulings import override_validity
from defense.services.records.words import FIELD_TEXT, FieldChange, changes_between
from defense.services.upstream.taking import APPROVED

MAX_REASON = 500
PAGE_SIZE = 50
"""Differences, and faults, on a page."""
STATUS_TEXT = {
    "approved": Text("内容变动", "changed"),
    "returned": Text("退回修改", "returned for correction"),
    "withdrawn": Text("已撤回", "withdrawn"),
}


@dataclass(frozen=True)
class OpenDifference:
    """A difference with what it would change."""

    difference: UpstreamDifference
    changes: tuple[FieldChange, ...]
    frozen: Text | None
    """Why it cannot be accepted any more; None while it can."""

    @property
    def is_of_another_person(self) -> bool:
        """Whether the ID number differs: a number may have been given anew."""
        ours, theirs = self.difference.application.record_json, self.difference.record_json
        return bool(ours["id_number"] != theirs["id_number"])


@dataclass(frozen=True)
class PlatformPage:
    """Some of what waits for staff, and some of what cannot be taken in; each list has pages of its own."""

    differences: tuple[OpenDifference, ...]
    differences_total: int
    page: int
    """From 1."""
    pages: int
    faults: tuple[UpstreamFault, ...]
    faults_total: int
    faults_page: int
    faults_pages: int


def platform_page(session: Session, round_: Round, page: int, faults_page: int) -> PlatformPage:
    """One page of both lists; a page that is not there becomes the nearest."""
    totals = [
        session.scalar(select(func.count()).select_from(query.subquery())) or 0
        for query in (_differences_of(round_), _faults_of(round_))
    ]
    page, pages = place_page(page, totals[0], PAGE_SIZE)
    faults_page, faults_pages = place_page(faults_page, totals[1], PAGE_SIZE)
    rows = session.scalars(_differences_of(round_).offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE)).all()
    faults = session.scalars(_faults_of(round_).offset((faults_page - 1) * PAGE_SIZE).limit(PAGE_SIZE)).all()
    return PlatformPage(
        tuple(_compared(session, round_, rows)), totals[0], page, pages,
        tuple(faults), totals[1], faults_page, faults_pages,
    )  # fmt: skip


def open_differences(session: Session, round_: Round) -> list[OpenDifference]:
    """All that wait for staff, oldest first."""
    return _compared(session, round_, session.scalars(_differences_of(round_)).all())


def faults_of(session: Session, round_: Round) -> Sequence[UpstreamFault]:
    """Applications that could not be taken in, by number."""
    return session.scalars(_faults_of(round_)).all()


def _differences_of(round_: Round) -> Select[UpstreamDifference]:
    return (
        select(UpstreamDifference)
        .join(Application)
        .where(Application.round_id == round_.id, UpstreamDifference.settled_as.is_(None))
        .order_by(UpstreamDifference.noticed_at, UpstreamDifference.id)
    )


def _faults_of(round_: Round) -> Select[UpstreamFault]:
    return select(UpstreamFault).where(UpstreamFault.round_id == round_.id).order_by(UpstreamFault.number)


def _compared(session: Session, round_: Round, rows: Sequence[UpstreamDifference]) -> list[OpenDifference]:
    merger = _merger(session, round_, [row.application for row in rows])
    return [
        OpenDifference(
            row,
            tuple(changes_between(row.application.record_json, row.record_json)),
            _frozen(merger, row),
        )
        for row in rows
    ]


def accept_difference(
    session: Session, round_: Round, difference_id: int, reason: str, now: datetime, account_id: int
) -> bool:
    """Let the platform's version hold; False when it was settled already.

    A returned or withdrawn application becomes not valid, with the reason, as by a ruling of staff.

    Raises
    ------
    IllegalState
        A defence has begun, and what would change is what it rests on.
    InvalidInput
        No reason.
    NotFound
        The round has no such difference.
    """
    difference, reason = _held(session, round_, difference_id), _reason(reason)
    if difference.settled_as is not None:
        return False
    application = difference.application
    if difference.status == APPROVED:
        merger = _merger(session, round_, [application])
        if frozen := _frozen(merger, difference):
            raise IllegalState(frozen)
        merger.write(record_from_json(difference.record_json), account_id)
    else:
        override_validity(session, application, False, reason, account_id)
    _settle(session, difference, "accepted", reason, now, account_id)
    return True


def keep_ours(
    session: Session, round_: Round, difference_id: int, reason: str, now: datetime, account_id: int
) -> bool:
    """Let what is held here stand against the platform's version; raises as `accept_difference` does."""
    difference, reason = _held(session, round_, difference_id), _reason(reason)
    if difference.settled_as is not None:
        return False
    _settle(session, difference, "kept", reason, now, account_id)
    return True


def _settle(
    session: Session,
    difference: UpstreamDifference,
    settled_as: str,
    reason: str,
    now: datetime,
    account_id: int,
) -> None:
    difference.settled_as, difference.settled_at = settled_as, now
    difference.settled_by_id, difference.reason = account_id, reason
    hold = session.get_one(UpstreamHold, difference.application_id)
    hold.etag, hold.is_different = difference.etag, False
    detail = {"decision": settled_as, "reason": reason, "status": difference.status}
    record_audit(session, "upstream.settled", f"application:{difference.application_id}", detail, account_id)


def _held(session: Session, round_: Round, difference_id: int) -> UpstreamDifference:
    """Locked, so that two clerks cannot decide it twice."""
    difference = session.get(UpstreamDifference, difference_id, with_for_update=True, populate_existing=True)
    if difference is None or difference.application.round_id != round_.id:
        raise NotFound(Text("没有这项差异。", "There is no such difference."))
    return difference


def _merger(session: Session, round_: Round, applications: Sequence[Application]) -> ApplicationMerger:
    return ApplicationMerger(session, round_, True, {application.number for application in applications})


def _frozen(merger: ApplicationMerger, difference: UpstreamDifference) -> Text | None:
    if difference.status != APPROVED:
        return None
    record = record_from_json(difference.record_json)
    names = merger.frozen_fields(record, merger.changed_fields(record) or ())
    if not names:
        return None
    zh, en = ("、".join(FIELD_TEXT[n].zh for n in names), ", ".join(FIELD_TEXT[n].en for n in names))
    return Text(
        f"答辩已开始，不能再改：{zh}。请保留本系统内容，并与平台核对。",
        f"the defence has begun, so this cannot change any more: {en}. Keep ours, and clear it up with the "
        "platform.",
    )


def _reason(reason: str) -> str:
    reason = reason.strip()
    if not 0 < len(reason) <= MAX_REASON:
        raise InvalidInput(
            Text(f"请填写理由（最多{MAX_REASON}字）。", f"Give a reason of at most {MAX_REASON} characters.")
        )
    return reason
