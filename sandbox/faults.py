"""Going wrong on demand, by a seed, so that a run can be repeated."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field

BEFORE = ("timeout", "cut", "429", "500", "502", "503", "504")
"""Instead of acting."""
AFTER = ("cut_after", "timeout_after", "truncated", "slow", "not_json")
"""After acting, in place of the answer."""
KINDS = (*BEFORE, *AFTER)


@dataclass
class Faults:
    """Kinds of fault with the share of requests that each of them hits."""

    shares: dict[str, float] = field(default_factory=dict)
    seed: int = 0
    hold_s: float = 3.0
    """How long a request hangs that is to run into its time limit."""
    at_gate: bool = False
    """Whether who asks for a token is hit too."""

    def __post_init__(self) -> None:
        for kind, share in self.shares.items():
            if kind not in KINDS:
                raise ValueError(f"{kind}: no such fault; one of {', '.join(KINDS)}")
            if not 0 <= share <= 1:
                raise ValueError(f"{kind}: the share {share} is not between 0 and 1")
        self._random, self._lock = random.Random(self.seed), threading.Lock()  # noqa: S311 - no secret

    @classmethod
    def parse(cls, text: str, seed: int = 0, hold_s: float = 3.0) -> Faults:
        """Read `timeout=0.05,429=0.1`; empty for none.

        Raises
        ------
        ValueError
            Naming the part that cannot be read.
        """
        shares = {}
        for part in filter(None, text.split(",")):
            kind, _, share = part.partition("=")
            try:
                shares[kind.strip()] = float(share)
            except ValueError as error:
                raise ValueError(f"{part.strip()}: write a fault as kind=share, e.g. 429=0.1") from error
        return cls(shares, seed, hold_s)

    def draw(self) -> str:
        """The fault of the next request; empty for none."""
        with self._lock:
            place = self._random.random()
        for kind, share in self.shares.items():
            place -= share
            if place < 0:
                return kind
        return ""


@dataclass
class Lies:
    """What the change feed says that is not so."""

    total: int | None = None
    """In place of the number of applications."""
    has_more: bool | None = None
    repeat_cursor: bool = False
    """The cursor that was asked with is given out again, as the next one."""
