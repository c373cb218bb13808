"""What the voting room needs from storage, and what each screen in it is shown."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any, Protocol

from voting.rules import Choice

KEY_PATTERN = re.compile(r"(?:[0-9a-f]{2}){16,32}")
# Control characters but tab and line break, and halves of surrogate pairs: some databases keep none of them.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
MAX_COMMENT_LENGTH = 500


@dataclass(frozen=True)
class BallotRequest:
    """A ballot as a client sends it; `key` is the client's own random number for this ballot."""

    ballot_round_id: str
    choice: Choice
    veto_reason: str | None
    comment: str | None
    key: str


class MalformedBallot(ValueError):
    """A ballot request that no page of ours can have made; the message names the field."""


def parse_ballot(data: Any) -> BallotRequest:
    """Read a ballot from what a websocket or a form sent.

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
    if not isinstance(choice, str) or choice not in set(Choice):
        raise MalformedBallot("choice")
    veto_reason, comment = _text(data, "veto_reason", 50), _text(data, "comment", MAX_COMMENT_LENGTH)
    if choice != Choice.VETO and (veto_reason or comment):
        raise MalformedBallot("veto_reason")
    return BallotRequest(ballot_round_id, Choice(choice), veto_reason, comment, key)


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
        )
    )
    return hmac.new(bytes.fromhex(request.key), content.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Snapshot:
    """What one person may see of a sitting at one moment.

    `shared` is the same for everyone in the room; `own` is this person's. Until a ballot closes, neither
    differs with what anybody chose. A client that misses a `seq` asks for a new snapshot.
    """

    seq: int
    shared: dict[str, Any]
    own: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"seq": self.seq, "shared": self.shared, "own": self.own}


@dataclass(frozen=True)
class Receipt:
    """Answer to a ballot that was stored: now, or earlier by the same request."""

    receipt: str
    sitting_id: int


class BallotDesk(Protocol):
    """Storage behind the room. Every call asks the database anew whether this person may act."""

    def enter(self, sign_in_id: str, sitting_id: int) -> Snapshot:
        """The snapshot of a sitting for this person; refuses whoever has no place in it."""
        ...

    def cast_ballot(self, sign_in_id: str, request: BallotRequest) -> Receipt:
        """Store a ballot durably, once, before it returns."""
        ...

    def shared_snapshot(self, sitting_id: int) -> dict[str, Any]:
        """`{"seq": …, "shared": …}` for everyone in the room."""
        ...
