"""The rules of one round (批次) as data, read from `rounds/<code>.toml` and kept with the round."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from defense.domain.errors import InvalidInput
from defense.domain.scheduling_rules import SchedulingRules, scheduling_rules_from
from defense.domain.text import Text
from defense.domain.vocabulary import Level
from defense.domain.working_hours import Season, season_on, seasons_from

BEIJING = ZoneInfo("Asia/Shanghai")

PANEL_RULES = ("one_vote_veto", "two_thirds", "majority")
EFFECTS = ("veto", "reference")


@dataclass(frozen=True)
class Series:
    """One series with its specialties, its levels, and the levels that need a national exam result."""

    name: str
    levels: tuple[Level, ...]
    specialties: tuple[str, ...]
    exam_result_levels: tuple[Level, ...] = ()


@dataclass(frozen=True)
class DefenceRules:
    """How defences are held and decided; durations in minutes.

    Source: notice part five for `panel_rule` and `effect`; the rest are settings (domain.md "The day").
    """

    duration_min: dict[Level, int]
    buffer_min: int
    check_in_min: int
    panel_rule: str
    effect: str
    secret_ballots: bool
    min_panel_size: int
    require_odd_panel: bool
    veto_reasons: tuple[str, ...]
    unruled_default: str


@dataclass(frozen=True)
class RoundRules:
    """Everything that may differ between rounds. Immutable; `Round.rules` keeps the text it came from."""

    code: str
    year: int
    name: Text
    telephones: tuple[str, ...]
    support_telephones: tuple[str, ...]
    filing_opens_at: datetime
    filing_closes_at: datetime
    max_submissions: int
    professional_training_years: frozenset[int]
    public_training_years: frozenset[int]
    appraisal_years: frozenset[int]
    min_publicity_working_days: int
    defence: DefenceRules
    scheduling: SchedulingRules
    seasons: tuple[Season, ...]
    extra_days_off: frozenset[date]
    series: tuple[Series, ...]

    def series_named(self, name: str) -> Series | None:
        """The series of that name, or None when the round does not have it."""
        return next((s for s in self.series if s.name == name), None)

    def half_days_on(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The working half-days of a day as aware Beijing times (domain.md "Xinjiang hours")."""
        return tuple(
            (datetime.combine(day, start, BEIJING), datetime.combine(day, end, BEIJING))
            for start, end in season_on(self.seasons, day).half_days
        )


def parse_round_rules(toml_text: str) -> RoundRules:
    """Read and check the rules of a round.

    Raises
    ------
    InvalidInput
        Naming the key that is missing or wrong.
    """
    try:
        data = tomllib.loads(toml_text)
        rules = _rules_from(data)
    except KeyError as missing:
        raise _invalid(f"缺少键 {missing}", f"the key {missing} is missing") from missing
    except (tomllib.TOMLDecodeError, TypeError, ValueError, AttributeError) as error:
        raise _invalid(str(error), str(error)) from error
    _check(rules)
    return rules


def _rules_from(data: dict[str, Any]) -> RoundRules:
    filing, years, defence = data["filing"], data["proof_years"], data["defence"]
    return RoundRules(
        code=data["code"],
        year=data["year"],
        name=Text(data["name_zh"], data["name_en"]),
        telephones=tuple(data["telephones"]),
        support_telephones=tuple(data["support_telephones"]),
        filing_opens_at=datetime.combine(filing["first_day"], time(0), BEIJING),
        filing_closes_at=datetime.combine(filing["last_day"], filing["closing_time"], BEIJING),
        max_submissions=filing["max_submissions"],
        professional_training_years=frozenset(years["professional_training"]),
        public_training_years=frozenset(years["public_training"]),
        appraisal_years=frozenset(years["appraisal"]),
        min_publicity_working_days=data["publicity"]["min_working_days"],
        defence=_defence_from(defence),
        scheduling=scheduling_rules_from(data.get("scheduling", {})),
        seasons=seasons_from(data["working_hours"]),
        extra_days_off=frozenset(data["calendar"]["extra_days_off"]),
        series=tuple(
            Series(
                s["name"],
                tuple(Level(level) for level in s["levels"]),
                tuple(s["specialties"]),
                tuple(Level(level) for level in s.get("exam_result_levels", ())),
            )
            for s in data["series"]
        ),
    )


def _defence_from(data: dict[str, Any]) -> DefenceRules:
    return DefenceRules(
        duration_min={Level(level): minutes for level, minutes in data["duration_min"].items()},
        buffer_min=data["buffer_min"],
        check_in_min=data["check_in_min"],
        panel_rule=data["panel_rule"],
        effect=data["effect"],
        secret_ballots=data["secret_ballots"],
        min_panel_size=data["min_panel_size"],
        require_odd_panel=data["require_odd_panel"],
        veto_reasons=tuple(data["veto_reasons"]),
        unruled_default=data["unruled_default"],
    )


def _check(rules: RoundRules) -> None:
    defence = rules.defence
    checks = [
        (rules.filing_opens_at < rules.filing_closes_at, "filing"),
        (defence.panel_rule in PANEL_RULES, "defence.panel_rule"),
        (defence.effect in EFFECTS, "defence.effect"),
        (defence.unruled_default in ("required", "not_required"), "defence.unruled_default"),
        (set(defence.duration_min) == set(Level), "defence.duration_min"),
        (all(minutes > 0 for minutes in defence.duration_min.values()), "defence.duration_min"),
        (defence.buffer_min >= 0, "defence.buffer_min"),
        (defence.min_panel_size >= 3, "defence.min_panel_size"),
        (bool(defence.veto_reasons), "defence.veto_reasons"),
        (bool(rules.seasons), "working_hours"),
        (bool(rules.series), "series"),
    ]
    for passed, key in checks:
        if not passed:
            raise _invalid(f"{key} 的值不可用", f"{key} has a value that cannot be used")


def _invalid(zh: str, en: str) -> InvalidInput:
    return InvalidInput(Text(f"批次规则文件有误：{zh}", f"The round's rule file is wrong: {en}"))
