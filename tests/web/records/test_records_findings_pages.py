"""The page of the findings: who sees it, what it filters, and checking again."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.eligibility_rules import RULES
from defense.models import Application, ApplicationFinding, AuditEntry
from defense.services.records import findings
from defense.services.records.rule_set import PARAMETER_TEXT

Enter = Callable[[str], FlaskClient]
PAGE = "/rounds/2021/findings"


def _numbers(page: str) -> list[str]:
    return re.findall(r'href="/applications/\d+">([^<]+)</a>', page)


def _stopped(session: Session) -> list[str]:
    return sorted(a.number for a in session.scalars(select(Application)) if any(a.assessment.blocking))


@pytest.mark.parametrize("who", ["staff", "supervisor"])
def test_sums_and_persons(who: str, enter: Enter, published_database: Callable) -> None:
    client, stopped = enter(who), published_database(_stopped)
    page = client.get(PAGE).get_data(as_text=True)
    assert "{" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert ("重新核查全部" in page) == (who == "staff")
    blocking = client.get(f"{PAGE}?severity=block").get_data(as_text=True)
    assert _numbers(blocking) == stopped
    rule, count = re.findall(r'rule=(\w+)&amp;severity=block#persons">(\d+)<', page)[0]
    one = client.get(f"{PAGE}?rule={rule}").get_data(as_text=True)
    assert len(_numbers(one)) == int(count)
    assert client.get(f"{PAGE}?rule=nonsense&severity=nonsense&unit=%25").status_code == 200


def test_pages_of_persons(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "PAGE_SIZE", 5)
    staff = enter("staff")
    first = _numbers(staff.get(f"{PAGE}?severity=info").get_data(as_text=True))
    second = _numbers(staff.get(f"{PAGE}?severity=info&page=2").get_data(as_text=True))
    assert len(first) == 5
    assert second > first
    assert staff.get(f"{PAGE}?severity=info&page=999").status_code == 200


def test_checking_again_writes_what_differs(enter: Enter, published_database: Callable) -> None:
    def spoil(session: Session) -> tuple[int, dict]:
        application = session.scalars(select(Application).order_by(Application.id)).first()
        assert application is not None
        before = application.assessment_json
        application.assessment_json = {**before, "findings": []}
        return application.id, before

    id_, before = published_database(spoil)
    staff = enter("staff")
    answer = staff.post(f"{PAGE}/check", follow_redirects=True)
    assert "其中1份结果有变化" in answer.get_data(as_text=True)
    assert published_database(lambda s: s.get(Application, id_).assessment_json) == before
    actions = published_database(lambda s: s.scalars(select(AuditEntry.action)).all())
    assert actions.count("assessments.changed") == actions.count("applications.checked") == 1
    log = staff.get("/audit").get_data(as_text=True)
    assert "重新核查申报材料" in log
    assert "核查结果变更" in log


@pytest.mark.parametrize("who", ["supervisor", "candidate1"])
def test_only_staff_check_again(who: str, enter: Enter) -> None:
    assert enter(who).post(f"{PAGE}/check").status_code == 403


def test_the_workbook_follows_the_filter(enter: Enter, published_database: Callable) -> None:
    rule = published_database(
        lambda s: s.scalar(select(ApplicationFinding.rule).where(ApplicationFinding.severity == "block"))
    )
    answer = enter("supervisor").post(f"{PAGE}/findings.xlsx?rule={rule}")
    details = list(load_workbook(io.BytesIO(answer.data))["核查明细"].iter_rows(values_only=True))
    assert {row[9] for row in details[1:]} == {rule}


@pytest.mark.parametrize(("language", "years"), [("zh", "年度"), ("en", "years")])
def test_the_rules_of_the_round_in_words(language: str, years: str, enter: Enter) -> None:
    client = enter("supervisor")
    assert client.post(f"/language/{language}").status_code == 302
    page = client.get(f"{PAGE}/rules").get_data(as_text=True)
    for rule in RULES:
        assert f">{rule.code}<" in page
    assert re.search(rf"{years}</span> 2016(、|, )2017", page)
    assert "{" not in page


def test_every_parameter_has_words() -> None:
    assert {name for rule in RULES for name in rule.parameters} == PARAMETER_TEXT.keys()
