"""The life of invites, from publication to cancellation, read from the mails that were queued."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from defense.models import AccessLink, AuditEntry, Defence, Invite, OutboxMessage, SittingMember
from defense.services.access import sign_in_with_link
from defense.services.invites.following import InviteSummary, people_to_telephone, refresh_invites
from defense.services.invites.outbox_care import send_again
from defense.settings import Settings
from tests.invite_world import Received, World

ALI, LI = "ali@example.org", "li@163.com"
LINK = re.compile(r"https://defence\.example\.org/link/([A-Za-z0-9_-]{43})")


class Office:
    """Staff who press "publish" again and again, a minute apart; the mails leave in between."""

    def __init__(self, session: Session, world: World, settings: Settings, now: datetime) -> None:
        self.session, self.world, self.settings, self.now = session, world, settings, now

    def refresh(self, mails_leave: bool = True) -> InviteSummary:
        self.now += timedelta(minutes=1)
        summary = refresh_invites(self.session, self.world.round, self.settings, self.now)
        self.session.flush()
        if mails_leave:
            self.session.execute(update(OutboxMessage).values(state="sent", attempts=1))
            self.session.expire_all()
        return summary


@pytest.fixture
def office(session: Session, world: World, settings: Settings) -> Office:
    return Office(session, world, settings, world.sitting.start_at - timedelta(days=7))


def token_in(mail: Received) -> str:
    tokens = set(LINK.findall(mail.body))
    (token,) = tokens
    return token


def count(summary: InviteSummary) -> tuple[int, int, int, int]:
    return summary.created, summary.updated, summary.cancelled, summary.unchanged


def test_first_publication_invites_everybody_once(office: Office, world: World) -> None:
    summary = office.refresh()
    assert count(summary) == (5, 0, 0, 0)
    assert summary.without_address == ()
    (mail,) = world.mails_to(ALI)
    assert mail.calendar["METHOD"] == "REQUEST"
    event = mail.event
    assert event["SEQUENCE"] == 0
    assert event["UID"] == world.invite_of(world.defences[0]).uid
    assert event.decoded("DTSTART") == world.defences[0].start_at
    assert event.decoded("DTEND") == world.defences[0].end_at
    assert event.decoded("DTSTAMP") == office.now
    assert event["ATTENDEE"] == f"mailto:{ALI}"
    assert event["ORGANIZER"] == "mailto:defence@example.com"
    assert "北京时间 10:00（新疆时间 08:00）" in event["SUMMARY"]
    link = LINK.search(event["URL"])
    assert link is not None
    assert event["URL"] == event["CONFERENCE"] == link.group()
    assert link.group() in event["DESCRIPTION"]
    assert "北京时间 09:30（新疆时间 07:30）" in event["DESCRIPTION"]


def test_a_second_run_sends_nothing(office: Office, session: Session) -> None:
    office.refresh()
    before = session.query(OutboxMessage).count(), session.query(AccessLink).count()
    assert count(office.refresh()) == (0, 0, 0, 5)
    assert (session.query(OutboxMessage).count(), session.query(AccessLink).count()) == before


def test_uids_differ_between_people(office: Office, session: Session) -> None:
    office.refresh()
    uids = session.scalars(select(Invite.uid)).all()
    assert len(set(uids)) == 5
    assert all(uid.endswith("@defence.example.org") for uid in uids)


def test_a_mail_holds_nobody_elses_data(office: Office, world: World, session: Session) -> None:
    office.refresh()
    people = {candidate.name: candidate.record.email for candidate in world.candidates}
    people |= {expert.name: expert.email for expert in world.experts}
    secrets = ["11010519491231002X", "13800001234", "13900005678", world.sitting.meeting_key, "meet.jit.si"]
    for address in people.values():
        (mail,) = world.mails_to(address)
        strangers = [word for n, a in people.items() if a != address for word in (n, a)]
        assert [word for word in strangers + secrets if word in mail.body] == []
    assert {m.to_address for m in session.query(OutboxMessage)} == set(people.values())


def test_panelists_are_told_panel_half_day_and_number(office: Office, world: World) -> None:
    office.refresh()
    (mail,) = world.mails_to("expert0@qq.com")
    assert mail.event.decoded("DTSTART") == world.sitting.start_at
    assert mail.event.decoded("DTEND") == world.sitting.end_at
    assert "答辩人数：2" in mail.text
    assert "回避" in mail.text


def test_move_is_the_next_revision_with_a_new_link(office: Office, world: World, session: Session) -> None:
    office.refresh()
    defence = world.defences[0]
    defence.start_at += timedelta(days=1)
    defence.end_at += timedelta(days=1)
    assert count(office.refresh()) == (0, 1, 0, 4)
    first, second = world.mails_to(ALI)
    assert second.calendar["METHOD"] == "REQUEST"
    assert second.event["UID"] == first.event["UID"]
    assert (first.event["SEQUENCE"], second.event["SEQUENCE"]) == (0, 1)
    assert second.event.decoded("DTSTAMP") > first.event.decoded("DTSTAMP")
    assert second.event.decoded("DTSTART") == defence.start_at
    text = second.text
    assert "原定时间：2021年11月22日 星期一 北京时间 10:00–10:15（新疆时间 08:00–08:15）" in text
    assert "日期：2021年11月23日 星期二" in text
    assert sign_in_with_link(session, token_in(first), 1) is None
    links = session.query(AccessLink).filter_by(invite_id=world.invite_of(defence).id).all()
    assert [link.revoked_at == office.now for link in links] == [True, False]
    assert links[1].expires_at == defence.end_at + timedelta(days=14)


def test_the_link_signs_in_its_owner_while_it_lives(office: Office, world: World, session: Session) -> None:
    office.now = datetime.now(office.now.tzinfo)
    office.refresh()
    (mail,) = world.mails_to(LI)
    sign_in = sign_in_with_link(session, token_in(mail), 1)
    assert sign_in is not None
    assert sign_in.account.application_id == world.candidates[1].id
    link = session.get_one(AccessLink, sign_in.link_id)
    # The slot is long past, so the days count from now.
    assert link.expires_at == office.now + timedelta(days=14)
    world.defences[1].state = "cancelled"
    office.refresh()
    assert sign_in_with_link(session, token_in(mail), 1) is None


def test_the_place_in_the_order_is_told_but_alone_writes_to_nobody(office: Office, world: World) -> None:
    office.refresh()
    (before,) = world.mails_to(LI)
    assert "第 2 位" in before.text
    world.defences[0].start_at += timedelta(hours=1)
    world.defences[0].end_at += timedelta(hours=1)
    assert count(office.refresh()) == (0, 1, 0, 4)
    assert len(world.mails_to(LI)) == 1
    assert "第 2 位" in world.mails_to(ALI)[1].text


def test_the_specialty_is_told_and_a_change_of_it_too(office: Office, world: World) -> None:
    office.refresh()
    world.candidates[0].specialty = "水利水电"
    assert count(office.refresh()) == (0, 1, 0, 4)
    assert "工程系列（水利水电）" in world.mails_to(ALI)[1].text


@pytest.mark.parametrize("what", ["panel", "meeting", "sitting"])
def test_other_changes_count_too(office: Office, world: World, what: str) -> None:
    other = world.add_sitting(world.sitting.start_at + timedelta(days=3))
    office.refresh()
    if what == "panel":
        world.panel.name = "第九组"
    elif what == "meeting":
        world.sitting.meeting_key = "0" * 32
    else:
        world.defences[0].sitting_id = other.id
    office.refresh()
    assert [mail.event["SEQUENCE"] for mail in world.mails_to(ALI)] == [0, 1]
    assert "时间不变" in world.mails_to(ALI)[1].text


def test_cancelled_defence(office: Office, world: World, session: Session) -> None:
    office.refresh()
    world.defences[0].state = "cancelled"
    assert count(office.refresh()) == (0, 0, 1, 4)
    first, second = world.mails_to(ALI)
    assert second.calendar["METHOD"] == "CANCEL"
    event = second.event
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (first.event["UID"], 1, "CANCELLED")
    assert event["ATTENDEE"] == first.event["ATTENDEE"]
    assert event.decoded("DTSTART") == first.event.decoded("DTSTART")
    assert LINK.search(second.body) is None
    assert session.query(AccessLink).filter_by(invite_id=1, revoked_at=None).count() == 0
    assert count(office.refresh()) == (0, 0, 0, 4)


def test_who_was_never_told_is_not_told_of_the_end(office: Office, world: World, session: Session) -> None:
    office.refresh(mails_leave=False)
    world.defences[0].state = "cancelled"
    assert count(office.refresh(mails_leave=False)) == (0, 0, 1, 4)
    (message,) = session.query(OutboxMessage).filter_by(to_address=ALI).all()
    assert (message.state, message.data) == ("superseded", b"")


def test_who_may_have_been_told_is_told_of_the_end(office: Office, world: World, session: Session) -> None:
    office.refresh(mails_leave=False)
    (message,) = session.query(OutboxMessage).filter_by(to_address=ALI).all()
    message.claimed_until = office.now + timedelta(minutes=15)
    world.defences[0].state = "cancelled"
    office.refresh(mails_leave=False)
    assert [m.method for m in session.query(OutboxMessage).filter_by(to_address=ALI)] == ["REQUEST", "CANCEL"]


@pytest.mark.parametrize("state", ["sent", "failed"])
def test_who_is_just_sent_it_again_is_told_of_the_end(office: Office, world: World, state: str) -> None:
    office.refresh(mails_leave=False)
    query = office.session.query(OutboxMessage).filter_by(to_address=ALI)
    query.one().state, query.one().attempts, query.one().last_answer = state, 1, "answered"
    send_again(office.session, query.one(), office.now, None)
    assert (query.one().state, query.one().attempts) == ("queued", 0)
    world.defences[0].state = "cancelled"
    office.refresh(mails_leave=False)
    assert [message.method for message in query.order_by(OutboxMessage.id)] == ["REQUEST", "CANCEL"]


def test_cancelled_sitting_tells_candidates_and_panelists(office: Office, world: World) -> None:
    office.refresh()
    world.sitting.cancelled = True
    assert count(office.refresh()) == (0, 0, 5, 0)
    for address in (ALI, LI, "expert0@qq.com", "expert1@qq.com", "expert2@qq.com"):
        assert [mail.calendar["METHOD"] for mail in world.mails_to(address)] == ["REQUEST", "CANCEL"]


def test_replaced_panelist_is_cancelled_and_may_come_back(office: Office, world: World) -> None:
    office.refresh()
    world.remove_member(world.sitting, world.experts[1])
    assert count(office.refresh()) == (0, 0, 1, 4)
    world.session.add(SittingMember(sitting_id=world.sitting.id, expert_id=world.experts[1].id))
    assert count(office.refresh()) == (0, 1, 0, 4)
    mails = world.mails_to("expert1@qq.com")
    assert [(m.calendar["METHOD"], m.event["SEQUENCE"], m.event["STATUS"]) for m in mails] == [
        ("REQUEST", 0, "CONFIRMED"),
        ("CANCEL", 1, "CANCELLED"),
        ("REQUEST", 2, "CONFIRMED"),
    ]
    assert len({mail.event["UID"] for mail in mails}) == 1
    assert "原定时间" not in mails[2].text


def test_a_sitting_that_hears_nobody_invites_nobody(office: Office, world: World) -> None:
    world.add_sitting(world.sitting.start_at + timedelta(days=2))
    assert count(office.refresh()) == (5, 0, 0, 0)


def test_decided_defences_are_left_alone(office: Office, world: World) -> None:
    office.refresh()
    for defence in world.defences:
        defence.state = "closed"
        defence.start_at += timedelta(hours=1)
    world.remove_member(world.sitting, world.experts[0])
    world.panel.name = "改名"
    assert count(office.refresh()) == (0, 0, 0, 0)
    world.sitting.cancelled = True
    assert count(office.refresh()) == (0, 0, 0, 0)


def test_nobody_decided_is_invited_late(office: Office, world: World) -> None:
    world.defences[0].state = "absent"
    assert count(office.refresh()) == (4, 0, 0, 0)
    assert world.mails_to(ALI) == []


def test_people_without_an_address_are_named_masked(office: Office, world: World) -> None:
    world.set_email(world.candidates[0], "无")
    world.experts[2].email = "defence@example.com"  # the organiser's own mailbox
    summary = office.refresh()
    assert count(summary) == (3, 0, 0, 0)
    assert summary.without_address == ("买**·**（A0001）", "赵*（E2）")
    listed = people_to_telephone(office.session, world.round, office.settings)
    assert [appointment.person for appointment in listed] == [world.candidates[0], world.experts[2]]
    world.set_email(world.candidates[0], ALI)
    assert count(office.refresh()) == (1, 0, 0, 3)


def test_a_lost_address_takes_the_event_back(office: Office, world: World) -> None:
    office.refresh()
    world.set_email(world.candidates[0], "")
    summary = office.refresh()
    assert count(summary) == (0, 0, 1, 4)
    assert len(summary.without_address) == 1
    assert [mail.calendar["METHOD"] for mail in world.mails_to(ALI)] == ["REQUEST", "CANCEL"]


def test_a_new_address_gets_the_event_and_the_old_one_loses_it(office: Office, world: World) -> None:
    office.refresh()
    world.set_email(world.candidates[0], "ali@new.example.org")
    assert count(office.refresh()) == (0, 1, 0, 4)
    old, new = world.mails_to(ALI), world.mails_to("ali@new.example.org")
    assert [(m.calendar["METHOD"], m.event["SEQUENCE"]) for m in old + new] == [
        ("REQUEST", 0),
        ("CANCEL", 1),
        ("REQUEST", 2),
    ]
    assert old[1].event["ATTENDEE"] == f"mailto:{ALI}"
    assert {m.event["UID"] for m in old + new} == {old[0].event["UID"]}
    assert new[0].event.decoded("DTSTAMP") > old[1].event.decoded("DTSTAMP")


def test_stamps_rise_even_when_the_clock_does_not(office: Office, world: World) -> None:
    stamps = []
    for name in ("甲组", "乙组", "丙组"):
        world.panel.name = name
        office.now -= timedelta(minutes=1)
        office.refresh()
        stamps.append(world.mails_to(ALI)[-1].event.decoded("DTSTAMP"))
    assert stamps == sorted(set(stamps))


def test_a_second_attempt_is_an_event_of_its_own(office: Office, world: World) -> None:
    office.refresh()
    world.defences[0].state = "closed"
    second = world.add_sitting(world.sitting.start_at + timedelta(days=5))
    world.session.add(
        Defence(
            application_id=world.candidates[0].id,
            attempt=2,
            sitting_id=second.id,
            start_at=second.start_at,
            end_at=second.end_at,
        )
    )
    assert office.refresh().created == 4
    one, two = world.mails_to(ALI)
    assert one.event["UID"] != two.event["UID"]
    assert two.event["SEQUENCE"] == 0


def test_the_audit_log_says_which_invites(office: Office, session: Session) -> None:
    office.refresh()
    office.refresh()
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "invites.refreshed")).all()
    assert [entry.detail for entry in entries] == [
        {"created": [1, 2, 3, 4, 5], "updated": [], "cancelled": []}
    ]


def test_the_caller_owns_the_transaction(office: Office, session: Session) -> None:
    session.commit()
    office.refresh()
    session.rollback()
    assert session.query(OutboxMessage).count() == session.query(Invite).count() == 0
