"""`flask import-attachments`: scans of a folder tree go onto the records; what cannot is named."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.record_json import record_to_json
from defense.domain.record_parts import Attachment, ProofKind, Section, section_of
from defense.integrations.attachments import LocalFolder
from defense.models import Application, AuditEntry, Defence, Round

PDF, JPG = b"%PDF-1.7 scan ", b"\xff\xd8\xff\xe0 photo"
Run = Callable[..., tuple[str, str]]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return tmp_path / "scans"


@pytest.fixture
def put(tree: Path) -> Callable[[str, bytes], str]:
    """Write a file into the tree; gives its digest."""

    def write(path: str, content: bytes) -> str:
        file = tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    return write


@pytest.fixture
def run(app: Flask, loaded: Round, tree: Path) -> Run:
    def run_it(code: str = "2021", exit_code: int = 0) -> tuple[str, str]:
        tree.mkdir(exist_ok=True)
        result = app.test_cli_runner().invoke(args=["import-attachments", str(tree), "--round", code])
        assert result.exit_code == exit_code, result.output
        return result.stdout, result.stderr

    return run_it


@pytest.fixture
def application(session: Session, loaded: Round) -> Application:
    """With two proofs that are only said to be there, and one of the platform's."""
    found = session.scalars(select(Application).order_by(Application.number)).first()
    assert found is not None
    bare = [Attachment(kind, section_of(kind)) for kind in (ProofKind.ID_SCAN, ProofKind.PHOTO)]
    known = Attachment(ProofKind.OTHER, Section.OTHER, "说明.pdf", 10, "ab" * 32, "up-1")
    found.record_json = record_to_json(replace(found.record, attachments=(*bare, known)))
    session.commit()
    return found


def _attachments(session: Session, application: Application) -> tuple[Attachment, ...]:
    session.rollback()
    return application.record.attachments


def _entries(session: Session) -> list[AuditEntry]:
    entries = select(AuditEntry).where(AuditEntry.action == "record.attachments_imported")
    return list(session.scalars(entries))


def test_scans_go_onto_the_record_once(
    app: Flask, session: Session, application: Application, put: Callable, run: Run
) -> None:
    number = application.number
    id_scan = put(f"{number}/身份证扫描件.pdf", PDF)
    photo = put(f"{number}/照片.jpg", JPG)
    works = [put(f"{number}/论文{n}.pdf", PDF + bytes([n])) for n in (1, 2)]
    put(f"{number}/.DS_Store", b"x")
    told, errors = run()
    assert told.strip() == "attachments: 4 recorded on 1 applications, 0 there already, 0 refused"
    assert errors == ""
    found = {a.name: a for a in _attachments(session, application)}
    assert found["身份证扫描件.pdf"] == Attachment(
        ProofKind.ID_SCAN, Section.IDENTITY, "身份证扫描件.pdf", len(PDF), id_scan
    )
    assert (found["照片.jpg"].kind, found["照片.jpg"].sha256) == (ProofKind.PHOTO, photo)
    assert [found[f"论文{n}.pdf"].kind for n in (1, 2)] == [ProofKind.WORKS_PROOF] * 2
    assert found["说明.pdf"].upstream_id == "up-1"
    assert len(found) == 5
    store = LocalFolder(app.extensions["settings"].attachments_dir)
    assert all(store.has(found[f"论文{n}.pdf"]) for n in (1, 2))
    session.rollback()
    (entry,) = _entries(session)
    assert entry.subject == f"application:{application.id}"
    assert entry.detail["files"] == 4
    assert set(entry.detail["attachments"]) == {digest[:12] for digest in (id_scan, photo, *works)}
    assert run()[0].strip() == "attachments: 0 recorded on 0 applications, 4 there already, 0 refused"
    session.rollback()
    assert len(_entries(session)) == 1


