"""What every `flask` command needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask import current_app

from defense.domain.errors import DomainError
from defense.migrating import ensure_database
from defense.settings import Settings


def named_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turn expected errors into a message and exit status 1."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except DomainError as error:
            raise click.ClickException(str(error.text)) from error
        except OSError as error:
            raise click.ClickException(str(error)) from error

    return wrapped


def told_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Make the database ready, and turn expected errors into a message and exit status 1."""

    @wraps(command)
    def with_database(*args: Any, **kwargs: Any) -> None:
        ensure_database()
        command(*args, **kwargs)

    return named_errors(with_database)


def settings() -> Settings:
    """The settings of this installation."""
    found: Settings = current_app.extensions["settings"]
    return found
