"""Working hours in an instance file: seasons, days off, windows, and every fault named."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from scheduler.errors import InstanceError
from scheduler.formats.calendar import expand_calendar
from scheduler.formats.error_texts import translate
from scheduler.formats.files import read_instance
from scheduler.instance import SchedulingInstance

MORNING, AFTERNOON = {"start_min": 600, "end_min": 840}, {"start_min": 960, "end_min": 1200}


def data_with(**calendar: Any) -> dict[str, Any]:
    return {
        "experts": [],
        "panels": [{"id": "p1"}, {"id": "p2"}],
        "candidates": [],
        "min_panel_size": 0,
        "calendar": {
            "days": {"first": 10, "count": 3},
            "seasons": [
                {"first_day": 0, "last_day": 11, "windows": [MORNING, AFTERNOON]},
                {"first_day": 12, "last_day": 20, "windows": [{"start_min": 630, "end_min": 870}]},
            ],
        }
        | calendar,
    }


def made(data: dict[str, Any]) -> dict[str, tuple[int, int]]:
    instance = SchedulingInstance.from_json(expand_calendar(data))
    return {sitting.id: (sitting.start_min, sitting.end_min) for sitting in instance.sittings}


def test_seasons_change_the_working_hours() -> None:
    sittings = made(data_with(panel_ids=["p1"]))
    assert sittings == {
        "p1@10.0": (15000, 15240),
        "p1@10.1": (15360, 15600),
        "p1@11.0": (16440, 16680),
        "p1@11.1": (16800, 17040),
        "p1@12.0": (17910, 18150),
    }


def test_days_off_and_listed_days() -> None:
    assert list(made(data_with(days_off=[10, 12, 99], panel_ids=["p2"]))) == ["p2@11.0", "p2@11.1"]
    assert list(made(data_with(days=[12, 10], panel_ids=["p2"]))) == ["p2@12.0", "p2@10.0", "p2@10.1"]


def test_days_count_from_midnight() -> None:
    data = data_with(days=[12], panel_ids=["p1"]) | {"midnight_min": 960}
    assert made(data) == {"p1@12.0": (17910 + 960, 18150 + 960)}
    assert SchedulingInstance.from_json(expand_calendar(data)).day_of(17910 + 960) == 12


def test_panels_with_sittings_of_their_own_get_no_others() -> None:
    own = {"id": "late", "panel_id": "p1", "start_min": 1, "end_min": 2}
    assert list(made(data_with(days=[12]) | {"sittings": [own]})) == ["late", "p2@12.0"]
    both = data_with(days=[12], panel_ids=["p1"]) | {"sittings": [own]}
    assert list(made(both)) == ["late", "p1@12.0"]


def test_nothing_else_changes() -> None:
    data = data_with()
    before = copy.deepcopy(data)
    expanded = expand_calendar(data)
    assert data == before
    assert {name: value for name, value in expanded.items() if name != "sittings"} == {
        name: value for name, value in data.items() if name != "calendar"
    }
    assert expand_calendar(expanded) is expanded


def test_a_file_with_a_calendar_is_read(tmp_path: Path) -> None:
    path = tmp_path / "in.json"
    path.write_text(json.dumps(data_with() | {"$schema": "instance.schema.json"}))
    assert len(read_instance(path).sittings) == 10


def season(first_day: int, last_day: int, *windows: dict[str, int]) -> dict[str, Any]:
    return {"first_day": first_day, "last_day": last_day, "windows": list(windows)}


FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"days": None}, "calendar.days", "expected an object"),
    ({"days": []}, "calendar.days", "expected a day or more"),
    ({"days": [10, 10]}, "calendar.days[1]", "already used"),
    ({"days": {"first": 10}}, "calendar.days.count", "missing"),
    ({"days": {"first": 10, "count": 0}}, "calendar.days.count", "between 1"),
    ({"days": {"first": 10, "count": 10**9}}, "calendar.days.count", "between 1"),
    ({"days": {"first": 19, "count": 3}}, "calendar.days", "day 21 lies in no season"),
    ({"seasons": []}, "calendar.days", "day 10 lies in no season"),
    ({"seasons": [season(5, 4, MORNING)]}, "calendar.seasons[0].last_day", "at least 5"),
    ({"seasons": [season(0, 20)]}, "calendar.seasons[0].windows", "a window or more"),
    (
        {"seasons": [season(9, 20, MORNING), season(0, 9, MORNING)]},
        "calendar.seasons[0].first_day",
        "day 9 lies in seasons[1] too",
    ),
    (
        {"seasons": [season(0, 20, AFTERNOON, MORNING, {"start_min": 800, "end_min": 970})]},
        "calendar.seasons[0].windows[2]",
        "overlaps the window 600-840",
    ),
    (
        {"seasons": [season(0, 20, {"start_min": 840, "end_min": 600})]},
        "calendar.seasons[0].windows[0].end_min",
        "must lie after",
    ),
    (
        {"seasons": [season(0, 20, {"start_min": 600, "end_min": 1441})]},
        "calendar.seasons[0].windows[0].end_min",
        "between 0 and 1440",
    ),
    (
        {"seasons": [season(0, 20, {"start_min": -1, "end_min": 600})]},
        "calendar.seasons[0].windows[0].start_min",
        "between 0 and 1440",
    ),
    ({"panel_ids": ["p1", "p9"]}, "calendar.panel_ids[1]", "does not exist"),
    ({"panel_ids": ["p1", "p1"]}, "calendar.panel_ids[1]", "already used"),
    ({"holidays": []}, "calendar.holidays", "unknown field"),
    (
        {"days": {"first": 0, "count": 600_000}, "seasons": [season(0, 600_000, MORNING)]},
        "calendar",
        "more than 1000000 sittings",
    ),
]


@pytest.mark.parametrize(("calendar", "path", "problem"), FAULTS)
def test_faults_are_named_by_their_place(calendar: dict[str, Any], path: str, problem: str) -> None:
    with pytest.raises(InstanceError) as caught:
        expand_calendar(data_with(**calendar))
    assert caught.value.path == path
    assert problem in caught.value.problem
    assert translate(caught.value.problem) is not None


def test_a_sitting_of_the_same_name_is_refused() -> None:
    own = {"id": "p2@12.0", "panel_id": "p1", "start_min": 1, "end_min": 2}
    with pytest.raises(InstanceError, match=r"sittings\[1\].id: 'p2@12.0' is already used by sittings\[0\]"):
        made(data_with(days=[12]) | {"sittings": [own]})


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [("panels", 7, "panels"), ("sittings", {}, "sittings"), ("midnight_min", "x", "midnight_min")],
)
def test_faults_beside_the_calendar_are_left_to_the_instance(field: str, value: object, path: str) -> None:
    data = data_with(panel_ids=None) | {field: value}
    with pytest.raises(InstanceError) as caught:
        SchedulingInstance.from_json(expand_calendar(data))
    assert caught.value.path == path
