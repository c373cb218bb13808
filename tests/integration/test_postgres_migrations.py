"""Migrations and models agree on both databases, and go up and down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, select, text

from defense.app import create_app
from defense.domain.record_parts import ProofKind, TrainingKind
from defense.extensions import db, migrate
from defense.migrating import ensure_database
from defense.models import Application, ApplicationFinding
from tests.conftest import make_settings
from tests.postgres import PostgresServer


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def fresh_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An application whose database is empty."""
    environ = {}
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        environ["DATABASE_URL"] = server.create_database()
    app = create_app(make_settings(tmp_path, **environ))
    with app.app_context():
        yield app
        db.engine.dispose()


def test_the_newest_migration_is_what_the_models_say(fresh_app: Flask) -> None:
    ensure_database()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []
        head = ScriptDirectory(migrate.directory).get_current_head()
        assert context.get_current_revision() == head
    ensure_database()  # a second start finds nothing to do


def test_there_is_one_newest_migration() -> None:
    directory = Path(__file__).parents[2] / "defense" / "migrations"
    assert len(ScriptDirectory(str(directory)).get_heads()) == 1


def test_down_and_up_again(fresh_app: Flask) -> None:
    ensure_database()
    tables = set(inspect(db.engine).get_table_names())
    assert set(db.metadata.tables) <= tables
    downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
    upgrade()
    assert set(inspect(db.engine).get_table_names()) == tables


def test_records_of_an_older_release_become_whole(published_app: Flask) -> None:
    """0010 and back: what the flat records say of proofs and years, the whole ones made of them say too."""

    def flat_records() -> list[str]:
        db.session.remove()
        downgrade(revision="0009")
        with db.engine.connect() as connection:
            rows = connection.execute(text("SELECT number, record_json FROM application ORDER BY number"))
            return [f"{number} {record}" for number, record in rows]

    with published_app.app_context():
        before = flat_records()
        assert any('"has_id_scan": true' in record and '"degrees"' not in record for record in before)
        upgrade()
        for application in db.session.scalars(select(Application)):
            assert application.record.has(ProofKind.ID_SCAN)
            assert application.record.training_years(TrainingKind.PUBLIC)
        assert flat_records() == before != []
        upgrade()


def test_findings_of_an_older_release_become_rows(published_app: Flask) -> None:
    """0011: the table is filled from the assessments."""

    def rows() -> set[tuple[int, str, str, str]]:
        found = db.session.scalars(select(ApplicationFinding).execution_options(populate_existing=True))
        return {(row.application_id, row.rule, row.severity, row.section) for row in found}

    with published_app.app_context():
        before = rows()
        db.session.remove()
        downgrade(revision="0010")
        upgrade()
        assert rows() == before != set()
