"""Instances and results in files: read with every fault named by its place, written whole or not at all."""

import errno
import gc
import json
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scheduler.errors import FileError, InstanceError
from scheduler.formats.calendar import expand_calendar
from scheduler.formats.strict_json import parse_json
from scheduler.instance import SchedulingInstance
from scheduler.result import SolveResult
from scheduler.schedule import Schedule

BYTES_LIMIT = 512 * 2**20
"""Largest file that is read; 100,000 candidates take about 30 MB."""


def read_instance(path: Path) -> SchedulingInstance:
    """Read an instance, its calendar expanded into sittings.

    Raises
    ------
    FileError
        With the place of the first fault.
    """
    with _faults_in(path), _collector_paused():
        data = parse_json(_read_text(path))
        if isinstance(data, dict):
            data = expand_calendar(_without_schema(data))
        return SchedulingInstance.from_json(data)


def read_solution(path: Path) -> tuple[Schedule, SolveResult | None]:
    """Read what `solve` or `reschedule` wrote, or a bare schedule, which makes no claims.

    Raises
    ------
    FileError
        With the place of the first fault.
    """
    with _faults_in(path), _collector_paused():
        data = parse_json(_read_text(path))
        if isinstance(data, dict) and "result" in data:
            data = data["result"]
        if isinstance(data, dict) and "assignments" in data:
            return Schedule.from_json(data), None
        result = SolveResult.from_json(data)
        return result.schedule, result


def find_stranger(instance: SchedulingInstance, schedule: Schedule) -> InstanceError | None:
    """Return what is wrong with the first slot whose candidate or sitting the instance does not have."""
    people = {person.id for person in instance.candidates}
    sittings = {sitting.id for sitting in instance.sittings}
    for index, slot in enumerate(schedule.assignments):
        for field, known in (("candidate_id", people), ("sitting_id", sittings)):
            if getattr(slot, field) not in known:
                return InstanceError(
                    f"assignments[{index}].{field}", f"{getattr(slot, field)!r} does not exist"
                )
    return None


def require_known(instance: SchedulingInstance, schedule: Schedule, path: Path) -> None:
    """Refuse a schedule, read from `path`, of another instance; raises FileError."""
    stranger = find_stranger(instance, schedule)
    if stranger is not None:
        raise FileError(str(path), stranger.path, stranger.problem)


def read_known_schedule(instance: SchedulingInstance, path: Path) -> Schedule:
    """Read a schedule of this instance; raises FileError, see `read_solution` and `require_known`."""
    schedule, _ = read_solution(path)
    require_known(instance, schedule, path)
    return schedule


def require_candidate(instance: SchedulingInstance, candidate_id: str) -> None:
    """Refuse the id of nobody; raises InstanceError."""
    if all(person.id != candidate_id for person in instance.candidates):
        raise InstanceError("candidate", f"{candidate_id!r} does not exist")


def require_writable(path: Path, inputs: Iterable[Path] = ()) -> None:
    """Refuse a target that cannot be written, or must not.

    Raises
    ------
    FileError
        It is a directory or one of `inputs`, or its folder is missing or closed to us.
    """
    if path.is_dir():
        raise FileError(str(path), "", "is a folder; name a file in it")
    if path.exists() and not path.is_file():
        return  # a pipe or a device
    if not path.parent.is_dir():
        raise FileError(str(path), "", f"cannot be written; make the folder {str(path.parent)!r} first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise FileError(str(path), "", f"cannot be written: {os.strerror(errno.EACCES)}")
    if path.is_file() and any(source.exists() and path.samefile(source) for source in inputs):
        raise FileError(str(path), "", "is an input of this command; name another target")


def write_json(path: Path, data: Any) -> None:
    """Write JSON values, see `write_bytes`."""
    write_bytes(path, json.dumps(data, ensure_ascii=False, allow_nan=False).encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write beside the target and rename, so that a reader never sees half a file.

    Raises
    ------
    FileError
        The disk or the folder does not take it.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # a pipe or a device must not be replaced by a file
            return
        target = path.resolve()
        partial = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            partial.write_bytes(data)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(str(path), "", f"cannot be written: {error.strerror}") from None


@contextmanager
def _faults_in(path: Path) -> Iterator[None]:
    try:
        yield
    except InstanceError as error:
        raise FileError(str(path), error.path, error.problem) from None
    except OSError as error:
        raise FileError(str(path), "", f"cannot be read: {error.strerror}") from None


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the cycle collector from walking millions of fresh objects again and again: half of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read_text(path: Path) -> str:
    problem = f"is larger than {BYTES_LIMIT // 2**20} MB"
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode) and status.st_size > BYTES_LIMIT:
            raise InstanceError("", problem)
        data = file.read(BYTES_LIMIT + 1)
    if len(data) > BYTES_LIMIT:
        raise InstanceError("", problem)
    try:
        return data.decode("utf-8-sig")  # Windows editors begin a file with a byte order mark
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InstanceError(f"line {line}", f"byte {error.start} is not UTF-8") from None


def _without_schema(data: dict[str, Any]) -> dict[str, Any]:
    is_note = isinstance(data.get("$schema"), str)  # where an editor finds the schema
    return {name: value for name, value in data.items() if not (is_note and name == "$schema")}
