"""Thirty kinds of infeasible rounds: each explained, minimal, and with a repair that works."""

from dataclasses import replace

import pytest

from scheduler.checker import find_violations
from scheduler.explain import explain
from scheduler.explain.explanation import Clash, Explanation, FactKind, RepairKind
from scheduler.explain.relaxing import readings
from scheduler.explain.search import without_fact
from scheduler.generate import generate_instance
from scheduler.generate_infeasible import infeasible_kinds
from scheduler.instance import DAY_MIN, Interval, SchedulingInstance
from scheduler.result import SolveParameters
from scheduler.solver import solve

K, R = FactKind, RepairKind
KINDS = infeasible_kinds()
PARAMS = SolveParameters(time_limit_s=20, seed=1, workers=1)
PLACES = {K.DEMAND, K.CATEGORY, K.SITTINGS}
CAPACITY = PLACES | {K.BUFFER}
PANEL = {K.DEMAND, K.CATEGORY}
EPOCH_MIN = 20_780 * DAY_MIN

EXPECTED: dict[str, set[FactKind]] = {
    "more candidates than places": CAPACITY,
    "pauses leave no place for the fourth": CAPACITY,
    "long and short defences": CAPACITY,
    "longer than any half-day": PLACES,
    "no panel hears the category": PANEL,
    "no half-day planned": PLACES,
    "candidate away all the time": PLACES | {K.UNAVAILABLE},
    "free on the same day only": CAPACITY | {K.UNAVAILABLE},
    "closures leave one day": CAPACITY | {K.CLOSURES},
    "enough minutes but no order": PLACES | {K.UNAVAILABLE},
    "half-days of one panel overlap": CAPACITY,
    "recusal leaves too few": PANEL | {K.RECUSAL, K.PANEL_SIZE},
    "expert away": PLACES | {K.ABSENCE, K.PANEL_SIZE},
    "recusal and absence": PLACES | {K.RECUSAL, K.ABSENCE, K.PANEL_SIZE},
    "recusal makes the panel even": PANEL | {K.RECUSAL, K.ODD},
    "absence makes the panel even": PLACES | {K.ABSENCE, K.ODD},
    "panel always even": PANEL | {K.ODD},
    "two panels share an expert": PLACES | {K.ONE_PLACE},
    "limit of simultaneous sittings": PLACES | {K.LIMIT},
    "limit and shared expert": PLACES | {K.LIMIT, K.ONE_PLACE},
    "pinned slots overlap": {K.DEMAND, K.PIN},
    "pinned slots without the pause": {K.DEMAND, K.PIN, K.BUFFER},
    "pinned while away": {K.DEMAND, K.PIN, K.UNAVAILABLE},
    "pinned in panels that share an expert": {K.DEMAND, K.PIN, K.ONE_PLACE},
    "attendee away": PLACES | {K.ATTENDEES, K.ABSENCE},
    "attendee needed twice at once": {K.DEMAND, K.SITTINGS, K.ATTENDEES, K.ONE_PLACE},
    "attendee sits on another panel": PLACES | {K.ATTENDEES, K.ONE_PLACE},
    "candidate and attendee never free together": PLACES | {K.ATTENDEES, K.ABSENCE, K.UNAVAILABLE},
    "more candidates than places, among 200 others": CAPACITY,
    "interpreter free for one defence only, among 1000 others": PLACES
    | {K.ATTENDEES, K.ABSENCE, K.ONE_PLACE},
}


def test_thirty_kinds_are_expected() -> None:
    assert len(EXPECTED) == 30
    assert set(EXPECTED) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_kind_is_explained_by_a_minimal_clash_with_a_repair_that_works(kind: str) -> None:
    instance = KINDS[kind]
    explanation = explain(instance)
    assert (explanation.is_feasible, explanation.is_complete) == (False, True)
    assert explanation.wall_time_s <= 15
    (clash,) = explanation.clashes
    assert {fact.kind for fact in clash.facts} == EXPECTED[kind]
    assert clash.is_minimal
    require_minimal(instance, clash)
    best = clash.repairs[0]
    assert best.places_everybody
    assert best.placed_before < best.placed_after == len(instance.candidates)
    assert [repair.cost for repair in clash.repairs] == sorted(repair.cost for repair in clash.repairs)
    require_readable(explanation)


def require_minimal(instance: SchedulingInstance, clash: Clash) -> None:
    """Delete each fact in turn and let the solver, which knows nothing of facts, judge what is left."""
    assert not any(is_placed(reading) for reading in readings(instance, clash.facts))
    for fact in clash.facts:
        rest = without_fact(clash.facts, fact)
        assert any(is_placed(reading) for reading in readings(instance, rest)), fact.kind


