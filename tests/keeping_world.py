"""Published half-days of one panel, two providers that really listen, and a clock that can be turned."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session, sessionmaker

from defense.extensions import db
from defense.integrations.meetings.call import Timing
from defense.integrations.meetings.tencent import TencentProvider
from defense.integrations.meetings.zoom import ZoomProvider
from defense.models import AuditEntry, Defence, Meeting, Round, Sitting
from defense.services.meetings.keeping import keep_meetings
from defense.services.meetings.rows import MeetingState
from defense.services.transaction import begin_write, prepare_engine
from defense.settings import Settings
from tests.doubles.server import Fault
from tests.doubles.tencent_double import TencentDouble
from tests.doubles.zoom_double import ZoomDouble
from tests.invite_world import World
from tests.meeting_world import tencent_access, zoom_access

IMPATIENT = Timing(connect_s=1.0, read_s=0.15, patience_s=0.5, attempts=2, first_pause_s=0.001)
SECRET_KEY = "k" * 32


class Killed(BaseException):
    """The process ends here, as by SIGKILL: nothing that would follow is written."""


@dataclass
class Mortal:
    """A connector in a process that may be killed before or after a call reaches the provider."""

    provider: Any
    dies: str = ""

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.provider, name)
        return self._call(found) if name in ("create", "find", "move", "cancel") else found

    def _call(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any) -> Any:
            dies, self.dies = self.dies, ""
            if dies == "before":
                raise Killed
            answer = method(*args)
            if dies == "after":
                raise Killed
            return answer

        return called


@dataclass(frozen=True)
class Found:
    """A meeting as a provider has it."""

    provider: str
    subject: str
    start_at: datetime
    end_at: datetime


class Clock:
    """The present moment, a little later at every look, and as much later as a test wants."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=7)
        return self.now

    def wait(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


def make_template(directory: Path) -> Path:
    """A database of which tests take copies."""
    path = directory / "template.sqlite3"
    engine = create_engine(f"sqlite:///{path}")
    prepare_engine(engine)
    fill(engine, directory)
    engine.dispose()
    return path


def fill(engine: Engine, directory: Path) -> None:
    """Tables, and three half-days in nine to eleven days."""
    db.metadata.create_all(engine)
    with Session(engine) as session:
        begin_write(session)
        world = World(session, settings_in(directory))
        world.round.meeting_provider, world.round.second_meeting_provider = "tencent", "zoom"
        start = (datetime.now(UTC) + timedelta(days=9)).replace(minute=0, second=0, microsecond=0)
        world.sitting.start_at, world.sitting.end_at = start, start + timedelta(minutes=90)
        for day, candidate in enumerate(world.candidates, start=1):
            sitting = world.add_sitting(start + timedelta(days=day))
            session.add(
                Defence(
                    application_id=candidate.id,
                    attempt=2,
                    sitting_id=sitting.id,
                    start_at=sitting.start_at,
                    end_at=sitting.end_at,
                )
            )
        session.commit()


def settings_in(directory: Path, secret_key: str = SECRET_KEY) -> Settings:
    return Settings.from_env({"INSTANCE_DIR": str(directory), "SECRET_KEY": secret_key})


class KeepingWorld:
    """A published round, with a keeper that can be killed and started again."""

    def __init__(
        self, directory: Path, source: Path | Engine, tencent: TencentDouble, zoom: ZoomDouble
    ) -> None:
        self.path = directory / "test.sqlite3"
        self.engine = source if isinstance(source, Engine) else self._copy_of(source)
        self.sessions = sessionmaker(self.engine)
        self.settings = settings_in(directory)
        self.clock = Clock()
        self.tencent, self.zoom = tencent, zoom
        self.doubles: dict[str, TencentDouble | ZoomDouble] = {"tencent": tencent, "zoom": zoom}
        self.mortals = {
            "tencent": Mortal(TencentProvider(tencent_access(tencent), IMPATIENT)),
            "zoom": Mortal(ZoomProvider(zoom_access(zoom), IMPATIENT)),
        }

    def _copy_of(self, template: Path) -> Engine:
        shutil.copy(template, self.path)
        engine = create_engine(f"sqlite:///{self.path}")
        prepare_engine(engine)
        return engine

    @property
    def providers(self) -> dict[str, Any]:
        return {**self.mortals}

    def keep(self) -> Any:
        return keep_meetings(self.sessions, self.providers, self.settings, self.clock)

    def keep_for(self, turns: int, minutes: float) -> None:
        for _ in range(turns):
            self.keep()
            self.clock.wait(minutes)

    def change(self, work: Callable[[Session], Any]) -> None:
        with self.sessions() as session:
            begin_write(session)
            work(session)
            session.commit()

    def change_round(self, first: str, second: str | None) -> None:
        def change(session: Session) -> None:
            round_ = session.scalars(select(Round)).one()
            round_.meeting_provider, round_.second_meeting_provider = first, second

        self.change(change)

    def sitting_ids(self) -> list[int]:
        with self.sessions() as session:
            return list(session.scalars(select(Sitting.id).order_by(Sitting.id)))

    def rows(self, *states: MeetingState) -> list[Meeting]:
        with self.sessions() as session:
            found = session.scalars(select(Meeting).order_by(Meeting.id)).all()
            return [m for m in found if not states or m.state in states]

    def audited(self, action: str) -> list[dict[str, Any]]:
        with self.sessions() as session:
            entries = session.scalars(select(AuditEntry).where(AuditEntry.action == action))
            return [dict(entry.detail) for entry in entries.all()]

    def fail(self, name: str, fault: Fault | None) -> None:
        """Let every call to a provider fail so, or none."""
        self.doubles[name].faults = lambda _call: fault

    def living(self, name: str) -> int:
        return len(self.doubles[name].living)

    def check_all_is_well(self) -> None:
        """Every half-day has one meeting at one provider at the right time, and nobody has one more."""
        with self.sessions() as session:
            wanted = {s.id: s for s in session.scalars(select(Sitting).where(Sitting.cancelled.is_(False)))}
            held = {
                m.sitting_id: m
                for m in session.scalars(select(Meeting).where(Meeting.state == MeetingState.HELD))
            }
            assert held.keys() == wanted.keys()
            there = self.found()
            assert len(there) == len(wanted)
            for sitting_id, meeting in held.items():
                sitting = wanted[sitting_id or 0]
                (found,) = [f for f in there if f.provider == meeting.provider and meeting.tag in f.subject]
                assert (found.start_at, found.end_at) == (sitting.start_at, sitting.end_at)

    def found(self) -> list[Found]:
        """Everything that somebody could enter, at both providers."""
        at_tencent = [
            Found(
                "tencent", m.subject, datetime.fromtimestamp(m.start, UTC), datetime.fromtimestamp(m.end, UTC)
            )
            for m in self.tencent.living
        ]
        at_zoom = []
        for m in self.zoom.living:
            start_at = datetime.fromisoformat(m.start_time)
            at_zoom.append(Found("zoom", m.topic, start_at, start_at + timedelta(minutes=m.duration)))
        return at_tencent + at_zoom
