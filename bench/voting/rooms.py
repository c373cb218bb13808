"""The service alone: one big panel, and a thousand panels in one process."""

import random
import time
from collections.abc import Callable, Sequence

from bench.figures import Figure, Target, of_runs
from bench.voting.crowd import Crowd, Line
from bench.voting.loads import Outcome, vote_at_once, vote_steadily
from bench.voting.seeding import Shape
from bench.voting.workshop import Bench, gathered, require_stored

BIG_PANEL = 25
THOUSAND = Shape(panels=1_000, members=7, rounds=4)
SMALLER = Shape(panels=200, members=7, rounds=4)
RATE = 200
STEADY_S, QUICK_S = 20, 5
KILOBYTE = 1_000


def measure_instant(bench: Bench) -> list[Figure]:
    """Every member of a panel of 25 votes in the same instant; each run is another panel."""
    runs = bench.repeats + 2
    outcomes, screens_ms = list[Outcome](), list[float]()
    with bench.serve(Shape(runs + 1, BIG_PANEL, 4)) as (server, places), gathered(places) as crowd:
        lines = crowd.lines
        for run in range(runs + 1):
            members = lines[run * BIG_PANEL : (run + 1) * BIG_PANEL]
            outcome, all_know_ms = _vote_and_watch(crowd, members)
            crowd.run(1.0)
            # The first panel warms the process up.
            if run:
                outcomes.append(outcome)
                screens_ms.append(all_know_ms)
        require_stored(server, (runs + 1) * BIG_PANEL)
        errors = len(crowd.errors)
    work = f"{BIG_PANEL} members vote in the same instant"
    return [
        of_runs(work, "ack p95, ms", [o.percentile(0.95) for o in outcomes], Target("<", 100, "ms")),
        of_runs(work, "all screens know after, ms", screens_ms, Target("<", 500, "ms")),
        of_runs(work, "errors", [errors], Target("=", 0)),
    ]


def _vote_and_watch(crowd: Crowd, members: Sequence[Line]) -> tuple[Outcome, float]:
    """The votes, and the milliseconds from their instant until the last screen shows all of them."""
    wanted = f'"voted":{len(members)}'.encode()
    ignorant, told_at = set(members), [0.0]

    def note(line: Line, packet: bytes, now: float) -> None:
        if wanted in packet and line in ignorant:
            ignorant.discard(line)
            told_at[0] = now

    crowd.on_news = note
    start = time.perf_counter()
    outcome = vote_at_once(crowd, members)
    crowd.until(lambda: not ignorant)
    crowd.on_news = None
    return outcome, 1000 * (told_at[0] - start)


def measure_thousand(bench: Bench) -> list[Figure]:
    """A thousand panels in one process, 200 votes a second; each run is a server of its own."""
    shape = SMALLER if bench.is_quick else THOUSAND
    seconds = QUICK_S if bench.is_quick else STEADY_S
    runs = [_steady_run(bench, shape, seconds) for _ in range(bench.repeats)]
    work = f"{shape.panels:,} panels × {shape.members}, one process, {RATE} votes/s"
    return [
        of_runs(work, "ack p50, ms", [o.percentile(0.5) for o, *_ in runs]),
        of_runs(work, "ack p95, ms", [o.percentile(0.95) for o, *_ in runs], Target("≤", 25, "ms")),
        of_runs(work, "ack p99, ms", [o.percentile(0.99) for o, *_ in runs]),
        of_runs(work, "errors", [errors for *_, errors in runs], Target("=", 0)),
        of_runs(work, "memory a socket, kB", [memory for _, memory, *_ in runs], Target("≤", 60, "kB")),
        of_runs(work, "processor time of the service a vote, ms", [cpu for _, _, cpu, _, _ in runs]),
        of_runs(work, "clients let in a second", [pace for *_, pace, _ in runs]),
    ]


def _steady_run(bench: Bench, shape: Shape, seconds: int) -> tuple[Outcome, float, float, float, int]:
    with bench.serve(shape) as (server, places):
        before, began_at = server.resident_bytes(), time.perf_counter()
        with gathered(places) as crowd:
            pace = len(places) / (time.perf_counter() - began_at)
            memory = (server.resident_bytes() - before) / len(places) / KILOBYTE
            voters = shuffled(crowd)[: RATE * seconds]
            cpu_before_s = server.processor_s()
            outcome = vote_steadily(crowd, voters, RATE)
            cpu_ms = 1000 * (server.processor_s() - cpu_before_s) / len(voters)
            require_stored(server, len(voters))
            return outcome, memory, cpu_ms, pace, len(crowd.errors)


def shuffled(crowd: Crowd) -> list[Line]:
    """Return the lines so that panels alternate, the same in every run."""
    lines = list(crowd.lines)
    random.Random(1).shuffle(lines)  # noqa: S311 - an order, not a secret
    return lines


WORKS: dict[str, Callable[[Bench], list[Figure]]] = {"instant": measure_instant, "thousand": measure_thousand}
