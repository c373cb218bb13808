"""What the solver returns: who sits where and when, and who could not be placed and why."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from scheduler.formats.codec import decode, encode


@dataclass(frozen=True)
class Message:
    """One text for people in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class Assignment:
    """A candidate's slot; [start_min, end_min) is the defence itself, without the buffer."""

    candidate_id: str
    sitting_id: str
    start_min: int
    end_min: int


class UnplacedReason(Enum):
    """Why a candidate has no slot; the numbers behind it are in `Unplaced.detail`."""

    NO_PANEL_ACCEPTS_CATEGORY = "no_panel_accepts_category"
    NO_SITTING_PLANNED = "no_sitting_planned"
    NO_ATTENDING_EXPERTS = "no_attending_experts"
    RECUSAL_LEAVES_TOO_FEW = "recusal_leaves_too_few"
    LONGER_THAN_ANY_SITTING = "longer_than_any_sitting"
    CANDIDATE_UNAVAILABLE = "candidate_unavailable_all_sittings"
    ATTENDEES_BUSY = "attendees_busy"
    PIN_IMPOSSIBLE = "pin_impossible"
    EXPERT_DOUBLE_BOOKED = "expert_double_booked"
    PARALLEL_LIMIT = "parallel_limit"
    CAPACITY = "capacity"
    TIME_LIMIT = "time_limit"


@dataclass(frozen=True)
class Unplaced:
    """A candidate without a slot; `detail` holds ids, names and numbers that a person can act on."""

    candidate_id: str
    reason: UnplacedReason
    detail: dict[str, Any]


@dataclass(frozen=True)
class Schedule:
    """Assignments sorted by sitting and time, and everyone else with a reason."""

    assignments: tuple[Assignment, ...]
    unplaced: tuple[Unplaced, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the schedule as JSON values."""
        encoded: dict[str, Any] = encode(self)
        return encoded

    @classmethod
    def from_json(cls, data: Any) -> "Schedule":
        """Build a schedule from JSON values; raises InstanceError with the path of the first fault."""
        schedule: Schedule = decode(cls, data)
        return schedule
