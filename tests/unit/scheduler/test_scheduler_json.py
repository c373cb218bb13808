"""The public format: round trips, the schema held against the classes, its document, speed."""

import dataclasses
import json
import re
import time
import types
import typing
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from scheduling_builders import ONE_WORKER, candidate, candidates, instance

import scheduler
from scheduler.checker import find_violations, recompute_objective
from scheduler.errors import InstanceError
from scheduler.formats.calendar import (
    DAY_MIN,
    SITTINGS_LIMIT,
    Calendar,
    DayRange,
    Season,
    Window,
    expand_calendar,
)
from scheduler.formats.codec import encode, limit_of
from scheduler.formats.files import read_instance
from scheduler.generate import generate_instance
from scheduler.instance import Candidate, Expert, Interval, Panel, SchedulingInstance, Sitting, Slot, Wish
from scheduler.objective import Goal
from scheduler.result import SolveParameters, SolveResult, SolveStatus
from scheduler.schedule import Schedule
from scheduler.solver import solve

ROOM = Path(scheduler.__file__).parent
SCHEMA = json.loads((ROOM / "instance.schema.json").read_text(encoding="utf-8"))
DOCUMENT = (ROOM.parent / "docs" / "instance-format.md").read_text(encoding="utf-8")
CLASSES: dict[str, Any] = {
    "interval": Interval,
    "expert": Expert,
    "panel": Panel,
    "sitting": Sitting,
    "slot": Slot,
    "wish": Wish,
    "candidate": Candidate,
    "goal": Goal,
    "day_range": DayRange,
    "window": Window,
    "season": Season,
    "calendar": Calendar,
}
OWN_LIMITS = {
    (DayRange, "count"): SITTINGS_LIMIT,
    (Window, "start_min"): DAY_MIN,
    (Window, "end_min"): DAY_MIN,
}
ONLY_IN_FILES = {"$schema", "calendar"}


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


def test_bad_status_and_bad_parameters_are_named() -> None:
    data = solve(instance([candidate()]), ONE_WORKER).to_json()
    with pytest.raises(InstanceError, match="status: expected one of optimal, feasible"):
        SolveResult.from_json(data | {"status": "perfect"})
    data["schedule"]["assignments"][0]["start_min"] = 1.5
    with pytest.raises(InstanceError, match=r"^schedule.assignments\[0\].start_min: expected a whole number"):
        SolveResult.from_json(data)
    with pytest.raises(InstanceError, match="workers: must be at least 1"):
        SolveParameters(workers=0)


def test_values_built_in_code_are_checked_too() -> None:
    with pytest.raises(InstanceError, match="duration_min: expected a whole number"):
        candidate(duration_min=1.5)
    with pytest.raises(InstanceError, match="end_min: must lie after"):
        Interval(5, 5)


def test_a_hundred_thousand_candidates_are_read_in_seconds(tmp_path: Path) -> None:
    path = tmp_path / "in.json"
    problem = generate_instance(100_000, 1)
    path.write_text(json.dumps(problem.to_json(), ensure_ascii=False), encoding="utf-8")
    began_s = time.process_time()
    assert len(read_instance(path).candidates) == 100_000
    assert time.process_time() - began_s < 10  # two on an idle core


# The schema against the classes.


def test_the_schema_knows_every_object() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["$defs"]) == set(CLASSES)


@pytest.mark.parametrize(("name", "kind"), [("", SchedulingInstance), *CLASSES.items()])
def test_the_schema_says_what_the_classes_say(name: str, kind: Any) -> None:
    schema = SCHEMA["$defs"][name] if name else SCHEMA
    only_in_files = set() if name else ONLY_IN_FILES
    may_come_from_calendar = set() if name else {"sittings"}
    fields = {field.name: field for field in dataclasses.fields(kind)}
    hints = typing.get_type_hints(kind)
    assert set(schema["properties"]) == set(fields) | only_in_files
    assert schema["additionalProperties"] is False
    required = {name for name, field in fields.items() if field.default is dataclasses.MISSING}
    assert set(schema["required"]) == required - may_come_from_calendar
    assert schema["title"]
    assert schema["description"]
    for field_name, field in fields.items():
        said = schema["properties"][field_name]
        assert said["description"], field_name
        limit = OWN_LIMITS.get((kind, field_name), limit_of(field_name))
        _require_same_type(said, hints[field_name], limit)
        assert ("default" in said) == (field.default is not dataclasses.MISSING), field_name
        if "default" in said:
            assert said["default"] == encode(field.default), field_name


def _require_same_type(said: dict[str, Any], kind: Any, limit: int) -> None:
    origin = typing.get_origin(kind)
    if isinstance(kind, types.UnionType):
        choices = [choice for choice in kind.__args__ if choice is not types.NoneType]
        is_optional = types.NoneType in kind.__args__
        if "anyOf" in said:
            *others, last = said["anyOf"]
            assert (last == {"type": "null"}) == is_optional
            parts = others if is_optional else said["anyOf"]
        else:
            assert is_optional
            assert said["type"][1] == "null"
            parts = [said | {"type": said["type"][0]}]
        for part, choice in zip(parts, choices, strict=True):
            _require_same_type(part, choice, limit)
    elif origin in (tuple, frozenset):
        assert said["type"] == "array"
        _require_same_type(said["items"], typing.get_args(kind)[0], limit)
    elif dataclasses.is_dataclass(kind):
        assert CLASSES[said["$ref"].removeprefix("#/$defs/")] is kind
    elif isinstance(kind, type) and issubclass(kind, Enum):
        assert (said["type"], said["enum"]) == ("string", [choice.value for choice in kind])
    elif kind is int:
        assert said["type"] == "integer"
        assert said["minimum"] in (-limit, 0, 1)
        assert said["maximum"] == limit
    else:
        assert said["type"] == {str: "string", bool: "boolean"}[kind]


