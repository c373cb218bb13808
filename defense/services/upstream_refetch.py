"""Fetching one record again, after the platform said that ours is not its newest."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from defense.integrations.upstream import UpstreamClient
from defense.models import Application
from defense.models.types import utc_now
from defense.services.transaction import begin_write
from defense.services.upstream_taking import ApplicationTaker


def refetch(session_factory: Callable[[], Session], client: UpstreamClient, application_id: int) -> None:
    """Take note of the platform's newest version: of the same record, or of one that differs from ours.

    Raises
    ------
    UpstreamFailure
        It could not be had.
    """
    with session_factory() as session:
        application = session.get_one(Application, application_id)
        round_code, number = application.round.code, application.number
    item = client.fetch(round_code, number)
    if item is None:
        return
    with session_factory() as session:
        begin_write(session)
        round_ = session.get_one(Application, application_id).round
        ApplicationTaker(session, round_, {number}, utc_now()).take(item)
        session.commit()
