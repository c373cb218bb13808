"""A database full of sittings whose members may vote, written as rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from flask import session as cookie_session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import insert
from sqlalchemy.orm import Session, sessionmaker

from bench.voting.crowd import Place
from defense.app import create_app
from defense.extensions import db
from defense.migrating import ensure_database
from defense.models import (
    Account,
    Application,
    BallotRound,
    Defence,
    Expert,
    Panel,
    PanelHalfDay,
    PanelMember,
    SignIn,
    Sitting,
    SittingMember,
    Voter,
)
from defense.models.types import random_id, utc_now
from defense.services.access import Role
from defense.services.rounds import ensure_round
from defense.services.transaction import begin_write
from defense.settings import Settings
from voting.rules import RULE_VERSION, Absences, Abstentions, Denominator, Quorum, Rule, RuleName

SECRETARY_ID = 1
VETO_REASONS = ["材料不实", "专业能力不足"]
RULE = Rule(
    RuleName.ONE_VOTE_VETO,
    RULE_VERSION,
    Denominator.ENTITLED,
    Abstentions.AGAINST,
    Absences.AGAINST,
    Quorum(3),
)
CHUNK_ROWS = 10_000


@dataclass(frozen=True)
class Shape:
    """How much there is.

    Parameters
    ----------
    panels, members : each panel has one sitting, and its members one browser each.
    rounds : of voting in each sitting, one a defence. All are open at once, which the pages would not
        allow: so members can vote on and on without a secretary between.
    """

    panels: int
    members: int
    rounds: int


@dataclass(frozen=True)
class Seat:
    """One member, signed in."""

    sitting_id: int
    cookie: str
    csrf_token: str
    ballot_round_ids: tuple[str, ...]

    def at(self, host: str) -> Place:
        """Return the place of a client of this member at a process."""
        return Place(host, self.cookie, self.csrf_token, self.sitting_id, self.ballot_round_ids)


def seed(settings: Settings, shape: Shape) -> list[Seat]:
    """Fill the empty database of these settings; panel by panel, the seats of all members."""
    app = create_app(settings)
    with app.app_context():
        ensure_database()
        with sessionmaker(db.engine)() as session:
            begin_write(session)
            rounds, sign_ins = _write(session, shape)
            session.commit()
        db.engine.dispose()
    token, cookies = _cookies(app, sign_ins)
    return [
        Seat(number // shape.members + 1, cookie, token, rounds[number // shape.members])
        for number, cookie in enumerate(cookies)
    ]


def _cookies(app: Flask, sign_ins: Sequence[str]) -> tuple[str, list[str]]:
    """The cookie of each sign-in, as the service sets it; they share one CSRF token."""
    with app.test_request_context():
        token = generate_csrf()
        secret = cookie_session["csrf_token"]
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    cookies = [signer.dumps({"sign_in_id": id_, "csrf_token": secret}) for id_ in sign_ins]
    return token, [f"session={cookie}" for cookie in cookies]


def _write(session: Session, shape: Shape) -> tuple[list[tuple[str, ...]], list[str]]:
    round_id = ensure_round(session, "2021").id
    sign_ins = [random_id() for _ in range(shape.panels * shape.members)]
    rounds = [tuple(random_id() for _ in range(shape.rounds)) for _ in range(shape.panels)]
    for model, rows in (
        *_people(round_id, shape, sign_ins),
        *_panels(round_id, shape),
        *_defences(round_id, shape, rounds),
    ):
        for start in range(0, len(rows), CHUNK_ROWS):
            session.execute(insert(model), rows[start : start + CHUNK_ROWS])
    return rounds, sign_ins


Rows = Iterator[tuple[type, list[dict[str, Any]]]]


def _people(round_id: int, shape: Shape, sign_ins: Sequence[str]) -> Rows:
    numbers = range(1, len(sign_ins) + 1)
    yield (
        Expert,
        [
            {
                "id": n,
                "round_id": round_id,
                "number": f"Z{n:05d}",
                "name": f"专家{n}",
                "unit": "设计院",
                "level": "senior",
                "series": ["工程系列"],
                "specialties": ["土木建筑"],
                "phone": "",
                "email": "",
                "unavailable_json": [],
            }
            for n in numbers
        ],
    )
    yield Account, [{"id": SECRETARY_ID, "role": Role.SECRETARY, "display_name": "秘书"}]
    yield (
        Account,
        [
            {"id": SECRETARY_ID + n, "role": Role.EXPERT, "display_name": f"专家{n}", "expert_id": n}
            for n in numbers
        ],
    )
    expires_at = utc_now() + timedelta(days=1)
    yield (
        SignIn,
        [
            {"id": id_, "account_id": SECRETARY_ID + n, "expires_at": expires_at}
            for n, id_ in zip(numbers, sign_ins, strict=True)
        ],
    )


def _panels(round_id: int, shape: Shape) -> Rows:
    panels = range(1, shape.panels + 1)
    start_at = utc_now()
    times = {"start_at": start_at, "end_at": start_at + timedelta(hours=4)}
    yield (
        Panel,
        [
            {
                "id": p,
                "round_id": round_id,
                "name": f"第{p}组",
                "series": ["工程系列"],
                "levels": ["senior"],
                "specialties": ["土木建筑"],
                "secretary_id": SECRETARY_ID,
            }
            for p in panels
        ],
    )
    seats = [
        {"expert_id": (p - 1) * shape.members + m + 1, "is_head": m == 0, "panel_id": p, "sitting_id": p}
        for p in panels
        for m in range(shape.members)
    ]
    yield PanelMember, [{k: v for k, v in seat.items() if k != "sitting_id"} for seat in seats]
    yield PanelHalfDay, [{"id": p, "panel_id": p, **times} for p in panels]
    yield (
        Sitting,
        [{"id": p, "round_id": round_id, "panel_id": p, "half_day_id": p, **times} for p in panels],
    )
    yield SittingMember, [{k: v for k, v in seat.items() if k != "panel_id"} for seat in seats]


def _defences(round_id: int, shape: Shape, rounds: Sequence[tuple[str, ...]]) -> Rows:
    places = [
        (p * shape.rounds + d + 1, p + 1, d, id_) for p, ids in enumerate(rounds) for d, id_ in enumerate(ids)
    ]
    start_at = utc_now()
    yield (
        Application,
        [
            {
                "id": n,
                "round_id": round_id,
                "number": f"S{n:06d}",
                "name": f"申报人{n}",
                "unit": "建筑公司",
                "series": "工程系列",
                "specialty": "土木建筑",
                "level": "senior",
                "record_json": {},
                "assessment_json": {},
                "valid": True,
                "requirement": "required",
                "fee_paid": True,
            }
            for n, *_ in places
        ],
    )
    yield (
        Defence,
        [
            {
                "id": n,
                "application_id": n,
                "sitting_id": sitting_id,
                "start_at": start_at + timedelta(minutes=20 * d),
                "end_at": start_at + timedelta(minutes=20 * d + 15),
                "state": "voting",
            }
            for n, sitting_id, d, _ in places
        ],
    )
    yield (
        BallotRound,
        [
            {
                "id": id_,
                "defence_id": n,
                "number": 1,
                "rule": RULE.name,
                "rule_version": RULE.version,
                "terms": RULE.to_json(),
                "seats": shape.members,
                "effect": "veto",
                "secret": True,
                "veto_reasons": VETO_REASONS,
                "opened_by_id": SECRETARY_ID,
            }
            for n, _, _, id_ in places
        ],
    )
    yield (
        Voter,
        [
            {"ballot_round_id": id_, "expert_id": (sitting_id - 1) * shape.members + m + 1, "present": True}
            for _, sitting_id, _, id_ in places
            for m in range(shape.members)
        ],
    )