VALIDATOR = Draft202012Validator(SCHEMA)


@pytest.mark.parametrize("size", [1, 40, 300])
def test_generated_instances_are_valid(size: int) -> None:
    assert not list(VALIDATOR.iter_errors(generate_instance(size, seed=size).to_json()))


def _rich() -> dict[str, Any]:
    data = generate_instance(30, seed=3).to_json()
    person = data["candidates"][7]
    person["pin"] = person["published"] = {"sitting_id": data["sittings"][0]["id"], "start_min": 605}
    person["unavailable"] = [{"start_min": 1, "end_min": 2}]
    person["wishes"] = [{"start_min": 1, "end_min": 2, "weight": 3}]
    return data | {
        "closures": [{"start_min": 0, "end_min": 9}],
        "calendar": {
            "days": {"first": 3, "count": 2},
            "seasons": [{"first_day": 0, "last_day": 9, "windows": [{"start_min": 600, "end_min": 660}]}],
            "days_off": [4],
            "panel_ids": ["p0"],
        },
    }


def _spoilt() -> typing.Iterator[tuple[str, dict[str, Any]]]:
    """Yield instances with one value taken away, or replaced by one of another kind or size."""
    text = json.dumps(_rich())

    def visit(data: Any, keys: tuple[Any, ...]) -> typing.Iterator[tuple[Any, ...]]:
        items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
        for key, value in items:
            yield (*keys, key)
            yield from visit(value, (*keys, key))

    every = list(visit(json.loads(text), ()))
    few = [keys for keys in every if all(not isinstance(key, int) or key in (0, 7) for key in keys)]
    for keys in few:
        for number, value in enumerate((None, "", "x", -1, 0, 10**17, 1.5, True, [], [1], ["x"], {}, ...)):
            data = json.loads(text)
            target = data
            for key in keys[:-1]:
                target = target[key]
            if value is ...:
                del target[keys[-1]]
            else:
                target[keys[-1]] = value
            yield f"{keys} {number}", data


def test_what_the_schema_refuses_cannot_be_read() -> None:
    refused = 0
    for name, data in _spoilt():
        if VALIDATOR.is_valid(data):
            continue
        refused += 1
        with pytest.raises(InstanceError):
            SchedulingInstance.from_json(expand_calendar(data))
            raise AssertionError(f"read although the schema refuses it: {name}")
    assert refused > 500


# The document.


def _tables() -> dict[str, list[str]]:
    """Return the field names in the first column of the table under each heading of the document."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"^### ", DOCUMENT, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        rows = re.findall(r"^\| (`.*?) \|", body.split("\n## ")[0], flags=re.MULTILINE)
        found[heading.lower()] = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    return found


@pytest.mark.parametrize("name", ["interval", "expert", "panel", "sitting", "slot", "wish", "candidate"])
def test_the_document_lists_every_field(name: str) -> None:
    assert _tables()[name] == [field.name for field in dataclasses.fields(CLASSES[name])]


def test_the_document_lists_every_field_of_the_instance_and_every_term() -> None:
    fields = [field.name for field in dataclasses.fields(SchedulingInstance)]
    assert _tables()["instance"] == [*fields, "calendar"]
    terms = DOCUMENT.split("\n## Terms")[1].split("\n## ")[0]
    assert (
        re.findall(r"^\| `(\w+)` \|", terms, flags=re.MULTILINE)
        == SCHEMA["$defs"]["goal"]["properties"]["term"]["enum"]
    )
    defaults = re.search(r"The default is one term a tier, in this order: (.*?)\.", DOCUMENT, re.DOTALL)
    assert defaults is not None
    assert re.findall(r"`(\w+)`", defaults[1]) == [
        tier[0]["term"] for tier in SCHEMA["properties"]["objective"]["default"]
    ]


EXPECTED = (
    {"placed_priority_0": 5, "moved": 0, "opened": 2, "idle+10*switches": 10, "wishes": 0},
    {"placed_priority_0": 4, "opened": 2, "idle": 0},
)


@pytest.mark.parametrize("number", [0, 1])
def test_the_examples_of_the_document_run(number: int) -> None:
    examples = re.findall(r"```json\n(.*?)```", DOCUMENT, flags=re.DOTALL)
    assert len(examples) == len(EXPECTED)
    data = json.loads(examples[number])
    assert not list(VALIDATOR.iter_errors(data))
    problem = SchedulingInstance.from_json(expand_calendar(data))
    result = solve(problem, SolveParameters(time_limit_s=20, workers=2))
    assert find_violations(problem, result.schedule) == []
    assert recompute_objective(problem, result.schedule) == EXPECTED[number]
    assert result.status in (SolveStatus.OPTIMAL, SolveStatus.FEASIBLE)
