"""A long computation in a process that people stop and that must not eat the machine."""

import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

from scheduler.deadline import StopSwitch

EXIT_MEMORY, EXIT_ABORTED, EXIT_STOPPED = 3, 130, 143
POLL_S = 0.1
ABORTED = "已中止，未写任何文件 / aborted, nothing was written"
_CTRL_C = frozenset({signal.SIGINT})

ADDRESS_HEADROOM = 2 * 2**30
"""Address space that the libraries and threads of a solve reserve and never touch."""

T = TypeVar("T")


def run_interruptible(work: Callable[[], T], stop: StopSwitch | None = None) -> T:
    """Run `work` in a thread, as a signal reaches Python only while the main thread does not wait in C++.

    Parameters
    ----------
    work : callable
        What to do; its result is returned and its error raised. It should itself import what starts threads:
        Ctrl-C is masked in all threads that begin here, and waited for, since CP-SAT takes over its handler.
    stop : StopSwitch, optional
        The first Ctrl-C asks it to stop and keep, the second ends the process. Without it the first one does.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def carry_out() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    signal.pthread_sigmask(signal.SIG_BLOCK, _CTRL_C)
    try:
        thread = threading.Thread(target=carry_out, daemon=True)
        thread.start()
        while thread.is_alive():
            if signal.sigtimedwait(_CTRL_C, POLL_S) is not None:
                _stop_or_abort(stop)
            elif stop is not None and stop.requested:
                stop.request()  # again: a search may have begun just after the last request
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _CTRL_C)
    if errors:
        raise errors[0]
    return results[0]


def _stop_or_abort(stop: StopSwitch | None) -> None:
    if stop is None or stop.requested:
        abort(EXIT_ABORTED, ABORTED)
    _complain(
        "正在停止并保留当前最好结果；再按一次 Ctrl-C 则放弃 / "
        "stopping, the best so far is kept; Ctrl-C once more gives it up"
    )
    stop.request()


def limit_memory(limit_mb: int) -> None:
    """End this process with one clear line when it uses more than so many megabytes.

    The resident set is watched, as that is what the machine lacks. The address space is limited too, with
    headroom, for what grows faster than the watch looks: C++ that meets such a limit in one of its own
    threads may end without words.
    """
    limit = limit_mb * 2**20
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit + ADDRESS_HEADROOM, hard))
    threading.Thread(target=_watch_memory, args=(limit,), daemon=True).start()


def _watch_memory(limit: int) -> None:
    page = resource.getpagesize()
    while int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * page <= limit:
        time.sleep(POLL_S / 2)
    abort_for_memory()


def abort_for_memory() -> NoReturn:
    """End the process because its memory ran out."""
    abort(
        EXIT_MEMORY,
        "内存不足，未写任何文件；请提高 --memory-limit-mb 或减少 --workers / "
        "out of memory, nothing was written; raise --memory-limit-mb or lower --workers",
    )


def abort(exit_code: int, words: str) -> NoReturn:
    """End the process at once, whatever its threads do."""
    _complain(words)
    os._exit(exit_code)


def _complain(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
