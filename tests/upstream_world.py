"""Four candidates of the platform, a half-day, an office, and a sender that may be killed anywhere."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, sessionmaker

from defense.domain.errors import DomainError
from defense.domain.lifecycle import Move
from defense.extensions import db
from defense.models import (
    Application,
    AuditEntry,
    Defence,
    Round,
    UpstreamDelivery,
    UpstreamDifference,
    UpstreamHold,
)
from defense.services.access import Principal, Role, create_account
from defense.services.records.rulings import override_fee, override_validity
from defense.services.results import release_results
from defense.services.room.reopening import ask_reopening, decide_reopening, spend_second
from defense.services.room.sittings import move_defence
from defense.services.transaction import begin_write, prepare_engine
from defense.services.upstream.bodies import result_body, says_the_same
from defense.services.upstream.care import try_again
from defense.services.upstream.differences import accept_difference, keep_ours
from defense.services.upstream.pushing import push_due
from defense.services.upstream.taking import open_difference
from defense.services.upstream.telling import DeliveryKind, DeliveryState, tell_results
from sandbox.store import Told
from tests.invite_world import START, World
from tests.keeping_world import Clock, settings_in
from tests.upstream_paper import Killed
from tests.upstream_platform import Platform
from tests.upstream_side import ROUND, Side

ONLY_THERE = ("A0005", "A0006")
"""Not in any workbook of ours: they come with the first reading."""
OTHER_ID = "11010519491231002X"


class DyingSession(Session):
    """A session in a process that may be killed at a commit, before or after it holds."""

    dies: Callable[[], str] = staticmethod(lambda: "")

    def commit(self) -> None:
        dies = type(self).dies()
        if dies == "before":
            self.rollback()
            raise Killed
        super().commit()
        if dies == "after":
            raise Killed


def make_template(directory: Path) -> Path:
    """A database of which runs take copies."""
    path = directory / "template.sqlite3"
    engine = create_engine(f"sqlite:///{path}")
    prepare_engine(engine)
    db.metadata.create_all(engine)
    with Session(engine) as session:
        begin_write(session)
        world = World(session, settings_in(directory))
        for number, name in (("A0003", "古丽娜"), ("A0004", "王小明")):
            more = world._application(number, name, f"{number}@example.org")
            world.add_defence(more, world.sitting, START + timedelta(minutes=20 * int(number[-1])))
            world.candidates.append(more)
        create_account(session, Role.STAFF, "王工", "staff", None)
        create_account(session, Role.SUPERVISOR, "赵监督", "supervisor", None)
        session.commit()
    engine.dispose()
    return path


class RoundTrip:
    """Both sides, with a clock that can be turned."""

    def __init__(self, directory: Path, template: Path, platform: Platform) -> None:
        path = directory / "run.sqlite3"
        shutil.copy(template, path)
        self.engine = create_engine(f"sqlite:///{path}")
        prepare_engine(self.engine)
        self.sessions = sessionmaker(self.engine)
        self.clock = Clock()
        self.clock.wait(1)
        self.side = Side(platform, self.clock)
        with self.sessions() as session:
            records = [a.record_json for a in session.scalars(select(Application))]
        records += [{**records[0], "number": number, "id_number": OTHER_ID} for number in ONLY_THERE]
        for record in records:
            platform.inside.store.put(ROUND, record)
        self.numbers = [str(record["number"]) for record in records]
        self.staff = Principal(1, Role.STAFF, "王工", "", None, None)
        self.supervisor = Principal(2, Role.SUPERVISOR, "赵监督", "", None, None)

    def act(self, work: Callable[[Session], object]) -> None:
        """What somebody does here, in one transaction; what is refused changes nothing."""
        with self.sessions() as session:
            begin_write(session)
            with suppress(DomainError):
                work(session)
                session.commit()

    def push(self, dies: Callable[[], str] = lambda: "", chance: Callable[[], float] = random.random) -> None:
        """Let the sender run, or be killed."""
        sessions = self._mortal(dies)
        with suppress(Killed):
            push_due(sessions, [self.side.desk(sessions) for _ in range(3)], self.clock, chance)

    def pull(self, dies: Callable[[], str] = lambda: "") -> None:
        """Let the reader run, or be killed."""
        with suppress(Killed):
            self.side.pull(self._mortal(dies))

    def _mortal(self, dies: Callable[[], str]) -> sessionmaker[DyingSession]:
        return sessionmaker(self.engine, class_=type("Mortal", (DyingSession,), {"dies": staticmethod(dies)}))

    def has_imported(self) -> bool:
        """Whether everybody came from the platform."""
        with self.sessions() as session:
            return len(session.scalars(select(UpstreamHold)).all()) == len(self.numbers)

    def decide_fee(self, session: Session, number: str) -> None:
        """Let somebody through unpaid, or take that back."""
        application = self.application(session, number)
        override_fee(session, application, not application.fee_override, "据实", self.staff.account_id)

    def decide_validity(self, session: Session, number: str) -> None:
        application = self.application(session, number)
        valid = not application.effective_valid
        override_validity(session, application, valid, "据实", self.staff.account_id)

    def mark_absent(self, session: Session, number: str) -> None:
        for defence in self.application(session, number).defences[-1:]:
            move_defence(session, self.staff, defence.id, Move.MARK_ABSENT, "未到")

    def hear_again(self, session: Session, number: str) -> None:
        """A second defence is granted, and gets its place."""
        application = self.application(session, number)
        if not application.defences:
            return
        old = application.defences[-1]
        asked = ask_reopening(session, self.staff, old.id, "second_defence", "technical", "断线")
        grant = decide_reopening(session, self.supervisor, asked.id, True)
        spend_second(session, grant, old.attempt + 1, self.staff.account_id)
        session.add(
            Defence(
                application_id=application.id,
                attempt=old.attempt + 1,
                sitting_id=old.sitting_id,
                start_at=old.start_at,
                end_at=old.end_at,
            )
        )

    def release(self, session: Session, number: str = "") -> None:
        round_ = session.scalars(select(Round)).one()
        release_results(session, round_, self.clock.now, self.staff.account_id)
        tell_results(session, round_)

    def accept(self, session: Session, number: str) -> None:
        """What the platform has now shall hold."""
        self._settle(session, number, accept_difference)

    def keep(self, session: Session, number: str) -> None:
        """Ours stays."""
        self._settle(session, number, keep_ours)

    def _settle(self, session: Session, number: str, settle: Callable[..., bool]) -> None:
        application = self.application(session, number)
        found = open_difference(session, application.id)
        if found is not None:
            settle(session, application.round, found.id, "据实", self.clock.now, self.staff.account_id)

    def wake_the_dead(self, session: Session, number: str = "") -> None:
        """Staff try again whatever failed."""
        dead = select(UpstreamDelivery).where(UpstreamDelivery.state == DeliveryState.DEAD)
        for delivery in session.scalars(dead).all():
            try_again(session, delivery, self.clock.now, self.staff.account_id)

    def application(self, session: Session, number: str) -> Application:
        return session.scalars(select(Application).where(Application.number == number)).one()

    def check(self) -> None:
        """Every delivery was applied once and in order, and both sides say the same of everybody."""
        applied: dict[str, list[Told]] = {}
        for told in self.side.platform.inside.store.all_told():
            applied.setdefault(told.number, []).append(told)
        with self.sessions() as session:
            is_released = session.scalars(select(Round)).one().results_released_at is not None
            for application in session.scalars(select(Application)):
                there = applied.get(application.number, [])
                self._check_deliveries(session, application, there)
                self._check_record(session, application)
                if is_released:
                    _check_result(session, application, there)

    def count(self) -> Counter[str]:
        """What happened, so that a run in which nothing does is noticed."""
        there = self.side.platform.inside.store.all_told()
        with self.sessions() as session:
            states = session.scalars(select(UpstreamDelivery.state)).all()
            retried = session.scalars(select(AuditEntry.seq).where(AuditEntry.action == "upstream.retried"))
            return Counter(
                told=len(there),
                repeated=sum(one.repeats for one in there),
                superseded=states.count(DeliveryState.SUPERSEDED),
                changed=self.side.client.stale,
                failed=len(retried.all()),
            )

    def _check_deliveries(self, session: Session, application: Application, there: list[Told]) -> None:
        queued = session.scalars(
            select(UpstreamDelivery)
            .where(UpstreamDelivery.application_id == application.id)
            .order_by(UpstreamDelivery.sequence)
        ).all()
        assert {d.state for d in queued} <= {DeliveryState.SENT, DeliveryState.SUPERSEDED}
        assert all(d.state == DeliveryState.SENT for d in queued if d.kind == DeliveryKind.DECISION)
        here = [d for d in queued if d.state == DeliveryState.SENT]
        assert [(d.idempotency_key, d.kind, d.body_json) for d in here] == [
            (told.key, told.kind, told.body) for told in there
        ]

    def _check_record(self, session: Session, application: Application) -> None:
        """Equal, or staff have said of what is there that ours stays; nothing waits for them any more."""
        hold, item = (
            session.get_one(UpstreamHold, application.id),
            self.side.platform.item(application.number),
        )
        assert not hold.is_different
        assert hold.etag == item["etag"]
        settled = session.scalars(
            select(UpstreamDifference).where(
                UpstreamDifference.application_id == application.id,
                UpstreamDifference.settled_as.is_not(None),
            )
        )
        # One that was sent back to its applicant is no longer followed, only taken for not valid.
        known = [d.record_json for d in settled if d.settled_as == "kept" or d.status != "approved"]
        assert item["record"] in [application.record_json, *known]


def _check_result(session: Session, application: Application, there: list[Told]) -> None:
    now = result_body(session, application)
    told = [one.body for one in there if one.kind == DeliveryKind.RESULT]
    assert says_the_same(told[-1], now) if told else now["conclusion"] == "pending"
