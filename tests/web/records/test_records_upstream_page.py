"""The page of the platform: what is asked for, what waits, who may decide."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.extensions import db
from defense.models import Application, Round, UpstreamDifference, UpstreamFault, UpstreamFeed, UpstreamHold
from defense.services.transaction import begin_write
from defense.services.upstream import differences
from defense.settings import UpstreamAccess

PAGE = "/rounds/2021/upstream"


@pytest.fixture
def session(published_app: Flask) -> Session:
    """A session in the application's database, with a platform in the settings."""
    settings = published_app.extensions["settings"]
    object.__setattr__(settings, "upstream", UpstreamAccess("https://up.example", "hmac", "centre", "s3cret"))
    with published_app.app_context():
        return sessionmaker(db.engine)()


@pytest.fixture
def difference_id(session: Session) -> int:
    """A seated candidate whose telephone number changed at the platform."""
    application = session.scalars(select(Application).where(Application.defences.any())).first()
    assert application is not None
    record = application.record_json | {"phone": "13900001111"}
    session.add(UpstreamHold(application_id=application.id, etag='"1"', is_different=True))
    difference = UpstreamDifference(
        application_id=application.id, etag='"2"', status="approved", record_json=record
    )
    session.add(difference)
    session.commit()
    return difference.id


def test_page_without_a_platform_says_what_to_do(enter: Callable[[str], FlaskClient]) -> None:
    page = enter("staff").get(PAGE).get_data(as_text=True)
    assert "尚未连接上级平台" in page and "UPSTREAM_URL" in page


def test_a_reading_is_asked_for_and_shown(session: Session, enter: Callable[[str], FlaskClient]) -> None:
    staff = enter("staff")
    assert "尚未读取" in staff.get(PAGE).get_data(as_text=True)
    for what in ("pull", "fees"):
        assert staff.post(f"{PAGE}/{what}").status_code == 302
    feed = session.scalars(select(UpstreamFeed)).one()
    assert feed.wanted_at and feed.fees_wanted_at
    page = staff.get(PAGE).get_data(as_text=True)
    assert "正在读取" in page and 'http-equiv="refresh"' in page


def test_a_difference_is_masked_decided_and_gone(
    session: Session, difference_id: int, enter: Callable[[str], FlaskClient]
) -> None:
    staff = enter("staff")
    page = staff.get(PAGE).get_data(as_text=True)
    assert "139****1111" in page and "13900001111" not in page
    address = f"{PAGE}/differences/{difference_id}"
    refused = staff.post(address, data={"decision": "accept", "reason": " "})
    assert refused.status_code == 422 and "请填写理由" in refused.get_data(as_text=True)
    answer = staff.post(address, data={"decision": "accept", "reason": "电话已更正"}, follow_redirects=True)
    assert "139****1111" not in answer.get_data(as_text=True)
    session.rollback()  # to see what was committed meanwhile
    difference = session.get_one(UpstreamDifference, difference_id)
    assert (difference.settled_as, difference.reason) == ("accepted", "电话已更正")
    assert difference.application.phone == "13900001111"
    again = staff.post(address, data={"decision": "keep", "reason": "再试"}, follow_redirects=True)
    assert "该项已处理过" in again.get_data(as_text=True)


def test_what_cannot_be_taken_in_is_listed(session: Session, enter: Callable[[str], FlaskClient]) -> None:
    round_ = session.scalars(select(Round)).one()
    words = {"zh": "本批次没有该系列", "en": "the round has no such series"}
    session.add(UpstreamFault(round_id=round_.id, number="XJ1", words=words))
    session.commit()
    assert "本批次没有该系列" in enter("supervisor").get(PAGE).get_data(as_text=True)


def test_long_lists_have_pages(
    session: Session,
    difference_id: int,
    enter: Callable[[str], FlaskClient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(differences, "PAGE_SIZE", 1)
    begin_write(session)
    first = session.get_one(UpstreamDifference, difference_id)
    second = session.scalars(select(Application).where(Application.id != first.application_id)).first()
    assert second is not None
    record = second.record_json | {"unit": "另一单位"}
    session.add(
        UpstreamDifference(application_id=second.id, etag='"3"', status="approved", record_json=record)
    )
    round_ = session.scalars(select(Round)).one()
    for number in ("ERR-1", "ERR-2"):
        session.add(UpstreamFault(round_id=round_.id, number=number, words={"zh": "坏", "en": "bad"}))
    session.commit()
    staff = enter("staff")
    page = staff.get(PAGE).get_data(as_text=True)
    assert "139****1111" in page and "另一单位" not in page and "ERR-2" not in page
    page = staff.get(f"{PAGE}?page=2&faults_page=9").get_data(as_text=True)
    assert "139****1111" not in page and "另一单位" in page and "ERR-1" not in page and "ERR-2" in page
    address = f"{PAGE}/differences/{difference_id}?page=2"
    answer = staff.post(address, data={"decision": "keep", "reason": "已核对"})
    assert answer.location.endswith("?page=2")
    assert "另一单位" in staff.get(answer.location).get_data(as_text=True)


@pytest.mark.parametrize("role", ["supervisor", "expert0", "secretary", "candidate0"])
def test_only_staff_decide(difference_id: int, enter: Callable[[str], FlaskClient], role: str) -> None:
    client = enter(role)
    assert client.get(PAGE).status_code == (200 if role == "supervisor" else 403)
    for what in ("pull", "fees", f"differences/{difference_id}"):
        assert client.post(f"{PAGE}/{what}", data={"reason": "x"}).status_code == 403
    assert enter("staff").post(f"{PAGE}/differences/999", data={"reason": "x"}).status_code == 404
