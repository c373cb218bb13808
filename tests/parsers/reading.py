"""What a parser made of a calendar file, in words that all parsers share."""

from __future__ import annotations

from dataclasses import dataclass, replace

DEVICE_ZONES = ("Asia/Shanghai", "Asia/Urumqi", "Europe/Berlin")
"""Where the reader's device is set to; what a message says may not depend on it."""


@dataclass(frozen=True)
class Reading:
    """One calendar with one event, as one parser reads it.

    Times are instants, in milliseconds since 1970. `faults` are the parser's own complaints.
    """

    method: str
    uid: str
    sequence: int
    status: str
    summary: str
    description: str
    stamped_ms: int
    start_ms: int
    end_ms: int
    organizer: str
    organizer_name: str
    attendees: tuple[str, ...]
    attendee_names: tuple[str, ...]
    url: str
    faults: tuple[str, ...] = ()


def differences(expected: Reading, found: Reading) -> list[str]:
    """What is not as expected, a line each; a parser's complaints among them."""
    lines = [f"complains: {fault}" for fault in found.faults]
    plain = replace(found, faults=())
    for name in Reading.__dataclass_fields__:
        if getattr(expected, name) != getattr(plain, name):
            lines.append(f"{name}: {getattr(plain, name)!r} instead of {getattr(expected, name)!r}")
    return lines
