"""Errors that a person caused and a person can mend. `defense.errors` gives each its HTTP status."""

from __future__ import annotations

from defense.domain.text import Text


class DomainError(Exception):
    """Base of all expected errors; `text` says what is wrong and the way out, in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text


class InvalidInput(DomainError):
    """What was sent cannot be read or breaks a rule of form."""


class NotFound(DomainError):
    """The thing that was named does not exist, or this person may not know of it."""


class Forbidden(DomainError):
    """This person may not do this."""


class IllegalState(DomainError):
    """A legal request at the wrong time: the thing is not in the state it needs to be in."""


class Conflict(DomainError):
    """Somebody else, or an earlier request, has already decided this otherwise."""
