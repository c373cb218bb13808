"""Files of a round's attachments: copied out checked, then deleted but for those that others still name."""

from __future__ import annotations

import hashlib
import io
import os
import time
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.domain.errors import InvalidInput
from defense.extensions import db
from defense.integrations.attachments import LocalFolder
from defense.models import Account, Application, AuditEntry, Round
from defense.services.access import Role, create_account
from defense.services.keeping.erasing_files import STRAY_AFTER_S, erase_files, erase_stray_files
from defense.services.records.attachment_export import allow_files, copy_files

OWN, SHARED, GONE, YOUNG = (f"%PDF-1.4 {name}".encode() for name in ("own", "shared", "gone", "young"))


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def kept(folder: LocalFolder) -> set[str]:
    return {path.name for path in folder.directory.rglob("*") if path.is_file()}


def name_files(application: Application, *files: bytes) -> None:
    """The record says that it has just these."""
    attachments = [
        {
            "kind": "other",
            "section": "other",
            "name": f"证明{i}.pdf",
            "size": len(data),
            "sha256": digest(data),
        }
        for i, data in enumerate(files)
    ]
    application.record_json = application.record_json | {"attachments": attachments}


@pytest.fixture
def folder(tmp_path: Path) -> LocalFolder:
    found = LocalFolder(tmp_path / "files")
    for data in (OWN, SHARED, GONE, YOUNG):
        found.keep(io.BytesIO(data), digest(data))
    long_ago = time.time() - STRAY_AFTER_S - 60
    for path in found.directory.rglob("*"):
        if path.is_file() and path.name != digest(YOUNG):
            os.utime(path, (long_ago, long_ago))
    return found


def rounds(session: Session) -> tuple[Round, Application]:
    """The round that goes, with one application that has files, and another round that has one of them."""
    round_ = session.scalars(select(Round)).one()
    first, second, *_others = session.scalars(select(Application).order_by(Application.id))
    name_files(first, OWN, SHARED)
    other = Round(code="2022", rules_toml=round_.rules_toml)
    session.add(other)
    session.flush()
    second.round_id = other.id
    name_files(second, SHARED)
    session.flush()
    return round_, first


def test_only_what_nobody_else_names_is_deleted(published_app: Flask, folder: LocalFolder) -> None:
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        round_, first = rounds(session)
        for _again in range(2):
            erase_files(session, round_, folder)
            assert kept(folder) == {digest(data) for data in (SHARED, GONE, YOUNG)}
        name_files(first)
        session.flush()
        erase_stray_files(session, folder)
        assert kept(folder) == {digest(SHARED), digest(YOUNG)}


def test_they_are_copied_out_checked_and_it_is_written_down(
    published_app: Flask, folder: LocalFolder, tmp_path: Path
) -> None:
    with published_app.app_context(), sessionmaker(db.engine)() as session:
        round_, first = rounds(session)
        account: Account = create_account(session, Role.STAFF, "李工", "li", None)
        with pytest.raises(InvalidInput):
            allow_files(session, round_, account.id, " ")
        allow_files(session, round_, account.id, "归档")
        done = copy_files(session, round_, folder, tmp_path / "out", 1 << 20)
        assert done.copied == 2 and done.elsewhere > 0 and done.damaged == ()
        out = tmp_path / "out" / first.number
        assert {path.read_bytes() for path in out.iterdir()} == {OWN, SHARED}
        (folder.directory / digest(OWN)[:2] / digest(OWN)).write_bytes(b"%PDF-1.4 ow!")
        again = copy_files(session, round_, folder, tmp_path / "again", 1 << 20)
        assert again.damaged == (f"{first.number} 证明0.pdf",)
        taken = select(AuditEntry.detail).where(AuditEntry.action == "export.taken")
        assert session.scalars(taken).one()["table"] == "附件文件"
