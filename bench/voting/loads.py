"""What a crowd does: all at once, so many a second, or each as soon as answered."""

import gc
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.voting.crowd import Crowd, Line

WARM_SHARE, LAST_SHARE = 0.1, 0.9
"""A closed loop is measured between these shares of its answers: neither its start nor its tail."""


@dataclass(frozen=True)
class Outcome:
    """How a load was answered.

    Parameters
    ----------
    latencies_ms : of each ballot, from the moment it was due to its answer.
    rate : answers a second.
    """

    latencies_ms: Sequence[float]
    rate: float

    def percentile(self, share: float) -> float:
        """Return the latency that this share of the ballots stayed within."""
        return percentile(self.latencies_ms, share)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the least value that at least `share` of the values do not exceed (nearest rank).

    Raises
    ------
    ValueError
        No values.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 1000) // 1000) - 1)]


def vote_at_once(crowd: Crowd, lines: Sequence[Line]) -> Outcome:
    """Everybody votes in the same instant; the rate is that until the last answer."""
    crowd.prepare(lines, 1, _keys())
    with _listening(crowd) as answers:
        start = time.perf_counter()
        for line in lines:
            crowd.vote(line, start)
        crowd.until(lambda: len(answers) >= len(lines))
    return _outcome(answers, len(lines) / (answers[-1][1] - start))


def vote_steadily(crowd: Crowd, lines: Sequence[Line], rate: float) -> Outcome:
    """One after the other, `rate` a second whatever the answers do; timed from when each was due."""
    crowd.prepare(lines, 1, _keys())
    with _listening(crowd) as answers:
        start = time.perf_counter()
        for number, line in enumerate(lines):
            due_at = start + number / rate
            while (left := due_at - time.perf_counter()) > 0:
                crowd.turn(left)
            crowd.vote(line, due_at)
        crowd.until(lambda: len(answers) >= len(lines))
    return _outcome(answers, len(lines) / (answers[-1][1] - start))


def vote_on_and_on(crowd: Crowd, lines: Sequence[Line], rounds: int) -> Outcome:
    """Everybody votes again as soon as answered."""
    crowd.prepare(lines, rounds, _keys())
    count = rounds * len(lines)
    with _listening(crowd, goes_on=True) as answers:
        for line in lines:
            crowd.vote(line, time.perf_counter())
        crowd.until(lambda: len(answers) >= count)
    first, last = answers[int(WARM_SHARE * count)], answers[int(LAST_SHARE * count) - 1]
    return _outcome(answers, int(LAST_SHARE * count - WARM_SHARE * count) / (last[1] - first[1]))


@contextmanager
def _listening(crowd: Crowd, goes_on: bool = False) -> Iterator[list[tuple[float, float]]]:
    """Yield the list of (sent, answered) that grows meanwhile."""
    answers: list[tuple[float, float]] = []

    def note(line: Line, now: float) -> None:
        answers.append((line.sent_at, now))
        if goes_on and line.ballots:
            crowd.vote(line, now)

    crowd.on_ack = note
    gc.collect()
    gc.disable()
    try:
        yield answers
    finally:
        gc.enable()
        crowd.on_ack = lambda _line, _now: None


def _outcome(answers: Sequence[tuple[float, float]], rate: float) -> Outcome:
    return Outcome([1000 * (answered - sent) for sent, answered in answers], rate)


def _keys() -> Iterator[str]:
    while True:
        yield secrets.token_hex(16)
