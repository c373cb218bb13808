"""What staff decide on an application: 待裁定, validity against the rules, scheduling without the fee."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.assessment import Requirement
from defense.domain.errors import IllegalState, InvalidInput
from defense.domain.lifecycle import NOT_BEGUN_STATES
from defense.domain.text import Text
from defense.models import Application, Defence, Ruling
from defense.services.audit import record_audit
from defense.services.upstream.telling import tell_decision, tell_result

REQUIREMENT_DECISIONS = (Requirement.REQUIRED.value, Requirement.NOT_REQUIRED.value)


def rule_on_requirement(
    session: Session, application: Application, decision: str, reason: str, account_id: int
) -> Ruling:
    """Decide whether somebody must defend where the notice does not say.

    Parameters
    ----------
    decision : `required` or `not_required`.

    Raises
    ------
    InvalidInput
        Another decision, or no reason.
    IllegalState
        The notice does say, or the defence has begun.

    Source: domain.md row 29.
    """
    if decision not in REQUIREMENT_DECISIONS:
        raise InvalidInput(Text("请选择“须答辩”或“无需答辩”。", "Choose “must defend” or “need not defend”."))
    if application.requirement != Requirement.PENDING and application.ruled_requirement is None:
        raise IllegalState(
            Text(
                "通知已明确该申报人是否答辩，无需裁定。",
                "The notice says whether this person defends; there is nothing to rule on.",
            )
        )
    ruling = _record(
        session, application, subject="requirement", decision=decision, reason=reason, account_id=account_id
    )
    application.ruled_requirement = decision
    tell_result(session, application)
    return ruling


def override_validity(
    session: Session, application: Application, valid: bool, reason: str, account_id: int
) -> Ruling:
    """Let an application go on, or stop it, against what the rules found.

    Raises
    ------
    InvalidInput, IllegalState
        No reason; the defence has begun.
    """
    decision = "valid" if valid else "not_valid"
    ruling = _record(
        session, application, subject="validity", decision=decision, reason=reason, account_id=account_id
    )
    application.ruled_valid = valid
    tell_result(session, application)
    return ruling


def override_fee(
    session: Session, application: Application, waived: bool, reason: str, account_id: int
) -> Ruling:
    """Let somebody be scheduled before the fee is paid, or take that back.

    Raises
    ------
    InvalidInput, IllegalState
        No reason; the defence has begun.

    Source: domain.md row 25.
    """
    decision = "waived" if waived else "not_waived"
    ruling = _record(
        session, application, subject="fee", decision=decision, reason=reason, account_id=account_id
    )
    application.fee_override = waived
    return ruling


def has_begun(defences: Iterable[Defence]) -> bool:
    """Whether one of these defences is under way or decided."""
    return any(defence.state not in NOT_BEGUN_STATES for defence in defences)


def _record(
    session: Session, application: Application, *, subject: str, decision: str, reason: str, account_id: int
) -> Ruling:
    reason = reason.strip()
    if not reason:
        raise InvalidInput(Text("请填写裁定理由。", "Give the reason of the ruling."))
    # Locked, so that nobody is called in between this look and the caller's commit.
    defences = select(Defence).where(Defence.application_id == application.id).with_for_update()
    if has_begun(session.scalars(defences.execution_options(populate_existing=True))):
        raise IllegalState(
            Text(
                "该申报人的答辩已经开始或结束，不能再裁定。",
                "The defence of this person has begun; no ruling now.",
            )
        )
    earlier = [ruling for ruling in application.rulings if ruling.subject == subject]
    if earlier and (earlier[-1].decision, earlier[-1].reason) == (decision, reason):
        return earlier[-1]  # sent twice
    ruling = Ruling(subject=subject, decision=decision, reason=reason, account_id=account_id)
    application.rulings.append(ruling)
    record_audit(
        session,
        f"ruling.{subject}",
        f"application:{application.id}",
        {"decision": decision, "reason": reason},
        account_id,
    )
    tell_decision(session, application, ruling)
    return ruling
