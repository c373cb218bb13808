"""The `[scheduling]` table of a round: defaults, faults, and the notice of a change."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from defense.domain.errors import InvalidInput
from defense.domain.round_rules import BEIJING, parse_round_rules
from defense.domain.scheduling_rules import (
    DEFAULT_OBJECTIVE,
    TERM_TEXT,
    SchedulingRules,
    read_days,
    scheduling_rules_from,
    scheduling_rules_to_json,
)
from defense.domain.vocabulary import Level
from defense.integrations.calendar_days import ChineseWorkingCalendar
from defense.services.rounds import RULE_FILES_DIR
from scheduler.objective import TermName

FRIDAY_EVENING = datetime(2021, 11, 26, 21, 0, tzinfo=BEIJING)


def test_the_terms_are_those_of_the_scheduler() -> None:
    assert set(TERM_TEXT) == {term.value for term in TermName}


def test_a_round_without_the_table_has_the_defaults() -> None:
    toml = (RULE_FILES_DIR / "2021.toml").read_text(encoding="utf-8")
    start, end = toml.index("[scheduling]"), toml.index("# Working hours")
    assert parse_round_rules(toml[:start] + toml[end:]).scheduling == SchedulingRules()
    assert parse_round_rules(toml).scheduling.objective == DEFAULT_OBJECTIVE


def test_what_is_written_is_read_back() -> None:
    rules = SchedulingRules(
        objective=((("idle", 2), ("switches", 1)), (("opened", 1),)),
        max_parallel_sittings=4,
        change_notice=2,
        change_notice_unit="working_days",
        time_limit_s=30,
        priority={Level.SENIOR: 2},
    )
    assert scheduling_rules_from(scheduling_rules_to_json(rules)) == rules


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"objective": ["opened", "colour"]}, "objective"),
        ({"objective": ["opened", "2*opened"]}, "objective"),
        ({"objective": ["0*opened"]}, "objective"),
        ({"max_parallel_sittings": -1}, "max_parallel_sittings"),
        ({"max_parallel_sittings": "3"}, "max_parallel_sittings"),
        ({"change_notice": True}, "change_notice"),
        ({"change_notice_unit": "moons"}, "change_notice_unit"),
        ({"memory_limit_mb": 1}, "memory_limit_mb"),
        ({"priority": {"senior": 10}}, "priority"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_wrong_value_is_named(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        scheduling_rules_from(wrong)


@pytest.mark.parametrize(
    ("count", "unit", "frozen_until"),
    [
        (0, "days", datetime(2021, 11, 27, tzinfo=BEIJING)),
        (1, "days", datetime(2021, 11, 28, tzinfo=BEIJING)),
        (1, "working_days", datetime(2021, 11, 30, tzinfo=BEIJING)),
        (36, "hours", datetime(2021, 11, 28, 9, tzinfo=BEIJING)),
    ],
)
def test_who_is_due_soon_stays(count: int, unit: str, frozen_until: datetime) -> None:
    rules = SchedulingRules(change_notice=count, change_notice_unit=unit)
    assert rules.frozen_until(FRIDAY_EVENING, BEIJING, ChineseWorkingCalendar()) == frozen_until


def test_days_are_read_however_they_are_separated() -> None:
    expected = {date(2026, 3, 20), date(2026, 5, 27)}
    assert read_days(" 2026-03-20，2026-05-27\n") == expected == read_days("2026-05-27 2026-03-20")
    assert read_days("") == frozenset()
    with pytest.raises(InvalidInput, match="日期"):
        read_days("3月20日")
