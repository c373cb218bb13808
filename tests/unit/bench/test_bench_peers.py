"""The peers give legal schedules, and the harness judges what it gets."""

import importlib.util
import math
import shutil
from pathlib import Path

import pytest

from bench.scheduler.duels import Rival, against_best, quality_of, reached_s
from bench.scheduler.peers import PEERS, find_obstacle
from bench.scheduler.peers.common import collect_facts, sequence
from bench.scheduler.processes import Answer, RunFailedError, Workshop, judge, solve_judged
from bench.scheduler.runs import is_reached, lose_expert_day, publish, to_schedule
from scheduler.checker import find_violations, recompute_objective
from scheduler.formats.files import write_json
from scheduler.generate import generate_instance
from scheduler.instance import Candidate, Interval, Panel, SchedulingInstance, Sitting, Slot
from scheduler.result import SolveParameters
from scheduler.schedule import Schedule
from scheduler.solver import solve

PACKAGES = {"HiGHS, MILP": "highspy", "Timefold": "timefold"}
INSTALLED = [
    name
    for name in PEERS
    if importlib.util.find_spec(PACKAGES.get(name, "ortools")) and find_obstacle(name) is None
]
"""The packages of the peers come with `make bench-scheduler`, not with the tests."""


ROUND = generate_instance(10, seed=1, days=3, panel_count=2)
"""Two series of five have a panel, so that not everybody can be placed."""


def final_schedule(name: str, folder: Path, time_limit_s: float) -> Schedule:
    """Run in a process of its own: OR-Tools brings a HiGHS of another version, and the two do not mix."""
    workshop = Workshop(folder)
    answer = workshop.run(
        "peer", time_limit_s, instance=str(workshop.save(ROUND)), peer=name, time_limit_s=time_limit_s
    )
    return to_schedule(ROUND, answer.values["schedules"][-1]["assignments"])


@pytest.mark.parametrize("name", INSTALLED)
def test_a_peer_places_candidates_legally(name: str, tmp_path: Path) -> None:
    schedule = final_schedule(name, tmp_path, 5.0)
    assert find_violations(ROUND, schedule) == []
    assert schedule.assignments


def test_the_exact_peer_agrees_on_the_fewest_sittings(tmp_path: Path) -> None:
    """The form by slots is exact on its grid, so that ours must open as many sittings."""
    peer = recompute_objective(ROUND, final_schedule("CP-SAT, boolean per slot", tmp_path, 20.0))
    result = solve(ROUND, SolveParameters(time_limit_s=5.0))
    ours = {term.name: term.value for term in result.objective}
    assert (peer["placed_priority_0"], peer["opened"]) == (ours["placed_priority_0"], ours["opened"])


def test_timefold_is_left_out_where_there_is_no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert find_obstacle("Timefold") == "left out: there is no Java"
    assert find_obstacle("HiGHS, MILP") is None


def test_peers_refuse_what_they_do_not_model() -> None:
    sitting = Sitting("s", "p", 0, 60)
    pinned = Candidate("c", 10, pin=Slot("s", 0))
    with pytest.raises(ValueError, match="pins"):
        collect_facts(SchedulingInstance((), (Panel("p"),), (sitting,), (pinned,), min_panel_size=0))


def test_the_order_within_a_sitting_keeps_categories_together_and_absences() -> None:
    sitting = Sitting("s", "p", 0, 60)
    people = [
        Candidate("a", 10, 5, "x"),
        Candidate("b", 10, 5, "y", unavailable=(Interval(0, 30),)),
        Candidate("c", 10, 5, "x"),
    ]
    assert [(slot.candidate_id, slot.start_min) for slot in sequence(people, sitting) or []] == [
        ("a", 0),
        ("c", 15),
        ("b", 30),
    ]
    assert sequence([*people, Candidate("d", 30)], sitting) is None


