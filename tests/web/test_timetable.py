"""The timetable's pages: moving and removing by hand, publishing again, stale tabs, mails that follow."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import sessionmaker

from defense.extensions import db
from defense.models import Application, Defence, OutboxMessage, Round, Schedule, ScheduledSlot
from defense.services.imports.merging import ApplicationMerger
from defense.services.records.rulings import override_validity
from defense.services.transaction import begin_write
from tests.conftest import People
from tests.rooms import TO_DISCUSSION

TIMETABLE = "/rounds/2021/schedule"


def seated(app: Flask, number: int) -> tuple[int, int]:
    """Newest schedule, and the application of its n-th slot."""
    with app.app_context():
        schedule = db.session.scalars(select(Schedule).order_by(Schedule.id.desc())).first()
        assert schedule is not None
        return schedule.id, schedule.slots[number].application_id


def count(app: Flask, kind: type, *conditions: object) -> int:
    with app.app_context():
        found = db.session.scalar(select(func.count()).select_from(kind).where(*conditions))  # type: ignore[arg-type]
        return found or 0


def first_place(page: str) -> str:
    found = re.search(r'name="place" id="p\d+" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_moving_one_person_and_publishing_tells_that_person(
    published_app: Flask, people: People, enter: Callable[[str], FlaskClient]
) -> None:
    staff = enter("staff")
    schedule_id, application_id = seated(published_app, 0)
    address = f"{TIMETABLE}/{schedule_id}/candidates/{application_id}"
    mails = count(published_app, OutboxMessage)
    assert staff.post(address, data={"place": first_place(staff.get(address).text)}).status_code == 302
    assert count(published_app, OutboxMessage) == mails, "nobody is told before publishing"
    newest, _ = seated(published_app, 0)
    assert newest > schedule_id
    assert staff.post(f"{TIMETABLE}/{newest}/publish").status_code == 302
    with published_app.app_context():
        changed = db.session.scalars(
            select(OutboxMessage).where(OutboxMessage.sequence == 1).order_by(OutboxMessage.id)
        ).all()
        assert application_id in {m.invite.account.application_id for m in changed}
        assert {m.method for m in changed} <= {"REQUEST", "CANCEL"}
    # Publishing the same timetable again changes nothing and tells nobody.
    mails = count(published_app, OutboxMessage)
    assert staff.post(f"{TIMETABLE}/{newest}/publish").status_code == 302
    assert count(published_app, OutboxMessage) == mails


def test_taking_somebody_out_cancels(
    published_app: Flask, people: People, enter: Callable[[str], FlaskClient]
) -> None:
    with published_app.app_context():
        # Who was never written to would not be told of the end either.
        db.session.execute(update(OutboxMessage).values(state="sent", attempts=1))
        db.session.commit()
    staff = enter("staff")
    schedule_id, application_id = seated(published_app, 0)
    assert (
        staff.post(
            f"{TIMETABLE}/{schedule_id}/candidates/{application_id}", data={"place": "remove"}
        ).status_code
        == 302
    )
    newest, _ = seated(published_app, 0)
    staff.post(f"{TIMETABLE}/{newest}/publish")
    with published_app.app_context():
        defence = db.session.scalars(select(Defence).where(Defence.application_id == application_id)).one()
        assert (defence.state, defence.outcome) == ("removed", None)
        last = db.session.scalars(
            select(OutboxMessage)
            .join(OutboxMessage.invite)
            .where(OutboxMessage.method == "CANCEL")
            .order_by(OutboxMessage.id.desc())
        ).first()
        assert last is not None


def test_a_stale_tab_neither_moves_nor_publishes(
    published_app: Flask, people: People, enter: Callable[[str], FlaskClient]
) -> None:
    staff = enter("staff")
    old, application_id = seated(published_app, 0)
    address = f"{TIMETABLE}/{old}/candidates/{application_id}"
    place = first_place(staff.get(address).text)
    staff.post(address, data={"place": place})
    newest, _ = seated(published_app, 0)
    staff.post(f"{TIMETABLE}/{newest}/publish")
    mails, schedules = count(published_app, OutboxMessage), count(published_app, Schedule)
    staff.post(f"{TIMETABLE}/{old}/publish")
    staff.post(address, data={"place": "remove"})
    assert "被他人修改" in staff.get(TIMETABLE).text
    assert (count(published_app, OutboxMessage), count(published_app, Schedule)) == (mails, schedules)


def test_an_illegal_place_is_refused_in_words(
    published_app: Flask, people: People, enter: Callable[[str], FlaskClient]
) -> None:
    staff = enter("staff")
    schedule_id, first = seated(published_app, 0)
    with published_app.app_context():
        slots = db.session.get_one(Schedule, schedule_id).slots
        taken = next(s for s in slots if s.application_id != first)
        place = f"{taken.half_day_id}@{taken.start_at.isoformat()}"
    schedules = count(published_app, Schedule)
    answer = staff.post(f"{TIMETABLE}/{schedule_id}/candidates/{first}", data={"place": place})
    assert answer.status_code == 409 and "冲突" in answer.text
    assert count(published_app, Schedule) == schedules
    for nonsense in ("", "1", "x@y", "1@2021-11-22T10:00", "999999@2021-11-22T02:00:00+00:00"):
        answer = staff.post(f"{TIMETABLE}/{schedule_id}/candidates/{first}", data={"place": nonsense})
        assert answer.status_code in (400, 404)


def test_somebody_ruled_out_is_named_and_blocks_nobody_else(
    published_app: Flask, people: People, enter: Callable[[str], FlaskClient]
) -> None:
    staff = enter("staff")
    schedule_id, out = seated(published_app, 0)
    _, other = seated(published_app, 1)
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        begin_write(session)
        application = session.get_one(Application, out)
        name = application.name
        override_validity(session, application, False, "材料不实", 1)
        session.commit()
    page = staff.get(TIMETABLE).text
    assert "已不需答辩" in page and name in page
    assert "重新排期" in staff.post(f"{TIMETABLE}/{schedule_id}/publish").text
    address = f"{TIMETABLE}/{schedule_id}/candidates/{other}"
    assert staff.post(address, data={"place": first_place(staff.get(address).text)}).status_code == 302
    newest, _ = seated(published_app, 0)
    with published_app.app_context():
        assert out not in {slot.application_id for slot in db.session.get_one(Schedule, newest).slots}
    assert staff.post(f"{TIMETABLE}/{newest}/publish").status_code == 302
    assert "已不需答辩" not in staff.get(TIMETABLE).text


def test_a_supervisor_looks_and_changes_nothing(
    published_app: Flask, people: People, enter: Callable[[str], FlaskClient]
) -> None:
    supervisor = enter("supervisor")
    schedule_id, application_id = seated(published_app, 0)
    assert supervisor.get(TIMETABLE).status_code == 200
    for address in (
        f"{TIMETABLE}/solve",
        f"{TIMETABLE}/{schedule_id}/publish",
        f"{TIMETABLE}/{schedule_id}/candidates/{application_id}",
    ):
        assert supervisor.post(address).status_code == 403


def test_settings_freeze_with_the_first_ballot(
    published_app: Flask, people: People, enter: Callable[[str], FlaskClient]
) -> None:
    staff, secretary = enter("staff"), enter("secretary")
    settings = {
        "panel_rule": "two_thirds",
        "denominator": "present",
        "abstentions": "left_out",
        "absences": "against",
        "quorum_at_least": "3",
        "quorum_numerator": "2",
        "quorum_denominator": "3",
        "effect": "reference",
        "min_panel_size": "3",
        "senior_min": "20",
        "senior_statement_min": "4",
        "associate_min": "12",
        "associate_statement_min": "2",
        "discussion_min": "0",
        "buffer_min": "5",
        "check_in_min": "30",
    }
    assert staff.post("/rounds/2021/settings", data=settings).status_code == 302
    assert "三分之二" in staff.get("/rounds/2021/settings").text
    for said in ("到场成员", "弃权不计入分母", "2/3", "规则版本 1"):
        assert said in staff.get("/rounds/2021/settings").text
    for wrong in (
        {"senior_min": "0"},
        {"buffer_min": "five"},
        {"panel_rule": "coin"},
        {"denominator": "some"},
        {"quorum_numerator": "4"},
        {"associate_statement_min": "12"},
    ):
        assert staff.post("/rounds/2021/settings", data=settings | wrong).status_code == 422
    for move in TO_DISCUSSION:
        secretary.post(f"/defences/{people.defence_ids[0]}/moves/{move}")
    secretary.post(f"/defences/{people.defence_ids[0]}/ballot")
    staff.post(
        "/rounds/2021/settings",
        data=settings | {"panel_rule": "unanimous", "denominator": "all", "senior_min": "25"},
    )
    page = staff.get("/rounds/2021/settings").text
    for kept in ("two_thirds", "present"):
        assert re.search(rf'value="{kept}" selected', page), "the vote's rule is frozen"
    assert 'name="senior_min" min="1" max="240" value="25"' in page


def test_only_the_newest_times_open_the_meeting(
    published_app: Flask, people: People, enter: Callable[[str], FlaskClient]
) -> None:
    """Who has been heard, or withdrew, has no way back into the panel's meeting."""
    candidate, secretary = enter("candidate0"), enter("secretary")
    assert candidate.get("/my/meeting").status_code == 403  # 2021 is over
    secretary.post(f"/defences/{people.defence_ids[0]}/moves/waive", data={"reason": "本人书面放弃"})
    answer = candidate.get("/my/meeting")
    assert answer.status_code == 403 and "已结束" in answer.text


