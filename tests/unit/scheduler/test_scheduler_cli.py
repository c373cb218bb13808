"""The command line as the service uses it: a process of its own."""

import json
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from scheduling_builders import candidates, instance

import scheduler
from scheduler.instance import SchedulingInstance
from scheduler.result import SolveResult

ROOT = Path(scheduler.__file__).parents[1]


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "scheduler", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def instance_path(tmp_path: Path) -> Path:
    path = tmp_path / "in.json"
    path.write_text(json.dumps(instance(candidates(5)).to_json()))
    return path


def test_solve_reports_writes_and_passes_the_check(tmp_path: Path, instance_path: Path) -> None:
    out = tmp_path / "out.json"
    solved = run("solve", instance_path, "--out", out, "--time-limit", 20, "--seed", 7, "--workers", 2)
    assert (solved.returncode, solved.stderr) == (0, "")
    lines = [json.loads(line) for line in solved.stdout.splitlines()]
    assert {line["event"] for line in lines[:-1]} == {"progress"}
    assert {"phase", "placed", "placed_bound", "opened", "opened_bound", "elapsed_s"} <= set(lines[-2])
    assert (lines[-2]["placed"], lines[-2]["placed_bound"], lines[-2]["opened"]) == (3, 3, 1)
    assert (lines[-1]["event"], lines[-1]["status"], lines[-1]["unplaced"]) == ("done", "optimal", 2)
    result = SolveResult.from_json(json.loads(out.read_text()))
    assert (result.seed, result.parameters.workers) == (7, 2)
    assert result.solver_version.startswith("ortools 9")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.json", "out.json"]
    assert run("check", instance_path, out).returncode == 0


def test_check_prints_violations(tmp_path: Path, instance_path: Path) -> None:
    out = tmp_path / "out.json"
    run("solve", instance_path, "--out", out)
    data = json.loads(out.read_text())
    data["schedule"]["unplaced"].pop()
    out.write_text(json.dumps(data))
    checked = run("check", instance_path, out)
    assert checked.returncode == 1
    assert checked.stdout.startswith("NOT_LISTED c")


def test_bad_instance_names_the_field_and_writes_nothing(tmp_path: Path, instance_path: Path) -> None:
    data = json.loads(instance_path.read_text())
    data["candidates"][3]["duration_min"] = "15"
    instance_path.write_text(json.dumps(data))
    refused = run("solve", instance_path, "--out", tmp_path / "out.json")
    assert refused.returncode == 2
    assert refused.stderr == "candidates[3].duration_min: expected a whole number, got str '15'\n"
    assert not (tmp_path / "out.json").exists()


def test_broken_file_and_bad_limit_are_refused(tmp_path: Path, instance_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"experts": [')
    broken = run("solve", tmp_path / "broken.json", "--out", tmp_path / "out.json")
    assert (broken.returncode, broken.stderr[:7]) == (2, "line 1,")
    limit = run("solve", instance_path, "--out", tmp_path / "out.json", "--time-limit", -1)
    assert (limit.returncode, limit.stderr) == (2, "time_limit_s: must be at least 0, got -1.0\n")
    missing = run("check", instance_path, tmp_path / "nowhere.json")
    assert (missing.returncode, "nowhere.json" in missing.stderr) == (2, True)


def test_generate_repeats_itself(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        assert run("generate", "--candidates", 20, "--seed", 9, "--out", tmp_path / name).returncode == 0
    assert (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()
    generated = SchedulingInstance.from_json(json.loads((tmp_path / "a.json").read_text()))
    assert len(generated.candidates) == 20


def test_heartbeat_and_sigterm(tmp_path: Path) -> None:
    """A round too large to prove at once: lines keep coming, and a stop leaves no file behind."""
    run("generate", "--candidates", 1000, "--seed", 1, "--out", tmp_path / "in.json")
    with subprocess.Popen(
        command("solve", tmp_path / "in.json", "--out", tmp_path / "out.json", "--time-limit", 50),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        elapsed_s = [json.loads(process.stdout.readline())["elapsed_s"] for _ in range(4)]
        assert max(b - a for a, b in pairwise(elapsed_s)) < 2.5
        process.send_signal(signal.SIGTERM)
        asked_s = time.monotonic()
        process.stdout.read()
        assert process.wait(timeout=20) == 143
    assert time.monotonic() - asked_s < 5
    assert [path.name for path in tmp_path.iterdir()] == ["in.json"]
