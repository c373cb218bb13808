"""What goes on beside the votes: a solve, a flooding client, a restart."""

import heapq
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from bench.figures import Figure, Target, of_runs
from bench.report import PROJECT_DIR
from bench.voting.crowd import Crowd, CrowdError, Line, Place
from bench.voting.loads import Outcome, vote_at_once, vote_steadily
from bench.voting.rooms import RATE, shuffled
from bench.voting.seeding import Shape
from bench.voting.workshop import Bench, gathered, require_stored
from defense.services.timetable.process import BEHIND_ALL_ELSE
from scheduler.formats.files import write_json
from scheduler.generate import generate_instance

PANELS = Shape(panels=200, members=7, rounds=8)
CANDIDATES = 1_000
SOLVE_LIMIT_S = 300
HEAD_START_S = 2.0
"""Until the solver searches with all its threads, or the flooding client is at it."""
VOTES, QUICK_VOTES = 1_400, 700

# What a page's Socket.IO client does when its line breaks (static/room/line.js; the library's own rule).
FIRST_DELAY_S, LAST_DELAY_S, JITTER = 0.3, 1.5, 0.5
RESTART_LIMIT_S = 5


def measure_solve(bench: Bench) -> list[Figure]:
    """A solve of a thousand candidates, behind all else as the service runs it."""
    path = bench.directory() / "instance.json"
    write_json(path, generate_instance(CANDIDATES, 1).to_json())
    command = [
        *(*BEHIND_ALL_ELSE, sys.executable, "-m", "scheduler", "solve", str(path)),
        *("--out", str(path.with_name("result.json")), "--time-limit", str(SOLVE_LIMIT_S)),
    ]
    quiet, disturbed = _in_turn(bench, lambda _place: _beside(command))
    return _compare(
        f"{RATE} votes/s, {CANDIDATES:,} candidates solved meanwhile",
        quiet,
        disturbed,
        Target("≤", 2, "×"),
    )


def measure_flood(bench: Bench) -> list[Figure]:
    """A client that sends without end; cut off, it comes back as fast as a page does."""

    def flood(place: Place) -> Iterator[None]:
        command = [sys.executable, "-m", "bench.voting.flooder", json.dumps(asdict(place))]
        return _beside(command)

    quiet, disturbed = _in_turn(bench, flood)
    return _compare(f"{RATE} votes/s, one client floods", quiet, disturbed, Target("<", 2, "×"))


def _in_turn(bench: Bench, disturb: Callable[[Place], Iterator[None]]) -> tuple[list[Outcome], list[Outcome]]:
    """Windows without and with the disturbance, in turn, in one process; the last seat is left to it."""
    quiet, disturbed = list[Outcome](), list[Outcome]()
    votes = QUICK_VOTES if bench.is_quick else VOTES
    with bench.serve(PANELS) as (server, places), gathered(places[:-1]) as crowd:
        lines = shuffled(crowd)[:votes]
        vote_steadily(crowd, lines[:RATE], RATE)
        for _ in range(bench.repeats):
            quiet.append(vote_steadily(crowd, lines, RATE))
            with contextmanager(disturb)(places[-1]):
                crowd.run(HEAD_START_S)
                disturbed.append(vote_steadily(crowd, lines, RATE))
            crowd.run(HEAD_START_S)
        if crowd.errors:
            raise CrowdError(f"{len(crowd.errors)} errors, first: {crowd.errors[0]}")
        require_stored(server, RATE + 2 * bench.repeats * len(lines))
    return quiet, disturbed


