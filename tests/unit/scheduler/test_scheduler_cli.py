"""The command line as the service and people use it: a process of its own."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import pytest
from scheduling_builders import candidates, instance, sitting

import scheduler
from scheduler.instance import Interval, SchedulingInstance
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


@pytest.fixture
def out_path(tmp_path: Path, instance_path: Path) -> Path:
    path = tmp_path / "out.json"
    assert run("solve", instance_path, "--out", path).returncode == 0
    return path


def edit(path: Path, change: Any) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


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
    checked = run("check", instance_path, out)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == "符合全部规则，已安排 3/5 人 / every rule kept, 3 of 5 placed\n"


def test_a_deterministic_limit_is_passed_on_and_repeats(tmp_path: Path, instance_path: Path) -> None:
    schedules = []
    for name in ("a", "b"):
        run("solve", instance_path, "--out", tmp_path / name, "--workers", 1, "--deterministic-limit", 2.5)
        result = json.loads((tmp_path / name).read_text())
        assert result["parameters"]["deterministic_limit"] == 2.5
        schedules.append(result["schedule"])
    assert schedules[0] == schedules[1]


def test_check_prints_violations(instance_path: Path, out_path: Path) -> None:
    edit(out_path, lambda data: data["schedule"]["unplaced"].pop())
    checked = run("check", instance_path, out_path)
    assert checked.returncode == 1
    assert checked.stdout.startswith("NOT_LISTED c")


def test_check_finds_false_claims(instance_path: Path, out_path: Path) -> None:
    def boast(data: Any) -> None:
        terms = {term["name"]: term for term in data["objective"]}
        terms["placed_priority_0"] |= {"value": 5, "best_bound": 6}
        terms["opened"]["name"] = "beauty"

    edit(out_path, boast)
    checked = run("check", instance_path, out_path)
    assert checked.returncode == 1
    assert checked.stdout.splitlines() == [
        "FALSE_CLAIM placed_priority_0: the result says 5, the schedule has 3",
        "FALSE_CLAIM opened: the result says None, the schedule has 1",
        "FALSE_CLAIM beauty: the result says 1, the schedule has None",
        "FALSE_CLAIM status: the result says optimal, and not every term is proven",
    ]


def test_check_takes_a_bare_schedule_from_anywhere(instance_path: Path, out_path: Path) -> None:
    schedule = json.loads(out_path.read_text())["schedule"]
    out_path.write_text(json.dumps(schedule))
    assert run("check", instance_path, out_path).returncode == 0
    schedule["assignments"][0]["candidate_id"] = "nobody"
    out_path.write_text(json.dumps(schedule))
    checked = run("check", instance_path, out_path)
    assert checked.returncode == 1
    assert "UNKNOWN_CANDIDATE nobody" in checked.stdout
    assert checked.stderr == ""


def test_bad_instance_names_the_field_and_writes_nothing(tmp_path: Path, instance_path: Path) -> None:
    edit(instance_path, lambda data: data["candidates"][3].update(duration_min="15"))
    refused = run("solve", instance_path, "--out", tmp_path / "out.json")
    assert refused.returncode == 2
    assert refused.stderr == (
        f"{instance_path}: candidates[3].duration_min: 应为整数，实际为 文本 '15' / "
        "expected a whole number, got the text '15'\n"
    )
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--time-limit", "-1"], "time_limit_s: 不得小于 0，实际为 -1.0 / must be at least 0, got -1.0\n"),
        (["--workers", "0"], "workers: 不得小于 1"),
        (["--deterministic-limit", "0"], "deterministic_limit: 应大于 0"),
        (["--time-limit", "nan"], "must be a finite number, got nan"),
        (["--memory-limit-mb", "0"], "must be at least 1, got 0"),
        (["--seed", "x"], "invalid int value: 'x'"),
    ],
)
def test_bad_options_are_refused(
    tmp_path: Path, instance_path: Path, arguments: list[str], words: str
) -> None:
    refused = run("solve", instance_path, "--out", tmp_path / "out.json", *arguments)
    assert refused.returncode == 2
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_generate_repeats_itself(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        assert run("generate", "--candidates", 20, "--seed", 9, "--out", tmp_path / name).returncode == 0
    assert (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()
    generated = SchedulingInstance.from_json(json.loads((tmp_path / "a.json").read_text()))
    assert len(generated.candidates) == 20
    small = ("generate", "--candidates", 9, "--days", 2, "--panels", 3, "--max-parallel", 1)
    assert run(*small, "--out", tmp_path / "c.json").returncode == 0
    generated = SchedulingInstance.from_json(json.loads((tmp_path / "c.json").read_text()))
    assert (len(generated.sittings), len(generated.panels), generated.max_parallel_sittings) == (12, 3, 1)


def test_compare_shows_terms_and_people(tmp_path: Path, instance_path: Path, out_path: Path) -> None:
    schedule = json.loads(out_path.read_text())["schedule"]
    first, *others = schedule["assignments"]
    schedule["assignments"] = others
    schedule["unplaced"].append({"candidate_id": first["candidate_id"], "reason": "capacity", "detail": {}})
    (tmp_path / "b.json").write_text(json.dumps(schedule))
    compared = run(
        "compare", instance_path, out_path, tmp_path / "b.json", "--json", tmp_path / "c.json", "--lang", "en"
    )
    assert compared.returncode == 0
    lines = compared.stdout.splitlines()
    assert lines[0].split() == ["term", "A", "B", "better"]
    assert lines[1].split() == ["placed", "3", "2", "A"]
    assert lines[-1] == f"  {first['candidate_id']}: s0 day 0 00:00–00:15 → no slot"
    data = json.loads((tmp_path / "c.json").read_text())
    assert data["better"] == "a"
    assert data["differences"] == [{"candidate_id": first["candidate_id"], "a": first, "b": None}]
    same = run("compare", instance_path, out_path, out_path)
    assert "时段不同：0 人" in same.stdout


def test_files_of_another_round_are_refused(tmp_path: Path, instance_path: Path, out_path: Path) -> None:
    edit(instance_path, lambda data: data["candidates"].pop(0))
    for arguments in (
        ("compare", instance_path, out_path, out_path),
        ("picture", instance_path, out_path, "--out", tmp_path / "p.svg"),
    ):
        refused = run(*arguments)
        assert refused.returncode == 2
        assert f"{out_path}: assignments[0].candidate_id: 'c0' 不存在" in refused.stderr
    assert not (tmp_path / "p.svg").exists()


def test_picture_writes_what_the_name_says(tmp_path: Path, instance_path: Path, out_path: Path) -> None:
    for name, start in (("p.svg", b"<svg "), ("p.PNG", b"\x89PNG")):
        drawn = run("picture", instance_path, out_path, "--out", tmp_path / name, "--day-zero", "2026-05-11")
        assert (drawn.returncode, drawn.stdout, drawn.stderr) == (0, "", "")
        assert (tmp_path / name).read_bytes().startswith(start)
    assert "5月11日 周一" in (tmp_path / "p.svg").read_text()
    refused = run("picture", instance_path, out_path, "--out", tmp_path / "p.jpg")
    assert (refused.returncode, "must end in .svg or .png" in refused.stderr) == (2, True)


@pytest.fixture
def published_path(tmp_path: Path) -> Path:
    """Three people published in a sitting at minute 0, a second one at 200; the first is closed since."""
    path = tmp_path / "published.json"
    slots = [
        {"candidate_id": f"c{i}", "sitting_id": "s0", "start_min": 20 * i, "end_min": 20 * i + 15}
        for i in range(3)
    ]
    path.write_text(json.dumps({"assignments": slots}))
    closed = instance(
        candidates(3),
        sittings=[sitting(), sitting("s1", start=200, end=300)],
        closures=(Interval(0, 1),),
    )
    (tmp_path / "in.json").write_text(json.dumps(closed.to_json()))
    return path


def test_reschedule_says_who_moves_and_passes_the_check(tmp_path: Path, published_path: Path) -> None:
    source, out = tmp_path / "in.json", tmp_path / "out.json"
    done = run("reschedule", source, published_path, "--out", out, "--time-limit", 20)
    assert (done.returncode, done.stderr) == (0, "")
    event = json.loads(done.stdout.splitlines()[-1])
    assert (event["event"], event["placed"], event["moves"]) == ("done", 3, 3)
    moves = json.loads(out.read_text())["moves"]
    assert [(move["before"]["sitting_id"], move["after"]["sitting_id"]) for move in moves] == [
        ("s0", "s1")
    ] * 3
    assert run("check", source, out, "--published", published_path).returncode == 0
    assert run("check", source, out).stdout == "FALSE_CLAIM moved: the result says 3, the schedule has 0\n"
    picture = tmp_path / "p.svg"
    assert run("picture", source, out, "--out", picture, "--published", published_path).returncode == 0
    assert "上沿红线：较公布有改动" in picture.read_text()
    shown = run(
        "reschedule", source, published_path, "--out", out, "--progress", "human", "--lang", "en"
    ).stdout.splitlines()
    assert any(line.startswith("  c0: s0 day 0 00:00–00:15 → s1 day 0 0") for line in shown)


def test_reschedule_refuses_strangers(tmp_path: Path, published_path: Path) -> None:
    refused = run(
        *("reschedule", tmp_path / "in.json", published_path, "--out", tmp_path / "out.json"),
        *("--now", 0, "--notice", 60, "--may-move", "c1", "nobody"),
    )
    assert refused.returncode == 2
    assert refused.stderr.startswith("may_move: 'nobody' 不存在")
    assert not (tmp_path / "out.json").exists()


def test_slots_lists_where_one_candidate_could_go(tmp_path: Path, published_path: Path) -> None:
    listed = run("slots", tmp_path / "in.json", published_path, "c1", "--json", tmp_path / "s.json")
    assert (listed.returncode, listed.stderr) == (0, "")
    slots = json.loads((tmp_path / "s.json").read_text())
    assert slots
    assert {slot["sitting_id"] for slot in slots} == {"s1"}
    assert listed.stdout.splitlines()[0] == f"可改到 {len(slots)} 个时段："
    assert listed.stdout.splitlines()[1].startswith("  s1 第 0 天 0")
    refused = run("slots", tmp_path / "in.json", published_path, "nobody")
    assert (refused.returncode, refused.stderr[:19]) == (2, "candidate: 'nobody'")


def test_explain_names_who_is_left_out(tmp_path: Path, instance_path: Path, out_path: Path) -> None:
    arguments = ("explain", instance_path, "--result", out_path, "--time-limit", 10)
    explained = run(*arguments, "--json", tmp_path / "e.json", "--lang", "en")
    assert (explained.returncode, explained.stderr) == (0, "")
    assert "  c4: Places are short" in explained.stdout
    data = json.loads((tmp_path / "e.json").read_text())
    assert data["is_feasible"] is False
    assert data["clashes"][0]["message"]["en"] in explained.stdout


# How a solve ends before its time.


@contextmanager
def long_solve(tmp_path: Path, *arguments: object) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Start a solve of a round too large to prove at once, and wait for its first schedule."""
    run("generate", "--candidates", 2000, "--seed", 1, "--out", tmp_path / "in.json")
    with subprocess.Popen(
        command(
            "solve", tmp_path / "in.json", "--out", tmp_path / "out.json", "--time-limit", 50, *arguments
        ),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout
        finally:
            process.kill()


def wait_for_schedule(stdout: IO[str]) -> None:
    while json.loads(stdout.readline())["placed"] == 0:
        pass


def test_heartbeat_and_sigterm(tmp_path: Path) -> None:
    """Lines keep coming, and a cancelled solve leaves no file behind."""
    with long_solve(tmp_path) as (process, stdout):
        elapsed_s = [json.loads(stdout.readline())["elapsed_s"] for _ in range(6)]
        assert max(b - a for a, b in pairwise(elapsed_s)) < 2.5
        process.send_signal(signal.SIGTERM)
        asked_s = time.monotonic()
        _, words = process.communicate(timeout=20)
        assert process.returncode == 143
        assert words == "已取消，未写任何文件 / cancelled, nothing was written\n"
    assert time.monotonic() - asked_s < 5
    assert [path.name for path in tmp_path.iterdir()] == ["in.json"]


def test_ctrl_c_stops_and_keeps(tmp_path: Path) -> None:
    with long_solve(tmp_path) as (process, stdout):
        wait_for_schedule(stdout)
        process.send_signal(signal.SIGINT)
        asked_s = time.monotonic()
        printed, words = process.communicate(timeout=30)
        assert process.returncode == 0
        assert time.monotonic() - asked_s < 15
        assert "the best so far is kept" in words
    assert json.loads(printed.splitlines()[-1])["status"] == "stopped"
    result = SolveResult.from_json(json.loads((tmp_path / "out.json").read_text()))
    assert result.status.value == "stopped"
    assert len(result.schedule.assignments) > 1000
    assert run("check", tmp_path / "in.json", tmp_path / "out.json").returncode == 0


def test_a_second_ctrl_c_gives_up(tmp_path: Path) -> None:
    with long_solve(tmp_path) as (process, stdout):
        wait_for_schedule(stdout)
        # Sent by another process in one breath, as the first may end the solve within a moment.
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=20)
        assert "kept" in first
        if process.returncode == 0:  # the solve was done before the second one came
            pytest.fail("the solve ended too soon to be given up")
        assert (process.returncode, "aborted, nothing was written" in words) == (130, True)
    assert [path.name for path in tmp_path.iterdir()] == ["in.json"]


