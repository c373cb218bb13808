"""On PostgreSQL too a large workbook is looked at and taken in by processes of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from bench.records.workbooks import write_applications
from defense.app import create_app
from defense.extensions import db
from defense.models import Application, ApplicationFinding, AuditEntry, ImportBatch, Round
from defense.services.imports.running import APPLY, PREVIEW, run_of, start_apply, start_preview, watch_import
from defense.services.transaction import begin_write
from tests.conftest import make_settings
from tests.postgres import PostgresServer

pytestmark = pytest.mark.postgres
ROWS = 350


def test_new_and_changed_rows(postgres: PostgresServer, published_postgres: str, tmp_path: Path) -> None:
    url = postgres.create_database(published_postgres)
    with create_app(make_settings(tmp_path, DATABASE_URL=url)).app_context():
        factory = sessionmaker(db.engine)
        with factory() as session:
            before = _count(session, Application), _count(session, ApplicationFinding)
        counts = _imported(factory, url, tmp_path, "甲单位")
        assert (counts["new"], counts["changed"]) == (ROWS, 0)
        with factory() as session:
            application = session.scalars(
                select(Application).where(Application.number == "XJ2021000001")
            ).one()
            assert (application.record.unit, application.unit) == ("甲单位", "甲单位")
            assert application.assessment_json is not None and application.assessment_json["findings"]
            after_first = _count(session, Application), _count(session, ApplicationFinding)
            assert after_first[0] == before[0] + ROWS
        counts = _imported(factory, url, tmp_path, "乙单位")
        assert (counts["new"], counts["changed"]) == (0, ROWS)
        with factory() as session:
            assert (_count(session, Application), _count(session, ApplicationFinding)) == after_first
            units = session.scalars(select(Application.unit).where(Application.unit.like("_单位"))).all()
            assert units == ["乙单位"] * ROWS
            applied = (
                select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "import.applied")
            )
            assert session.scalar(applied) == 3 + 2
        db.engine.dispose()


def _imported(factory: sessionmaker[Session], url: str, directory: Path, unit: str) -> dict[str, int]:
    path = directory / f"{unit}.xlsx"
    environment = {"DATABASE_URL": url, "INSTANCE_DIR": str(directory)}
    with factory() as session:
        begin_write(session)
        round_ = session.scalars(select(Round)).one()
        write_applications(path, round_.rules, ROWS, unit)
        batch_id = start_preview(session, round_, path.name, path.read_bytes(), None).id
        session.commit()
    watch_import(factory, batch_id, PREVIEW, None, environment)
    with factory() as session:
        begin_write(session)
        batch = session.get_one(ImportBatch, batch_id)
        assert run_of(batch) is None, batch.report
        start_apply(session, batch)
        session.commit()
    watch_import(factory, batch_id, APPLY, None, environment)
    with factory() as session:
        batch = session.get_one(ImportBatch, batch_id)
        assert batch.applied_at is not None, batch.report
        counts: dict[str, int] = batch.report["counts"]
        return counts


def _count(session: Session, table: type[Application] | type[ApplicationFinding]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0
