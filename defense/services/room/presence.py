"""Who sits in which room, through whichever process; and whom to hang up on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from defense.models import Disconnection, Presence, RoomProcess
from defense.models.types import utc_now

HEART_BEAT = timedelta(seconds=2)
PRESUMED_DEAD = 4 * HEART_BEAT
ORDERS_KEPT = timedelta(minutes=10)

_ORDERS_SINCE = select(Disconnection.id, Disconnection.account_id, Disconnection.sign_in_id).where(
    Disconnection.at > bindparam("since")
)


def hang_up_on(session: Session, account_id: int, sign_in_id: str | None = None) -> None:
    """Order every process to cut the sockets of an account, or of one of its browsers.

    Part of the transaction that takes the right away: the sockets go when, and only when, the right goes.
    """
    session.add(Disconnection(account_id=account_id, sign_in_id=sign_in_id))


def orders_since(session: Session, since: datetime) -> Sequence[tuple[int, int, str | None]]:
    """Orders to hang up given after a moment, as (id, account, sign-in or None for all)."""
    return session.connection().execute(_ORDERS_SINCE, {"since": since}).tuples().all()


def forget_old_orders(session: Session) -> None:
    """Delete the orders that every process has carried out."""
    session.execute(delete(Disconnection).where(Disconnection.at < utc_now() - ORDERS_KEPT))


def beat(
    session: Session,
    process_id: str,
    came: Collection[tuple[int, int]],
    went: Collection[tuple[int, int]],
) -> None:
    """Say that a process lives, and who came into and went out of its rooms as (sitting, account)."""
    now = utc_now()
    alive = session.execute(update(RoomProcess).where(RoomProcess.id == process_id).values(beat_at=now))
    if alive.rowcount == 0:  # type: ignore[attr-defined]
        session.execute(insert(RoomProcess).values(id=process_id, beat_at=now))
    for sitting_id, account_id in went:
        session.execute(
            delete(Presence).where(
                Presence.process_id == process_id,
                Presence.sitting_id == sitting_id,
                Presence.account_id == account_id,
            )
        )
    if came:
        session.execute(
            insert(Presence),
            [{"process_id": process_id, "sitting_id": s, "account_id": a} for s, a in sorted(came)],
        )


def bury_dead_processes(session: Session) -> None:
    """Forget processes whose heart has stopped, and who was seen through them."""
    session.execute(delete(RoomProcess).where(RoomProcess.beat_at < utc_now() - 10 * PRESUMED_DEAD))


def accounts_present(session: Session, sitting_id: int) -> frozenset[int]:
    """The accounts that watch a sitting now."""
    return frozenset(
        session.scalars(
            select(Presence.account_id)
            .join(RoomProcess, RoomProcess.id == Presence.process_id)
            .where(Presence.sitting_id == sitting_id, RoomProcess.beat_at > utc_now() - PRESUMED_DEAD)
        )
    )
