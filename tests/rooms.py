"""A published round, driven through the services as the pages and the sockets drive it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session, sessionmaker

from defense.domain.lifecycle import Move
from defense.models import AuditEntry, Defence, Round, Sitting
from defense.models.types import random_id
from defense.services.access import Principal, principal_of, sign_in_with_link
from defense.services.audit import sitting_chain
from defense.services.room.ballot_desk import DatabaseBallotDesk
from defense.services.room.ballot_opening import open_ballot
from defense.services.room.ballot_rounds import close_ballot
from defense.services.room.ballot_writer import BallotWriter
from defense.services.room.recusals import recuse_in_room
from defense.services.room.sittings import move_defence
from defense.services.round_settings import change_settings, settings_of
from defense.services.transaction import begin_write
from tests.conftest import introduce_people
from voting.room import BallotRequest
from voting.rules import Choice

Result = TypeVar("Result")
REASON = "材料不实"
BALLOT_KEY = bytes(range(32))
TO_DISCUSSION = (Move.CHECK_IN, Move.CALL_IN, Move.BEGIN_QUESTIONS, Move.BEGIN_DISCUSSION)
"""From waiting to where a ballot can be opened."""


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
        self.desk = DatabaseBallotDesk(self.sessions, BallotWriter(self.sessions, BALLOT_KEY))
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

    def recuse(self, name: str, number: int = 0, by: str = "secretary") -> None:
        """A recusal declared in the room for the named expert, or by the expert himself."""
        expert_id = self.expert_id(name)
        self.act(
            by,
            lambda session, who: recuse_in_room(
                session, who, self.defence_ids[number], expert_id, "师生关系", BALLOT_KEY
            ),
        )

    def shared(self) -> dict[str, Any]:
        """What every screen of the sitting is shown."""
        shared: dict[str, Any] = self.desk.news_of([self.sitting_id])[self.sitting_id]["shared"]
        return shared

    def account_id(self, name: str) -> int:
        """The account of the named person."""
        with self.sessions() as session:
            principal = principal_of(session, self.sign_ins[name])
            assert principal is not None
            return principal.account_id

    def expert_id(self, name: str) -> int:
        """The row of the named expert."""
        with self.sessions() as session:
            principal = principal_of(session, self.sign_ins[name])
            assert principal is not None
            assert principal.expert_id is not None
            return principal.expert_id

    def open(self, number: int = 0, by: str = "secretary") -> str:
        """Open a ballot; the id of the round of voting."""
        return self.act(by, lambda session, who: open_ballot(session, who, self.defence_ids[number]).id)

    def call_and_open(self, number: int = 0) -> str:
        """Hear a candidate and open the ballot."""
        self.hear(number)
        return self.open(number)

    def hear(self, number: int = 0) -> None:
        """A candidate is checked in, called in and heard; the panel discusses."""
        for move in TO_DISCUSSION:
            self.move(move, number)

    def close(self, ballot_round_id: str, by: str = "secretary") -> dict[str, Any]:
        """Close a round of voting; its tally."""
        tally = self.act(
            by, lambda session, who: close_ballot(session, who, ballot_round_id, BALLOT_KEY).tally
        )
        assert tally is not None
        return tally

    def vote(self, name: str, ballot_round_id: str, choice: str = "pass", **fields: Any) -> str:
        """Vote by the desk; the receipt."""
        data = ballot(ballot_round_id, choice) | {"score_tenths": None} | fields
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

    def defence_in(self, session: Session, number: int = 0) -> Defence:
        """A defence within a session."""
        return session.get_one(Defence, self.defence_ids[number])

    def details(self, action: str) -> list[dict[str, Any]]:
        """Details of the entries with one action in the sitting's own chain, in their order."""
        with self.sessions() as session:
            of_action = select(AuditEntry.detail).where(
                AuditEntry.chain == sitting_chain(self.sitting_id), AuditEntry.action == action
            )
            return list(session.scalars(of_action.order_by(AuditEntry.seq)))

    def chain(self) -> list[str]:
        """Digests of the sitting's own chain."""
        with self.sessions() as session:
            of_day = select(AuditEntry.digest).where(AuditEntry.chain == sitting_chain(self.sitting_id))
            return list(session.scalars(of_day))

    def seq(self) -> int:
        """The number of the sitting's newest change."""
        with self.sessions() as session:
            return session.get_one(Sitting, self.sitting_id).seq