def test_the_rule_is_put_into_words_while_it_is_chosen(
    published_app: Flask, people: People, enter: Callable[[str], FlaskClient]
) -> None:
    staff, address = enter("staff"), "/rounds/2021/settings/rule"
    assert "一票否决" in staff.get(address).text
    words = staff.get(
        f"{address}?panel_rule=unanimous&denominator=all&absences=invalid&quorum_at_least=7"
    ).text
    for said in ("一致通过", "全体成员", "有一人未投票", "少于 7 张"):
        assert said in words
    assert staff.get(f"{address}?panel_rule=coin").status_code == 422
    assert "一票否决" in staff.get(address).text, "nothing is kept"
    assert enter("expert0").get(address).status_code == 403


def test_changes_after_the_timetable_are_told_on_both_pages(
    published_app: Flask, enter: Callable[[str], FlaskClient]
) -> None:
    staff = enter("staff")
    assert "尚未排期" not in staff.get("/").text and "不再适用" not in staff.get(TIMETABLE).text
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        seated = session.scalars(select(Application).join(Defence).order_by(Application.number)).all()
        moved = seated[0]
        panel = seated[0].defences[0].sitting.panel
        name, late = moved.name, seated[1].name
        other = next(s for s in moved.round.rules.series if s.name not in panel.series)
        moved.series, moved.specialty = other.name, other.specialties[0]
        session.execute(delete(ScheduledSlot).where(ScheduledSlot.application_id == seated[1].id))
        session.commit()
    home, page = staff.get("/").text, staff.get(TIMETABLE).text
    assert "另有 1 人尚未排期" in home and "1 人的安排已不适用" in home
    (unsuited,) = re.findall(r"不再适用：(.*?)</div>", page, re.DOTALL)
    (left_out,) = re.findall(r"新增 1 名须安排答辩的人员：(.*?)</div>", page, re.DOTALL)
    assert name in unsuited and late in left_out


def test_a_preview_says_that_somebody_would_lose_the_seat_or_be_somebody_else(
    published_app: Flask,
) -> None:
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        round_ = session.scalars(select(Round)).one()
        merger = ApplicationMerger(session, round_)
        application = session.scalars(select(Application).join(Defence).order_by(Application.number)).first()
        panel = application.defences[0].sitting.panel
        other = next(s for s in round_.rules.series if s.name not in panel.series)
        moved = replace(application.record, series=other.name, specialty=other.specialties[0])
        told = [text.zh for text in merger.cautions(moved, merger.changed_fields(moved) or ())]
        assert told == [f"已排入{panel.name}，改后该组不再适用：导入后请调整排期"]
        swapped = replace(application.record, id_number="11010519491231002X")
        (told_of_person,) = merger.cautions(swapped, merger.changed_fields(swapped) or ())
        assert "可能不是同一人" in told_of_person.zh