def test_too_little_memory_is_one_clear_line(tmp_path: Path) -> None:
    with long_solve(tmp_path, "--memory-limit-mb", 90) as (process, _):
        _, words = process.communicate(timeout=40)
        assert process.returncode == 3
        assert words.count("\n") == 1
        assert "out of memory, nothing was written; raise --memory-limit-mb" in words
    assert [path.name for path in tmp_path.iterdir()] == ["in.json"]


def test_people_on_a_terminal_read_figures(tmp_path: Path, instance_path: Path) -> None:
    """On a terminal progress is for people, in Chinese unless they say otherwise."""
    main_end, process_end = pty.openpty()
    arguments = command("solve", instance_path, "--out", tmp_path / "out.json")
    with subprocess.Popen(arguments, cwd=ROOT, stdout=process_end) as process:
        os.close(process_end)
        shown = b""
        try:
            while chunk := os.read(main_end, 4096):
                shown += chunk
        except OSError:  # Linux: the other end is closed
            pass
        assert process.wait() == 0
    os.close(main_end)
    lines = shown.decode().splitlines()
    assert any("已安排 3 ✓" in line and "开设场次 1 ✓" in line for line in lines)
    assert any(line.startswith("已证明最优") for line in lines)
    assert any(line.startswith("  c") and "名额不足" in line for line in lines)
    assert lines[-1] == f"已写入 {tmp_path / 'out.json'}"
    english = run("solve", instance_path, "--out", tmp_path / "o.json", "--progress", "human", "--lang", "en")
    assert "placed 3 ✓" in english.stdout
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in english.stdout)


def test_a_reader_that_goes_away_ends_the_solve(tmp_path: Path) -> None:
    with long_solve(tmp_path) as (process, stdout):
        stdout.readline()
        stdout.close()
        assert process.wait(timeout=20) == -signal.SIGPIPE
    assert [path.name for path in tmp_path.iterdir()] == ["in.json"]
