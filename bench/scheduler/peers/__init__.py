"""Other ways to schedule the same instances: small and honest models, all judged by `scheduler.checker`.

Each has ``run(instance, time_limit_s, record)`` and records every better schedule. A peer that models only
some of the terms leaves the others as they fall.
"""

import importlib
import shutil
from collections.abc import Callable

from bench.scheduler.peers.common import Record
from scheduler.instance import SchedulingInstance

Peer = Callable[[SchedulingInstance, float, Record], None]

PEERS = {
    "first come, first served": ("first_come", "run"),
    "CP-SAT, boolean per slot": ("boolean_model", "run_slots"),
    "CP-SAT, boolean per sitting": ("boolean_model", "run_sittings"),
    "HiGHS, MILP": ("milp", "run"),
    "Timefold": ("local_search", "run"),
}


def find_obstacle(name: str) -> str | None:
    """Return why a peer cannot run on this machine, or None."""
    if name == "Timefold" and shutil.which("java") is None:
        return "left out: there is no Java"
    return None


def load_peer(name: str) -> Peer:
    """Return the peer; its packages are loaded only now, before its clock runs."""
    module, function = PEERS[name]
    peer: Peer = getattr(importlib.import_module(f"bench.scheduler.peers.{module}"), function)
    return peer
