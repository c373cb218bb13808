"""How a solve is asked for, and what it reports besides the schedule."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from scheduler.errors import InstanceError
from scheduler.formats.codec import decode, encode
from scheduler.schedule import Schedule


@dataclass(frozen=True)
class SolveParameters:
    """Limits of one solve.

    Parameters
    ----------
    time_limit_s : float
        Wall-clock limit from the call of `solve`, building of the model included.
    seed : int
        Decides ties and random choices; for equal schedules from equal seeds see `deterministic_limit`.
    workers : int
        Search strategies run side by side; more than there are cores can pay (scheduling.md, "What scales").
    deterministic_limit : float or None
        Effort instead of time, in units of about a second that count the solver's steps: the same instance,
        seed, workers and limit give the same schedule on any machine with the same solver version, unless
        `time_limit_s` ends the solve before.
    """

    time_limit_s: float = 60.0
    seed: int = 1
    workers: int = 8
    deterministic_limit: float | None = None

    def __post_init__(self) -> None:
        for name, least in (("time_limit_s", 0), ("workers", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise InstanceError(name, f"must be at least {least}, got {getattr(self, name)}")
        if self.deterministic_limit is not None and self.deterministic_limit <= 0:
            raise InstanceError("deterministic_limit", f"must be above 0, got {self.deterministic_limit}")


class SolveStatus(Enum):
    """How a solve ended.

    OPTIMAL: every objective term is proven. FEASIBLE: a schedule keeping all hard rules, some term
    not proven. INFEASIBLE: proven that not all pins can be kept; the schedule holds the rest and the checker
    faults it. UNKNOWN: time ran out before a schedule with all pins was found. STOPPED: cancelled.
    """

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"
    STOPPED = "stopped"


class Sense(Enum):
    """Whether more or less of a term is better."""

    MAXIMISE = "maximise"
    MINIMISE = "minimise"


@dataclass(frozen=True)
class ObjectiveTerm:
    """One lexicographic term; `best_bound` holds given the values of the terms before it."""

    name: str
    sense: Sense
    value: int
    best_bound: int

    @property
    def proven(self) -> bool:
        """Whether no schedule can do better in this term."""
        return self.value == self.best_bound

    @property
    def gap(self) -> float:
        """How far `best_bound` lies from the value, as a share of the value; 0 when proven."""
        return abs(self.value - self.best_bound) / max(1, abs(self.value))


@dataclass(frozen=True)
class SolveResult:
    """A schedule with all that is needed to repeat and to judge the solve."""

    schedule: Schedule
    status: SolveStatus
    objective: tuple[ObjectiveTerm, ...]
    wall_time_s: float
    solver_version: str
    seed: int
    parameters: SolveParameters

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        encoded: dict[str, Any] = encode(self)
        return encoded

    @classmethod
    def from_json(cls, data: Any) -> "SolveResult":
        """Build a result from JSON values; raises InstanceError with the path of the first fault."""
        result: SolveResult = decode(cls, data)
        return result
