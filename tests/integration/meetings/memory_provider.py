"""A provider in memory that fails as told."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from defense.domain.text import Text
from defense.integrations.meetings.provider import (
    FailureKind,
    HeldMeeting,
    MeetingPlan,
    Participant,
    ProviderFailure,
    ProviderName,
)


class Killed(BaseException):
    """The process ends here, as by SIGKILL: nothing after it is written."""


@dataclass
class MemoryProvider:
    name: ProviderName
    creates_ahead: bool = True
    faults: deque[str] = field(default_factory=deque)
    meetings: dict[str, MeetingPlan] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def _before(self, call: str) -> str:
        self.calls.append(call)
        fault = self.faults.popleft() if self.faults else ""
        if fault in ("later", "quota", "never", "unknown"):
            raise ProviderFailure(FailureKind(fault), Text("故障", fault))
        if fault == "killed_before":
            raise Killed
        return fault

    def _after(self, fault: str) -> None:
        if fault == "unknown_after":
            raise ProviderFailure(FailureKind.UNKNOWN, Text("超时", "timed out"))
        if fault == "killed_after":
            raise Killed

    def create(self, plan: MeetingPlan) -> HeldMeeting:
        fault = self._before("create")
        id_ = f"{self.name}-{next(self.numbers)}"
        self.meetings[id_] = plan
        self._after(fault)
        return HeldMeeting(id_, {"join_url": f"https://meet.example.org/{id_}"})

    def find(self, plan: MeetingPlan) -> HeldMeeting | None:
        fault = self._before("find")
        found = [id_ for id_, there in self.meetings.items() if there.tag == plan.tag]
        self._after(fault)
        return HeldMeeting(found[0], {"join_url": f"https://meet.example.org/{found[0]}"}) if found else None

    def move(self, meeting: HeldMeeting, plan: MeetingPlan) -> HeldMeeting:
        fault = self._before("move")
        if meeting.id not in self.meetings:
            raise ProviderFailure(FailureKind.ABSENT, Text("不存在", "absent"))
        self.meetings[meeting.id] = plan
        self._after(fault)
        return meeting

    def cancel(self, meeting: HeldMeeting) -> None:
        fault = self._before("cancel")
        self.meetings.pop(meeting.id, None)
        self._after(fault)

    def join_url(
        self,
        meeting: HeldMeeting,
        plan: MeetingPlan,
        participant: Participant,
        now: datetime,
        valid_until: datetime,
    ) -> str:
        return meeting.secrets["join_url"]
