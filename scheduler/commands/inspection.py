"""The commands of ``python -m scheduler`` that look at what is there: check, compare, slots, picture."""

import argparse

from scheduler.checker import find_violations
from scheduler.commands.claims import find_false_claims, with_published
from scheduler.commands.comparison import compare_schedules
from scheduler.commands.console import print_comparison, print_slots, say
from scheduler.drawing.picture import draw_schedule
from scheduler.drawing.picture_png import render_png
from scheduler.errors import FileError
from scheduler.formats.files import (
    find_stranger,
    read_instance,
    read_known_schedule,
    read_solution,
    require_candidate,
    require_known,
    write_bytes,
    write_json,
)
from scheduler.instance import SchedulingInstance
from scheduler.schedule import Message, Schedule

EXIT_FAULTS = 1


def check_file(arguments: argparse.Namespace) -> int:
    """Print every broken rule and every term that is not what the result claims."""
    instance = _read_announced(arguments)
    schedule, result = read_solution(arguments.result)
    faults = [str(violation) for violation in find_violations(instance, schedule)]
    if result is not None and find_stranger(instance, schedule) is None:
        faults += find_false_claims(instance, result)
    for fault in faults:
        print(fault)
    if faults:
        return EXIT_FAULTS
    placed, total = len(schedule.assignments), len(instance.candidates)
    print(f"符合全部规则，已安排 {placed}/{total} 人 / every rule kept, {placed} of {total} placed")
    return 0


def compare_files(arguments: argparse.Namespace) -> int:
    """Print two results side by side."""
    instance = read_instance(arguments.instance)
    a, b = (read_known_schedule(instance, path) for path in (arguments.a, arguments.b))
    comparison = compare_schedules(instance, a, b)
    if arguments.json:
        write_json(arguments.json, comparison.to_json())
    print_comparison(instance, comparison, arguments.lang)
    return 0


def slots_file(arguments: argparse.Namespace) -> int:
    """Print the other slots that one candidate could have without anybody else moving."""
    from scheduler.legal_slots import legal_slots  # noqa: PLC0415 (loads OR-Tools)

    instance = read_instance(arguments.instance)
    require_candidate(instance, arguments.candidate)
    schedule = read_known_schedule(instance, arguments.schedule)
    slots = legal_slots(instance, schedule, arguments.candidate)
    if arguments.json:
        write_json(arguments.json, Schedule(slots).to_json()["assignments"])
    count = len(slots)
    print(say(Message(f"可改到 {count} 个时段：", f"{count} legal other slots:"), arguments.lang))
    print_slots(instance, slots, arguments.lang)
    return 0


def draw_file(arguments: argparse.Namespace) -> int:
    """Draw a result as SVG, or as PNG when the target ends so."""
    if arguments.out.suffix.lower() not in (".svg", ".png"):
        raise FileError(str(arguments.out), "", "must end in .svg or .png")
    instance = _read_announced(arguments)
    schedule, result = read_solution(arguments.result)
    require_known(instance, schedule, arguments.result)
    svg = draw_schedule(instance, schedule, result, arguments.lang, arguments.day_zero)
    is_png = arguments.out.suffix.lower() == ".png"
    write_bytes(arguments.out, render_png(svg, arguments.zoom) if is_png else svg.encode())
    return 0


def _read_announced(arguments: argparse.Namespace) -> SchedulingInstance:
    instance = read_instance(arguments.instance)
    if arguments.published is None:
        return instance
    return with_published(instance, read_solution(arguments.published)[0])
