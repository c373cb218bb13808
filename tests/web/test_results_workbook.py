"""The summary table of results as a workbook, where panels give scores: it says what the pages say."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.result import OUTCOME_TEXT, Outcome
from defense.extensions import db
from defense.models import Defence, Round
from defense.services.room.rule_words import terms_text
from defense.services.round_settings import change_settings, settings_of
from tests.conftest import People
from tests.room_pages import conduct, open_ballot

Enter = Callable[[str], FlaskClient]


@pytest.fixture
def scoring(published_app: Flask) -> Flask:
    """The round decides by the mean of scores."""
    with published_app.app_context():
        session: Session = db.session()
        round_ = session.scalars(select(Round)).one()
        change_settings(session, round_, replace(settings_of(round_), panel_rule="mean_score"), None)
        session.commit()
    return published_app


def score(app: Flask, people: People, enter: Enter, number: int, *points: str | None) -> None:
    """The first experts give these points, or abstain, and the ballot is closed."""
    ballot_round_id = open_ballot(app, people, enter("secretary"), number)
    for i, written in enumerate(points):
        form = {"ballot_round_id": ballot_round_id, "key": f"{i}" * 32}
        form |= {"choice": "abstain"} if written is None else {"choice": "score", "score": written}
        answer = enter(f"expert{i}").post(f"/sittings/{people.sitting_id}/ballots", data=form)
        assert answer.status_code == 302, answer.text
    conduct(enter("secretary"), f"/ballot-rounds/{ballot_round_id}/close")


def rows_of(client: FlaskClient) -> dict[str, dict[str, object]]:
    """The rows of the workbook by application number, each by the headers."""
    answer = client.post("/rounds/2021/results/results.xlsx")
    assert answer.status_code == 200
    header, *rows = load_workbook(io.BytesIO(answer.data))["汇总表"].values
    found = [dict(zip(header, row, strict=True)) for row in rows]
    return {str(row["申报编号"]): row for row in found}


@pytest.mark.parametrize(
    ("points", "mean", "total", "outcome"),
    [
        # 59.966…, which rounded would read 60.0 and look like a pass.
        (("60", "60", "59.9"), "59.9", 179.9, Outcome.FAILED),
        (("60", "60", "60", "60", "59.9"), "59.9", 299.9, Outcome.FAILED),
        (("59.9", "60", "60.1"), "60.0", 180, Outcome.PASSED),
        (("60", "60", "60.1"), "60.0", 180.1, Outcome.PASSED),
        (("85.5", "90", None, "77.4"), "84.3", 252.9, Outcome.PASSED),
        (("100", "100", "100"), "100.0", 300, Outcome.PASSED),
        (("0", "0", "0.1"), "0.0", 0.1, Outcome.FAILED),
    ],
)
def test_a_mean_is_cut_off_as_on_the_pages_and_decided_exactly(
    scoring: Flask,
    people: People,
    enter: Enter,
    points: tuple[str | None, ...],
    mean: str,
    total: float,
    outcome: Outcome,
) -> None:
    score(scoring, people, enter, 0, *points)
    with scoring.app_context():
        defence = db.session.get_one(Defence, people.defence_ids[0])
        number, (ballot_round,) = defence.application.number, defence.ballot_rounds
        rule = terms_text(ballot_round.terms).zh
    staff = enter("staff")
    row = rows_of(staff)[number]
    given = [text for text in points if text is not None]
    assert (row["平均分"], row["评分人数"], row["总分"]) == (mean, len(given), total)
    assert (row["弃权"], row["未投"], row["应到"]) == (points.count(None), 5 - len(points), 5)
    assert (row["通过"], row["否决"], row["否决原因"]) == (None, None, None)
    assert row["答辩结果"] == OUTCOME_TEXT[outcome].zh
    assert row["规则全文"] == rule
    assert "按未舍入的平均分判定" in rule
    for page in (
        "/rounds/2021/results",
        f"/sittings/{people.sitting_id}",
        f"/sittings/{people.sitting_id}/minutes",
    ):
        assert f"平均 {mean} 分" in staff.get(page).text, page


def test_who_was_not_scored_has_no_numbers(scoring: Flask, people: People, enter: Enter) -> None:
    """All abstain: the vote is invalid and nothing of its split is told. The others were not heard."""
    score(scoring, people, enter, 0, None, None, None)
    rows = rows_of(enter("supervisor"))
    assert {(row["平均分"], row["评分人数"], row["总分"], row["答辩结果"]) for row in rows.values()} == {
        (None, None, None, None)
    }
