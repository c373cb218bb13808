"""Rulings: with a reason, once, before the defence begins, and only where there is something to rule on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import DomainError, IllegalState, InvalidInput
from defense.domain.lifecycle import NOT_BEGUN_STATES, DefenceState
from defense.models import Account, Application, AuditEntry, Defence, Round
from defense.services.records.rulings import override_fee, override_validity, rule_on_requirement


@pytest.fixture
def pending(session: Session, loaded: Round) -> Application:
    query = select(Application).where(Application.requirement == "pending", Application.valid)
    application = session.scalars(query).first()
    assert application is not None
    return application


def test_a_ruling_takes_effect_and_is_kept_with_its_reason(
    session: Session, pending: Application, staff: Account
) -> None:
    assert pending.must_defend, "the round's default until somebody rules"
    rule_on_requirement(session, pending, "not_required", "  中心研究决定 ", staff.id)
    session.commit()
    session.refresh(pending)
    assert pending.effective_requirement == "not_required"
    assert not pending.must_defend
    (ruling,) = pending.rulings
    assert (ruling.subject, ruling.decision, ruling.reason) == ("requirement", "not_required", "中心研究决定")
    assert ruling.account_id == staff.id

    rule_on_requirement(session, pending, "required", "复议", staff.id)
    assert pending.must_defend
    assert [r.decision for r in pending.rulings] == ["not_required", "required"]
    actions = session.scalars(
        select(AuditEntry.action).where(AuditEntry.subject == f"application:{pending.id}")
    )
    assert list(actions) == ["ruling.requirement", "ruling.requirement"]


def test_validity_and_fee_can_be_overridden_and_restored(
    session: Session, pending: Application, staff: Account
) -> None:
    override_validity(session, pending, False, "材料造假", staff.id)
    assert not pending.effective_valid
    override_validity(session, pending, True, "查无实据", staff.id)
    assert pending.effective_valid

    pending.fee_paid = False
    assert not pending.may_be_scheduled
    override_fee(session, pending, True, "已汇款，票据在途", staff.id)
    assert pending.may_be_scheduled
    override_fee(session, pending, False, "汇款被退回", staff.id)
    assert not pending.may_be_scheduled


ACTS: dict[str, Callable[..., Any]] = {
    "requirement": lambda s, a, reason, by: rule_on_requirement(s, a, "required", reason, by),
    "validity": lambda s, a, reason, by: override_validity(s, a, False, reason, by),
    "fee": lambda s, a, reason, by: override_fee(s, a, True, reason, by),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_no_ruling_without_a_reason(
    session: Session, pending: Application, staff: Account, act: Callable[..., Any]
) -> None:
    with pytest.raises(InvalidInput):
        act(session, pending, " \n　", staff.id)
    session.commit()
    session.refresh(pending)
    assert (pending.rulings, pending.ruled_requirement, pending.ruled_valid) == ([], None, None)
    assert not pending.fee_override


@pytest.mark.parametrize("state", sorted(set(DefenceState) - NOT_BEGUN_STATES))
def test_no_ruling_once_the_defence_has_begun(
    session: Session, pending: Application, staff: Account, seat: Callable[..., Defence], state: str
) -> None:
    seat(pending, state)
    for act in ACTS.values():
        with pytest.raises(IllegalState):
            act(session, pending, "太晚", staff.id)
    assert pending.rulings == []


@pytest.mark.parametrize("state", ["waiting", "removed"])
def test_a_ruling_is_possible_while_the_person_only_has_a_slot(
    session: Session, pending: Application, staff: Account, seat: Callable[..., Defence], state: str
) -> None:
    seat(pending, state)
    rule_on_requirement(session, pending, "not_required", "基层单位", staff.id)
    assert pending.effective_requirement == "not_required"


def test_the_same_ruling_sent_twice_is_one(session: Session, pending: Application, staff: Account) -> None:
    first = rule_on_requirement(session, pending, "required", "同意", staff.id)
    assert rule_on_requirement(session, pending, "required", "同意", staff.id) is first
    assert len(pending.rulings) == 1


@pytest.mark.parametrize(("requirement", "decision"), [("required", "not_required"), ("pending", "maybe")])
def test_what_the_notice_settles_and_unknown_words_are_refused(
    session: Session, loaded: Round, staff: Account, requirement: str, decision: str
) -> None:
    application = session.scalars(select(Application).where(Application.requirement == requirement)).first()
    assert application is not None
    with pytest.raises(DomainError):
        rule_on_requirement(session, application, decision, "理由", staff.id)
    assert application.ruled_requirement is None
