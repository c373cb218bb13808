"""Why not everybody can be placed, and what would help: the scheduler's explanation in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.text import Text
from defense.models import Round, SolveRun
from defense.services.timetable.keys import row_id
from defense.services.timetable.words import SchedulerWords


@dataclass(frozen=True)
class Repair:
    """A change that was tried: with it, so many are placed."""

    text: Text
    placed_before: int
    placed_after: int


@dataclass(frozen=True)
class Clash:
    """Facts that cannot all hold.

    Parameters
    ----------
    application_ids : everybody concerned.
    is_minimal : proven that none of the facts could be left out.
    """

    text: Text
    application_ids: tuple[int, ...]
    facts: tuple[Text, ...]
    is_minimal: bool
    repairs: tuple[Repair, ...]


@dataclass(frozen=True)
class Explanation:
    """What the scheduler said of a schedule."""

    summary: Text
    clashes: tuple[Clash, ...]


def read_explanation(session: Session, run: SolveRun, first_id: int | None = None) -> Explanation | None:
    """The explanation that a run made, None while there is none.

    Parameters
    ----------
    first_id : the application whose clashes come first.
    """
    if run.result is None:
        return None
    words = SchedulerWords(session, session.get_one(Round, run.round_id))
    clashes = [_clash(item, words) for item in run.result["clashes"]]
    clashes.sort(key=lambda clash: first_id not in clash.application_ids)
    return Explanation(words.text(run.result["summary"]), tuple(clashes))


def _clash(item: dict[str, Any], words: SchedulerWords) -> Clash:
    return Clash(
        text=words.text(item["message"]),
        application_ids=tuple(row_id(key) for key in item["candidate_ids"]),
        # Facts of different classes of candidates may read the same.
        facts=tuple(dict.fromkeys(words.text(fact["message"]) for fact in item["facts"])),
        is_minimal=item["is_minimal"],
        repairs=tuple(
            Repair(words.text(repair["message"]), repair["placed_before"], repair["placed_after"])
            for repair in item["repairs"]
        ),
    )