def is_placed(instance: SchedulingInstance) -> bool:
    result = solve(instance, PARAMS)
    placed = [term for term in result.objective if term.name.startswith("placed")]
    everybody = not result.schedule.unplaced
    if everybody:
        assert find_violations(instance, result.schedule) == []
    else:
        assert result.status.value == "infeasible" or all(term.proven for term in placed)
    return everybody


def require_readable(explanation: Explanation) -> None:
    for lang in ("zh", "en"):
        text = explanation.text(lang)
        assert "{" not in text
        for clash in explanation.clashes:
            messages = [clash.message, *(item.message for item in (*clash.facts, *clash.repairs))]
            assert all(getattr(message, lang) in text for message in messages)
    assert explanation.text("zh") != explanation.text("en")
    assert Explanation.from_json(explanation.to_json()).to_json() == explanation.to_json()


def test_words_of_the_round_name_the_numbers() -> None:
    explanation = explain(KINDS["more candidates than places"])
    text = explanation.text("zh")
    for words in ("14 人", "12 人", "第3答辩组", "10:00–14:00", "延长 35 分钟"):
        assert words in text
    assert "14 candidates" in explanation.text("en")
    (clash,) = explanation.clashes
    demand = next(fact for fact in clash.facts if fact.kind is K.DEMAND)
    assert (demand.numbers["needed"], demand.numbers["total"]) == (13, 14)


def test_minutes_of_a_longer_day_are_the_fewest() -> None:
    instance = KINDS["more candidates than places"]
    (clash,) = explain(instance).clashes
    repair = next(repair for repair in clash.repairs if repair.kind is R.EXTEND_SITTING)
    minutes, sitting = repair.numbers["minutes"], instance.sittings[0]
    for extra, places in ((minutes, 14), (minutes - 5, 13)):
        longer = replace(sitting, end_min=sitting.end_min + extra)
        changed = replace(instance, sittings=(longer, *instance.sittings[1:]))
        assert len(solve(changed, PARAMS).schedule.assignments) == places


def test_days_of_a_service_get_their_date() -> None:
    instance = KINDS["candidate away all the time"]
    sittings = tuple(
        replace(s, start_min=s.start_min + EPOCH_MIN, end_min=s.end_min + EPOCH_MIN)
        for s in instance.sittings
    )
    away = (Interval(EPOCH_MIN, EPOCH_MIN + DAY_MIN),)
    people = tuple(replace(c, unavailable=away) for c in instance.candidates)
    dated = replace(instance, sittings=sittings, candidates=people)
    assert "2026-11-23 10:00–14:00" in explain(dated).text("zh")
    # A day in Beijing begins at 16:00 of the day before in UTC.
    assert "2026-11-23 18:00–22:00" in explain(replace(dated, midnight_min=16 * 60)).text("en")


def test_two_clashes_are_found_one_after_the_other() -> None:
    more, recused = KINDS["more candidates than places"], KINDS["pinned slots overlap"]
    moved = tuple(
        replace(c, id=f"pinned-{c.id}", category="archives|senior", pin=replace(c.pin, sitting_id="t0"))
        for c in recused.candidates
        if c.pin
    )
    explanation = explain(replace(more, candidates=(*more.candidates, *moved)))
    assert explanation.is_complete
    kinds = [{fact.kind for fact in clash.facts} for clash in explanation.clashes]
    assert kinds == [CAPACITY, {K.DEMAND, K.PIN}]
    assert all(clash.repairs for clash in explanation.clashes)


def test_possible_impossible_and_unknown_never_fall_together() -> None:
    feasible = generate_instance(60, seed=2)
    assert explain(feasible).is_feasible is True
    assert explain(KINDS["expert away"]).is_feasible is False
    unknown = explain(generate_instance(2000, seed=2), time_limit_s=0)
    assert (unknown.is_feasible, unknown.clashes, unknown.is_complete) == (None, (), False)
    texts = {explain(feasible).text("en")[:6], unknown.text("en")[:6]}
    assert texts == {"All 60", "Not kn"}


def test_short_of_places_everywhere_is_proven_within_the_time() -> None:
    explanation = explain(generate_instance(200, seed=1, days=1, panel_count=5))
    assert explanation.is_feasible is False
    assert explanation.wall_time_s <= 17
    assert explanation.clashes[0].is_minimal
    assert not explanation.is_complete
