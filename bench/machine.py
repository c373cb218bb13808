"""What the figures of a bench depend on: the machine and the versions of what ran on it."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.figures import Figure

GIGABYTE = 1e9


def describe_machine(packages: Sequence[str]) -> list[Figure]:
    """Return the lines of the machine, with the versions of these packages."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIGABYTE
    return [
        Figure("machine", "processor", _processor()),
        Figure("machine", "cores", len(os.sched_getaffinity(0))),
        Figure("machine", "memory, GB", round(memory, 1)),
        Figure("machine", "Python", platform.python_version()),
        *(Figure("machine", name, _version_of(name)) for name in packages),
    ]


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
