"""Judging all applications of a round afresh by its rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.eligibility import Assessment, assess_eligibility
from defense.domain.record_json import record_from_json
from defense.domain.round_rules import RoundRules
from defense.domain.working_days import RememberingCalendar
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.models import Application, Defence, Round
from defense.services.audit import record_audit
from defense.services.keeping.retention import refuse_erased
from defense.services.records.assessing import keep_assessment
from defense.services.records.rulings import has_begun
from defense.services.transaction import begin_write

BATCH = 200
"""Applications judged between two breaths, and written in one transaction at most."""
_MOST_NAMED = 20


@dataclass(frozen=True)
class CheckSummary:
    """What a check came to."""

    assessed: int
    changed: int
    kept: int
    """Would be judged otherwise now, but keep what they have: their defence has begun."""


def check_applications(
    sessions: Callable[[], Session],
    round_id: int,
    account_id: int | None,
    breathe: Callable[[], object] = lambda: None,
) -> CheckSummary:
    """Judge every application of a round, and write what changed; audited.

    Called outside every transaction. Judging takes long and holds no lock; only what changed is judged again
    and written, in short transactions. Whoever imports meanwhile judges by the same rules.

    Parameters
    ----------
    account_id : who asked; None for a command.
    breathe : called between two batches, so that others in this process get their turn.

    Raises
    ------
    IllegalState
        The round's personal data was deleted: what is left of the records cannot be judged.
    """
    with sessions() as session:
        refuse_erased(session, session.get_one(Round, round_id))
        ids = session.scalars(
            select(Application.id).where(Application.round_id == round_id).order_by(Application.id)
        ).all()
    changed = kept = 0
    for first in range(0, len(ids), BATCH):
        differing = _differing(sessions, round_id, ids[first : first + BATCH])
        if differing:
            written, held = _write(sessions, round_id, differing, account_id)
            changed, kept = changed + written, kept + held
        breathe()
    summary = CheckSummary(len(ids), changed, kept)
    with sessions() as session:
        begin_write(session)
        detail = {"assessed": summary.assessed, "changed": changed, "kept": kept}
        record_audit(session, "applications.checked", f"round:{round_id}", detail, account_id)
        session.commit()
    return summary


def _differing(sessions: Callable[[], Session], round_id: int, ids: Sequence[int]) -> list[int]:
    """Those whose assessment would be another one now."""
    with sessions() as session:
        judge = _Judge(session.get_one(Round, round_id).rules)
        rows = session.execute(
            select(Application.id, Application.record_json, Application.assessment_json).where(
                Application.id.in_(ids)
            )
        )
        return [id_ for id_, record, assessment in rows if judge(record).to_json() != assessment]


def _write(
    sessions: Callable[[], Session], round_id: int, ids: Sequence[int], account_id: int | None
) -> tuple[int, int]:
    with sessions() as session:
        begin_write(session)
        round_ = session.get_one(Round, round_id)
        refuse_erased(session, round_)
        judge = _Judge(round_.rules)
        # Locked, so that nobody is called in between this look and the commit; defences before applications,
        # as imports and rulings lock them.
        defences = session.scalars(
            select(Defence).where(Defence.application_id.in_(ids)).order_by(Defence.id).with_for_update()
        )
        begun = {defence.application_id for defence in defences if has_begun((defence,))}
        rows = session.scalars(
            select(Application).where(Application.id.in_(ids)).order_by(Application.id).with_for_update()
        ).all()
        free = [application for application in rows if application.id not in begun]
        for application in free:
            keep_assessment(session, application, judge(application.record_json))
        if free:
            named = [application.number for application in free[:_MOST_NAMED]]
            detail = {"changed": len(free), "applications": named}
            record_audit(session, "assessments.changed", f"round:{round_id}", detail, account_id)
        session.commit()
        return len(free), len(begun)


class _Judge:
    """Judges records as they are stored."""

    def __init__(self, rules: RoundRules) -> None:
        self._rules = rules
        self._calendar = RememberingCalendar(ChineseWorkingCalendar(rules.extra_days_off))

    def __call__(self, record_json: dict[str, Any]) -> Assessment:
        return assess_eligibility(record_from_json(record_json), self._rules, self._calendar)
