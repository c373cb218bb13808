"""Sets of things that happen at the same time."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple


class Span(NamedTuple):
    """Something that lasts from one minute to another, the last not included."""

    start_min: int
    end_min: int
    item: Any


def maximal_cliques(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Yield the largest sets of spans that share a minute; any two that overlap meet in one of them."""
    running: list[Span] = []
    ordered = sorted(spans, key=lambda span: span.start_min)
    for start_min, starting in groupby(ordered, key=lambda span: span.start_min):
        going_on = [span for span in running if span.end_min > start_min]
        if len(going_on) < len(running):
            yield running
        running = [*going_on, *starting]
    if running:
        yield running
