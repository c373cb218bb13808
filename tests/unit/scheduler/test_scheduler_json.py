"""Files: round trips, and faults named by their place."""

import copy
import json
from typing import Any

import pytest
from scheduling_builders import ONE_WORKER, candidate, candidates, instance

from scheduler.errors import InstanceError
from scheduler.generate import generate_instance
from scheduler.instance import Interval, SchedulingInstance, Slot
from scheduler.result import SolveParameters, SolveResult
from scheduler.schedule import Schedule
from scheduler.solver import solve


def test_instance_survives_json() -> None:
    problem = generate_instance(30, seed=3, max_parallel_sittings=4)
    assert SchedulingInstance.from_json(json.loads(json.dumps(problem.to_json()))) == problem
    pinned = instance([candidate(pin=Slot("s0", 5))])
    assert SchedulingInstance.from_json(pinned.to_json()) == pinned


def test_result_survives_json() -> None:
    result = solve(instance(candidates(5)), ONE_WORKER)
    again = SolveResult.from_json(json.loads(json.dumps(result.to_json())))
    assert again == result
    assert Schedule.from_json(result.schedule.to_json()) == result.schedule
    assert len(result.schedule.unplaced) == 2


def test_optional_fields_may_be_left_out() -> None:
    data = instance([candidate()]).to_json()
    del data["min_panel_size"], data["candidates"][0]["pin"], data["experts"][0]["unavailable"]
    assert SchedulingInstance.from_json(data) == instance([candidate()])


FAULTS: dict[str, tuple[list[Any], Any, str]] = {
    "candidates[1].duration_min": (["candidates", 1, "duration_min"], 0, "at least 1"),
    "candidates[0].buffer_min": (["candidates", 0, "buffer_min"], -1, "at least 0"),
    "candidates[0].category": (["candidates", 0, "category"], 7, "expected a text"),
    "candidates[0].priority": (["candidates", 0, "priority"], True, "expected a whole number"),
    "candidates[1].id": (["candidates", 1, "id"], "c0", "already used by candidates[0]"),
    "candidates[0].recused_expert_ids": (["candidates", 0, "recused_expert_ids"], ["e9"], "does not exist"),
    "candidates[0].pin.sitting_id": (["candidates", 0, "pin"], {"sitting_id": "s9", "start_min": 1}, "'s9'"),
    "candidates[0].pin.start_min": (["candidates", 0, "pin"], {"sitting_id": "s0"}, "missing"),
    "candidates[0].durationmin": (["candidates", 0, "durationmin"], 5, "unknown field"),
    "experts[0].unavailable[0].end_min": (
        ["experts", 0, "unavailable"],
        [{"start_min": 5, "end_min": 5}],
        "must lie after",
    ),
    "panels[0].expert_ids[3]": (["panels", 0, "expert_ids"], ["e0", "e1", "e2", "e0"], "already used"),
    "panels[0].expert_ids[0]": (["panels", 0, "expert_ids"], ["e9"], "does not exist"),
    "panels[0].accepts": (["panels", 0, "accepts"], "x", "expected a list"),
    "sittings[0].panel_id": (["sittings", 0, "panel_id"], "p9", "does not exist"),
    "max_parallel_sittings": (["max_parallel_sittings"], 0, "at least 1"),
    "min_panel_size": (["min_panel_size"], None, "expected a whole number"),
    "candidates": (["candidates"], {}, "expected a list"),
}


@pytest.mark.parametrize("path", FAULTS)
def test_fault_is_named_by_its_place(path: str) -> None:
    keys, value, problem = FAULTS[path]
    data = copy.deepcopy(instance(candidates(2)).to_json())
    target: Any = data
    for key in keys[:-1]:
        target = target[key]
    target[keys[-1]] = value
    with pytest.raises(InstanceError) as caught:
        SchedulingInstance.from_json(data)
    assert caught.value.path == path
    assert problem in str(caught.value)


def test_missing_list_and_wrong_document_are_named() -> None:
    data = instance([candidate()]).to_json()
    del data["panels"]
    with pytest.raises(InstanceError, match=r"^panels: missing"):
        SchedulingInstance.from_json(data)
    with pytest.raises(InstanceError, match="expected an object, got list"):
        SchedulingInstance.from_json([])


def test_bad_status_and_bad_parameters_are_named() -> None:
    data = solve(instance([candidate()]), ONE_WORKER).to_json()
    data["status"] = "perfect"
    with pytest.raises(InstanceError, match="status: expected one of optimal, feasible"):
        SolveResult.from_json(data)
    with pytest.raises(InstanceError, match="workers: must be at least 1"):
        SolveParameters(workers=0)


def test_values_built_in_code_are_checked_too() -> None:
    with pytest.raises(InstanceError, match="duration_min: expected a whole number"):
        candidate(duration_min=1.5)
    with pytest.raises(InstanceError, match="end_min: must lie after"):
        Interval(5, 5)
