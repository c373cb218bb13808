"""The page of what the platform is told: what failed, trying again, giving up; who may."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.models import Account, Application, AuditEntry, UpstreamDelivery, UpstreamHold
from defense.services.records.rulings import override_fee
from defense.services.upstream.telling import DeliveryState

Enter = Callable[[str], FlaskClient]
Query = Callable[[Callable[[Session], object]], object]
PAGE = "/rounds/2021/upstream/deliveries"


def _refuse_one(session: Session) -> int:
    """Two decisions about one applicant, the first of them refused; its id."""
    application = session.scalars(select(Application).order_by(Application.number)).first()
    staff = session.scalar(select(Account.id).where(Account.username == "staff"))
    assert application is not None
    assert staff is not None
    session.add(UpstreamHold(application_id=application.id, etag="v1"))
    session.flush()
    override_fee(session, application, True, "据实", staff)
    override_fee(session, application, False, "据实", staff)
    refused = session.scalars(select(UpstreamDelivery).order_by(UpstreamDelivery.id)).first()
    assert refused is not None
    refused.state, refused.attempts = DeliveryState.DEAD, 3
    refused.last_answer = {"zh": "序号未增大", "en": "sequence is not higher"}
    return refused.id


@pytest.fixture
def refused_id(published_database: Query, enter: Enter) -> int:
    found = published_database(_refuse_one)
    assert isinstance(found, int)
    return found


def _state(id_: int) -> Callable[[Session], str]:
    return lambda session: session.get_one(UpstreamDelivery, id_).state


def _audited(session: Session) -> list[str]:
    entries = select(AuditEntry.action).where(AuditEntry.action.startswith("upstream."))
    return list(session.scalars(entries.order_by(AuditEntry.seq)))


def test_what_failed_stands_there_with_the_platforms_own_words(enter: Enter, refused_id: int) -> None:
    page = enter("staff").get(PAGE).get_data(as_text=True)
    assert "序号未增大" in page
    assert "裁定：准予缓缴" in page
    assert f"{PAGE}/{refused_id}/retry" in page
    seen = enter("supervisor").get(PAGE).get_data(as_text=True)
    assert "序号未增大" in seen
    assert "/retry" not in seen
    assert "give-up" not in seen


def test_a_doubled_click_tries_again_once(enter: Enter, refused_id: int, published_database: Query) -> None:
    staff = enter("staff")
    answers = [staff.post(f"{PAGE}/{refused_id}/retry", follow_redirects=True) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "已在推送中" in answers[1].get_data(as_text=True)
    assert published_database(_state(refused_id)) == DeliveryState.WAITING
    assert published_database(_audited) == ["upstream.retried"]


def test_giving_up_wants_a_reason_and_is_recorded_once(
    enter: Enter, refused_id: int, published_database: Query
) -> None:
    staff, address = enter("staff"), f"{PAGE}/{refused_id}/give-up"
    assert staff.post(address, data={"note": "  "}).status_code == 422
    for _ in range(2):
        assert staff.post(address, data={"note": "已人工登记"}).status_code == 302
    assert published_database(_state(refused_id)) == DeliveryState.GIVEN_UP
    assert published_database(_audited) == ["upstream.given_up"]
    assert staff.post(f"{PAGE}/{refused_id}/retry").status_code == 409


def test_all_that_failed_can_go_again_at_once(
    enter: Enter, refused_id: int, published_database: Query
) -> None:
    answer = enter("staff").post(f"{PAGE}/retry-failed", follow_redirects=True)
    assert "1项" in answer.get_data(as_text=True)
    assert published_database(_state(refused_id)) == DeliveryState.WAITING


@pytest.mark.parametrize("who", ["supervisor", "secretary", "expert0", "candidate0"])
def test_only_staff_act(enter: Enter, refused_id: int, published_database: Query, who: str) -> None:
    client = enter(who)
    for action in (f"{refused_id}/retry", f"{refused_id}/give-up", "retry-failed"):
        assert client.post(f"{PAGE}/{action}", data={"note": "x"}).status_code == 403
    assert published_database(_state(refused_id)) == DeliveryState.DEAD
    assert client.get(PAGE).status_code == (200 if who == "supervisor" else 403)


def test_what_is_not_there_is_not_found(enter: Enter, refused_id: int) -> None:
    staff = enter("staff")
    for id_ in (refused_id + 99, 2**40):
        assert staff.post(f"{PAGE}/{id_}/retry").status_code == 404
    assert staff.get("/rounds/1999/upstream/deliveries").status_code == 404


def test_the_applicants_page_shows_what_arrived(
    enter: Enter, refused_id: int, published_database: Query
) -> None:
    def of_delivery(session: Session) -> int:
        delivery = session.get_one(UpstreamDelivery, refused_id)
        delivery.state = DeliveryState.SENT
        return delivery.application_id

    application_id = published_database(of_delivery)
    page = enter("staff").get(f"/applications/{application_id}").get_data(as_text=True)
    assert "向平台推送" in page
    assert "已送达" in page
    assert "待发送" in page
