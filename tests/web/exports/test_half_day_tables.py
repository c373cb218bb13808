"""Sittings and video meetings as workbooks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from defense.models import Meeting, Panel, Round, Sitting
from tests.web.exports.conftest import Database, Enter, Take


def test_sittings_of_the_office_are_a_table_and_on_the_list_of_who_took_what(
    enter: Enter, database: Database, take: Take
) -> None:
    _head, *rows = take("/sittings.xlsx")["答辩现场"]
    assert len(rows) == database(lambda s: s.scalar(select(func.count()).select_from(Sitting)))
    page = enter("staff").get("/sittings").text
    assert 'action="/sittings.xlsx"' in page
    for code, panel, start, end, candidates, left in rows:
        assert code == "2021" and panel in page and f"{candidates} 名申报人" in page
        assert isinstance(start, datetime) and start < end and 0 <= left <= candidates
    who_took = enter("supervisor").get("/rounds/2021/personal").text
    assert "答辩现场" in who_took and "评价中心" in who_took


def test_meetings_are_those_of_the_page_without_an_address(
    enter: Enter, database: Database, take: Take
) -> None:
    def hold(session: Session) -> str:
        sitting = session.scalars(select(Sitting).order_by(Sitting.start_at, Sitting.id)).first()
        assert sitting is not None
        words = {"zh": "平台未应答", "en": "no answer"}
        session.add(
            Meeting(
                round_id=session.scalars(select(Round.id)).first(),
                sitting_id=sitting.id,
                provider="tencent",
                state="planned",
                wanted={},
                attempts=3,
                last_words=words,
                is_stuck=True,
            )
        )
        return session.get_one(Panel, sitting.panel_id).name

    panel = database(hold)
    _head, *rows = take("/rounds/2021/meetings/meetings.xlsx")["视频会议"]
    page = enter("staff").get("/rounds/2021/meetings").text
    assert 'action="/rounds/2021/meetings/meetings.xlsx"' in page
    assert len(rows) == page.count('<td data-label="答辩组">')
    first = next(row for row in rows if row[3])
    assert first[2] == panel and first[5:7] == ("待创建", "是") and "平台未应答" in first[7]
    assert first[8] == 3 and first[3] in page
