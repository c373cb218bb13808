"""The files behind a record: who gets them, what is written down, and what is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.record_json import record_to_json
from defense.domain.record_parts import Attachment, ProofKind, section_of
from defense.models import Account, Application, AuditEntry, DeclaredRecusal, Defence, Expert
from defense.services.records.attachments import attachment_key

Enter = Callable[[str], FlaskClient]
SCAN = b"%PDF-1.4 a scan"
DIGEST = hashlib.sha256(SCAN).hexdigest()


def scan(kind: ProofKind, name: str) -> Attachment:
    return Attachment(kind, section_of(kind), name, len(SCAN), DIGEST)


WORKS = scan(ProofKind.WORKS_PROOF, "论文 1\n.pdf")
ID_SCAN = scan(ProofKind.ID_SCAN, "id.pdf")


@pytest.fixture
def application_id(published_app: Flask, people: object, published_database: Callable) -> int:
    """The first candidate of the sitting, with two files in the folder."""

    def give_files(session: Session) -> int:
        application = session.get_one(Defence, people.defence_ids[0]).application  # type: ignore[attr-defined]
        bare = Attachment(ProofKind.PHOTO, section_of(ProofKind.PHOTO))
        record = replace(application.record, attachments=(WORKS, ID_SCAN, bare))
        application.record_json = record_to_json(record)
        return application.id

    path = _folder(published_app) / DIGEST[:2] / DIGEST
    path.parent.mkdir(parents=True)
    path.write_bytes(SCAN)
    number: int = published_database(give_files)
    return number


def _folder(app: Flask) -> Path:
    folder: Path = app.extensions["settings"].attachments_dir
    return folder


def _address(application_id: int, attachment: Attachment = WORKS) -> str:
    return f"/applications/{application_id}/attachments/{attachment_key(attachment)}"


def _entries(session: Session) -> list[tuple[str, dict[str, str]]]:
    opened = select(AuditEntry).where(AuditEntry.action == "record.attachment_opened")
    return [(entry.subject, entry.detail) for entry in session.scalars(opened)]


def test_the_office_and_the_panel_get_the_file_and_every_look_is_written_down(
    enter: Enter, application_id: int, published_database: Callable
) -> None:
    for name in ("staff", "supervisor", "expert0", "secretary"):
        answer = enter(name).get(_address(application_id))
        assert answer.status_code == 200, name
        assert answer.data == SCAN
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert "%0A" not in answer.headers["Content-Disposition"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert int(answer.headers["Content-Length"]) == len(SCAN)
    entries = published_database(_entries)
    detail = {"proof": "works_proof", "attachment": attachment_key(WORKS)}
    assert entries == [(f"application:{application_id}", detail)] * 4
    page = enter("staff").get("/audit").get_data(as_text=True)
    assert "调阅附件" in page


def test_scans_with_personal_data_are_for_the_office(enter: Enter, application_id: int) -> None:
    address = _address(application_id, ID_SCAN)
    assert enter("staff").get(address).status_code == 200
    for name in ("expert0", "secretary"):
        answer = enter(name).get(address)
        assert (answer.status_code, SCAN in answer.data) == (403, False), name


def test_others_are_refused(
    enter: Enter, application_id: int, published_database: Callable, published_app: Flask
) -> None:
    def elsewhere(session: Session) -> int:
        """Somebody on whom the panel does not sit."""
        application = session.get_one(Application, application_id)
        other = session.scalars(
            select(Application).where(Application.id != application_id, ~Application.defences.any())
        ).first()
        assert other is not None
        other.record_json = record_to_json(replace(other.record, attachments=application.record.attachments))
        return other.id

    other = published_database(elsewhere)
    assert enter("candidate0").get(_address(application_id)).status_code == 403
    assert enter("expert0").get(_address(other)).status_code == 403
    assert enter("secretary").get(_address(other)).status_code == 403
    answer = published_app.test_client().get(_address(application_id))
    assert answer.status_code == 302 and "/login" in answer.headers["Location"]
    assert published_database(_entries) == []


def test_a_recused_panelist_is_refused(
    enter: Enter, application_id: int, published_database: Callable
) -> None:
    expert0 = enter("expert0")
    assert expert0.get(_address(application_id)).status_code == 200

    def recuse(session: Session) -> None:
        staff = session.scalars(select(Account.id).where(Account.username == "staff")).one()
        for expert in session.scalars(select(Expert)):
            session.add(
                DeclaredRecusal(
                    application_id=application_id, expert_id=expert.id, reason="师生", account_id=staff
                )
            )

    published_database(recuse)
    assert expert0.get(_address(application_id)).status_code == 403


@pytest.mark.parametrize(
    "key",
    [
        "0",
        "1",
        "0" * 16,
        DIGEST,
        "..%2f..%2fsecret",
        attachment_key(Attachment(ProofKind.PHOTO, section_of(ProofKind.PHOTO))),
    ],
)
def test_a_forged_key_finds_nothing(enter: Enter, application_id: int, key: str) -> None:
    assert enter("staff").get(f"/applications/{application_id}/attachments/{key}").status_code == 404


def test_a_missing_and_a_damaged_file_are_told_apart(
    enter: Enter, application_id: int, published_app: Flask
) -> None:
    staff, path = enter("staff"), _folder(published_app) / DIGEST[:2] / DIGEST
    path.write_bytes(b"%PDF-1.4 another")
    answer = staff.get(_address(application_id))
    assert (answer.status_code, "摘要不一致" in answer.get_data(as_text=True)) == (409, True)
    path.unlink()
    answer = staff.get(_address(application_id))
    assert (answer.status_code, "附件文件夹" in answer.get_data(as_text=True)) == (404, True)


def test_a_damaged_file_at_hand_does_not_hide_the_one_upstream(
    enter: Enter, application_id: int, published_app: Flask
) -> None:
    class Upstream:
        def has(self, attachment: Attachment) -> bool:
            return True

        def chunks(self, attachment: Attachment) -> list[bytes]:
            return [SCAN[:5], SCAN[5:]]

    published_app.extensions["attachment_sources"].append(Upstream())
    (_folder(published_app) / DIGEST[:2] / DIGEST).write_bytes(b"%PDF-1.4 another")
    assert enter("staff").get(_address(application_id)).data == SCAN
