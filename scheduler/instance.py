"""What is to be scheduled; all times are whole minutes on one axis (the service: since the Unix epoch)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scheduler.codec import decode, encode
from scheduler.errors import InstanceError


def _require_whole(path: str, value: object, least: int | None = None) -> None:
    if type(value) is not int:
        raise InstanceError(path, f"expected a whole number, got {value!r}")
    if least is not None and value < least:
        raise InstanceError(path, f"must be at least {least}, got {value}")


def _require_text(path: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise InstanceError(path, f"must be a text that is not empty, got {value!r}")


def _require_order(start_min: int, end_min: int) -> None:
    _require_whole("start_min", start_min)
    _require_whole("end_min", end_min)
    if end_min <= start_min:
        raise InstanceError("end_min", f"must lie after start_min {start_min}, got {end_min}")


@dataclass(frozen=True)
class Interval:
    """Half-open stretch of time [start_min, end_min)."""

    start_min: int
    end_min: int

    def __post_init__(self) -> None:
        _require_order(self.start_min, self.end_min)


@dataclass(frozen=True)
class Expert:
    """A panel member (评委) and the times at which they cannot attend."""

    id: str
    unavailable: tuple[Interval, ...] = ()

    def __post_init__(self) -> None:
        _require_text("id", self.id)


@dataclass(frozen=True)
class Panel:
    """A defence panel (答辩组); `accepts` holds opaque categories such as ``engineering|civil|senior``."""

    id: str
    name: str
    expert_ids: tuple[str, ...]
    accepts: frozenset[str]

    def __post_init__(self) -> None:
        _require_text("id", self.id)
        _require_unique("expert_ids", self.expert_ids)


@dataclass(frozen=True)
class Sitting:
    """One panel in one half-day: a time at which the panel could sit (场次), within working hours."""

    id: str
    panel_id: str
    start_min: int
    end_min: int

    def __post_init__(self) -> None:
        _require_text("id", self.id)
        _require_order(self.start_min, self.end_min)


@dataclass(frozen=True)
class Pin:
    """A slot that must stay exactly where it is (锁定时段)."""

    sitting_id: str
    start_min: int

    def __post_init__(self) -> None:
        _require_whole("start_min", self.start_min)


@dataclass(frozen=True)
class Candidate:
    """A person to be heard (答辩人).

    Parameters
    ----------
    id, category, unit : str
        Opaque keys; `unit` is informational.
    duration_min, buffer_min : int
        Length of the defence, and the pause needed before the next one in the same sitting, in minutes.
    unavailable : tuple of Interval
        Times at which the candidate cannot be heard.
    recused_expert_ids : frozenset of str
        Experts who leave the room for this candidate (回避).
    priority : int
        Higher is placed first.
    pin : Pin or None
        The slot that must stay.

    Raises
    ------
    InstanceError
        With the path of the field at fault.
    """

    id: str
    category: str
    duration_min: int
    buffer_min: int
    unit: str = ""
    unavailable: tuple[Interval, ...] = ()
    recused_expert_ids: frozenset[str] = frozenset()
    priority: int = 0
    pin: Pin | None = None

    def __post_init__(self) -> None:
        _require_text("id", self.id)
        _require_text("category", self.category)
        _require_whole("duration_min", self.duration_min, least=1)
        _require_whole("buffer_min", self.buffer_min, least=0)
        _require_whole("priority", self.priority)


@dataclass(frozen=True)
class SchedulingInstance:
    """Everything the solver and the checker need to know.

    Parameters
    ----------
    min_panel_size : int
        Fewest attending members, for the sitting and again for each candidate after recusal.
    require_odd : bool
        Whether both numbers must be odd.
    max_parallel_sittings : int or None
        Most sittings at the same time (rooms, meeting licences, secretaries); None is no limit.

    Raises
    ------
    InstanceError
        Duplicate ids, unknown references or numbers out of range, with the path of the field.

    Notes
    -----
    Source: domain.md, "Panels and recusal" (at least 3 members, odd if the round says so).
    """

    experts: tuple[Expert, ...]
    panels: tuple[Panel, ...]
    sittings: tuple[Sitting, ...]
    candidates: tuple[Candidate, ...]
    min_panel_size: int = 3
    require_odd: bool = False
    max_parallel_sittings: int | None = None

    def __post_init__(self) -> None:
        _require_whole("min_panel_size", self.min_panel_size, least=1)
        if self.max_parallel_sittings is not None:
            _require_whole("max_parallel_sittings", self.max_parallel_sittings, least=1)
        for name in ("experts", "panels", "sittings", "candidates"):
            _require_unique(name, [item.id for item in getattr(self, name)], ".id")
        _check_references(self)

    def to_json(self) -> dict[str, Any]:
        """Return the instance as JSON values."""
        encoded: dict[str, Any] = encode(self)
        return encoded

    @classmethod
    def from_json(cls, data: Any) -> "SchedulingInstance":
        """Build an instance from JSON values; raises InstanceError with the path of the first fault."""
        instance: SchedulingInstance = decode(cls, data)
        return instance


def _require_unique(path: str, ids: Iterable[str], field: str = "") -> None:
    first_index: dict[str, int] = {}
    for index, id_ in enumerate(ids):
        if first_index.setdefault(id_, index) != index:
            first = f"{path}[{first_index[id_]}]"
            raise InstanceError(f"{path}[{index}]{field}", f"{id_!r} is already used by {first}")


def _check_references(instance: SchedulingInstance) -> None:
    experts = {expert.id for expert in instance.experts}
    panels = {panel.id for panel in instance.panels}
    sittings = {sitting.id for sitting in instance.sittings}
    for index, panel in enumerate(instance.panels):
        for position, expert_id in enumerate(panel.expert_ids):
            _require_known(f"panels[{index}].expert_ids[{position}]", expert_id, experts)
    for index, sitting in enumerate(instance.sittings):
        _require_known(f"sittings[{index}].panel_id", sitting.panel_id, panels)
    for index, candidate in enumerate(instance.candidates):
        for expert_id in sorted(candidate.recused_expert_ids):
            _require_known(f"candidates[{index}].recused_expert_ids", expert_id, experts)
        if candidate.pin is not None:
            _require_known(f"candidates[{index}].pin.sitting_id", candidate.pin.sitting_id, sittings)


def _require_known(path: str, id_: str, known: set[str]) -> None:
    if id_ not in known:
        raise InstanceError(path, f"{id_!r} does not exist")
