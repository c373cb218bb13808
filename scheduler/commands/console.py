"""What the commands print: progress, results and tables."""

import json
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from scheduler.commands.comparison import Comparison
from scheduler.drawing.labels import STATUS_LABELS, label_clock, label_minute, label_phase, label_term
from scheduler.instance import SchedulingInstance
from scheduler.messages import describe
from scheduler.result import Sense, SolveResult
from scheduler.schedule import Assignment, Message, Schedule

SHOWN_PEOPLE = 20
"""So many names are printed of a list that may be long; the file has them all."""


def say(message: Message, lang: str) -> str:
    """Return the text in one language."""
    return message.zh if lang == "zh" else message.en


def print_json_line(data: dict[str, Any]) -> None:
    """Print one event as the service reads it."""
    print(json.dumps(data, ensure_ascii=False), flush=True)


class HumanProgress:
    """Prints a line whenever a figure, a bound or the phase has changed."""

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._shown: tuple[Any, ...] = ()

    def __call__(self, report: dict[str, Any]) -> None:
        """Take one progress report of `scheduler.solver.solve`."""
        terms = report.get("terms") or _basic_terms(report)
        news = (report["phase"], terms)
        if news == self._shown:
            return
        self._shown = news
        figures = "  ".join(
            f"{say(label_term(term['name']), self._lang)} {_figure(**term)}" for term in terms
        )
        phase = say(label_phase(report["phase"]), self._lang)
        print(f"{report['elapsed_s']:7.1f} s  {phase}: {figures}", flush=True)


def _basic_terms(report: dict[str, Any]) -> list[dict[str, Any]]:
    labels = (("placed_priority_0", "placed", Sense.MAXIMISE), ("opened", "opened", Sense.MINIMISE))
    return [
        {"name": name, "sense": sense.value, "value": report[key], "best_bound": report[f"{key}_bound"]}
        for name, key, sense in labels
        if report[key] is not None
    ]


def _figure(name: str, sense: str, value: int, best_bound: int | None) -> str:
    del name
    if best_bound is None:
        return str(value)
    if best_bound == value:
        return f"{value} ✓"
    return f"{value} ({'≤' if sense == Sense.MAXIMISE.value else '≥'}{best_bound})"


def print_result(result: SolveResult, lang: str) -> None:
    """Print status, terms with their bounds, and who has no slot and why."""
    print(f"{say(STATUS_LABELS[result.status], lang)}  ({result.wall_time_s:.1f} s)")
    rows = [
        (say(label_term(t.name), lang), _figure(t.name, t.sense.value, t.value, t.best_bound))
        for t in result.objective
    ]
    print_table(rows)
    print_unplaced(result.schedule, lang)


def print_unplaced(schedule: Schedule, lang: str) -> None:
    """Print who has no slot and why."""
    unplaced = schedule.unplaced
    for person in unplaced[:SHOWN_PEOPLE]:
        print(f"  {person.candidate_id}: {say(describe(person), lang)}")
    print_rest(len(unplaced), lang)


def print_comparison(instance: SchedulingInstance, comparison: Comparison, lang: str) -> None:
    """Print the terms side by side and whose slot differs."""
    header = (say(Message("目标", "term"), lang), "A", "B", say(Message("较优", "better"), lang))
    rows = [
        (say(label_term(t.name), lang), str(t.a), str(t.b), t.better.upper() or "=") for t in comparison.terms
    ]
    print_table([header, *rows])
    count = len(comparison.differences)
    print(say(Message(f"时段不同：{count} 人", f"slots differ: {count} people"), lang))
    for pair in comparison.differences[:SHOWN_PEOPLE]:
        print_move(instance, pair.candidate_id, pair.a, pair.b, lang)
    print_rest(count, lang)


def print_move(
    instance: SchedulingInstance,
    candidate_id: str,
    before: Assignment | None,
    after: Assignment | None,
    lang: str,
) -> None:
    """Print from where to where somebody goes."""
    print(f"  {candidate_id}: {_slot(instance, before, lang)} → {_slot(instance, after, lang)}")


def print_slots(instance: SchedulingInstance, slots: Iterable[Assignment], lang: str) -> None:
    """Print one slot a line."""
    for slot in slots:
        print(f"  {_slot(instance, slot, lang)}")


def _slot(instance: SchedulingInstance, slot: Assignment | None, lang: str) -> str:
    if slot is None:
        return say(Message("未安排", "no slot"), lang)
    start = say(label_minute(instance, slot.start_min), lang)
    return f"{slot.sitting_id} {start}–{label_clock(instance, slot.end_min)}"


def print_rest(count: int, lang: str) -> None:
    """Say how many of a list were not printed, if any."""
    rest = count - SHOWN_PEOPLE
    if rest > 0:
        print(say(Message(f"  ……另有 {rest} 人，见文件", f"  … and {rest} more, see the file"), lang))


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print columns of equal width; a Chinese character is two wide."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        print(f"  {'  '.join(cells)}".rstrip())


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
