"""What the voting room needs from storage, and what each screen in it is shown."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from voting.rules import Choice

KEY_PATTERN = re.compile(r"(?:[0-9a-f]{2}){16,32}")
# Control characters but tab and line break, and halves of surrogate pairs: some databases keep none of them.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
MAX_COMMENT_LENGTH = 200
MAX_SCORE_TENTHS = 1000
CHOICES = frozenset(choice.value for choice in Choice)
SCORE_PATTERN = re.compile(r"([0-9]{1,3})(?:\.([0-9]))?")


@dataclass(frozen=True)
class BallotRequest:
    """A ballot as a client sends it; `key` is the client's own random number for this ballot."""

    ballot_round_id: str
    choice: Choice
    veto_reason: str | None
    comment: str | None
    key: str
    score_tenths: int | None = None


class MalformedBallot(ValueError):
    """A ballot request that no page of ours can have made; the message names the field."""


def parse_ballot(data: Any) -> BallotRequest:
    """Read a ballot from what a websocket or a form sent; fields that are none of a ballot's are let pass.

    A page fills such a field, `pad`, so that every ballot it sends has the same length.

    Raises
    ------
    MalformedBallot
        Naming the field.
    """
    if not isinstance(data, dict):
        raise MalformedBallot("ballot")
    ballot_round_id, key = data.get("ballot_round_id"), data.get("key")
    if not isinstance(ballot_round_id, str) or not re.fullmatch(r"[0-9a-f]{32}", ballot_round_id):
        raise MalformedBallot("ballot_round_id")
    if not isinstance(key, str) or not KEY_PATTERN.fullmatch(key):
        raise MalformedBallot("key")
    choice = data.get("choice")
    if not isinstance(choice, str) or choice not in CHOICES:
        raise MalformedBallot("choice")
    veto_reason, comment = _text(data, "veto_reason", 50), _text(data, "comment", MAX_COMMENT_LENGTH)
    if choice != Choice.VETO and veto_reason:
        raise MalformedBallot("veto_reason")
    score_tenths = _score(data, Choice(choice))
    return BallotRequest(ballot_round_id, Choice(choice), veto_reason, comment, key, score_tenths)


def _score(data: dict[str, Any], choice: Choice) -> int | None:
    """Tenths of a point: `score_tenths` from a script, `score` such as `85.5` from a plain form."""
    value, written = data.get("score_tenths"), data.get("score")
    if choice is not Choice.SCORE:
        if value is not None:
            raise MalformedBallot("score_tenths")
        return None
    if value is None and isinstance(written, str) and (found := SCORE_PATTERN.fullmatch(written.strip())):
        value = 10 * int(found[1]) + int(found[2] or 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_SCORE_TENTHS:
        raise MalformedBallot("score_tenths")
    return value


def _text(data: dict[str, Any], name: str, max_length: int) -> str | None:
    value = data.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise MalformedBallot(name)
    value = value.replace(
        "\r\n", "\n"
    )  # a form sends line breaks as two characters, its length limit counts one
    if len(value) > max_length or UNPRINTABLE.search(value):
        raise MalformedBallot(name)
    return value.strip() or None


def ballot_receipt(request: BallotRequest, voter_id: int) -> str:
    """A digest that the same ballot of the same voter gives again, and no other does.

    Keyed by the client's random number, which is not stored: who reads the stored receipt cannot try
    the few possible ballots against it.
    """
    content = "\x1f".join(
        (
            request.ballot_round_id,
            str(voter_id),
            request.choice,
            request.veto_reason or "",
            request.comment or "",
            "" if request.score_tenths is None else str(request.score_tenths),
        )
    )
    return hmac.new(bytes.fromhex(request.key), content.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Snapshot:
    """What one person may see of a sitting at one moment.

    `shared` is the same for everyone in the room; `own` is this person's; `console` is for those who conduct
    the sitting or watch over it, else None. Until a ballot closes, none of it differs with what anybody
    chose. The newest `seq` wins.
    """

    seq: int
    shared: dict[str, Any]
    own: dict[str, Any]
    console: dict[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"seq": self.seq, "shared": self.shared, "own": self.own, "console": self.console}


@dataclass(frozen=True)
class Entrance:
    """Somebody was let into a sitting's room."""

    snapshot: Snapshot
    account_id: int
    hears_console: bool


@dataclass(frozen=True)
class Receipt:
    """Answer to a ballot that was stored: now, or earlier by the same request."""

    receipt: str
    sitting_id: int


@dataclass(frozen=True)
class Caller:
    """Who is behind a socket, as the database said when it was asked."""

    sign_in_id: str
    account_id: int
    role: str
    expires_at: datetime


class BallotDesk(Protocol):
    """Storage behind the room. Every call asks the database anew whether this person may act."""

    def enter(self, sign_in_id: str, sitting_id: int) -> Entrance:
        """The snapshot of a sitting for this person; refuses whoever has no place in it."""
        ...

    def cast_ballot(self, sign_in_id: str, request: BallotRequest) -> Receipt:
        """Store a ballot durably, once, before it returns; refuses whoever has no vote."""
        ...

    def news_of(self, sitting_ids: Collection[int]) -> dict[int, dict[str, Any]]:
        """Sitting → `{"seq": …, "shared": …}` for everyone in its room."""
        ...

    def consoles_of(self, sitting_ids: Collection[int]) -> dict[int, dict[str, Any]]:
        """Sitting → what those who conduct or supervise it are shown."""
        ...


class Bell(Protocol):
    """Tells the other processes that there is news. A message may be lost: whoever listens also looks."""

    def ring(self, message: dict[str, Any]) -> None:
        """Tell them; never waits and never fails."""
        ...

    def listen(self, heard: Callable[[dict[str, Any]], None]) -> None:
        """Hear what they tell, for ever."""
        ...
