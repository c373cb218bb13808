"""One command of the scheduler in a process of its own: behind all else, limited, listened to, stopped."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

from defense.domain.errors import Conflict
from defense.domain.text import Text
from defense.settings import PROJECT_DIR

BEHIND_ALL_ELSE = ("chrt", "--idle", "0") if shutil.which("chrt") else ("nice", "-n", "19")
"""Linux's class for what may wait: eight niced threads together still get a share that votes feel."""
GRACE_S = 30
"""How long after its limit, or after closing its output, a process may take to end."""

EXIT_MEMORY = 3
"""The scheduler's exit status when it meets its memory limit."""

_LAST_WORDS_CHARS = 300

Progress = dict[str, Any]


class Demand(Enum):
    """What the supervisor wants of a running process, asked at every line that it prints."""

    GO_ON = "go on"
    KEEP = "stop and keep the best so far"
    CANCEL = "cancel"


class SchedulerCancelled(Exception):
    """The process was ended because staff cancelled the run; it wrote nothing."""


@dataclass(frozen=True)
class SchedulerJob:
    """A call of ``python -m scheduler``.

    Parameters
    ----------
    command : `solve`, `reschedule` or `explain`.
    inputs : file name → JSON value; the files are its first arguments, in this order.
    output_option : the option that names the file to be written.
    time_limit_s, memory_limit_mb : of the process; its searches keep them by themselves.
    arguments : further options.
    """

    command: str
    inputs: Mapping[str, Any]
    output_option: str
    time_limit_s: int
    memory_limit_mb: int
    arguments: tuple[str, ...] = ()


def run_job(job: SchedulerJob, heard: Callable[[Progress], Demand]) -> Any:
    """Run a job and return the JSON that it wrote.

    Parameters
    ----------
    heard : called with every line of progress, about once a second; what it answers is done once.

    Raises
    ------
    SchedulerCancelled
        `heard` asked for it.
    Conflict
        The process failed; the text says how, with the last words of its error output.
    """
    with tempfile.TemporaryDirectory(prefix="defence-scheduler-") as name:
        directory = Path(name)
        for file_name, data in job.inputs.items():
            (directory / file_name).write_text(json.dumps(data), encoding="utf-8")
        target, complaints = directory / "out.json", directory / "stderr.txt"
        command = [
            *(*BEHIND_ALL_ELSE, sys.executable, "-m", "scheduler", job.command),
            *(str(directory / file_name) for file_name in job.inputs),
            *(job.output_option, str(target)),
            *("--time-limit", str(job.time_limit_s), "--memory-limit-mb", str(job.memory_limit_mb)),
            *job.arguments,
        ]
        with complaints.open("wb") as stderr:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, cwd=PROJECT_DIR)
            try:
                asked = _listen(process, job, heard)
                process.wait(GRACE_S)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        if asked is Demand.CANCEL:
            raise SchedulerCancelled
        # Told to keep when it had just written its result, it may end by the signal.
        is_done = process.returncode == 0 or asked is Demand.KEEP
        if not is_done or not target.exists():
            raise Conflict(_failure(process.returncode, complaints))
        return json.loads(target.read_text(encoding="utf-8"))


def _listen(
    process: subprocess.Popen[bytes], job: SchedulerJob, heard: Callable[[Progress], Demand]
) -> Demand:
    """Follow a process to the end of its output; returns what was asked of it."""
    lines: Queue[bytes] = Queue()
    Thread(target=_read_lines, args=(process, lines), daemon=True).start()
    progress: Progress = {}
    asked, began_s = Demand.GO_ON, time.monotonic()
    while line := _next_line(lines):
        if line.startswith(b"{"):
            progress = json.loads(line)
        # A process that is silent in a long step is asked about all the same.
        demand = heard(progress) if asked is not Demand.CANCEL else asked
        if demand is not asked and demand is not Demand.GO_ON:
            asked = demand
            process.send_signal(signal.SIGTERM if demand is Demand.CANCEL else signal.SIGINT)
        if time.monotonic() - began_s > job.time_limit_s + GRACE_S:
            process.kill()
            raise Conflict(_STUCK)
    return asked


def _read_lines(process: subprocess.Popen[bytes], lines: Queue[bytes]) -> None:
    assert process.stdout is not None  # noqa: S101 - Popen was told to pipe it
    for line in process.stdout:
        lines.put(line)
    lines.put(b"")


def _next_line(lines: Queue[bytes]) -> bytes:
    """The next line, a bare newline when there is none within a second, nothing at the end."""
    try:
        return lines.get(timeout=1)
    except Empty:
        return b"\n"


_STUCK = Text(
    "求解进程超过时限仍未结束，已被强制结束；原有安排未变，请重试。",
    "The solver process did not end in time and was killed; nothing was changed. Try again.",
)


def _failure(code: int, complaints: Path) -> Text:
    lines = complaints.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    words = lines[-1][-_LAST_WORDS_CHARS:] if lines else "—"
    if code == -signal.SIGKILL:
        return Text(
            "求解进程被强制结束，多半是服务器内存不足；原有安排未变。请关闭其他程序或降低内存上限后重试。",
            "The solver process was killed, most likely because the server ran out of memory; nothing was "
            "changed. Stop other programs, or lower the memory limit, and try again.",
        )
    if code < 0:
        return Text(
            f"求解进程异常中断（信号 {-code}），原有安排未变，请重试。",
            f"The solver process crashed (signal {-code}); nothing was changed. Try again.",
        )
    if code == EXIT_MEMORY:
        return Text(
            "求解超出本批次的内存上限，原有安排未变。请在批次设置中提高“求解内存上限”后重试。",
            "The solver needed more than the round's memory limit; nothing was changed. Raise the limit in "
            "the settings of the round and try again.",
        )
    return Text(
        f"求解进程退出（代码 {code}），原有安排未变：{words}",
        f"The solver process ended with code {code}; nothing was changed: {words}",
    )
