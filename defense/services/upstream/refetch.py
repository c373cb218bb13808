"""Fetching one record again, after the platform said that ours is not its newest."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from defense.domain.text import Text
from defense.integrations.upstream import FailureKind, UpstreamClient, UpstreamFailure
from defense.models import Application, Round
from defense.models.types import utc_now
from defense.services.keeping.retention import is_erased
from defense.services.transaction import begin_write
from defense.services.upstream.taking import ApplicationTaker, Taken


def refetch(session_factory: Callable[[], Session], client: UpstreamClient, application_id: int) -> None:
    """Take the platform's newest version in, at once or as a difference for staff.

    Nothing is taken in when the round's personal data was deleted while the answer was on its way.

    Raises
    ------
    UpstreamFailure
        It could not be had, or cannot be taken in as it is.
    """
    with session_factory() as session:
        application = session.get_one(Application, application_id)
        round_id, round_code, number = application.round_id, application.round.code, application.number
    item = client.fetch(round_code, number)
    if item is None:
        return
    with session_factory() as session:
        begin_write(session)
        round_ = session.get_one(Round, round_id)
        if is_erased(session, round_):
            return
        taken = ApplicationTaker(session, round_, {number}, utc_now()).take(item)
        session.commit()
    if taken is Taken.FAULTY:
        raise UpstreamFailure(
            FailureKind.REFUSED,
            Text(
                "平台上的申报材料已变动，但新内容无法读取，请先与平台核对。",
                "The record changed upstream and cannot be taken in as it is; clear it up with the platform.",
            ),
        )
