"""What is to be scheduled; all times are whole minutes on one axis (the service: since the Unix epoch)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scheduler.errors import InstanceError
from scheduler.formats.codec import decode, encode
from scheduler.objective import DEFAULT_OBJECTIVE, Goal, require_objective

DAY_MIN = 24 * 60


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
    """A person besides the candidates: a panel member (评委) or a named attendee, such as an interpreter."""

    id: str
    name: str = ""
    unavailable: tuple[Interval, ...] = ()

    def __post_init__(self) -> None:
        _require_text("id", self.id)


@dataclass(frozen=True)
class Panel:
    """A defence panel (答辩组), or only a room when it has no experts.

    `accepts` holds opaque categories such as ``engineering|civil|senior``; None accepts everyone.
    """

    id: str
    name: str = ""
    expert_ids: tuple[str, ...] = ()
    accepts: frozenset[str] | None = None

    def __post_init__(self) -> None:
        _require_text("id", self.id)
        _require_unique("expert_ids", self.expert_ids)

    def hears(self, category: str) -> bool:
        """Return whether candidates of `category` may come to this panel."""
        return self.accepts is None or category in self.accepts


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
class Slot:
    """Where and when: a sitting, and the minute at which the defence starts in it."""

    sitting_id: str
    start_min: int

    def __post_init__(self) -> None:
        _require_whole("start_min", self.start_min)


@dataclass(frozen=True)
class Wish:
    """A time that suits a candidate, or with ``is_avoided`` one that does not (意愿).

    Unlike `Candidate.unavailable` it may be broken, which costs `weight`. A wish is met when the whole
    slot lies within [start_min, end_min), an avoided one when it lies wholly outside; who is not placed
    breaks none.
    """

    start_min: int
    end_min: int
    is_avoided: bool = False
    weight: int = 1

    def __post_init__(self) -> None:
        _require_order(self.start_min, self.end_min)
        _require_whole("weight", self.weight, least=1)


@dataclass(frozen=True)
class Candidate:
    """A person to be heard (答辩人).

    Parameters
    ----------
    id, category, unit, region : str
        Opaque keys; `category` is matched with `Panel.accepts`, `region` (地州) counts in `region_days`, and
        `unit` is informational.
    duration_min, buffer_min : int
        Length of the defence, and the pause needed before the next one in the same sitting, in minutes.
    unavailable : tuple of Interval
        Times at which the candidate cannot be heard.
    recused_expert_ids : frozenset of str
        Experts who leave the room for this candidate (回避).
    attendee_ids : frozenset of str
        Persons who must attend this defence, be they on the panel or not: an interpreter, a thesis examiner.
    priority : int
        Higher is placed first.
    pin : Slot or None
        The slot that must stay (锁定时段).
    published : Slot or None
        The slot that was announced; leaving it counts in `moved`. Its sitting may no longer exist.
    wishes : tuple of Wish
        Times that suit or do not suit.

    Raises
    ------
    InstanceError
        With the path of the field at fault.
    """

    id: str
    duration_min: int
    buffer_min: int = 0
    category: str = ""
    unit: str = ""
    region: str = ""
    unavailable: tuple[Interval, ...] = ()
    recused_expert_ids: frozenset[str] = frozenset()
    attendee_ids: frozenset[str] = frozenset()
    priority: int = 0
    pin: Slot | None = None
    published: Slot | None = None
    wishes: tuple[Wish, ...] = ()

    def __post_init__(self) -> None:
        _require_text("id", self.id)
        _require_whole("duration_min", self.duration_min, least=1)
        _require_whole("buffer_min", self.buffer_min, least=0)
        _require_whole("priority", self.priority)
        both = sorted(self.recused_expert_ids & self.attendee_ids)
        if both:
            raise InstanceError("attendee_ids", f"{both[0]!r} is recused and cannot be made to attend")


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
    closures : tuple of Interval
        Times at which nobody sits: holidays, extra days off (肉孜节, 古尔邦节). A sitting that touches one
        cannot open.
    midnight_min : int
        A minute of the axis at which some day begins; days are counted from it, 1,440 minutes each.
    objective : tuple of tuple of Goal
        What counts after the placed candidates, most important first; goals of one tier are added up with
        their weights.

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
    closures: tuple[Interval, ...] = ()
    midnight_min: int = 0
    objective: tuple[tuple[Goal, ...], ...] = DEFAULT_OBJECTIVE

    def __post_init__(self) -> None:
        _require_whole("min_panel_size", self.min_panel_size, least=0)
        _require_whole("midnight_min", self.midnight_min)
        require_objective(self.objective)
        if self.max_parallel_sittings is not None:
            _require_whole("max_parallel_sittings", self.max_parallel_sittings, least=1)
        for name in ("experts", "panels", "sittings", "candidates"):
            _require_unique(name, [item.id for item in getattr(self, name)], ".id")
        _check_references(self)

    def day_of(self, minute: int) -> int:
        """Return the number of the day that `minute` lies in."""
        return (minute - self.midnight_min) // DAY_MIN

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
        for expert_id in sorted(candidate.attendee_ids):
            _require_known(f"candidates[{index}].attendee_ids", expert_id, experts)
        if candidate.pin is not None:
            _require_known(f"candidates[{index}].pin.sitting_id", candidate.pin.sitting_id, sittings)


def _require_known(path: str, id_: str, known: set[str]) -> None:
    if id_ not in known:
        raise InstanceError(path, f"{id_!r} does not exist")
