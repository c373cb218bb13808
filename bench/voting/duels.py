"""Side by side in one run, taking turns: two workers against one, and the service against a bare server."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from bench.figures import Figure, Target, of_runs
from bench.voting.crowd import Crowd, Place
from bench.voting.loads import Outcome, vote_at_once, vote_on_and_on
from bench.voting.routing import find_nginx, nginx, worker_of
from bench.voting.seeding import Seat, Shape, seed
from bench.voting.servers import Postgres, bare_server, environment, free_port, redis, service
from bench.voting.workshop import DATABASE, Bench, LostBallotError, gathered, require_stored
from defense.settings import Settings

PANELS = Shape(panels=200, members=7, rounds=12)
QUICK_PANELS = Shape(panels=60, members=7, rounds=12)
ROUNDS_A_RUN = 10
BURSTS = 2
"""The first one warms the process up."""


def measure_workers(bench: Bench) -> list[Figure]:
    """The most votes a second of one worker and of two, on PostgreSQL, panels routed to a worker."""
    shape = QUICK_PANELS if bench.is_quick else PANELS
    ways: list[tuple[str, int, bool]] = [("one worker", 1, False), ("two workers", 2, False)]
    if find_nginx():
        ways.append(("two workers behind nginx", 2, True))
    rates: dict[str, list[float]] = {name: [] for name, *_ in ways}
    errors = 0
    with Postgres() as postgres, redis(bench.directory()) as redis_url:
        more = {"REDIS_URL": redis_url} if redis_url else {}
        keys = bench.directory()
        url = postgres.create_database("seeded")
        seats = seed(Settings.from_env(environment(keys, 0, DATABASE_URL=url)), shape)
        for _ in range(bench.repeats):
            for name, count, has_proxy in ways:
                database_url = postgres.create_database("run", template="seeded")
                with _workers(bench, count, has_proxy, DATABASE_URL=database_url, **more) as hosts:
                    outcome, failed = _closed_loop(_routed(seats, hosts))
                rates[name].append(outcome.rate)
                errors += failed
    work = f"{shape.panels} panels × {shape.members}, PostgreSQL{'' if redis_url else ' without Redis'}"
    one, two = rates["one worker"], rates["two workers"]
    return [
        *(of_runs(work, f"{name}: votes/s", values) for name, values in rates.items()),
        of_runs(work, "two workers against one, ×", _ratios(two, one), Target("≥", 1.6, "×")),
        Figure(work, "median of two workers against that of one, ×", round(median(two) / median(one), 2)),
        of_runs(work, "errors", [errors], Target("=", 0)),
    ]


def _closed_loop(places: Sequence[Place]) -> tuple[Outcome, int]:
    with gathered(places) as crowd:
        return vote_on_and_on(crowd, crowd.lines, ROUNDS_A_RUN), len(crowd.errors)


@contextmanager
def _workers(bench: Bench, count: int, has_proxy: bool, **settings: str) -> Iterator[list[str]]:
    """Yield the addresses that clients use: of the workers, or of the nginx before them."""
    directory = bench.directory()
    # Through a proxy it is the proxy that tells the workers who asked.
    trusted = {"TRUSTED_PROXIES": str(int(has_proxy))}
    with ExitStack() as stack:
        workers = [
            stack.enter_context(service(environment(directory, free_port(), **trusted, **settings))).host
            for _ in range(count)
        ]
        yield [stack.enter_context(nginx(directory, workers)).host] if has_proxy else workers


def _routed(seats: Sequence[Seat], hosts: Sequence[str]) -> list[Place]:
    workers = {sitting_id: worker_of(sitting_id, hosts) for sitting_id in {s.sitting_id for s in seats}}
    return [seat.at(workers[seat.sitting_id]) for seat in seats]


def _ratios(values: Sequence[float], bases: Sequence[float]) -> list[float]:
    return [value / base for value, base in zip(values, bases, strict=True)]


def measure_burst(bench: Bench) -> list[Figure]:
    """Every member of 200 panels votes in the same instant, at the service and at a bare server."""
    shape = QUICK_PANELS if bench.is_quick else PANELS
    ours, bare, errors = list[Outcome](), {"same": list[Outcome](), "least": list[Outcome]()}, 0
    for _ in range(bench.repeats):
        with bench.serve(shape) as (server, places), gathered(places) as crowd:
            ours += _bursts(crowd)
            require_stored(server, BURSTS * len(places))
            errors += len(crowd.errors)
        for way in bare:
            found, failed = _bare_bursts(bench, shape, way)
            bare[way] += found
            errors += failed
    work = f"{shape.panels} panels × {shape.members} vote in the same instant"
    rates = [o.rate for o in ours]
    same, least = ([o.rate for o in bare[way]] for way in ("same", "least"))
    return [
        of_runs(work, "votes/s", rates),
        of_runs(work, "ack p95, ms", [o.percentile(0.95) for o in ours]),
        of_runs(work, "bare server, same durable rows: votes/s", same),
        of_runs(work, "against it, share", _ratios(rates, same), Target("≥", round(1 / 3, 3))),
        of_runs(work, "bare server, one row a vote: votes/s", least),
        of_runs(work, "against that one, share", _ratios(rates, least)),
        of_runs(work, "errors", [errors], Target("=", 0)),
    ]


def _bare_bursts(bench: Bench, shape: Shape, way: str) -> tuple[list[Outcome], int]:
    with bench.seeded(shape) as (directory, seats):
        database = directory / DATABASE
        with bare_server(database, way) as server:
            places = [Place(server.host, "", "", s.sitting_id, s.ballot_round_ids) for s in seats]
            with gathered(places, speaks_socketio=False) as crowd:
                outcomes = _bursts(crowd)
                _require_rows(database, way, BURSTS * len(places))
                return outcomes, len(crowd.errors)


def _bursts(crowd: Crowd) -> list[Outcome]:
    outcomes = []
    for _ in range(BURSTS):
        outcomes.append(vote_at_once(crowd, crowd.lines))
        crowd.run(1.0)
    return outcomes[1:]


def _require_rows(path: Path, way: str, expected: int) -> None:
    query = {"same": "SELECT count(receipt) FROM voter", "least": "SELECT count(*) FROM bare_ballot"}[way]
    database = sqlite3.connect(path)
    try:
        (stored,) = database.execute(query).fetchone()
    finally:
        database.close()
    if stored != expected:
        raise LostBallotError(f"bare server: {expected} acknowledged, {stored} stored")


WORKS: dict[str, Callable[[Bench], list[Figure]]] = {"workers": measure_workers, "burst": measure_burst}
