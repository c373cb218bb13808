"""A round in a SQLite file, and the workbooks of an invented one to take in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from records_workbooks import CANDIDATES, Workbook
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.domain.round_rules import parse_round_rules
from defense.extensions import db
from defense.integrations.sample_data import write_sample_data
from defense.models import Account, Application, Defence, Panel, Round, Sitting
from defense.services.access import Role, create_account
from defense.services.imports.comparing import ImportCounts
from defense.services.rounds import RULE_FILES_DIR, ensure_round
from tests.conftest import make_app
from tests.importing import import_workbook


@pytest.fixture(scope="session")
def workbooks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Workbook]:
    """The three workbooks of an invented round, by kind; one application in twelve has a fault."""
    directory = tmp_path_factory.mktemp("workbooks")
    rules = parse_round_rules((RULE_FILES_DIR / "2021.toml").read_text(encoding="utf-8"))
    write_sample_data(directory, CANDIDATES, 5, date(2021, 11, 22), rules, whole=4)
    return {path.stem: Workbook(path.read_bytes()) for path in directory.glob("*.xlsx")}


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session on an empty migrated database."""
    with app.app_context(), sessionmaker(db.engine)() as session:
        yield session


@pytest.fixture
def round_(session: Session) -> Round:
    return ensure_round(session, "2021")


@pytest.fixture
def staff(session: Session) -> Account:
    return create_account(session, Role.STAFF, "王工", "staff", None)


@pytest.fixture
def take_in(session: Session, round_: Round, staff: Account) -> Callable[[str, Workbook], ImportCounts]:
    """Import a workbook and commit."""

    def take(kind: str, workbook: Workbook) -> ImportCounts:
        counts = import_workbook(session, round_, kind, workbook.data, staff.id)
        session.commit()
        return counts

    return take


@pytest.fixture(scope="session")
def loaded_sqlite(
    tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path, workbooks: dict[str, Workbook]
) -> Path:
    """A SQLite file with the round, the member of staff, experts, panels and applications."""
    directory = tmp_path_factory.mktemp("loaded")
    with make_app(directory, migrated_sqlite).app_context():
        with sessionmaker(db.engine)() as session:
            round_ = ensure_round(session, "2021")
            staff = create_account(session, Role.STAFF, "王工", "staff", None)
            for kind in ("experts", "panels", "applications"):
                import_workbook(session, round_, kind, workbooks[kind].data, staff.id)
            session.commit()
        db.engine.dispose()
    return directory / "defence.sqlite3"


@pytest.fixture
def loaded(session: Session, round_: Round, staff: Account, loaded_sqlite: Path) -> Round:
    """A round with experts, panels and applications."""
    session.commit()
    file = db.engine.url.database
    assert file is not None
    db.engine.dispose()
    # In it the round and the member of staff are the same first rows.
    shutil.copy(loaded_sqlite, file)
    return round_


@pytest.fixture
def seat(session: Session, loaded: Round) -> Callable[[Application, str], Defence]:
    """Put somebody into a published sitting, in some state."""

    def put(application: Application, state: str = "waiting") -> Defence:
        panel = session.scalars(select(Panel).where(Panel.round_id == loaded.id)).first()
        assert panel is not None
        start_at = panel.half_days[0].start_at
        sitting = Sitting(
            round_id=loaded.id,
            panel_id=panel.id,
            half_day_id=panel.half_days[0].id,
            start_at=start_at,
            end_at=start_at + timedelta(minutes=15),
        )
        defence = Defence(
            application_id=application.id,
            sitting=sitting,
            start_at=start_at,
            end_at=sitting.end_at,
            state=state,
            decided_at=datetime(2021, 11, 22, 3, tzinfo=UTC) if state == "closed" else None,
        )
        session.add_all((sitting, defence))
        session.commit()
        return defence

    return put


@pytest.fixture
def dump(session: Session) -> Callable[[], dict[str, list[Any]]]:
    """Every row of every table, but for the uploads themselves."""

    def read() -> dict[str, list[Any]]:
        tables = [table for table in db.metadata.sorted_tables if table.name != "import_batch"]
        return {table.name: session.execute(select(table)).all() for table in tables}

    return read