def test_what_cannot_be_taken_is_named_and_nothing_else_is_lost(
    app: Flask, session: Session, application: Application, put: Callable, run: Run, tree: Path
) -> None:
    number = application.number
    put(f"{number}/身份证.pdf", PDF)
    put("XJ000000000/身份证.pdf", PDF)
    put(f"{number}/照片.jpg", b"<script>")
    put(f"{number}/说明.docx", b"PK\x03\x04")
    put(f"{number}/空.pdf", b"")
    put(f"{number}/更深/身份证.pdf", PDF)
    put("散落.pdf", PDF)
    put(f"{number}/说明.pdf", PDF + b"other")
    secret = tree.parent / "secret.pdf"
    secret.write_bytes(PDF + b"secret")
    (tree / number / "链接.pdf").symlink_to(secret)
    own = app.extensions["settings"]
    app.extensions["settings"] = replace(own, attachment_max_mb=1)
    put(f"{number}/大.pdf", PDF + b"x" * 1024**2)
    told, errors = run()
    assert told.strip() == "attachments: 1 recorded on 1 applications, 0 there already, 9 refused"
    for path, words in {
        "XJ000000000": "没有这个申报编号",
        f"{number}/照片.jpg": "只收 PDF",
        f"{number}/说明.docx": "只收 PDF",
        f"{number}/空.pdf": "空文件",
        f"{number}/更深": "位置不对",
        "散落.pdf": "位置不对",
        f"{number}/说明.pdf": "管理平台登记的同名附件内容不同",
        f"{number}/链接.pdf": "位置不对",
        f"{number}/大.pdf": "超过1 MB",
    }.items():
        assert any(line.strip().startswith(f"{path}: ") and words in line for line in errors.splitlines()), (
            path
        )
    assert "身份证.pdf" in [a.name for a in _attachments(session, application)]
    kept = [p for p in own.attachments_dir.rglob("*") if p.is_file()]
    assert all(hashlib.sha256(p.read_bytes()).hexdigest() == p.name for p in kept)
    assert not any(b"secret" in p.read_bytes() for p in kept)


def test_a_new_scan_of_the_same_name_replaces_the_old_one(
    session: Session, application: Application, put: Callable, run: Run
) -> None:
    put(f"{application.number}/身份证.pdf", PDF)
    run()
    digest = put(f"{application.number}/身份证.pdf", PDF + b"again")
    run()
    scans = [a for a in _attachments(session, application) if a.kind == ProofKind.ID_SCAN]
    assert [a.sha256 for a in scans] == [digest]


def test_a_record_is_judged_afresh(
    session: Session, application: Application, put: Callable, run: Run
) -> None:
    run()
    session.rollback()
    assert not application.record.has(ProofKind.COMMITMENT_LETTER)
    put(f"{application.number}/承诺书.pdf", PDF)
    run()
    session.rollback()
    assert "no_commitment_letter" not in {f.code for f in application.assessment.findings}
    assert application.record.has(ProofKind.COMMITMENT_LETTER)


def test_once_the_defence_has_begun_no_proof_changes_the_conclusion(
    session: Session,
    application: Application,
    put: Callable,
    run: Run,
    seat: Callable[[Application, str], Defence],
) -> None:
    whole = session.scalars(
        select(Application).where(Application.valid, Application.id != application.id)
    ).first()
    assert whole is not None
    record = whole.record
    others = tuple(a for a in record.attachments if a.kind != ProofKind.COMMITMENT_LETTER)
    whole.record_json = record_to_json(replace(record, attachments=others))
    seat(whole, "presenting")
    put(f"{whole.number}/论文9.pdf", PDF)
    assert "1 recorded" in run()[0]
    put(f"{whole.number}/承诺书.pdf", PDF)
    told, errors = run()
    assert "0 recorded on 0 applications, 1 there already, 1 refused" in told
    assert "答辩已开始" in errors
    session.rollback()
    assert not whole.record.has(ProofKind.COMMITMENT_LETTER)


def test_an_unknown_round_is_named(run: Run) -> None:
    assert "没有批次" in run("1999", exit_code=1)[1]
