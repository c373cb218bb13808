"""The rules of one round (批次) as data, read from `rounds/<code>.toml` and kept with the round."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from defense.domain.defence_requirement import undecided
from defense.domain.rule import RuleSetting, wrong_file
from defense.domain.rule_tables import known_tables, settings_from
from defense.domain.scheduling_rules import SchedulingRules, scheduling_rules_from
from defense.domain.text import Text
from defense.domain.vocabulary import AFFILIATION_TEXT, LEVEL_TEXT, Level
from defense.domain.working_hours import Season, season_on, seasons_from
from defense.domain.zone import BEIJING

PANEL_RULES = (
    "one_vote_veto",
    "two_thirds",
    "absolute_majority",
    "simple_majority",
    "unanimous",
    "mean_score",
)
FORMER_PANEL_RULES = {"majority": "absolute_majority"}
"""Rules under the names that older rounds keep."""
DENOMINATORS = ("all", "entitled", "present", "cast")
ABSTENTION_POLICIES = ("against", "left_out")
ABSENCE_POLICIES = ("against", "left_out", "invalid")
EFFECTS = ("veto", "reference")
DEFAULT_STATEMENT_MIN = {Level.SENIOR: 3, Level.ASSOCIATE: 2}
DEFAULT_DISCUSSION_MIN = 5


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

    `panel_rule` with `denominator`, `abstentions`, `absences` and the quorum is what `voting.rules.Rule` is
    made of: at least so many ballots, and at least that share of all seats (0/1: no share).

    Source: notice part five for `panel_rule` and `effect`; the rest are settings (domain.md "The day").
    """

    duration_min: dict[Level, int]
    """Statement and questions together; the discussion is not in it."""
    statement_min: dict[Level, int]
    discussion_min: int
    """0: no limit."""
    buffer_min: int
    check_in_min: int
    panel_rule: str
    denominator: str
    abstentions: str
    absences: str
    quorum_at_least: int
    quorum_numerator: int
    quorum_denominator: int
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
    settings: Mapping[str, RuleSetting]
    """Id → how the round has that rule of `eligibility_rules`; all of them."""
    defence: DefenceRules
    scheduling: SchedulingRules
    seasons: tuple[Season, ...]
    extra_days_off: frozenset[date]
    series: tuple[Series, ...]

    def given(self, rule: str, parameter: str) -> Any:
        """A parameter of a rule."""
        return self.settings[rule].given[parameter]

    @property
    def filing_opens_at(self) -> datetime:
        """The first moment at which one may submit."""
        return datetime.combine(self.given("filed_early", "first_day"), time(0), BEIJING)

    @property
    def filing_closes_at(self) -> datetime:
        """The last second at which one may submit."""
        last_day, closing_time = (self.given("filed_late", key) for key in ("last_day", "closing_time"))
        return datetime.combine(last_day, closing_time, BEIJING)

    @property
    def max_submissions(self) -> int:
        """How often one may submit, the first time included."""
        return int(self.given("too_many_submissions", "limit"))

    @property
    def professional_training_years(self) -> frozenset[int]:
        """Of which professional continuing education (专业科目) is asked for."""
        return frozenset(self.given("professional_training_missing", "years"))

    @property
    def public_training_years(self) -> frozenset[int]:
        """Of which public continuing education (公需科目) is asked for."""
        return frozenset(self.given("public_training_missing", "years"))

    @property
    def appraisal_years(self) -> frozenset[int]:
        """Of which appraisal forms are asked for."""
        return frozenset(self.given("appraisal_missing", "years"))

    @property
    def min_publicity_working_days(self) -> int:
        """How long a unit makes an application public at least."""
        return int(self.given("publicity_too_short", "min_working_days"))

    def series_named(self, name: str) -> Series | None:
        """The series of that name, or None when the round does not have it."""
        return next((s for s in self.series if s.name == name), None)

    def half_days_on(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The working half-days of a day as aware Beijing times (domain.md "Xinjiang hours")."""
        return tuple(
            (datetime.combine(day, start, BEIJING), datetime.combine(day, end, BEIJING))
            for start, end in season_on(self.seasons, day).half_days
        )


def parse_round_rules(toml_text: str, *, of_stored_round: bool = False) -> RoundRules:
    """Read and check the rules of a round.

    Parameters
    ----------
    of_stored_round : the text was checked when the round was made, perhaps by an older release that had fewer
        rules.

    Raises
    ------
    InvalidInput
        Naming the key that is missing or wrong.
    """
    try:
        data = tomllib.loads(toml_text)
        if of_stored_round and "rules" in data:
            data["rules"] = known_tables(data["rules"])
        rules = _rules_from(data)
    except KeyError as missing:
        raise wrong_file(f"缺少键 {missing}", f"the key {missing} is missing") from missing
    except (tomllib.TOMLDecodeError, TypeError, ValueError, AttributeError) as error:
        raise wrong_file(str(error), str(error)) from error
    _check(rules)
    return rules


def _rules_from(data: dict[str, Any]) -> RoundRules:
    settings = settings_from(data)
    needed_by = settings["no_exam_result"].given["needed_by"]
    return RoundRules(
        code=data["code"],
        year=data["year"],
        name=Text(data["name_zh"], data["name_en"]),
        telephones=tuple(data["telephones"]),
        support_telephones=tuple(data["support_telephones"]),
        settings=settings,
        defence=defence_rules_from(data["defence"]),
        scheduling=scheduling_rules_from(data.get("scheduling", {})),
        seasons=seasons_from(data["working_hours"]),
        extra_days_off=frozenset(data["calendar"]["extra_days_off"]),
        series=tuple(
            Series(
                s["name"],
                tuple(Level(level) for level in s["levels"]),
                tuple(s["specialties"]),
                tuple(needed_by.get(s["name"], ())),
            )
            for s in data["series"]
        ),
    )


def defence_rules_from(data: dict[str, Any]) -> DefenceRules:
    """The `[defence]` table, or what staff made of it; what older rounds do not name has its default.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        Something is missing, or of another kind.
    """
    duration_min = {Level(level): minutes for level, minutes in data["duration_min"].items()}
    statement_min = {level: min(DEFAULT_STATEMENT_MIN[level], m - 1) for level, m in duration_min.items()}
    statement_min |= {Level(level): minutes for level, minutes in data.get("statement_min", {}).items()}
    return DefenceRules(
        duration_min=duration_min,
        statement_min=statement_min,
        discussion_min=data.get("discussion_min", DEFAULT_DISCUSSION_MIN),
        buffer_min=data["buffer_min"],
        check_in_min=data["check_in_min"],
        panel_rule=FORMER_PANEL_RULES.get(data["panel_rule"], data["panel_rule"]),
        denominator=data.get("denominator", "entitled"),
        abstentions=data.get("abstentions", "against"),
        absences=data.get("absences", "against"),
        quorum_at_least=data.get("quorum_at_least", data["min_panel_size"]),
        quorum_numerator=data.get("quorum_numerator", 0),
        quorum_denominator=data.get("quorum_denominator", 1),
        effect=data["effect"],
        secret_ballots=data["secret_ballots"],
        min_panel_size=data["min_panel_size"],
        require_odd_panel=data["require_odd_panel"],
        veto_reasons=tuple(data["veto_reasons"]),
        unruled_default=data["unruled_default"],
    )


def _check(rules: RoundRules) -> None:
    checks = [
        (rules.filing_opens_at < rules.filing_closes_at, "[rules.filed_late] last_day"),
        *_vote_checks(rules.defence),
        *_time_checks(rules.defence),
        (bool(rules.seasons), "working_hours"),
        (bool(rules.series), "series"),
    ]
    for passed, key in checks:
        if not passed:
            raise wrong_file(f"{key} 的值不可用", f"{key} has a value that cannot be used")
    _check_series_of_exams(rules)
    for level, affiliation in undecided(rules.settings, dict.fromkeys(_levels_of(rules))):
        who = LEVEL_TEXT[level], AFFILIATION_TEXT[affiliation]
        raise wrong_file(
            f"[rules.defence_…] 没有规定单位隶属“{who[1].zh}”的{who[0].zh}是否答辩",
            f"[rules.defence_…] does not say whether {who[0].en} from a unit of kind “{who[1].en}” defends",
        )


def _levels_of(rules: RoundRules) -> list[Level]:
    return [level for series in rules.series for level in series.levels]


def _check_series_of_exams(rules: RoundRules) -> None:
    for name in rules.given("no_exam_result", "needed_by"):
        if rules.series_named(name) is None:
            raise wrong_file(
                f"[rules.no_exam_result] needed_by：本批次没有“{name}”系列",
                f"[rules.no_exam_result] needed_by: this round has no series “{name}”",
            )


def _vote_checks(defence: DefenceRules) -> list[tuple[bool, str]]:
    share = (defence.quorum_numerator, defence.quorum_denominator)
    return [
        (defence.panel_rule in PANEL_RULES, "defence.panel_rule"),
        (defence.denominator in DENOMINATORS, "defence.denominator"),
        (defence.abstentions in ABSTENTION_POLICIES, "defence.abstentions"),
        (defence.absences in ABSENCE_POLICIES, "defence.absences"),
        (defence.quorum_at_least >= 1, "defence.quorum_at_least"),
        (0 <= share[0] <= share[1] and share[1] >= 1, "defence.quorum_numerator/quorum_denominator"),
        (defence.effect in EFFECTS, "defence.effect"),
        (defence.unruled_default in ("required", "not_required"), "defence.unruled_default"),
        (defence.min_panel_size >= 3, "defence.min_panel_size"),
        (bool(defence.veto_reasons), "defence.veto_reasons"),
    ]


def _time_checks(defence: DefenceRules) -> list[tuple[bool, str]]:
    durations, statements = defence.duration_min, defence.statement_min
    return [
        (set(durations) == set(Level), "defence.duration_min"),
        (all(minutes > 0 for minutes in durations.values()), "defence.duration_min"),
        (
            all(0 <= statements[level] < minutes for level, minutes in durations.items()),
            "defence.statement_min",
        ),
        (defence.discussion_min >= 0, "defence.discussion_min"),
        (defence.buffer_min >= 0, "defence.buffer_min"),
    ]
