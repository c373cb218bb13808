"""Plans panels with seats for about 1.3 times the people to be heard, each with a panel free of conflict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import combinations, pairwise
from math import ceil
from random import Random

from defense.domain.people import ExpertRecord, PanelRecord, Period
from defense.domain.round_rules import RoundRules, Series
from defense.domain.vocabulary import Level
from defense.integrations.sample_data.people import Applicant, domain_of
from defense.integrations.sample_data.vocabulary import BIG_UNITS, EXPERT_UNITS, distinct_names

SPARE_SEATS = 1.3
SITTING_DAYS = 5

_USUAL_PANELS = 11
_MOST_HALF_DAYS = 9
_FEW_CANDIDATES = (30, 60)
_SIZES = (5, 5, 3, 5, 5, 7, 5)


@dataclass(frozen=True)
class Field:
    """What a group of equal panels hears."""

    series: tuple[Series, ...]
    specialties: tuple[str, ...]
    """Empty: every one."""
    half_days: tuple[int, ...]
    """One number for each panel."""


@dataclass
class Plan:
    """Experts and panels of the sample."""

    experts: list[ExpertRecord] = field(default_factory=list)
    panels: list[PanelRecord] = field(default_factory=list)


def plan_panels(
    heard: Sequence[Applicant], total: int, first_day: date, rules: RoundRules, rng: Random
) -> Plan:
    """Experts, panels and their half-days for the people who will be heard.

    Experts from a big unit sit on one panel of each field only, and the others come from units without
    candidates; so everybody finds a panel that accepts them and on which nobody must step back.
    """
    slots = _half_day_slots(first_day, rules)
    plan = Plan()
    invent = _ExpertMaker(plan, rules, rng)
    for group in _fields(heard, total, slots, rules):
        for index in range(len(group.half_days)):
            _add_panel(plan, (group, index), slots, invent, rules)
    _share_experts(plan, rules)
    _add_absences(plan, slots)
    for number in range(max(2, len(plan.experts) // 6)):
        invent.reserve(number)
    return plan


def _half_day_slots(first_day: date, rules: RoundRules) -> list[Period]:
    weekdays = (day for n in range(14) if (day := first_day + timedelta(days=n)).weekday() < 5)
    days = [next(weekdays) for _ in range(SITTING_DAYS)]
    return [Period(start_at, end_at) for day in days for start_at, end_at in rules.half_days_on(day)]


def _fields(
    heard: Sequence[Applicant], total: int, slots: Sequence[Period], rules: RoundRules
) -> Iterator[Field]:
    shortest_min = min((slot.end_at - slot.start_at).total_seconds() / 60 for slot in slots)

    def half_days_for(series: Sequence[Series], specialties: Sequence[str] = ()) -> float:
        names = [s.name for s in series]
        minutes = sum(
            rules.defence.duration_min[a.level] + rules.defence.buffer_min
            for a in heard
            if a.series.name in names and (not specialties or a.specialty in specialties)
        )
        return SPARE_SEATS * minutes / shortest_min

    most = min(_MOST_HALF_DAYS, len(slots) - 1)
    target = min(most, max(1, ceil(half_days_for(rules.series) / _USUAL_PANELS)))
    fewest = 1 if total < _FEW_CANDIDATES[0] else 2
    for series in _kindred(rules, total):
        names = tuple(name for s in series for name in s.specialties)
        halves: tuple[tuple[str, ...], ...] = ((),)
        if half_days_for(series) > 3 * target and len(names) > 1:
            halves = (names[: len(names) // 2], names[len(names) // 2 :])
        for specialties in halves:
            needed = half_days_for(series, specialties)
            panels = max(fewest, ceil(needed / target))
            each, left = divmod(max(panels, ceil(needed)), panels)
            yield Field(series, specialties, tuple(each + (n < left) for n in range(panels)))


def _kindred(rules: RoundRules, total: int) -> list[tuple[Series, ...]]:
    """One series to a field, or the three neighbourhoods where there are few candidates."""
    if total >= _FEW_CANDIDATES[1]:
        return [(series,) for series in rules.series]
    return _neighbourhoods(rules)


def _neighbourhoods(rules: RoundRules) -> list[tuple[Series, ...]]:
    """Up to three runs of series: a round lists kindred ones beside each other."""
    bounds = [part * len(rules.series) // 3 for part in range(4)]
    return [rules.series[a:b] for a, b in pairwise(bounds) if a < b]


def _add_panel(
    plan: Plan, place: tuple[Field, int], slots: Sequence[Period], invent: _ExpertMaker, rules: RoundRules
) -> None:
    group, index = place
    position = len(plan.panels)
    size = _SIZES[position % len(_SIZES)]
    domain = domain_of(group.series[0], rules)
    local = [unit.name for unit in BIG_UNITS[domain][index :: len(group.half_days)]][: size // 2]
    if len(group.half_days) == 1:
        local = []
    outside = [EXPERT_UNITS[(position * 5 + n) % len(EXPERT_UNITS)] for n in range(size - len(local))]
    members = [invent.seat(unit, group) for unit in (*outside, *local)]
    taken = [slots[(position * 3 + n) % len(slots)] for n in range(group.half_days[index])]
    plan.panels.append(
        PanelRecord(
            name=f"第{position + 1}答辩组",
            series=tuple(series.name for series in group.series),
            levels=tuple(level for level in Level if any(level in s.levels for s in group.series)),
            specialties=group.specialties,
            member_numbers=tuple(members),
            head_number=members[0],
            secretary_name=invent.name(),
            half_days=_in_order(taken),
        )
    )


def _share_experts(plan: Plan, rules: RoundRules) -> None:
    """A few members sit on a second panel too, of a kindred series and on other half-days."""
    kin = {s.name: part for part, run in enumerate(_neighbourhoods(rules)) for s in run}
    shared: set[int] = set()
    for a, b in combinations(range(len(plan.panels)), 2):
        lender, borrower = plan.panels[a], plan.panels[b]
        if shared & {a, b} or set(lender.half_days) & set(borrower.half_days):
            continue
        if lender.series == borrower.series or kin[lender.series[0]] != kin[borrower.series[0]]:
            continue
        shared |= {a, b}
        replaced, number = borrower.member_numbers[1], lender.member_numbers[1]
        members = tuple(number if member == replaced else member for member in borrower.member_numbers)
        plan.panels[b] = replace(borrower, member_numbers=members)
        _widen(plan, number, borrower)


def _widen(plan: Plan, number: str, panel: PanelRecord) -> None:
    """The expert covers the second panel's series as well; the one replaced stays in reserve."""
    index = next(i for i, expert in enumerate(plan.experts) if expert.number == number)
    expert = plan.experts[index]
    series = tuple(dict.fromkeys((*expert.series, *panel.series)))
    plan.experts[index] = replace(expert, series=series, specialties=())


