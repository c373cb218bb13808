"""A thousand random lives of a published round, told to calendar programs late, shuffled and doubled.

The service is the real one, from the publication to the sender of its outbox. At the end of every life each
calendar shows what is published, and the service knows each person's last answer to what they were last told.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import StaticPool

from defense.domain.errors import IllegalState
from defense.extensions import db
from defense.integrations.smtp_answers import AnswerKind, SendAnswer
from defense.models import (
    AccessLink,
    Account,
    Application,
    Defence,
    Expert,
    Invite,
    NamedAttendee,
    OutboxMessage,
    Panel,
    Round,
    Sitting,
    SittingMember,
)
from defense.services.access import Role, invite_link
from defense.services.invites.following import refresh_invites
from defense.services.invites.inbox import file_mail
from defense.services.invites.outbox import send_due
from defense.services.invites.outbox_care import send_again, send_stuck_again
from defense.services.invites.replies import Answer, Reply, Via, keep_time, take_reply
from defense.services.transaction import begin_write, prepare_engine
from defense.settings import Settings
from tests.calendar_client import CalendarClient, OutgoingAnswer
from tests.invite_world import World

LIVES, SHARES = 1_000, 20
MAX_STEPS, HANDS = 12, 6
PUBLISHED_AT = datetime(2021, 11, 1, 4, tzinfo=UTC)
ANSWERS = {"ACCEPTED": Answer.ACCEPTED, "TENTATIVE": Answer.TENTATIVE, "DECLINED": Answer.DECLINED}
ADDRESSES = [f"{name}@{domain}" for name in ("new", "other", "home") for domain in ("qq.com", "example.org")]
Shown = Counter[tuple[datetime, datetime]]


class Killed(Exception):
    """The sender's process died after it had handed the message over."""


@dataclass
class PostMan:
    """A way out for mail that puts off, refuses and dies; several work at once, each by its own chance."""

    random: Random
    is_kind: bool = False
    taken: list[tuple[str, bytes]] = field(default_factory=list)

    def send(self, to_address: str, data: bytes) -> SendAnswer:
        fate = 1.0 if self.is_kind else self.random.random()
        if fate < 0.1:
            return SendAnswer(AnswerKind.LATER, "451 later")
        if fate < 0.15:
            return SendAnswer(AnswerKind.NEVER, "550 never")
        self.taken.append((to_address, data))
        if fate < 0.2:
            raise Killed
        if fate < 0.25:
            return SendAnswer(AnswerKind.LATER, "the line broke after the last byte")
        return SendAnswer(AnswerKind.SENT, "250")

    def close(self) -> None:
        """Nothing is held open."""


@dataclass
class Database:
    """One SQLite database in memory, put back to its first state in a moment."""

    driver: sqlite3.Connection
    template: sqlite3.Connection
    sessions: Callable[[], Session]
    settings: Settings

    def reset(self) -> None:
        self.template.backup(self.driver)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    settings = Settings.from_env(
        {
            "INSTANCE_DIR": str(tmp_path_factory.mktemp("instance")),
            "SECRET_KEY": "k" * 32,
            "PUBLIC_URL": "https://defence.example.org",
            "MAIL_FROM": "自治区职称社会化评价中心 <defence@example.com>",
            "MAIL_RATES": "",
        }
    )
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    prepare_engine(engine)
    db.metadata.create_all(engine)
    sessions = sessionmaker(engine)
    with sessions() as session:
        begin_write(session)
        world = World(session, settings)
        world.add_sitting(world.sitting.start_at + timedelta(days=3))
        session.add_all(
            Account(role=Role.SECRETARY, display_name=name, username=address, email=address)
            for name, address in (("秘书甲", "sec1@example.org"), ("秘书乙", "sec2@163.com"))
        )
        # Every life begins here: the round is published, and no mail has left yet.
        refresh_invites(session, world.round, settings, PUBLISHED_AT)
        session.commit()
    driver: Any = engine.raw_connection().driver_connection
    template = sqlite3.connect(":memory:")
    driver.backup(template)
    yield Database(driver, template, sessions, settings)
    template.close()
    engine.dispose()


