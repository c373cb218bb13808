"""A round that is over: a sitting was voted in and sealed, everybody else is absent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from defense.domain.lifecycle import FINAL_STATES, Move
from defense.extensions import db
from defense.models import Defence, OutboxMessage, Round
from tests.conftest import People
from tests.room_pages import ballot_form, conduct, open_ballot

RELEASED_AT = datetime(2021, 12, 20, 2, tzinfo=UTC)
"""Longer ago than personal data is usually kept."""


def finish_round(app: Flask, people: People, enter: Callable[[str], FlaskClient]) -> None:
    """Vote on the first candidate, seal, and let years pass."""
    secretary = enter("secretary")
    ballot_round_id = open_ballot(app, people, secretary)
    for name, choice in (("expert0", "veto"), ("expert1", "pass"), ("expert2", "pass")):
        form = ballot_form(ballot_round_id, choice)
        assert enter(name).post(f"/sittings/{people.sitting_id}/ballots", data=form).status_code == 302
    conduct(secretary, f"/ballot-rounds/{ballot_round_id}/close")
    for id_ in people.defence_ids[1:]:
        form = {"reason": "未到场"}
        assert secretary.post(f"/defences/{id_}/moves/{Move.MARK_ABSENT}", data=form).status_code == 302
    assert enter("supervisor").post(f"/sittings/{people.sitting_id}/seal").status_code == 302
    with app.app_context(), sessionmaker(db.engine)() as session:
        end_round(session)


def end_round(session: Session) -> None:
    """Nobody else came, every letter is sent, the results are out since long; commits."""
    waiting = Defence.state.not_in(FINAL_STATES)
    session.execute(update(Defence).where(waiting).values(state="absent", outcome="absent"))
    session.execute(update(OutboxMessage).values(state="sent", data=b""))
    session.scalars(select(Round)).one().results_released_at = RELEASED_AT
    session.commit()
