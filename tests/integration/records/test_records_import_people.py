"""Experts and panels coming in: ids stay, what a timetable uses stays, secretaries are found again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from records_workbooks import Workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.round_rules import BEIJING
from defense.models import (
    Account,
    Application,
    Defence,
    Expert,
    Panel,
    PanelHalfDay,
    Round,
    Schedule,
    ScheduledSlot,
)
from defense.services.access import Role, expert_account
from defense.services.imports.comparing import ImportCounts

TakeIn = Callable[[str, Workbook], ImportCounts]


def _panel(session: Session) -> Panel:
    panel = session.scalars(select(Panel).order_by(Panel.id)).first()
    assert panel is not None
    return panel


def test_panels_before_their_experts_are_refused(
    session: Session, take_in: TakeIn, workbooks: dict[str, Workbook]
) -> None:
    counts = take_in("panels", workbooks["panels"])
    assert (counts.new, counts.refused > 0) == (0, True)
    assert session.scalars(select(Panel)).all() == []


def test_a_panel_has_the_members_head_and_secretary_of_its_row(
    session: Session, loaded: Round, workbooks: dict[str, Workbook]
) -> None:
    for panel in session.scalars(select(Panel)):
        head = workbooks["panels"].value("组长", panel.name)
        members = set(workbooks["panels"].value("成员", panel.name).split("、"))
        assert [m.expert.number for m in panel.members if m.is_head] == [head]
        assert {m.expert.number for m in panel.members} == members | {head}
        assert panel.secretary is not None
        assert panel.secretary.role == Role.SECRETARY
        assert panel.half_days


def test_a_changed_panel_keeps_its_id_and_half_days(
    session: Session, loaded: Round, take_in: TakeIn, workbooks: dict[str, Workbook]
) -> None:
    panel = _panel(session)
    panel_id, half_days = panel.id, {h.id: h.start_at for h in panel.half_days}
    old_head = next(m.expert.number for m in panel.members if m.is_head)
    new_head = next(m.expert.number for m in panel.members if not m.is_head)
    workbook = workbooks["panels"].edited("组长", panel.name, new_head)
    members = [m.expert.number for m in panel.members]
    workbook = workbook.edited("成员", panel.name, "、".join(members))
    assert take_in("panels", workbook).changed == 1

    session.refresh(panel)
    assert panel.id == panel_id
    assert {h.id: h.start_at for h in panel.half_days} == half_days
    heads = {m.expert.number: m.is_head for m in panel.members}
    assert (heads[new_head], heads[old_head]) == (True, False)
    assert take_in("panels", workbook).to_write == 0


def _written_half_day(half_day: PanelHalfDay) -> str:
    return f"{half_day.start_at.astimezone(BEIJING):%Y-%m-%d}"


def _without_first_day(workbook: Workbook, panel: Panel) -> Workbook:
    """The workbook without the first of the panel's rows on the sheet of half-days."""
    rows = workbook.rows("场次", panel.name)
    assert len(rows) > 1, "the panel needs a half-day that stays"
    return workbook.without_row("场次", rows[0])


def _panel_of_several_days(session: Session) -> Panel:
    panels = session.scalars(select(Panel).order_by(Panel.id)).all()
    return next(p for p in panels if len({_written_half_day(h) for h in p.half_days}) > 1)


def test_a_half_day_that_nothing_uses_goes(
    session: Session, loaded: Round, take_in: TakeIn, workbooks: dict[str, Workbook]
) -> None:
    panel = _panel_of_several_days(session)
    before = len(panel.half_days)
    shorter = _without_first_day(workbooks["panels"], panel)
    assert take_in("panels", shorter).changed == 1
    session.refresh(panel)
    assert len(panel.half_days) < before


def test_a_half_day_in_a_timetable_stays_and_the_file_is_still_unchanged_next_time(
    session: Session, loaded: Round, take_in: TakeIn, workbooks: dict[str, Workbook], staff: Account
) -> None:
    panel = _panel_of_several_days(session)
    application = session.scalars(select(Application)).first()
    assert application is not None
    schedule = Schedule(round_id=loaded.id, source="staff", instance_json={}, solver_json={})
    schedule.slots = [
        ScheduledSlot(
            application_id=application.id,
            half_day_id=half_day.id,
            start_at=half_day.start_at,
            end_at=half_day.start_at + timedelta(minutes=15),
        )
        for half_day in panel.half_days[:1]
    ]
    session.add(schedule)
    session.commit()
    used = panel.half_days[0].id

    shorter = _without_first_day(workbooks["panels"], panel)
    take_in("panels", shorter)
    session.refresh(panel)
    assert used in [half_day.id for half_day in panel.half_days]
    assert take_in("panels", shorter).to_write == 0


def test_a_panel_in_a_published_sitting_can_change_and_is_not_deleted(
    session: Session,
    loaded: Round,
    take_in: TakeIn,
    workbooks: dict[str, Workbook],
    seat: Callable[..., Defence],
) -> None:
    application = session.scalars(select(Application)).first()
    assert application is not None
    defence = seat(application)
    panel = defence.sitting.panel
    half_day_id = defence.sitting.half_day_id
    gone = workbooks["panels"]
    for sheet in ("答辩组", "场次"):
        while rows := gone.rows(sheet, panel.name):
            gone = gone.without_row(sheet, rows[0])
    assert take_in("panels", gone).to_write == 0
    assert session.get(Panel, panel.id) is not None
    assert session.get(PanelHalfDay, half_day_id) is not None


def test_a_secretary_is_found_again_and_user_names_differ(
    session: Session, loaded: Round, take_in: TakeIn, workbooks: dict[str, Workbook]
) -> None:
    secretaries = select(Account).where(Account.role == Role.SECRETARY)
    before = session.scalars(secretaries).all()
    assert len({account.username for account in before}) == len(before)

    first, second = session.scalars(select(Panel).order_by(Panel.id).limit(2)).all()
    assert first.secretary is not None
    workbook = workbooks["panels"].edited("秘书", second.name, first.secretary.display_name)
    take_in("panels", workbook)
    session.refresh(second)
    assert second.secretary_id == first.secretary_id
    assert len(session.scalars(secretaries).all()) == len(before)

    take_in("panels", workbook.edited("秘书", second.name, "新来的秘书"))
    session.refresh(second)
    assert second.secretary is not None
    assert second.secretary.display_name == "新来的秘书"
    assert len(session.scalars(secretaries).all()) == len(before) + 1


def test_a_corrected_name_reaches_the_experts_account(
    session: Session, loaded: Round, take_in: TakeIn, workbooks: dict[str, Workbook]
) -> None:
    expert = session.scalars(select(Expert)).first()
    assert expert is not None
    account = expert_account(session, expert)
    session.commit()
    assert take_in("experts", workbooks["experts"].edited("姓名", expert.number, "改正名")).changed == 1
    session.refresh(account)
    assert (expert.name, account.display_name) == ("改正名", "改正名")