def _beside(command: Sequence[str]) -> Iterator[None]:
    """Run a process beside the block.

    Raises
    ------
    CrowdError
        It ended before the block did: what was measured is not what it should be.
    """
    process = subprocess.Popen(command, cwd=PROJECT_DIR, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield
        if process.poll() is not None:
            raise CrowdError(f"{command[0]} ended early: {process.communicate()[1][-300:]!r}")
    finally:
        process.kill()
        process.communicate()


def _compare(
    work: str, quiet: Sequence[Outcome], disturbed: Sequence[Outcome], target: Target
) -> list[Figure]:
    ratios = [d.percentile(0.95) / q.percentile(0.95) for q, d in zip(quiet, disturbed, strict=True)]
    return [
        of_runs(work, "ack p95 without, ms", [o.percentile(0.95) for o in quiet]),
        of_runs(work, "ack p95 with, ms", [o.percentile(0.95) for o in disturbed]),
        of_runs(work, "with against without, ×", ratios, target),
    ]


def measure_restart(bench: Bench) -> list[Figure]:
    """The service is killed and started again during an open ballot; clients come back by themselves."""
    figures = []
    for shape in (Shape(1, 25, 8), Shape(PANELS.panels, PANELS.members, 8)):
        times = [_restart_run(bench, shape) for _ in range(bench.repeats)]
        work = f"kill -9 and restart, {shape.panels} panels × {shape.members}"
        figures += [
            of_runs(work, "service answers again after, s", [up_s for up_s, _ in times]),
            of_runs(
                work,
                "everybody back with a snapshot after, s",
                [back_s for _, back_s in times],
                Target("≤", RESTART_LIMIT_S, "s"),
            ),
        ]
    return figures


def _restart_run(bench: Bench, shape: Shape) -> tuple[float, float]:
    with bench.serve(shape) as (server, places), gathered(places) as crowd:
        half = crowd.lines[: len(places) // 2]
        vote_at_once(crowd, half)
        returning = Returning(crowd)
        killed_at = time.perf_counter()
        server.kill()
        server.start(waits=False)
        up_at = 0.0
        while not returning.is_over(len(places)):
            crowd.turn(returning.pause_s())
            returning.try_again()
            if not up_at and returning.is_answered:
                up_at = time.perf_counter()
            if time.perf_counter() - killed_at > 60:
                raise CrowdError(f"not everybody came back: {crowd.errors[:3]}")
        back_s = time.perf_counter() - killed_at
        require_stored(server, len(half))
        return up_at - killed_at, back_s


class Returning:
    """Clients whose line broke, each trying again after pauses that grow, as the page's library does."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._due: list[tuple[float, int, int, Place]] = []
        self._attempts: dict[str, int] = {}
        self._random = random.Random(1)  # noqa: S311 - a jitter, not a secret
        self._lost = 0
        self._connected: list[Line] = []
        crowd.on_loss = self._plan

    def is_over(self, count: int) -> bool:
        """Return whether all have been lost and are back in."""
        lines = self._crowd.lines
        return self._lost >= count and len(lines) == count and all(line.is_in for line in lines)

    @property
    def is_answered(self) -> bool:
        """Whether the service has let one of them in again."""
        return any(line.is_upgraded for line in self._connected)

    def pause_s(self) -> float:
        """Return how long until somebody tries again."""
        return min(self._due[0][0] - time.perf_counter(), 0.05) if self._due else 0.05

    def try_again(self) -> None:
        """Let those whose pause is over connect."""
        while self._due and self._due[0][0] <= time.perf_counter():
            place = heapq.heappop(self._due)[-1]
            try:
                self._connected.append(self._crowd.connect(place))
            except OSError:
                self._plan_place(place)

    def _plan(self, line: Line) -> None:
        self._plan_place(line.place)

    def _plan_place(self, place: Place) -> None:
        self._lost += 1
        attempt = self._attempts[place.cookie] = self._attempts.get(place.cookie, -1) + 1
        delay_s = FIRST_DELAY_S * 2**attempt * (1 + JITTER * self._random.uniform(-1, 1))
        heapq.heappush(
            self._due, (time.perf_counter() + min(delay_s, LAST_DELAY_S), self._lost, attempt, place)
        )


WORKS: dict[str, Callable[[Bench], list[Figure]]] = {
    "solve": measure_solve,
    "flood": measure_flood,
    "restart": measure_restart,
}
