"""What every `flask` command needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import click
from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.domain.errors import DomainError, NotFound
from defense.domain.text import Text
from defense.extensions import db
from defense.migrating import ensure_database
from defense.models import Round
from defense.services.transaction import begin_write
from defense.settings import Settings

SHOWN_ERRORS = 20
"""How many lines of what is wrong a command prints."""

round_option = click.option("--round", "code", default="2021", show_default=True, help="Code of the round.")
file_out = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
file_in = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


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


@contextmanager
def writing() -> Iterator[Session]:
    """A session whose transaction is committed when the block ends well."""
    with sessionmaker(db.engine)() as session:
        begin_write(session)
        yield session
        session.commit()


def existing_round(session: Session, code: str) -> Round:
    """The round of that code.

    Raises
    ------
    NotFound
        There is none.
    """
    round_ = session.scalar(select(Round).where(Round.code == code))
    if round_ is None:
        raise NotFound(
            Text(
                f"没有批次“{code}”，请先导入数据。", f"There is no round “{code}” yet; import its data first."
            )
        )
    return round_
