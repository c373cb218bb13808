"""The audit page in words: no code, no raw structure, names instead of numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.models import Application, Defence, Expert
from defense.services.audit import record_audit

TALLY = {
    "verdict": "failed",
    "entitled": 5,
    "cast": 5,
    "passes": 4,
    "vetoes": 1,
    "abstentions": 0,
    "unused": 0,
    "veto_reasons": [["材料不实", 1]],
    "comments": [],
}


@pytest.fixture
def told(enter: Callable[[str], FlaskClient], published_database: Callable) -> Callable[..., str]:
    def tell(subject: str, detail: dict[str, object]) -> str:
        published_database(lambda s: record_audit(s, "test.done", subject, detail, None))
        page = enter("supervisor").get("/audit?action=test.done").get_data(as_text=True)
        cells = page.split("<tbody>")[1].split("</tr>")[0]
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", cells)).split())

    return tell


def test_people_are_named(told: Callable[..., str], published_database: Callable) -> None:
    def names(session: Session) -> tuple[int, str, str]:
        defence = session.scalars(select(Defence)).first()
        assert defence is not None
        person: Application = defence.application
        return defence.id, f"{person.name} {person.number}", session.get_one(Expert, 1).name

    defence_id, person, expert = published_database(names)
    assert f"答辩 {person}" in told(f"defence:{defence_id}", {"expert": 1})
    assert f"专家 {expert}" in told(f"defence:{defence_id}", {"expert": 1})
    assert "排期 7" in told("schedule:7", {"source": "staff"})


def test_details_are_words(told: Callable[..., str]) -> None:
    words = told(
        "round:1",
        {
            "secret": True,
            "rule": "one_vote_veto",
            "tally": TALLY,
            "expires_at": "2021-11-22T18:30:00+00:00",
            "created": [4, 5, 6],
            "role": "secretary",
            "changed_rows": ["XJ1（姓名、工作单位）", "XJ2（姓名）"],
        },
    )
    for said in ("批次 2021", "无记名 是", "表决规则 一票否决制", "通过 4，否决 1", "材料不实 × 1"):
        assert said in words
    for said in ("2021-11-23 02:30", "新发 3", "岗位 秘书", "XJ1（姓名、工作单位）；XJ2（姓名）"):
        assert said in words
    for code in ("{", "[", "True", "tally", "one_vote_veto", "secretary", "+00:00"):
        assert code not in words
