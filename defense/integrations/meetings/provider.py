"""What every meeting provider can do, in words that fit all of them.

A meeting is one panel's half-day. It is created ahead where the provider wants that, and the address of one
person is made at the click (invites.md "Meeting providers").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from defense.domain.text import Text

ADDRESS = "address"
"""In `HeldMeeting.secrets`: where a participant enters."""
PASSWORD = "password"  # noqa: S105  # a key, not a password
"""In `HeldMeeting.secrets`: what a participant is asked for on entering; may be missing."""


class ProviderName(StrEnum):
    """The connectors there are."""

    JITSI = "jitsi"
    BIGBLUEBUTTON = "bigbluebutton"
    TENCENT = "tencent"
    ZOOM = "zoom"
    FIXED = "fixed"
    """A standing conference room with a password, by panel."""


@dataclass(frozen=True)
class MeetingPlan:
    """What a meeting should be. It names no candidate: whoever runs the provider can read it.

    `tag` is random and stays the same for the meeting's whole life. It stands in the subject, so that a
    meeting whose creation was not answered can be found again. Times are aware.
    """

    tag: str
    subject: str
    start_at: datetime
    end_at: datetime
    waiting_room: bool = True


@dataclass(frozen=True)
class HeldMeeting:
    """A meeting that a provider holds. `secrets` are what its addresses are made from (a join address, a
    password, a host's credential): sealed wherever they are kept, and never shown or logged.

    Every connector that has them uses the keys `ADDRESS` and `PASSWORD`.
    """

    id: str
    secrets: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class Participant:
    """Who enters: `id` names them to the provider and tells nothing about them."""

    name: str
    id: str
    moderator: bool


class FailureKind(StrEnum):
    """What to do about a call that failed."""

    LATER = "later"
    """Busy, rate limited or down: try again after a pause, or take the second provider."""
    QUOTA = "quota"
    """Nothing more this month, or no room of that size: only another provider helps."""
    NEVER = "never"
    """Refused for good: wrong credentials, a wrong parameter, a right that is missing."""
    ABSENT = "absent"
    """There is no such meeting (any more)."""
    UNKNOWN = "unknown"
    """The call may have worked: the answer did not come. Look with `find` before anything is tried again."""


class ProviderFailure(Exception):
    """A call to a provider failed. `words` is for staff; it never holds an address, a key or a password."""

    def __init__(self, kind: FailureKind, words: Text, code: str = "") -> None:
        super().__init__(f"{kind}: {words.en}")
        self.kind = kind
        self.words = words
        self.code = code


class MeetingProvider(Protocol):
    """Anything that can hold the video meeting of a panel's half-day.

    Every method but `join_url` may call the network and raises `ProviderFailure`; none retries for longer
    than a few seconds: the caller keeps the state and comes again.
    """

    name: ProviderName
    creates_ahead: bool
    """Whether meetings exist at the provider before anybody enters; otherwise only `join_url` matters."""

    def create(self, plan: MeetingPlan) -> HeldMeeting:
        """Make the meeting. `FailureKind.UNKNOWN` if it may exist all the same."""
        ...

    def find(self, plan: MeetingPlan) -> HeldMeeting | None:
        """The meeting that carries the plan's tag, or None if the provider surely has none."""
        ...

    def move(self, meeting: HeldMeeting, plan: MeetingPlan) -> HeldMeeting:
        """Give it another time or subject; doing so twice does no harm."""
        ...

    def cancel(self, meeting: HeldMeeting) -> None:
        """End it. One that is absent, cancelled or over already counts as done."""
        ...

    def join_url(
        self,
        meeting: HeldMeeting,
        plan: MeetingPlan,
        participant: Participant,
        now: datetime,
        valid_until: datetime,
    ) -> str:
        """The address at which this one person enters now; it is kept nowhere.

        Raises
        ------
        ProviderFailure
            For providers that are asked at the click.
        Forbidden
            `valid_until` has passed.
        """
        ...
