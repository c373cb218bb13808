"""What an explanation consists of: clashes of facts, each with the repairs that were tried."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from scheduler.formats.codec import decode, encode
from scheduler.schedule import Message

NO_MESSAGE = Message("", "")


class FactKind(Enum):
    """What can clash; each names one thing that staff could change.

    DEMAND : alike candidates must all be heard.
    UNAVAILABLE, RECUSAL, BUFFER, PIN : absences, recusals, pauses and pinned slots of candidates.
    ATTENDEES : the persons who must attend the defences of candidates.
    ABSENCE : the absences of one person (expert or attendee).
    ONE_PLACE : one person can be in one place at a time only.
    SITTINGS : a panel has only these half-days, of these lengths.
    CATEGORY : only some panels hear a category.
    LIMIT, CLOSURES, PANEL_SIZE, ODD : rules of the round.
    """

    DEMAND = "demand"
    UNAVAILABLE = "unavailable"
    RECUSAL = "recusal"
    BUFFER = "buffer"
    PIN = "pin"
    ATTENDEES = "attendees"
    ABSENCE = "absence"
    ONE_PLACE = "one_place"
    SITTINGS = "sittings"
    CATEGORY = "category"
    LIMIT = "limit"
    CLOSURES = "closures"
    PANEL_SIZE = "panel_size"
    ODD = "odd"


@dataclass(frozen=True)
class Fact:
    """One fact of a clash.

    Parameters
    ----------
    kind : FactKind
        What is stated.
    subject : str
        Id of the person or panel, or the category, where the kind has one.
    candidate_ids : tuple of str
        The candidates concerned, where the kind is about candidates.
    numbers : dict
        Ids, counts and minutes behind the message.
    message : Message
        The fact in both languages.
    """

    kind: FactKind
    subject: str = ""
    candidate_ids: tuple[str, ...] = ()
    numbers: dict[str, Any] = field(default_factory=dict, compare=False)
    message: Message = field(default=NO_MESSAGE, compare=False)


class RepairKind(Enum):
    """What staff can change; the cost of each stands in `scheduler.explain.repairs`."""

    UNPIN = "unpin"
    EXTEND_SITTING = "extend_sitting"
    RAISE_LIMIT = "raise_limit"
    ADD_EXPERT = "add_expert"
    REPLACE_RECUSED = "replace_recused"
    REPLACE_EXPERT = "replace_expert"
    ACCEPT_CATEGORY = "accept_category"
    MOVE_CANDIDATE_ABSENCE = "move_candidate_absence"
    MOVE_ABSENCE = "move_absence"
    REPLACE_ATTENDEE = "replace_attendee"
    ADD_SITTING = "add_sitting"


@dataclass(frozen=True)
class Repair:
    """A change that was made to the whole instance, solved and checked.

    Parameters
    ----------
    cost : int
        Smaller is easier for staff.
    numbers : dict
        What to change: ids, minutes and counts.
    placed_before, placed_after : int
        Candidates with a slot in the whole round, without and with the repair.
    places_everybody : bool
        Whether all candidates of the clash have a slot with the repair.
    """

    kind: RepairKind
    cost: int
    numbers: dict[str, Any]
    placed_before: int
    placed_after: int
    places_everybody: bool
    message: Message


@dataclass(frozen=True)
class Clash:
    """Facts that cannot all hold, and what would solve it.

    Parameters
    ----------
    candidate_ids : tuple of str
        Everybody concerned, also those beyond the number that is already too many.
    facts : tuple of Fact
        They exclude each other.
    is_minimal : bool
        Whether it is proven that without any one of them the others are possible together.
    message : Message
        The whole clash in a sentence or two.
    repairs : tuple of Repair
        The cheapest first.
    """

    candidate_ids: tuple[str, ...]
    facts: tuple[Fact, ...]
    is_minimal: bool
    message: Message
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why not everybody can be placed.

    Parameters
    ----------
    is_feasible : bool or None
        Whether everybody can be placed; None when neither that nor the contrary was proven in time.
    candidates, placed : int
        How many there are, and how many the schedule found on the way could place.
    clashes : tuple of Clash
        Independent of each other: the candidates of the earlier ones are left out of the later.
    is_complete : bool
        Whether, without the candidates of the clashes, everybody else can be placed.
    wall_time_s : float
        Seconds that it took.
    summary : Message
        All of this in a sentence.
    """

    is_feasible: bool | None
    candidates: int
    placed: int
    clashes: tuple[Clash, ...]
    is_complete: bool
    wall_time_s: float
    summary: Message

    def text(self, lang: str = "zh") -> str:
        """Return the explanation as lines of text, in ``zh`` or ``en``."""
        lines = [self.summary]
        for number, clash in enumerate(self.clashes, start=1):
            head = clash.message
            lines.append(Message(f"{number}. {head.zh}", f"{number}. {head.en}"))
            lines += [Message(f"   · {m.zh}", f"   - {m.en}") for m in (fact.message for fact in clash.facts)]
            lines += [
                Message(f"   → {m.zh}", f"   -> {m.en}") for m in (repair.message for repair in clash.repairs)
            ]
        return "\n".join(line.zh if lang == "zh" else line.en for line in lines)

    def to_json(self) -> dict[str, Any]:
        """Return the explanation as JSON values."""
        encoded: dict[str, Any] = encode(self)
        return encoded

    @classmethod
    def from_json(cls, data: Any) -> "Explanation":
        """Build an explanation from JSON values; raises InstanceError with the path of the first fault."""
        explanation: Explanation = decode(cls, data)
        return explanation
