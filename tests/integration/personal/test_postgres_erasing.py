"""On PostgreSQL too a round is exported, read back and erased, and the audit log stays whole."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import sessionmaker

from defense.integrations.attachments import LocalFolder
from defense.models import Application, Expert, Round
from defense.models.types import utc_now
from defense.services.access import Role, create_account
from defense.services.audit_check import verify_audit
from defense.services.keeping.archive_reading import open_archive
from defense.services.keeping.retention import confirm_erasure, export_round, finish_erasures
from defense.services.transaction import begin_write
from tests.finished_round import end_round
from tests.postgres import PostgresServer, engine_of

pytestmark = pytest.mark.postgres


def test_a_round_is_erased(postgres: PostgresServer, published_postgres: str, tmp_path: Path) -> None:
    engine = engine_of(postgres.create_database(published_postgres))
    sessions = sessionmaker(engine)
    with sessions() as session:
        first = create_account(session, Role.STAFF, "王工", "wang", None).id
        second = create_account(session, Role.STAFF, "李工", "li", None).id
        end_round(session)
        round_id = session.scalars(select(Round.id)).one()
        phones = {a.phone for a in session.scalars(select(Application))}
    data = export_round(sessions, round_id, "00" * 32, "", "到期", first)
    assert open_archive(data).records == 24
    with sessions() as session:
        begin_write(session)
        round_ = session.get_one(Round, round_id)
        confirm_erasure(session, round_, hashlib.sha256(data).hexdigest(), "到期", utc_now(), second)
        session.commit()
    assert finish_erasures(sessions, LocalFolder(tmp_path)) == ["2021"]
    with sessions() as session:
        assert all(a.name == a.number and not a.unit for a in session.scalars(select(Application)))
        assert {(e.phone, e.email) for e in session.scalars(select(Expert))} == {("", "")}
        for table in ("invite", "outbox_message", "access_link", "candidate_wish"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
        left = str(session.execute(text("SELECT record_json, assessment_json FROM application")).all())
        assert [phone for phone in phones if phone and phone in left] == []
        assert verify_audit(session).whole
    engine.dispose()
