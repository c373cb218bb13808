"""The clock of a defence's present phase, which runs on the server."""

from __future__ import annotations

from typing import Any

from defense.domain.lifecycle import TIMED_STATES, DefenceState
from defense.domain.round_rules import DefenceRules
from defense.domain.vocabulary import Level
from defense.models import Defence
from defense.models.types import utc_now


def start_clock(defence: Defence) -> None:
    """Begin a phase: its clock runs from nought."""
    defence.clock_started_at, defence.clock_elapsed_ms = utc_now(), 0


def stop_clock(defence: Defence) -> None:
    """Let the clock stand; what has passed is kept."""
    defence.clock_elapsed_ms, defence.clock_started_at = elapsed_ms(defence), None


def go_on(defence: Defence) -> None:
    """Let a clock that stands run on."""
    if defence.clock_started_at is None:
        defence.clock_started_at = utc_now()


def elapsed_ms(defence: Defence) -> int:
    """What the present phase has used up by now."""
    since = defence.clock_started_at
    running_ms = 0 if since is None else round((utc_now() - since).total_seconds() * 1000)
    return defence.clock_elapsed_ms + max(0, running_ms)


def clock_view(defence: Defence, rules: DefenceRules) -> dict[str, Any] | None:
    """`{"limit_s", "elapsed_ms", "running_since"}` of a timed phase, else None; no limit is None."""
    if defence.state not in TIMED_STATES:
        return None
    since = defence.clock_started_at
    return {
        "limit_s": limit_s(defence, rules),
        "elapsed_ms": defence.clock_elapsed_ms,
        "running_since": None if since is None else round(since.timestamp() * 1000),
    }


def limit_s(defence: Defence, rules: DefenceRules) -> int | None:
    """Seconds that the present phase may take: statement, the rest of the defence's time, discussion."""
    level = Level(defence.application.level)
    statement_min = rules.statement_min[level]
    minutes = {
        DefenceState.PRESENTING: statement_min,
        DefenceState.QUESTIONING: rules.duration_min[level] - statement_min,
        DefenceState.DISCUSSING: rules.discussion_min,
    }[DefenceState(defence.state)]
    return 60 * minutes or None