def test_quality_compares_term_by_term() -> None:
    good = quality_of({"placed_priority_0": 10, "opened": 3, "idle": 9})
    assert good < quality_of({"placed_priority_0": 9, "opened": 1, "idle": 0})
    assert good < quality_of({"placed_priority_0": 10, "opened": 4, "idle": 0})
    assert reached_s([(1.0, (-9, 1)), (2.0, (-10, 3)), (3.0, (-10, 2))], (-10, 3)) == 2.0
    assert reached_s([(1.0, (-9, 1))], (-10, 3)) is None


@pytest.mark.parametrize(
    ("ours", "verdict", "ratio"),
    [
        ([(0.5, (-10, 4)), (1.0, (-10, 3))], ("better", True), (80.0, True)),
        ([(8.0, (-10, 4))], ("equal", True), (5.0, False)),
        ([(0.5, (-10, 5))], ("worse", False), ("not reached", False)),
    ],
)
def test_ours_is_held_against_the_best_peer(
    ours: list[tuple[float, tuple[int, ...]]], verdict: tuple[str, bool], ratio: tuple[object, bool]
) -> None:
    fast, best = Rival("fast", [(0.1, (-9, 1))]), Rival("best", [(1.0, (-9, 2)), (40.0, (-10, 4))])
    quality, speed = against_best("work", [fast, best, Rival("none", [], "crashed")], [ours])
    assert "best" in quality.metric
    assert (quality.value, quality.met) == verdict
    assert (speed.value, speed.met) == ratio


def test_a_goal_is_reached_within_its_gap() -> None:
    def terms(placed: int, opened: int) -> list[dict[str, object]]:
        return [
            {"name": "placed_priority_0", "value": placed, "best_bound": 10},
            {"name": "opened", "value": opened, "best_bound": 200},
            {"name": "idle", "value": 5, "best_bound": 0},
        ]

    assert is_reached(terms(10, 200), "sittings")
    assert not is_reached(terms(10, 201), "sittings")
    assert is_reached(terms(10, 201), "sittings", gap=0.005)
    assert not is_reached(terms(9, 200), "sittings")
    assert is_reached(terms(10, 300), "placed")
    assert not is_reached(terms(10, 200), "all")
    assert not is_reached([], "all")


def test_the_lost_expert_day_is_the_busiest() -> None:
    instance = generate_instance(30, seed=1, days=3)
    schedule = solve(instance, SolveParameters(time_limit_s=5.0)).schedule
    changed = lose_expert_day(instance, schedule)
    [(before, after)] = [
        pair for pair in zip(instance.experts, changed.experts, strict=True) if pair[0] != pair[1]
    ]
    [away] = set(after.unavailable) - set(before.unavailable)
    panels = {panel.id for panel in instance.panels if before.id in panel.expert_ids}
    sittings = {sitting.id for sitting in instance.sittings if sitting.panel_id in panels}
    hit = [
        a
        for a in schedule.assignments
        if a.sitting_id in sittings and away.start_min <= a.start_min < away.end_min
    ]
    assert hit
    assert recompute_objective(publish(instance, schedule), schedule)["moved"] == 0


def test_a_run_is_judged_by_the_checker(tmp_path: Path) -> None:
    instance = generate_instance(10, seed=1, days=2)
    judged = solve_judged(Workshop(tmp_path), instance, 10.0, until="sittings")
    assert judged.placed == 10
    assert judged.goal_s is not None
    assert 0 < judged.goal_s <= judged.answer.process_s
    assert judged.answer.values["peak_bytes"] > 10 * 2**20


def test_a_false_claim_is_not_believed(tmp_path: Path) -> None:
    instance = generate_instance(10, seed=1, days=2)
    out = tmp_path / "result.json"
    result = solve(instance, SolveParameters(time_limit_s=5.0))
    write_json(out, result.to_json())
    claimed = {"terms": [{"name": "opened", "value": result.objective[2].value - 1}]}
    with pytest.raises(RunFailedError, match="claims opened"):
        judge(instance, Answer(claimed, math.inf), out)


def test_a_crash_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(RunFailedError, match="KeyError"):
        Workshop(tmp_path).run("no such task", 5.0)
