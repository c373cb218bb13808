"""Nobody's mail says anything about anybody else, and nobody's mail opens a meeting by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from functools import partial
from itertools import islice
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from defense.models import (
    Account,
    Application,
    Defence,
    Expert,
    NamedAttendee,
    OutboxMessage,
    Panel,
    PanelHalfDay,
    Sitting,
    SittingMember,
)
from defense.services.access import Role
from defense.services.invites.following import refresh_invites
from defense.services.invites.post import open_letter
from defense.services.invites.reminders import remind
from defense.services.invites.result_letters import queue_result_letters
from defense.settings import Settings
from tests.invite_world import World
from tests.parsers.letters import letters_to

PEOPLE, PANELS, PANELISTS = 1_000, 20, 6
INTERPRETERS = 10
CANDIDATES = PEOPLE - PANELS * (1 + PANELISTS) - INTERPRETERS
# Signs that no fixed text of ours uses, so that whatever is found is somebody's.
SIGNS = ("亓仉佘啜郗靳逄鄢褚阚戢亳", "ڭۋڧڤڱۊۍېۈۆڄڃ", "ĀĒĪŌŪȲḀḂḊḞĠḢ")
KEY_LENGTH = 3


def name_of(number: int) -> str:
    """A name like no other one, of the same length as all in its script."""
    signs = SIGNS[number % len(SIGNS)]
    digits = [number // 12**i % 12 for i in range(3)]
    return "".join(signs[digit] for digit in digits) + signs[sum(digits) % 12]


@dataclass
class Secrets:
    """Words, and the name of the one person who may read each; None: nobody may."""

    owners: dict[str, str | None]

    def __post_init__(self) -> None:
        self._by_key: dict[str, list[str]] = {}
        for word in self.owners:
            self._by_key.setdefault(word[:KEY_LENGTH], []).append(word)

    def found_in(self, text: str) -> set[str]:
        """Every one of them that the text holds."""
        keys = self._by_key.keys() & set(map("".join, zip(text, text[1:], text[2:], strict=False)))
        return {word for key in keys for word in self._by_key[key] if word in text}


@dataclass
class Town:
    """A round of a thousand people, each with words of their own."""

    session: Session
    world: World
    owners: dict[str, str | None]

    def person(self, number: int) -> tuple[str, str, str]:
        """Name, address and telephone of the next person."""
        name, address, phone = (
            name_of(number),
            f"p{number:05}q@mail{number % 7}.example.org",
            f"139{number:08}",
        )
        self.owners |= {name: name, address: name, phone: None}
        return name, address, phone


def settle(session: Session, world: World) -> Town:
    """Twenty panels with two sittings each; every fortieth candidate brings an interpreter."""
    town = Town(session, world, {})
    template = world.candidates[0].record_json
    session.execute(update(Defence).values(state="cancelled"))
    sittings, number = [], 0
    for p in range(PANELS):
        name, address, _ = town.person(number := number + 1)
        secretary = Account(role=Role.SECRETARY, display_name=name, username=address, email=address)
        session.add(secretary)
        panel = Panel(
            round_id=world.round.id,
            name=f"第{p + 20}组",
            series=["工程系列"],
            levels=["senior"],
            specialties=[],
        )
        panel.secretary = secretary
        session.add(panel)
        experts = [expert_of(town, number := number + 1) for _ in range(PANELISTS)]
        for half in range(2):
            start_at = world.sitting.start_at + timedelta(days=p, hours=5 * half)
            half_day = PanelHalfDay(panel=panel, start_at=start_at, end_at=start_at + timedelta(hours=4))
            session.add_all([panel, half_day])
            session.flush()
            sitting = Sitting(
                round_id=world.round.id,
                panel_id=panel.id,
                half_day_id=half_day.id,
                start_at=start_at,
                end_at=start_at + timedelta(hours=4),
            )
            sitting.members = [SittingMember(expert_id=expert.id) for expert in experts]
            session.add(sitting)
            sittings.append(sitting)
    session.flush()
    interpreters = [expert_of(town, number := number + 1) for _ in range(INTERPRETERS)]
    staff = session.scalars(select(Account)).first()
    assert staff is not None
    for i in range(CANDIDATES):
        name, address, phone = town.person(number := number + 1)
        sitting = sittings[i % len(sittings)]
        candidate = Application(
            round_id=world.round.id,
            number=f"BMH{number:06}",
            name=name,
            unit=f"单位{number:06}",
            series="工程系列",
            specialty="土木建筑",
            level="senior",
            record_json=template
            | {"name": name, "email": address, "phone": phone, "id_number": f"6501031970{number:07}X"},
            assessment_json={},
            valid=True,
            requirement="required",
            fee_paid=True,
        )
        town.owners |= {candidate.number: None, f"6501031970{number:07}X": None, candidate.unit: None}
        if i % 40 == 0:
            expert = interpreters[i // 40 % INTERPRETERS]
            candidate.attendees = [NamedAttendee(expert_id=expert.id, purpose="翻译", account_id=staff.id)]
        start_at = sitting.start_at + timedelta(minutes=10 * (i // len(sittings)))
        session.add(candidate)
        session.flush()
        session.add(
            Defence(
                application_id=candidate.id,
                sitting_id=sitting.id,
                start_at=start_at,
                end_at=start_at + timedelta(minutes=10),
            )
        )
    assert number == PEOPLE
    return town


def expert_of(town: Town, number: int) -> Expert:
    name, address, phone = town.person(number)
    expert = Expert(
        round_id=town.world.round.id,
        number=f"ZJH{number:06}",
        name=name,
        unit=f"单位{number:06}",
        level="senior",
        series=["工程系列"],
        specialties=[],
        phone=phone,
        email=address,
        unavailable_json=[],
    )
    town.owners |= {expert.number: None, expert.unit: None}
    town.session.add(expert)
    town.session.flush()
    return expert


def everything_in(data: bytes) -> Iterable[str]:
    """All that can be read in a mail: its bytes, its headers, its parts, its calendar without folds."""
    message = message_from_bytes(data)
    yield data.decode("ascii")
    yield "\n".join(f"{name}: {make_header(decode_header(value))}" for name, value in message.items())
    for part in message.walk():
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            yield payload.decode()
            yield payload.decode().replace("\r\n ", "")


@dataclass
class Search:
    """What a search of every queued letter found."""

    letters: int = 0
    own_words: int = 0
    strange_words: list[tuple[str, str]] = field(default_factory=list)
    """(recipient, word)"""


def search(town: Town, settings: Settings) -> Search:
    host = urlsplit(settings.jitsi_url).hostname
    assert host
    sittings = town.session.scalars(select(Sitting)).all()
    keys = [key for sitting in sittings for key in (sitting.meeting_key, sitting.screen_key)]
    secrets = Secrets(town.owners | dict.fromkeys([host, *keys], None))
    result = Search()
    for message in town.session.scalars(select(OutboxMessage).where(OutboxMessage.data != b"")):
        result.letters += 1
        recipient = message.account.display_name
        texts = everything_in(open_letter(settings, message.message_id, message.data))
        found = set[str]().union(*map(secrets.found_in, texts))
        own = {word for word in found if secrets.owners[word] == recipient}
        result.own_words += len(own)
        result.strange_words += [(recipient, word) for word in found - own]
    return result


def _same(moment: datetime) -> datetime:
    return moment


@pytest.fixture
def town(session: Session, world: World) -> Town:
    return settle(session, world)


def test_the_search_finds_what_is_there() -> None:
    owners: dict[str, str | None] = {name_of(n): name_of(n) for n in range(PEOPLE)}
    assert len(owners) == PEOPLE
    secrets = Secrets({**owners, "meet.jit.si": None})
    assert secrets.found_in(f"您好 {name_of(7)}，https://meet.jit.si/x") == {name_of(7), "meet.jit.si"}
    assert secrets.found_in("您好") == set()


def test_the_search_reads_what_a_mail_hides() -> None:
    (mail,) = islice(letters_to([name_of(5) * 30]), 1)
    secrets = Secrets({name_of(5) * 30: None, "person0@example.org": None})
    texts = list(everything_in(mail.data))
    # In the header and the texts coded, in the calendar folded.
    assert [len(secrets.found_in(text)) for text in texts] == [1, 2, 1, 1, 1, 1, 1, 2]


def test_no_byte_sent_in_a_round_of_a_thousand_is_about_anybody_else(
    town: Town, settings: Settings, sessions: Callable[[], Session]
) -> None:
    session, round_ = town.session, town.world.round
    now = town.world.sitting.start_at - timedelta(days=7)

    def publish(minute: int) -> None:
        refresh_invites(session, round_, settings, now + timedelta(minutes=minute))
        session.flush()
        session.execute(update(OutboxMessage).values(state="sent", attempts=1))
        session.expire_all()

    publish(0)
    defences = session.scalars(select(Defence).where(Defence.state == "waiting").order_by(Defence.id)).all()
    # Neighbours change places, some are called off, a panelist goes, somebody has another address.
    for one, other in zip(defences[0:80:2], defences[1:80:2], strict=True):
        one.start_at, other.start_at, one.end_at, other.end_at = (
            other.start_at,
            one.start_at,
            other.end_at,
            one.end_at,
        )
    for defence in defences[100:140]:
        defence.state = "cancelled"
    for sitting in session.scalars(select(Sitting).where(Sitting.id > 1)).all()[:10]:
        session.delete(sitting.members[0])
    publish(1)
    moved = defences[200].application
    moved.record_json = {**moved.record_json, "email": "elsewhere@mail8.example.org"}
    town.owners["elsewhere@mail8.example.org"] = moved.name
    publish(2)
    for defence in defences[300:340]:
        defence.state = defence.outcome = "passed"
    queue_result_letters(session, round_, settings, now + timedelta(minutes=3))
    start_at = town.world.sitting.start_at
    session.commit()
    for moment in (
        start_at - timedelta(days=3),
        start_at - timedelta(minutes=20),
        start_at + timedelta(days=3),
    ):
        remind(sessions, settings, partial(_same, moment))
    kinds = Counter(session.scalars(select(OutboxMessage.kind)))
    assert kinds["reminder_day"] > 50 and kinds["reminder_soon"] > 5 and kinds["result"] == 40
    result = search(town, settings)
    assert result.letters > PEOPLE + 120
    # It looks everywhere: each letter holds its recipient's name and address.
    assert result.own_words == 2 * result.letters
    assert result.strange_words == []
