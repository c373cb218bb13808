"""Lists of applications: counts, filters and pages say what the rows themselves say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.models import Account, Application, Defence, Round
from defense.services.records import applications as lists
from defense.services.records.applications import ApplicationFilter, count_applications, find_applications
from defense.services.records.rulings import override_fee, override_validity, rule_on_requirement
from defense.services.results import conclusion_of, seated_defence


@pytest.fixture
def everyone(session: Session, loaded: Round, staff: Account) -> list[Application]:
    """The applications of the round, some of them ruled on."""
    rows = list(session.scalars(select(Application).order_by(Application.number)))
    pending = [a for a in rows if a.requirement == "pending"]
    rule_on_requirement(session, pending[0], "not_required", "理由", staff.id)
    override_validity(session, rows[0], not rows[0].valid, "理由", staff.id)
    rows[1].fee_paid = rows[2].fee_paid = False
    override_fee(session, rows[2], True, "理由", staff.id)
    session.commit()
    return rows


def _settled(a: Application) -> bool:
    return a.fee_paid or a.fee_override


FILTERS: dict[str, tuple[ApplicationFilter, Callable[[Application], bool]]] = {
    "all": (ApplicationFilter(), lambda a: True),
    "series": (ApplicationFilter(series="工程系列"), lambda a: a.series == "工程系列"),
    "level": (ApplicationFilter(level="senior"), lambda a: a.level == "senior"),
    "required": (
        ApplicationFilter(requirement="required"),
        lambda a: a.effective_requirement == "required",
    ),
    "pending": (ApplicationFilter(requirement="pending"), lambda a: a.effective_requirement == "pending"),
    "valid": (ApplicationFilter(validity="valid"), lambda a: a.effective_valid),
    "not_valid": (ApplicationFilter(validity="not_valid"), lambda a: not a.effective_valid),
    "paid": (ApplicationFilter(fee="paid"), lambda a: a.fee_paid),
    "waived": (ApplicationFilter(fee="waived"), lambda a: a.fee_override and not a.fee_paid),
    "unpaid": (ApplicationFilter(fee="unpaid"), lambda a: not _settled(a)),
    "conclusion": (
        ApplicationFilter(conclusion="not_eligible"),
        lambda a: conclusion_of(a) == "not_eligible",
    ),
    "two at once": (
        ApplicationFilter(level="associate", validity="valid"),
        lambda a: a.level == "associate" and a.effective_valid,
    ),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_finds_exactly_the_rows_that_fit(
    session: Session, loaded: Round, everyone: list[Application], name: str
) -> None:
    wanted, fits = FILTERS[name]
    page = find_applications(session, loaded, wanted)
    expected = [a.number for a in everyone if fits(a)]
    assert [a.number for a in page.rows] == expected
    assert page.found == len(expected) > 0


def test_the_counts_are_those_of_the_rows(
    session: Session, loaded: Round, everyone: list[Application]
) -> None:
    counts = count_applications(session, loaded)
    valid = [a.effective_requirement for a in everyone if a.effective_valid]
    assert counts.total == len(everyone)
    assert (counts.required, counts.pending, counts.not_required) == tuple(
        valid.count(word) for word in ("required", "pending", "not_required")
    )
    assert counts.not_valid == len(everyone) - len(valid)
    assert counts.unpaid == sum(not _settled(a) for a in everyone)
    assert counts.required + counts.pending + counts.not_required + counts.not_valid == counts.total


def test_search_takes_a_part_of_name_number_or_unit_and_no_wildcards(
    session: Session, loaded: Round, everyone: list[Application]
) -> None:
    somebody = everyone[5]
    for part in (somebody.number[-3:], somebody.name, somebody.unit[1:]):
        found = find_applications(session, loaded, ApplicationFilter(search=part)).rows
        assert somebody in found
        assert all(part in a.name or part in a.number or part in a.unit for a in found)
    assert find_applications(session, loaded, ApplicationFilter(search="%")).rows == ()


@pytest.mark.parametrize("wanted", [ApplicationFilter(), ApplicationFilter(conclusion="pending")])
def test_pages_hold_everybody_once(
    session: Session,
    loaded: Round,
    everyone: list[Application],
    monkeypatch: pytest.MonkeyPatch,
    wanted: ApplicationFilter,
) -> None:
    whole = find_applications(session, loaded, wanted)
    monkeypatch.setattr(lists, "PAGE_SIZE", 7)
    pages = [find_applications(session, loaded, wanted, n) for n in range(1, -(-whole.found // 7) + 1)]
    assert [a.number for page in pages for a in page.rows] == [a.number for a in whole.rows]
    assert {page.pages for page in pages} == {len(pages)}
    assert find_applications(session, loaded, wanted, 999).page == len(pages)
    assert find_applications(session, loaded, wanted, -1).page == 1


def test_the_slot_is_the_newest_attempt_that_was_not_taken_out(
    session: Session, everyone: list[Application], seat: Callable[..., Defence]
) -> None:
    defence = seat(everyone[0], "waiting")
    session.refresh(everyone[0])
    assert seated_defence(everyone[0]) is defence
    defence.state = "removed"
    assert seated_defence(everyone[0]) is None
