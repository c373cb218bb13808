"""Letters to people of 10,000 names, read by other programs on devices in three time zones."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

from bench.figures import Figure, Target, of_runs
from bench.invites.workshop import Bench
from tests.parsers.letters import Sample, answers_from, declined_counters_to, feeds_to, letters_to
from tests.parsers.names import generated_names
from tests.parsers.reading import DEVICE_ZONES, Reading, differences
from tests.parsers.witnesses import PARSERS, badly_wrapped, faults_of_answer

NAMES, QUICK_NAMES = 10_000, 1_000
BATCH = 2_000
"""Letters held at once."""
ALL = Target("=", 100, "%")


def measure_reading(bench: Bench) -> list[Figure]:
    """What every program reads as it was meant, the instants that are the same in all, our own reading."""
    names = generated_names(QUICK_NAMES if bench.is_quick else NAMES)
    began = time.perf_counter()
    figures = [
        *_of_written("REQUEST, CANCEL", len(names), letters_to(names)),
        *_of_written("DECLINECOUNTER", len(names), declined_counters_to(names)),
        *_of_written("PUBLISH", len(names), feeds_to(names)),
        _of_answers(names),
    ]
    return [*figures, of_runs("all of these", "time, s", [time.perf_counter() - began])]


def _of_written(methods: str, names: int, samples: Iterator[Sample]) -> list[Figure]:
    written, right = 0, Counter[str]()
    for batch in _batches(samples):
        written += len(batch)
        right.update(_read_right(batch))
    work = _work(methods, names)
    return [
        Figure(work, "messages", written),
        *(of_runs(work, f"read right: {name}, %", [100 * n / written], ALL) for name, n in right.items()),
    ]


def _of_answers(names: list[str]) -> Figure:
    faulty = sum(bool(faults_of_answer(sample, answer)) for sample, answer in answers_from(names))
    percent = 100 * (len(names) - faulty) / len(names)
    return of_runs(_work("REPLY, COUNTER", len(names)), "read right: the service, %", [percent], ALL)


def _work(methods: str, names: int) -> str:
    return f"{methods}; {names:,} names in Chinese, Uyghur and Latin script"


def _batches(samples: Iterator[Sample]) -> Iterator[list[Sample]]:
    while batch := list(islice(samples, BATCH)):
        yield batch


def _read_right(samples: list[Sample]) -> Counter[str]:
    """By witness, and by the device for the instants in all parsers, how many letters of these are right."""
    mails = [sample for sample in samples if sample.expected.method != "PUBLISH"]
    right = Counter({"MIME check": len(mails) - len(badly_wrapped(mails))}) if mails else Counter()
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
