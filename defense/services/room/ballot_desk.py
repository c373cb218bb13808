"""The desk of the voting room: `voting.room.BallotDesk` on the database."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.errors import Forbidden
from defense.services.access import Principal, principal_of
from defense.services.room.ballot_writer import BallotWriter
from defense.services.room.ballots import SIGNED_OUT
from defense.services.room.sittings import require_watcher
from defense.services.room.views import console_view, own_view, sees_console, shared_views
from voting.room import BallotRequest, Entrance, Receipt, Snapshot


class DatabaseBallotDesk:
    """One call, one transaction of its own: what the caller has open is neither used nor waited for.

    Parameters
    ----------
    sessions : makes a session for reading.
    writer : stores ballots.
    """

    def __init__(self, sessions: Callable[[], Session], writer: BallotWriter) -> None:
        self._sessions, self._writer = sessions, writer

    def enter(self, sign_in_id: str, sitting_id: int) -> Entrance:
        """The snapshot of a sitting for this person, and which news they may hear."""
        with self._sessions() as session:
            principal = _require_principal(session, sign_in_id)
            sitting = require_watcher(session, principal, sitting_id)
            sees = sees_console(principal)
            told = shared_views(session, [sitting_id])[sitting_id]
            console = console_view(session, sitting_id) if sees else None
            own = own_view(session, sitting, principal)
            return Entrance(Snapshot(told["seq"], told["shared"], own, console), principal.account_id, sees)

    def news_of(self, sitting_ids: Collection[int]) -> dict[int, dict[str, Any]]:
        """What everyone in these rooms may see, with its number."""
        with self._sessions() as session:
            return shared_views(session, sitting_ids)

    def consoles_of(self, sitting_ids: Collection[int]) -> dict[int, dict[str, Any]]:
        """What those who conduct or supervise these sittings are shown."""
        with self._sessions() as session:
            return {sitting_id: console_view(session, sitting_id) for sitting_id in sitting_ids}

    def cast_ballot(self, sign_in_id: str, request: BallotRequest) -> Receipt:
        """Store a ballot and return only when it is on disk."""
        return self._writer.cast(sign_in_id, request)


def _require_principal(session: Session, sign_in_id: str) -> Principal:
    principal = principal_of(session, sign_in_id)
    if principal is None:
        raise Forbidden(SIGNED_OUT)
    return principal
