"""A round with one panel and one sitting, and the mails that were queued for its people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from icalendar import Calendar
from sqlalchemy.orm import Session

from defense.domain.application import ApplicationRecord
from defense.domain.record_json import record_to_json
from defense.domain.record_parts import Appraisal, ProofKind, Publicity, Training, TrainingKind
from defense.domain.restating import stated_proofs
from defense.domain.vocabulary import Affiliation, Level
from defense.models import (
    Application,
    Defence,
    Expert,
    Invite,
    OutboxMessage,
    Panel,
    PanelHalfDay,
    Round,
    Sitting,
    SittingMember,
)
from defense.services.access import Role, create_account
from defense.services.invites.post import open_letter
from defense.services.rounds import ensure_round
from defense.settings import Settings

START = datetime(2021, 11, 22, 2, tzinfo=UTC)


@dataclass
class Received:
    """One mail as it came in, taken apart."""

    data: bytes

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.data, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def calendar(self) -> Calendar:
        part: Any = list(self.message.iter_parts())[2]
        assert part.get_content_type() == "text/calendar"
        calendar = Calendar.from_ical(part.get_payload(decode=True))
        # The method in the type of the part and the one in the calendar have to be the same.
        assert part.get_param("method") == calendar["METHOD"]
        return calendar

    @property
    def event(self) -> Any:
        """The one event, typed loosely: the library knows thirty types of properties."""
        (event,) = self.calendar.walk("VEVENT")
        return event

    @property
    def text(self) -> str:
        """The plain text."""
        part: Any = next(iter(self.message.iter_parts()))
        text: str = part.get_payload(decode=True).decode()
        return text

    @property
    def body(self) -> str:
        """Everything that can be read in the mail: headers, the two texts and the calendar."""
        payloads: list[Any] = [part.get_payload(decode=True) for part in self.message.iter_parts()]
        parts = [payload.decode() for payload in payloads]
        headers = [f"{name}: {value}" for name, value in self.message.items()]
        return "\n".join([*headers, *parts, parts[2].replace("\r\n ", "")])


def _record(number: str, name: str, email: str) -> ApplicationRecord:
    day = date(2021, 9, 1)
    return ApplicationRecord(
        number=number,
        name=name,
        gender="女",
        id_number="11010519491231002X",
        phone="13800001234",
        email=email,
        unit=f"单位{number}",
        affiliation=Affiliation.REGION,
        prefecture="乌鲁木齐市",
        series="工程系列",
        specialty="土木建筑",
        level=Level.SENIOR,
        submitted_at=START - timedelta(days=60),
        submission_count=1,
        present_title="高级工程师",
        moved_from_government=False,
        work_summary="无",
        achievements="无",
        formal_review_passed=True,
        fee_paid=True,
        present_title_in_xinjiang=True,
        attachments=stated_proofs(ProofKind),
        trainings=(Training(TrainingKind.PROFESSIONAL, 2021), Training(TrainingKind.PUBLIC, 2016)),
        appraisals=(Appraisal(2018),),
        publicity=Publicity(day, day, False),
        aid_posting=None,
        in_fanghuiju=False,
        works="无",
    )


class World:
    """A round with one panel, one sitting of three experts, and two candidates in it."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self.session, self.settings = session, settings
        self.round: Round = ensure_round(session, "2021")
        self.panel = Panel(
            round_id=self.round.id, name="第一组", series=["工程系列"], levels=["senior"], specialties=[]
        )
        session.add(self.panel)
        names = ("王建国", "阿依古丽", "赵敏")
        self.experts = [self._expert(i, name, f"expert{i}@qq.com") for i, name in enumerate(names)]
        self.sitting = self.add_sitting(START)
        self.candidates = [
            self._application("A0001", "买买提·艾力", "ali@example.org"),
            self._application("A0002", "李晓梅", "li@163.com"),
        ]
        self.defences = [
            self.add_defence(candidate, self.sitting, START + timedelta(minutes=20 * i))
            for i, candidate in enumerate(self.candidates)
        ]

    def _expert(self, number: int, name: str, email: str) -> Expert:
        expert = Expert(
            round_id=self.round.id,
            number=f"E{number}",
            name=name,
            unit=f"专家单位{number}",
            level="senior",
            series=["工程系列"],
            specialties=[],
            phone="13900005678",
            email=email,
            unavailable_json=[],
        )
        self.session.add(expert)
        self.session.flush()
        return expert

    def _application(self, number: str, name: str, email: str) -> Application:
        record = _record(number, name, email)
        application = Application(
            round_id=self.round.id,
            number=number,
            name=name,
            unit=record.unit,
            series=record.series,
            specialty=record.specialty,
            level=record.level,
            record_json=record_to_json(record),
            assessment_json={},
            valid=True,
            requirement="required",
            fee_paid=True,
        )
        self.session.add(application)
        self.session.flush()
        return application

    def add_sitting(self, start_at: datetime) -> Sitting:
        half_day = PanelHalfDay(panel=self.panel, start_at=start_at, end_at=start_at + timedelta(hours=4))
        self.session.add(half_day)
        self.session.flush()
        sitting = Sitting(
            round_id=self.round.id,
            panel_id=self.panel.id,
            half_day_id=half_day.id,
            start_at=start_at,
            end_at=start_at + timedelta(minutes=35),
        )
        self.session.add(sitting)
        self.session.flush()
        for expert in self.experts:
            self.session.add(SittingMember(sitting_id=sitting.id, expert_id=expert.id))
        self.session.flush()
        return sitting

    def add_defence(self, candidate: Application, sitting: Sitting, start_at: datetime) -> Defence:
        defence = Defence(
            application_id=candidate.id,
            sitting_id=sitting.id,
            start_at=start_at,
            end_at=start_at + timedelta(minutes=15),
        )
        self.session.add(defence)
        self.session.flush()
        return defence

    def set_email(self, candidate: Application, email: str) -> None:
        candidate.record_json = {**candidate.record_json, "email": email}

    def remove_member(self, sitting: Sitting, expert: Expert) -> None:
        self.session.delete(self.session.get_one(SittingMember, (sitting.id, expert.id)))

    def invite_of(self, defence: Defence) -> Invite:
        return self.session.query(Invite).filter_by(defence_id=defence.id).one()

    def staff_id(self) -> int:
        """A member of staff, for what is recorded as somebody's."""
        account = create_account(self.session, Role.STAFF, "王工", "staff", None)
        self.session.commit()
        return account.id

    def mails_to(self, address: str) -> list[Received]:
        """What was queued for an address, oldest first."""
        messages = (
            self.session.query(OutboxMessage).filter_by(to_address=address).order_by(OutboxMessage.id).all()
        )
        return [Received(open_letter(self.settings, m.message_id, m.data)) for m in messages]
