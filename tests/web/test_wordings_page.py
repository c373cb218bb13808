"""Staff change the words of letters, look at them first, and cannot break a letter."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from defense.domain.people import Period
from defense.extensions import db
from defense.integrations.notice_wordings import STANDARD, Audience, NoticeKind
from defense.models import AuditEntry, NoticeWording, Round
from defense.models.types import utc_now
from defense.services.invites.wordings import render_sample, wordings_of
from tests.conftest import People

PAGE = "/rounds/2021/wordings"
INVITE = f"{PAGE}/candidate.invite"
Enter = Callable[[str], FlaskClient]


def form_of(page: str) -> dict[str, str]:
    form = dict(re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>(.*?)</textarea>', page, re.S))
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    return form | {"version": version[1]}


@pytest.fixture
def staff(published_app: Flask, people: People, enter: Enter) -> FlaskClient:
    return enter("staff")


def kept(app: Flask) -> list[NoticeWording]:
    with app.app_context(), sessionmaker(db.engine)() as session:
        return list(session.scalars(select(NoticeWording)))


def test_every_letter_is_listed_and_can_be_looked_at(staff: FlaskClient) -> None:
    page = staff.get(PAGE).text
    for audience, kind in STANDARD:
        address = f"{PAGE}/{audience}.{kind}"
        assert address in page
        assert staff.get(address).status_code == 200
        preview = staff.get(f"{address}/preview")
        assert "张示例" in preview.text and "sandbox" in preview.headers["Content-Security-Policy"]
        text = staff.get(f"{address}/preview?as=text").text
        assert "新疆时间" in text and "星期" in text and "0991-" in text and "Xinjiang time" in text


def test_own_words_are_kept_shown_and_taken_back(published_app: Flask, staff: FlaskClient) -> None:
    form = form_of(staff.get(INVITE).text)
    wanted = form | {"title_zh": "答辩通知（修订）", "intro_en": "{name}, on {day} {clocks}: <b>come</b>."}
    shown = staff.post(f"{INVITE}/preview", data=wanted).text
    assert "答辩通知（修订）" in shown and "&lt;b&gt;come&lt;/b&gt;" in shown
    assert kept(published_app) == [], "a preview keeps nothing"
    assert staff.post(INVITE, data=wanted).status_code == 302
    (row,) = kept(published_app)
    assert row.words["title"]["zh"] == "答辩通知（修订）" and row.version == 1
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        round_ = session.scalars(select(Round)).one()
        wording = wordings_of(session, round_)[Audience.CANDIDATE, NoticeKind.INVITE]
        rendered = render_sample(
            round_, Audience.CANDIDATE, NoticeKind.INVITE, wording, Period(utc_now(), utc_now()), utc_now()
        )
        assert rendered.subject.startswith("答辩通知（修订）：")
        assert session.scalars(select(AuditEntry).where(AuditEntry.action == "wording.changed")).one()
    assert "已修改" in staff.get(PAGE).text
    assert staff.post(INVITE, data={"version": "1", "standard": "1"}).status_code == 302
    assert kept(published_app) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title_zh": ""}, "标题（中文）：不能为空"),
        ({"intro_en": "{secret}"}, "正文（英文）：{secret} 不是可用的占位符"),
        ({"intro_zh": "{round.zh}"}, "不是可用的占位符"),
        ({"intro_zh": "{round!r}"}, "不是可用的占位符"),
        ({"intro_zh": "{round"}, "花括号不成对"),
        ({"title_en": "x" * 121}, "过长"),
        ({"remark0_zh": "", "remark0_en": "only English"}, "第 1 条注意事项（中文）：不能为空"),
    ],
)
def test_words_that_could_not_be_sent_are_refused_by_field(
    published_app: Flask, staff: FlaskClient, change: dict[str, str], said: str
) -> None:
    answer = staff.post(INVITE, data=form_of(staff.get(INVITE).text) | change)
    assert answer.status_code == 422 and said in answer.text
    assert kept(published_app) == []
    assert (
        said.split("：", maxsplit=1)[0]
        in staff.post(f"{INVITE}/preview", data=form_of(answer.text) | change).text
    )


def test_a_title_cannot_add_a_header(published_app: Flask, staff: FlaskClient) -> None:
    form = form_of(staff.get(INVITE).text) | {"title_zh": "通知\r\nBcc: x@example.org"}
    assert staff.post(INVITE, data=form).status_code == 302
    (row,) = kept(published_app)
    assert row.words["title"]["zh"] == "通知 Bcc: x@example.org"


def test_two_people_do_not_overwrite_each_other(published_app: Flask, staff: FlaskClient) -> None:
    form = form_of(staff.get(INVITE).text)
    assert staff.post(INVITE, data=form | {"title_zh": "甲"}).status_code == 302
    refused = staff.post(INVITE, data=form | {"title_zh": "乙"})
    assert refused.status_code == 409 and "已有他人改动" in refused.text
    assert kept(published_app)[0].words["title"]["zh"] == "甲"


def test_only_staff_change_words(published_app: Flask, people: People, enter: Enter) -> None:
    supervisor = enter("supervisor")
    assert supervisor.get(INVITE).status_code == 200
    assert supervisor.post(INVITE, data={"version": "0", "standard": "1"}).status_code == 403
    for name in ("expert0", "candidate0", "secretary"):
        assert enter(name).get(PAGE).status_code == 403
    assert enter("staff").get(f"{PAGE}/candidate.nonsense").status_code == 404


def test_every_standard_wording_could_be_sent() -> None:
    from defense.integrations.notice_wordings import check_wording

    for wording in STANDARD.values():
        check_wording(wording)
