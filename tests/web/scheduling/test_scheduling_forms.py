"""The forms that say what the timetable must follow: needs, half-days, absences, settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.models import Account, Application, AuditEntry, Expert, Panel, PanelHalfDay, Round
from defense.services.timetable.instance_building import build_instance

Write = Callable[[Callable[[Session], Any]], Any]
ROUND = "/rounds/2021"
CHANGE = f"{ROUND}/schedule/change"


def first_id(write: Write, kind: type) -> int:
    return int(write(lambda session: session.scalars(select(kind.id).order_by(kind.id)).first()))  # type: ignore[attr-defined]


def fields_of(page: str, form: str) -> dict[str, str]:
    """The fields of the form with that action, as a browser would send them."""
    html = page[page.index(f'action="{form}"') :].split("</form>", maxsplit=1)[0]
    fields = dict(re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', html))
    fields |= dict(re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>([^<]*)<', html))
    for name, options in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', html):
        fields[name] = re.findall(r'value="(\w+)" selected', options)[0]
    return fields


def test_a_wish_is_noted_shown_and_taken_back(staff: FlaskClient, write: Write) -> None:
    page = f"/applications/{first_id(write, Application)}"
    wish = {
        "kind": "unavailable",
        "start_at": "2030-01-07T10:00",
        "end_at": "2030-01-07T14:00",
        "asked_by": "本人电话",
    }
    assert staff.post(f"{page}/wishes", data=wish).status_code == 302
    shown = staff.get(page).text
    assert "不能参加" in shown and "2030-01-07 10:00 – 2030-01-07 14:00" in shown and "本人电话" in shown
    (drop,) = re.findall(rf'action="({page}/wishes/\d+/withdraw)"', shown)
    assert staff.post(drop).status_code == 302
    assert "2030-01-07" not in staff.get(page).text.split('id="needs"')[1].split("</section>")[0]
    for wrong in ({"kind": "x"}, {"end_at": "2030-01-07T09:00"}, {"start_at": "soon"}, {"asked_by": ""}):
        assert staff.post(f"{page}/wishes", data=wish | wrong).status_code == 422
    audit = staff.get("/audit").text
    assert "登记时间意愿" in audit and "撤销时间意愿" in audit and "不能参加" in audit


def test_an_interpreter_is_added_and_named(staff: FlaskClient, write: Write) -> None:
    page = f"/applications/{first_id(write, Application)}"
    form = {"name": "古丽", "unit": "翻译公司", "phone": "13899001234"}
    assert staff.post(f"{ROUND}/people/attendees", data=form).status_code == 302
    people = staff.get(f"{ROUND}/people").text
    assert "古丽" in people and "138****1234" in people and "13899001234" not in people
    ids = select(Expert.id).where(Expert.is_attendee_only)
    expert_id = write(lambda session: session.scalars(ids).one())
    assert (
        staff.post(f"{page}/attendees", data={"expert_id": expert_id, "purpose": "翻译"}).status_code == 302
    )
    assert "必须到场" in staff.get(page).text
    assert staff.post(f"{page}/attendees/{expert_id}/release").status_code == 302
    assert "必须到场：" not in staff.get(page).text
    for wrong in ("", "x", "99999999999999999999", "999999"):
        assert (
            staff.post(f"{page}/attendees", data={"expert_id": wrong, "purpose": "翻译"}).status_code == 422
        )


def test_priority_is_set(staff: FlaskClient, write: Write) -> None:
    application_id = first_id(write, Application)
    page = f"/applications/{application_id}"
    assert staff.post(f"{page}/priority", data={"priority": "4"}).status_code == 302
    assert write(lambda session: session.get_one(Application, application_id).priority) == 4
    for wrong in ("10", "-1", "x", ""):
        assert staff.post(f"{page}/priority", data={"priority": wrong}).status_code == 422


def test_half_days_are_previewed_then_made(staff: FlaskClient, write: Write) -> None:
    page = f"{ROUND}/panels/{first_id(write, Panel)}"
    wish = {"first": "2030-01-04", "last": "2030-01-07", "windows": "", "skips_days_off": "1"}
    preview = staff.post(f"{page}/half-days/preview", data=wish)
    assert preview.status_code == 200 and "将新增 4 个场次" in preview.text
    assert "2030年1月4日" not in staff.get(page).text, "a preview changes nothing"
    assert (
        staff.post(f"{page}/half-days", data=fields_of(preview.text, f"{page}/half-days")).status_code == 302
    )
    assert "2030年1月4日 星期五 10:00–14:00" in staff.get(page).text
    assert "已有，跳过" in staff.post(f"{page}/half-days/preview", data=wish).text
    odd = wish | {"windows": "20:00-22:00", "skips_days_off": ""}
    assert "超出 2030-01-06 所在季节的工作时间" in staff.post(f"{page}/half-days/preview", data=odd).text
    for wrong in ({"first": ""}, {"last": "2029-01-01"}, {"windows": "at night"}):
        assert staff.post(f"{page}/half-days/preview", data=wish | wrong).status_code == 422


def test_a_half_day_is_cancelled_on_the_panels_page_and_used_again(staff: FlaskClient, write: Write) -> None:
    half_day_id = first_id(write, PanelHalfDay)
    panel_id = write(lambda session: session.get_one(PanelHalfDay, half_day_id).panel_id)
    page = f"{ROUND}/panels/{panel_id}"
    cancel = f"{page}/half-days/{half_day_id}/cancel"
    assert staff.post(cancel, data={"reason": " "}).status_code == 422
    assert staff.post(cancel, data={"reason": "线路故障"}).location.endswith("/schedule/change")
    assert "已取消" in staff.get(page).text
    assert staff.post(f"{page}/half-days/{half_day_id}/restore").status_code == 302
    assert "已取消" not in staff.get(page).text


def test_the_change_page_says_whose_place_no_longer_holds(staff: FlaskClient, write: Write) -> None:
    assert "已公布的时段全部成立" in staff.get(CHANGE).text
    expert = write(lambda session: min(p.members[0].expert_id for p in session.scalars(select(Panel))))
    absence = {
        "expert_id": expert,
        "start_at": "2020-01-01T00:00",
        "end_at": "2040-01-01T00:00",
        "reason": "住院",
    }
    for _absence in range(2):
        assert staff.post(f"{CHANGE}/absences", data=absence).status_code == 302
    page = staff.get(CHANGE).text
    assert page.count("住院") == 2
    half_day = write(_half_day_in_use)
    assert (
        staff.post(f"{CHANGE}/half-days", data={"half_day_id": half_day, "reason": "停电"}).status_code == 302
    )
    page = staff.get(CHANGE).text
    assert "已公布的时段全部成立" not in page and page.count('class="choice-row"') > 0
    (first, *_rest) = re.findall(r'action="([^"]+/withdraw)"', page)
    assert staff.post(first).status_code == 302
    assert staff.get(CHANGE).text.count("住院") == 1
    audit = staff.get("/audit").text
    for words in ("登记缺席", "撤销缺席登记", "取消场次"):
        assert words in audit


def _half_day_in_use(session: Session) -> int:
    round_ = session.scalars(select(Round)).one()
    slot = next(c.published for c in build_instance(session, round_).candidates if c.published)
    return int(slot.sitting_id[1:])


def test_the_settings_of_timetables_are_kept_and_followed(staff: FlaskClient, write: Write) -> None:
    address = f"{ROUND}/settings/timetable"
    form = fields_of(staff.get(f"{ROUND}/settings").text, address)
    assert form["place_opened"] == "2" and form["change_notice_unit"] == "working_days"
    assert (form["first_notice"], form["remind_day"], form["remind_soon"]) == ("7", "1", "1")
    wanted = form | {
        "place_idle": "2",
        "weight_idle": "3",
        "place_wishes": "0",
        "max_parallel_sittings": "4",
        "extra_days_off": "2030-01-07, 2030-01-08",
        "working_hours": "05-01 09:00-12:00",
        "change_notice_unit": "hours",
        "first_notice": "5",
        "remind_soon": "",
        "time_limit_s": "30",
    }
    assert staff.post(address, data=wanted).status_code == 302
    kept = fields_of(staff.get(f"{ROUND}/settings").text, address)
    assert {name: kept[name] for name in ("place_idle", "weight_idle", "place_wishes", "working_hours")} == {
        "place_idle": "2",
        "weight_idle": "3",
        "place_wishes": "0",
        "working_hours": "05-01 09:00-12:00",
    }
    rules = write(lambda session: session.scalars(select(Round)).one().rules)
    assert rules.scheduling.objective[1] == (("opened", 1), ("idle", 3))
    assert "wishes" not in {name for tier in rules.scheduling.objective for name, _weight in tier}
    assert (rules.scheduling.max_parallel_sittings, rules.scheduling.time_limit_s) == (4, 30)
    assert (rules.scheduling.change_notice_unit, rules.scheduling.first_notice) == ("hours", 5)
    assert (rules.scheduling.remind_day, rules.scheduling.remind_soon) == (True, False)
    assert {day.isoformat() for day in rules.extra_days_off} == {"2030-01-07", "2030-01-08"}
    assert staff.get("/audit").status_code == 200
    for wrong in (
        {"weight_idle": "0"},
        {"place_idle": ""},
        {"working_hours": "all day"},
        {"extra_days_off": "Eid"},
        {"memory_limit_mb": "1"},
        {"change_notice_unit": "moons"},
        {"first_notice": "61"},
    ):
        assert staff.post(address, data=wanted | wrong).status_code == 422, wrong


def test_the_settings_name_who_changed_them(staff: FlaskClient, write: Write) -> None:
    address = f"{ROUND}/settings/timetable"
    form = fields_of(staff.get(f"{ROUND}/settings").text, address)
    for _twice in range(2):
        assert staff.post(address, data=form | {"memory_limit_mb": "2048"}).status_code == 302
    entries = write(
        lambda session: [
            (e.account_id, e.detail)
            for e in session.scalars(
                select(AuditEntry).where(AuditEntry.action == "round.scheduling_changed")
            )
        ]
    )
    staff_id = write(lambda s: s.scalars(select(Account.id).where(Account.username == "staff")).one())
    assert entries == [(staff_id, {"memory_limit_mb": 2048})]