class Life:
    """One random life of the round, and everybody's calendar."""

    def __init__(self, database: Database, seed: int) -> None:
        database.reset()
        self.random = Random(seed)
        self.database, self.settings = database, database.settings
        self.session = database.sessions()
        self.post = [PostMan(Random(f"{seed} {hand}")) for hand in range(HANDS)]
        self.bags: dict[str, list[bytes]] = {}
        """Mails on their way, by address."""
        self.clients: dict[str, CalendarClient] = {}
        self.answers: list[OutgoingAnswer] = []
        """On their way to the service."""
        self.given: list[tuple[int, int, datetime, Answer]] = []
        """Every answer there ever was: invite, revision, when, what."""
        self.now = PUBLISHED_AT
        self.story: list[str] = []
        with self.writing() as session:
            self.staff_id = session.scalars(select(Account.id)).first() or 0

    @property
    def changes(self) -> list[Callable[[Session], None]]:
        return [
            *(self.move_defence, self.move_defence, self.reseat, self.cancel_or_restore_defence),
            *(self.move_sitting, self.cancel_or_restore_sitting, self.rename_panel, self.new_meeting),
            *(self.change_panel, self.change_panel, self.change_secretary, self.change_attendees),
            *(self.change_address, self.change_address, self.nothing),
        ]

    def live(self) -> None:
        """A few steps, each a change, a mail, an answer or a wait; then everything arrives at last."""
        others = (self.send, self.send, self.deliver, self.answer, self.answer, self.take_answers)
        rarer = (self.answer_on_page, self.resend, self.turn_down)
        for _ in range(min(self.random.randint(1, MAX_STEPS), self.random.randint(1, MAX_STEPS))):
            if self.random.random() < 0.4:
                self.change()
            else:
                step = self.random.choice((*others, *rarer))
                self.story.append(step.__name__)
                step()
            self.now += self.random.choice((timedelta(0), timedelta(seconds=1), timedelta(hours=3)))
        self.publish()
        self.end()

    def change(self) -> None:
        """One or several changes; they are published at once, or staff have not come round to it."""
        with self.writing() as session:
            for change in self.random.choices(self.changes, k=self.random.choice((1, 1, 2))):
                self.story.append(change.__name__)
                change(session)
        if self.random.random() < 0.9:
            self.publish()

    def publish(self) -> None:
        with self.writing() as session:
            refresh_invites(session, session.scalars(select(Round)).one(), self.settings, self.now)

    def end(self) -> None:
        """The mail servers recover, staff resend what failed, all that was under way arrives."""
        for postman in self.post:
            postman.is_kind = True
        # Longer than any pause, and than the lease of a sender that died.
        self.now += timedelta(hours=2)
        with self.writing() as session:
            send_stuck_again(session, session.scalars(select(Round)).one(), self.now, None)
        self.send()
        for address in list(self.bags):
            self.deliver_to(address, everything=True)
        self.answers += self.random.choices(self.answers, k=len(self.answers) // 2) if self.answers else []
        self.take_answers(everything=True)

    # What staff change

    def move_defence(self, session: Session) -> None:
        defence = self.random.choice(session.scalars(select(Defence)).all())
        by = timedelta(minutes=20 * self.random.randint(-3, 3))
        defence.start_at += by
        defence.end_at += by

    def reseat(self, session: Session) -> None:
        defence = self.random.choice(session.scalars(select(Defence)).all())
        sitting = self.random.choice(session.scalars(select(Sitting)).all())
        length = defence.end_at - defence.start_at
        defence.sitting_id, defence.start_at = sitting.id, sitting.start_at
        defence.end_at = defence.start_at + length

    def cancel_or_restore_defence(self, session: Session) -> None:
        defence = self.random.choice(session.scalars(select(Defence)).all())
        off = self.random.choice(("cancelled", "postponed"))
        defence.state = off if defence.state == "waiting" else "waiting"

    def move_sitting(self, session: Session) -> None:
        sitting = self.random.choice(session.scalars(select(Sitting)).all())
        sitting.end_at += timedelta(minutes=self.random.choice((-5, 5)))

    def cancel_or_restore_sitting(self, session: Session) -> None:
        sitting = self.random.choice(session.scalars(select(Sitting)).all())
        sitting.cancelled = not sitting.cancelled

    def rename_panel(self, session: Session) -> None:
        session.scalars(select(Panel)).one().name = self.random.choice(("第一组", "第二组", "第三组"))

    def new_meeting(self, session: Session) -> None:
        sitting = self.random.choice(session.scalars(select(Sitting)).all())
        sitting.meeting_key = f"{self.random.getrandbits(128):032x}"

    def change_panel(self, session: Session) -> None:
        """A panelist goes, or comes back; both at once is a replacement."""
        sitting = self.random.choice(session.scalars(select(Sitting)).all())
        for expert in self.random.sample(list(session.scalars(select(Expert))), self.random.choice((1, 2))):
            member = session.get(SittingMember, (sitting.id, expert.id))
            if member is None:
                session.add(SittingMember(sitting_id=sitting.id, expert_id=expert.id))
            else:
                session.delete(member)

    def change_secretary(self, session: Session) -> None:
        secretaries = session.scalars(select(Account).where(Account.role == Role.SECRETARY)).all()
        session.scalars(select(Panel)).one().secretary = self.random.choice((None, *secretaries))

    def change_attendees(self, session: Session) -> None:
        application = self.random.choice(session.scalars(select(Application)).all())
        if application.attendees:
            application.attendees = []
            return
        expert = self.random.choice(session.scalars(select(Expert)).all())
        application.attendees = [NamedAttendee(expert_id=expert.id, purpose="翻译", account_id=self.staff_id)]

    def change_address(self, session: Session) -> None:
        """Somebody has a new address, an old one again, another person's, or none."""
        address = self.random.choice((*ADDRESSES, *self.clients, "", "无"))
        people: list[Any] = [*session.scalars(select(Application)), *session.scalars(select(Expert))]
        people += session.scalars(select(Account).where(Account.role == Role.SECRETARY))
        person = self.random.choice(people)
        if isinstance(person, Application):
            person.record_json = {**person.record_json, "email": address}
        else:
            person.email = address

    def nothing(self, session: Session) -> None:
        """Staff publish again what was published."""

    # What happens to mails and answers

    def send(self) -> None:
        with suppress(Killed):
            send_due(self.database.sessions, self.post, self.settings, lambda: self.now)
        for postman in self.post:
            for address, mail in postman.taken:
                self.bags.setdefault(address, []).append(mail)
            postman.taken.clear()

    def resend(self) -> None:
        with self.writing() as session:
            messages = session.scalars(select(OutboxMessage)).all()
            with suppress(IllegalState):
                send_again(session, self.random.choice(messages), self.now, None)

    def deliver(self) -> None:
        for address in self.random.sample(sorted(self.bags), min(3, len(self.bags))):
            self.deliver_to(address)

    def deliver_to(self, address: str, everything: bool = False) -> None:
        """Some of the mails to one address, in any order, some of them twice."""
        bag = self.bags[address]
        self.random.shuffle(bag)
        kept = 0 if everything else self.random.randint(0, len(bag))
        for mail in bag[kept:]:
            for _ in range(self.random.choice((1, 1, 2))):
                self.client(address).take(mail)
        # A relay may bring any of them once more, much later.
        self.bags[address] = bag[:kept] + ([] if everything else bag[kept:][:1])

    def answer(self) -> None:
        """Somebody presses a button in a calendar; the mail is on its way for a while."""
        client = self.random.choice([c for c in self.clients.values() if c.shown] or [None])
        if client is None:
            return
        self.now += timedelta(seconds=1)
        event = self.random.choice(client.shown)
        if self.random.random() < 0.25:
            start_at = event.start_at + timedelta(days=self.random.randint(-1, 2), minutes=20)
            answer = client.counter(event.uid, start_at, start_at + timedelta(minutes=15), self.now)
        else:
            answer = client.reply(event.uid, self.random.choice(sorted(ANSWERS)), self.now)
        self.answers.append(answer)
        with self.writing() as session:
            invite = session.scalars(select(Invite).where(Invite.uid == event.uid)).one()
            self.given.append((invite.id, answer.sequence, self.now, said(answer)))

    def answer_on_page(self) -> None:
        """Somebody follows the link and answers there."""
        with self.writing() as session:
            live = session.scalars(select(Invite).where(Invite.cancelled.is_(False))).all()
            if not live:
                return
            self.now += timedelta(seconds=1)
            invite, answer = self.random.choice(live), self.random.choice(list(Answer))
            assert take_reply(session, invite, Reply(answer, Via.PAGE, invite.sequence, self.now), self.now)
            self.given.append((invite.id, invite.sequence, self.now, answer))

    def turn_down(self) -> None:
        """Staff keep the time although somebody asked for another."""
        with self.writing() as session:
            for invite in session.scalars(select(Invite)):
                for reply in invite.replies:
                    if reply.answer == Answer.OTHER_TIME and reply.settled_as is None:
                        keep_time(session, reply, self.now, self.staff_id)

    def take_answers(self, everything: bool = False) -> None:
        """The service reads some of the answers, in any order, some of them twice."""
        self.random.shuffle(self.answers)
        kept = 0 if everything else self.random.randint(0, len(self.answers))
        taken, self.answers = self.answers[kept:], self.answers[:kept]
        with self.writing() as session:
            for answer in taken:
                for _ in range(self.random.choice((1, 1, 2))):
                    file_mail(session, answer.data, self.now)

    # What has to be true in the end

    def published(self) -> dict[str, Shown]:
        """Who has to be where and when, by address, read straight from the tables."""
        expected: dict[str, Shown] = {}

        def note(address: str, at: Sitting | Defence) -> None:
            if "@" in address:
                expected.setdefault(address, Counter())[at.start_at, at.end_at] += 1

        for sitting in self.session.scalars(select(Sitting)):
            on = [d for d in sitting.defences if d.state == "waiting" and not sitting.cancelled]
            members = {member.expert_id for member in sitting.members}
            for defence in on:
                note(defence.application.record.email, defence)
                for attendee in defence.application.attendees:
                    if attendee.expert_id not in members:
                        note(attendee.expert.email, defence)
            if on:
                for member in sitting.members:
                    note(member.expert.email, sitting)
                if sitting.panel.secretary is not None:
                    note(sitting.panel.secretary.email, sitting)
        return expected

    def check(self) -> None:
        self.session.expire_all()
        waiting = select(OutboxMessage).where(OutboxMessage.state.not_in(("sent", "superseded", "failed")))
        assert self.session.scalars(waiting).all() == []
        published = self.published()
        for address in {*published, *self.clients}:
            shown = Counter((event.start_at, event.end_at) for event in self.client(address).shown)
            assert shown == published.get(address, Counter()), address
        invites = {invite.uid: invite for invite in self.session.scalars(select(Invite))}
        for client in self.clients.values():
            for event in client.shown:
                invite = invites[event.uid]
                assert event.sequence == invite.sequence
                assert event.url.endswith(invite_link(invite, self.settings.secret_key))
        for invite in invites.values():
            alive = select(AccessLink).where(
                AccessLink.invite_id == invite.id, AccessLink.revoked_at.is_(None)
            )
            assert len(self.session.scalars(alive).all()) == (0 if invite.cancelled else 1)
            self.check_answer(invite)

    def check_answer(self, invite: Invite) -> None:
        present = [g for g in self.given if g[:2] == (invite.id, invite.sequence) and not invite.cancelled]
        last = max(present, key=lambda g: g[2]) if present else None
        assert invite.answer == (last[3] if last else None)
        open_requests = [r for r in invite.replies if r.answer == Answer.OTHER_TIME and r.settled_as is None]
        assert len(open_requests) <= (1 if invite.answer == Answer.OTHER_TIME else 0)

    # Tools

    def client(self, address: str) -> CalendarClient:
        return self.clients.setdefault(address, CalendarClient(address))

    def writing(self) -> _Writing:
        return _Writing(self.session)


class _Writing:
    """A transaction of a writer, committed at its end."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __enter__(self) -> Session:
        begin_write(self.session)
        return self.session

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.session.commit()


def said(answer: OutgoingAnswer) -> Answer:
    return Answer.OTHER_TIME if answer.method == "COUNTER" else ANSWERS[answer.partstat]


@pytest.mark.parametrize("share", range(SHARES))
def test_every_calendar_ends_in_the_right_state(database: Database, share: int) -> None:
    for seed in range(share, LIVES, SHARES):
        life = Life(database, seed)
        try:
            life.live()
            life.check()
        except Exception as error:
            error.add_note(f"life {seed}: {', '.join(life.story)}")
            raise
        finally:
            life.session.close()
