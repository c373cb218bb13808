"""The secretary's clock and bell."""

from __future__ import annotations

from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState
from defense.domain.lifecycle import STATE_TEXT, TIMED_STATES, DefenceState
from defense.domain.text import Text
from defense.models import Defence, Sitting
from defense.models.types import utc_now
from defense.services.access import Principal
from defense.services.audit import record_audit, sitting_chain
from defense.services.room.sitting_clock import elapsed_ms, go_on, stop_clock
from defense.services.room.sittings import conducted_defence, conducted_sitting, record_day


def pause_clock(session: Session, principal: Principal, defence_id: int) -> Defence:
    """Stop the clock of the present phase.

    Raises
    ------
    NotFound, Forbidden, IllegalState
        No such defence; not this person's to conduct; no clock runs.
    """
    defence = _timed_defence(session, principal, defence_id)
    if defence.clock_started_at is None:
        raise IllegalState(Text("计时已经暂停。", "The clock stands already."))
    stop_clock(defence)
    _record(session, principal, "clock.paused", defence)
    return defence


def go_on_with_clock(session: Session, principal: Principal, defence_id: int) -> Defence:
    """Let the clock of the present phase run on; raises as `pause_clock`, when it runs already."""
    defence = _timed_defence(session, principal, defence_id)
    if defence.clock_started_at is not None:
        raise IllegalState(Text("计时正在进行。", "The clock runs already."))
    go_on(defence)
    _record(session, principal, "clock.resumed", defence)
    return defence


def ring_bell(session: Session, principal: Principal, sitting_id: int) -> Sitting:
    """Ring the bell on every screen of a sitting.

    Raises
    ------
    NotFound, Forbidden, IllegalState
        No such sitting; not this person's to conduct; sealed.
    """
    sitting = conducted_sitting(session, principal, sitting_id)
    sitting.bell_at = utc_now()
    sitting.seq += 1
    subject, chain = f"sitting:{sitting.id}", sitting_chain(sitting.id)
    record_audit(session, "bell.rung", subject, {}, principal.account_id, chain)
    return sitting


def _timed_defence(session: Session, principal: Principal, defence_id: int) -> Defence:
    defence = conducted_defence(session, principal, defence_id)
    if defence.state not in TIMED_STATES:
        raise IllegalState(
            Text("当前状态为“{state}”，没有计时。", "The defence is “{state}”: no clock runs.").format(
                state=STATE_TEXT[DefenceState(defence.state)]
            )
        )
    return defence


def _record(session: Session, principal: Principal, action: str, defence: Defence) -> None:
    defence.sitting.seq += 1
    record_day(session, principal, action, defence, {"state": defence.state, "phase_ms": elapsed_ms(defence)})
