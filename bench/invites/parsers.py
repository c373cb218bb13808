"""Letters to people of 10,000 names, read by other programs on devices in three time zones."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

from bench.figures import Figure, Target, of_runs
from bench.invites.workshop import Bench
from tests.parsers.letters import Sample, letters_to
from tests.parsers.names import generated_names
from tests.parsers.reading import DEVICE_ZONES, Reading, differences
from tests.parsers.witnesses import PARSERS, badly_wrapped

NAMES, QUICK_NAMES = 10_000, 1_000
BATCH = 2_000
"""Letters held at once."""
ALL = Target("=", 100, "%")


def measure_reading(bench: Bench) -> list[Figure]:
    """How many letters every program reads as they were meant, and how many instants are the same in all."""
    count = QUICK_NAMES if bench.is_quick else NAMES
    letters, right, began = 0, Counter[str](), time.perf_counter()
    for samples in _batches(letters_to(generated_names(count))):
        letters += len(samples)
        right.update(_read_right(samples))
    methods = "REQUEST, CANCEL"
    work = f"{methods} to people of {count:,} names in Chinese, Uyghur and Latin script"
    percent = {name: 100 * number / letters for name, number in right.items()}
    return [
        Figure(work, "letters", letters),
        *(of_runs(work, f"read right: {name}, %", [percent.get(name, 0.0)], ALL) for name in _names()),
        of_runs(work, "time, s", [time.perf_counter() - began]),
    ]


def _names() -> list[str]:
    return ["MIME check", *PARSERS, *(f"instants on a device in {zone}" for zone in DEVICE_ZONES)]


def _batches(samples: Iterator[Sample]) -> Iterator[list[Sample]]:
    while batch := list(islice(samples, BATCH)):
        yield batch


def _read_right(samples: list[Sample]) -> Counter[str]:
    """By witness, and by the device for the instants in all parsers, how many letters of these are right."""
    right = Counter({"MIME check": len(samples) - len(badly_wrapped(samples))})
    calendars = [sample.calendar for sample in samples]
    wrong: dict[str, set[int]] = {name: set() for name in PARSERS}
    for zone in DEVICE_ZONES:
        moved = set()
        for name, read in PARSERS.items():
            for i, reading in enumerate(read(calendars, zone)):
                if differences(samples[i].expected, reading):
                    wrong[name].add(i)
                if _instants(reading) != _instants(samples[i].expected):
                    moved.add(i)
        right[f"instants on a device in {zone}"] = len(samples) - len(moved)
    right.update({name: len(samples) - len(indices) for name, indices in wrong.items()})
    return right


def _instants(reading: Reading) -> tuple[int, int, int]:
    return reading.stamped_ms, reading.start_ms, reading.end_ms


WORKS: dict[str, Callable[[Bench], list[Figure]]] = {"parsers": measure_reading}
