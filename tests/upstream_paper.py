"""The platform's side of the contract in a few dictionaries, with faults and a sender that can be killed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from defense.domain.text import Text
from defense.models import Application, UpstreamHold
from defense.services.transaction import begin_write
from defense.services.upstream.answers import DeskAnswer, DeskAnswerKind


class Killed(BaseException):
    """The process ends here, as by SIGKILL: nothing that would follow is written."""


class PaperFault(StrEnum):
    """What goes wrong with a call."""

    CUT_BEFORE = "cut_before"
    CUT_AFTER = "cut_after"
    TOO_FAST = "too_fast"
    ERROR = "error"
    KILL_BEFORE = "kill_before"
    KILL_AFTER = "kill_after"


LATER = {
    PaperFault.CUT_BEFORE: DeskAnswer(DeskAnswerKind.LATER, Text("断线", "cut"), ends_turn=True),
    PaperFault.CUT_AFTER: DeskAnswer(DeskAnswerKind.LATER, Text("断线", "cut"), ends_turn=True),
    PaperFault.TOO_FAST: DeskAnswer(
        DeskAnswerKind.LATER, Text("太快", "too fast"), retry_after_s=90, ends_turn=True
    ),
    PaperFault.ERROR: DeskAnswer(DeskAnswerKind.LATER, Text("故障", "fault")),
}


@dataclass
class Kept:
    """One record there."""

    record: dict[str, Any]
    version: int = 1
    sequence: int = 0
    applied: list[dict[str, Any]] = field(default_factory=list)
    """Bodies, in the order in which they were applied."""

    @property
    def etag(self) -> str:
        return f"v{self.version}"


@dataclass
class PaperPlatform:
    """Records by number; what was answered by key."""

    sessions: Callable[[], Session]
    records: dict[str, Kept] = field(default_factory=dict)
    answered: dict[str, tuple[dict[str, Any], DeskAnswer]] = field(default_factory=dict)
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    """Number, key and If-Match of every PUT that came in."""
    next_fault: Callable[[], PaperFault | None] = lambda: None

    def put(
        self, round_code: str, number: str, kind: str, body: dict[str, Any], *, if_match: str, key: str
    ) -> DeskAnswer:
        fault = self.next_fault()
        if fault is PaperFault.KILL_BEFORE:
            raise Killed
        if fault in LATER and fault is not PaperFault.CUT_AFTER:
            return LATER[fault]
        self.calls.append((number, key, if_match))
        answer = self._answer(number, body, if_match, key)
        if fault is PaperFault.KILL_AFTER:
            raise Killed
        return LATER[fault] if fault is PaperFault.CUT_AFTER else answer

    def _answer(self, number: str, body: dict[str, Any], if_match: str, key: str) -> DeskAnswer:
        if key in self.answered:
            known, answer = self.answered[key]
            return answer if known == body else DeskAnswer(DeskAnswerKind.NEVER, Text("键重复", "key used"))
        if number not in self.records:
            return DeskAnswer(DeskAnswerKind.NEVER, Text("查无此人", "not found"))
        kept = self.records[number]
        if if_match != kept.etag:
            return DeskAnswer(DeskAnswerKind.STALE, Text("已变动", "changed"))
        if body["sequence"] <= kept.sequence:
            return DeskAnswer(DeskAnswerKind.NEVER, Text("序号不升", "sequence not higher"))
        kept.sequence, kept.version = body["sequence"], kept.version + 1
        kept.applied.append(body)
        answer = DeskAnswer(DeskAnswerKind.TAKEN, Text("已接收", "taken"), etag=kept.etag)
        self.answered[key] = (body, answer)
        return answer

    def fetch_again(self, application_id: int) -> DeskAnswer:
        fault = self.next_fault()
        if fault is PaperFault.KILL_BEFORE:
            raise Killed
        if fault in LATER:
            return LATER[fault]
        with self.sessions() as session:
            begin_write(session)
            application = session.get_one(Application, application_id)
            kept = self.records[application.number]
            hold = session.get_one(UpstreamHold, application_id)
            if application.record_json == kept.record:
                hold.etag = kept.etag
            else:
                hold.is_different = True
            session.commit()
        if fault is PaperFault.KILL_AFTER:
            raise Killed
        return DeskAnswer(DeskAnswerKind.TAKEN, Text("已获取", "fetched"), etag=kept.etag)

    def change(self, number: str, **fields: Any) -> None:
        """Somebody corrects the record there."""
        kept = self.records[number]
        kept.record = {**kept.record, **fields}
        kept.version += 1

    def settle_difference(self, session: Session, application: Application, accept: bool) -> None:
        """What staff do about a difference here."""
        hold, kept = session.get_one(UpstreamHold, application.id), self.records[application.number]
        if accept:
            application.record_json = kept.record
        hold.etag, hold.is_different = kept.etag, False
