"""Results by conclusion and in pages; people whom no mail can reach."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.identity import mask_phone
from defense.domain.record_json import record_to_json
from defense.models import Application, Defence
from defense.services import results
from defense.services.results import result_rows

Enter = Callable[[str], FlaskClient]


def _decide_the_last(session: Session) -> str:
    defence = session.scalars(
        select(Defence).join(Application).order_by(Application.number.desc()).limit(1)
    ).one()
    defence.state = defence.outcome = "absent"
    return defence.application.number


def _numbers(page: str) -> list[str]:
    return re.findall(r'class="nowrap">([^<]+)</td>', page.split("<tbody>")[1])


def test_results_come_decided_first_in_pages_and_by_conclusion(
    enter: Enter, published_database: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "PAGE_SIZE", 5)
    decided = published_database(_decide_the_last)
    everybody = published_database(
        lambda s: [
            (row.application.number, row.conclusion, row.application.must_defend)
            for row in result_rows(s, s.scalars(select(Application)).first().round)
        ]
    )
    staff = enter("staff")
    first = staff.get("/rounds/2021/results").get_data(as_text=True)
    second = staff.get("/rounds/2021/results?page=2").get_data(as_text=True)
    pending = [number for number, conclusion, must in everybody if must and conclusion == "pending"]
    assert _numbers(first) == [decided, *pending[:4]]
    assert _numbers(second) == pending[4:9]
    assert "conclusion=failed" in first

    failed = staff.get("/rounds/2021/results?conclusion=failed").get_data(as_text=True)
    assert _numbers(failed) == [decided]
    released_with = re.search(r'data-confirm="([^"]+)"', first)
    assert released_with is not None
    assert str(len(pending)) in released_with[1]
    for query in ("page=-1", "page=999", "conclusion=nonsense"):
        assert staff.get(f"/rounds/2021/results?{query}").status_code == 200


def test_release_asks_more_shortly_when_nobody_is_pending(enter: Enter, published_database: Callable) -> None:
    def decide_all(session: Session) -> None:
        for defence in session.scalars(select(Defence)):
            defence.state = defence.outcome = "absent"
        for application in session.scalars(select(Application)):
            if not application.defences:
                application.ruled_valid = False

    published_database(decide_all)
    page = enter("staff").get("/rounds/2021/results").get_data(as_text=True)
    asked = re.search(r'data-confirm="([^"]+)"', page)
    assert asked is not None
    assert not re.search(r"\d", asked[1])


def test_who_has_no_address_stays_listed_with_a_masked_phone(
    enter: Enter, published_database: Callable
) -> None:
    def lose_address(session: Session) -> tuple[int, str]:
        defence = session.scalars(select(Defence)).first()
        assert defence is not None
        application = defence.application
        application.record_json = record_to_json(application.record) | {"email": "无"}
        return application.id, application.record.phone

    url = "/rounds/2021/invites?state=telephone"
    staff = enter("staff")
    before = staff.get(url).get_data(as_text=True)
    application_id, phone = published_database(lose_address)
    assert f"/applications/{application_id}" not in before
    for name in ("staff", "supervisor"):
        page = enter(name).get(url).get_data(as_text=True)
        assert f'href="/applications/{application_id}"' in page
        assert mask_phone(phone) in page
        assert phone not in page