def _add_absences(plan: Plan, slots: Sequence[Period]) -> None:
    """Every fourth panel gets a half-day more, on which one of its members cannot come."""
    on_two_panels = _on_two_panels(plan)
    for position in range(0, len(plan.panels), 4):
        panel = plan.panels[position]
        free = [slot for slot in slots if slot not in panel.half_days]
        number = panel.member_numbers[2]
        if not free or on_two_panels & set(panel.member_numbers):
            continue
        plan.panels[position] = replace(panel, half_days=_in_order([*panel.half_days, free[0]]))
        index = next(i for i, expert in enumerate(plan.experts) if expert.number == number)
        plan.experts[index] = replace(plan.experts[index], unavailable=(free[0],))


def _on_two_panels(plan: Plan) -> set[str]:
    seen: set[str] = set()
    twice: set[str] = set()
    for panel in plan.panels:
        twice |= seen & set(panel.member_numbers)
        seen |= set(panel.member_numbers)
    return twice


def _in_order(half_days: Sequence[Period]) -> tuple[Period, ...]:
    return tuple(sorted(set(half_days), key=lambda period: period.start_at))


class _ExpertMaker:
    """Adds experts to a plan, each with a number, a name, a phone and an address of their own."""

    def __init__(self, plan: Plan, rules: RoundRules, rng: Random) -> None:
        self._plan, self._rules, self._rng = plan, rules, rng
        self._names = distinct_names(rng)

    def name(self) -> str:
        """A name that nobody else in the plan has."""
        return next(self._names)

    def seat(self, unit: str, group: Field) -> str:
        """An expert who may sit on the panels of a field; the number."""
        return self._add(unit, Level.SENIOR, tuple(series.name for series in group.series), group.specialties)

    def reserve(self, number: int) -> str:
        """An expert without a panel, every second one of 副高 level; the number."""
        series = self._rules.series[number % len(self._rules.series)]
        level = Level.ASSOCIATE if number % 2 and Level.ASSOCIATE in series.levels else Level.SENIOR
        return self._add(
            EXPERT_UNITS[number % len(EXPERT_UNITS)], level, (series.name,), series.specialties[:2]
        )

    def _add(self, unit: str, level: Level, series: tuple[str, ...], specialties: tuple[str, ...]) -> str:
        position = len(self._plan.experts) + 1
        expert = ExpertRecord(
            number=f"ZJ{position:03d}",
            name=self.name(),
            unit=unit,
            level=level,
            series=series,
            specialties=specialties,
            phone=f"15{self._rng.randrange(10)}{position:04d}{self._rng.randrange(10000):04d}",
            email=f"expert{position:03d}@experts.example.com",
            unavailable=(),
        )
        self._plan.experts.append(expert)
        return expert.number
