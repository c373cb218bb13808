"""A published round, driven through the services as the pages and the sockets drive it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from defense.domain.lifecycle import Move
from defense.models import Defence, Round, Sitting
from defense.models.types import random_id
from defense.services.access import Principal, principal_of, sign_in_with_link
from defense.services.ballots import DatabaseBallotDesk
from defense.services.round_settings import change_settings, settings_of
from defense.services.sittings import close_ballot, move_defence, open_ballot
from defense.services.transaction import begin_write
from tests.conftest import introduce_people
from voting.room import BallotRequest
from voting.rules import Choice

Result = TypeVar("Result")
REASON = "材料不实"


def ballot(
    ballot_round_id: str, choice: str = "pass", key: str | None = None, comment: str | None = None
) -> dict[str, Any]:
    """A ballot as a page sends it; a veto gives a reason of the list."""
    return {
        "ballot_round_id": ballot_round_id,
        "choice": choice,
        "veto_reason": REASON if choice == "veto" else None,
        "comment": comment,
        "key": key or random_id(),
    }


class Room:
    """The people of one sitting, each signed in, and what they can do in it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sessions = sessionmaker(engine)
        # One session a thread, as under the service.
        self.desk = DatabaseBallotDesk(scoped_session(self.sessions))
        with self.sessions() as session:
            people = introduce_people(session)
        self.sitting_id, self.defence_ids = people.sitting_id, people.defence_ids
        self.sign_ins: dict[str, str] = {}
        self.sign_in(people.links)
        self.experts = [name for name in self.sign_ins if name.startswith("expert")]

    def sign_in(self, links: dict[str, str]) -> None:
        """Open personal links, by the name of their people."""
        with self.sessions() as session:
            begin_write(session)
            for name, path in links.items():
                sign_in = sign_in_with_link(session, path.removeprefix("/link/"), 12)
                assert sign_in is not None
                self.sign_ins[name] = sign_in.id
            session.commit()

    def act(self, name: str, do: Callable[[Session, Principal], Result]) -> Result:
        """Something done by the named person in a transaction of its own."""
        with self.sessions() as session:
            begin_write(session)
            principal = principal_of(session, self.sign_ins[name])
            assert principal is not None
            result = do(session, principal)
            session.commit()
            return result

    def change_rules(self, **changes: Any) -> None:
        """Change how the round's votes are decided, as staff do before the first ballot."""

        def change(session: Session, who: Principal) -> None:
            round_ = session.scalars(select(Round)).one()
            change_settings(session, round_, replace(settings_of(round_), **changes), who.account_id)

        self.act("staff", change)

    def move(self, move: Move, number: int = 0, by: str = "secretary") -> None:
        """A move on one of the sitting's defences."""
        self.act(
            by, lambda session, who: move_defence(session, who, self.defence_ids[number], move, "线路中断")
        )

    def open(self, number: int = 0, by: str = "secretary") -> str:
        """Open a ballot; the id of the round of voting."""
        return self.act(by, lambda session, who: open_ballot(session, who, self.defence_ids[number]).id)

    def call_and_open(self, number: int = 0) -> str:
        """Call a candidate in and open the ballot."""
        self.move(Move.CALL_IN, number)
        return self.open(number)

    def close(self, ballot_round_id: str, by: str = "secretary") -> dict[str, Any]:
        """Close a round of voting; its tally."""
        tally = self.act(by, lambda session, who: close_ballot(session, who, ballot_round_id).tally)
        assert tally is not None
        return tally

    def vote(self, name: str, ballot_round_id: str, choice: str = "pass", **fields: Any) -> str:
        """Vote by the desk; the receipt."""
        data = ballot(ballot_round_id, choice) | fields
        request = BallotRequest(**data | {"choice": Choice(choice)})
        return self.desk.cast_ballot(self.sign_ins[name], request).receipt

    def vote_all(self, ballot_round_id: str, *choices: str) -> list[str]:
        """The first experts vote, in their order."""
        return [
            self.vote(name, ballot_round_id, choice)
            for name, choice in zip(self.experts, choices, strict=False)
        ]

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """Rows of a plain SQL query."""
        with self.engine.connect() as connection:
            return list(connection.execute(text(sql), values))

    def defence(self, number: int = 0) -> Defence:
        """A defence as it stands, detached."""
        with self.sessions() as session:
            return session.get_one(Defence, self.defence_ids[number])

    def seq(self) -> int:
        """The number of the sitting's newest change."""
        with self.sessions() as session:
            return session.get_one(Sitting, self.sitting_id).seq
