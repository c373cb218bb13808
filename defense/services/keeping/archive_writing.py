"""A round as one archive: records, experts, results, minutes, seals, audit log and uploads, with digests."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.integrations.workbooks import write_table
from defense.models import (
    Application,
    Ballot,
    BallotRound,
    Defence,
    Expert,
    ImportBatch,
    Round,
    Seal,
    Sitting,
)
from defense.models.types import utc_now
from defense.services.access import Principal, Role
from defense.services.audit import canonical_json
from defense.services.audit_export import export_audit
from defense.services.exports import export_results, export_timetable
from defense.services.keeping.archive_reading import AUDIT, FORMAT, MANIFEST, RECORDS, VERSION
from defense.services.results import conclusion_of
from defense.services.room.minutes import minutes_of
from defense.services.timetable.schedules import latest_schedule

EXPERTS = "experts.jsonl"
CHUNK = 200
_README = """\
本存档含一个批次的申报记录、专家、结果、会议记录、封存、审计记录和上传表格，
均为完整个人信息，请按档案规定保管。manifest.json 列出每个文件的 SHA-256；
用 flask retention open 核对并解开；audit.jsonl 可用 tools/verify_audit.py 核对。

This archive holds a round with all its personal data: keep it as the rules for files say.
manifest.json names the SHA-256 of every file; flask retention open checks
and unpacks it; tools/verify_audit.py checks audit.jsonl.
"""
_READER = Principal(0, Role.SUPERVISOR, "", "", None, None)
"""As the supervisor reads the minutes: whole."""


def write_archive(
    session: Session, round_: Round, public_key: str, breathe: Callable[[], None] = lambda: None
) -> bytes:
    """The archive as a zip file; the caller's transaction sees one moment of the database (`begin_snapshot`).

    Parameters
    ----------
    public_key : of the seals, in hex.
    breathe : called now and then, so that a server can look after others meanwhile.
    """
    stream, stated, records = io.BytesIO(), dict[str, dict[str, Any]](), 0
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as parts:
        for name, lines in _files(session, round_, public_key):
            digest, size = hashlib.sha256(), 0
            with parts.open(name, "w", force_zip64=True) as part:
                for number, line in enumerate(lines):
                    part.write(line)
                    digest.update(line)
                    size += len(line)
                    records += name == RECORDS
                    if number % CHUNK == 0:
                        breathe()
            stated[name] = {"sha256": digest.hexdigest(), "size": size}
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "round": round_.code,
            "made_at": utc_now().isoformat(timespec="seconds"),
            "records": records,
            "public_key": public_key,
            "files": stated,
        }
        parts.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
    return stream.getvalue()


def content_digest(session: Session, round_: Round) -> str:
    """SHA-256 over records and experts as they are: another one means that an archive is out of date."""
    digest = hashlib.sha256()
    for lines in (_record_lines(session, round_), _expert_lines(session, round_)):
        for line in lines:
            digest.update(line)
    return digest.hexdigest()


def _files(session: Session, round_: Round, public_key: str) -> Iterator[tuple[str, Iterator[bytes]]]:
    yield "README.txt", iter([_README.encode()])
    yield "round.json", iter([_line({"code": round_.code, "rules": round_.rules_toml})])
    yield RECORDS, _record_lines(session, round_)
    yield EXPERTS, _expert_lines(session, round_)
    yield "results.xlsx", iter([write_table(export_results(session, round_))])
    if latest_schedule(session, round_) is not None:
        yield "timetable.xlsx", iter([write_table(export_timetable(session, round_))])
    sittings = session.scalars(select(Sitting).where(Sitting.round_id == round_.id).order_by(Sitting.id))
    for sitting in sittings.all():
        minutes = asdict(minutes_of(session, _READER, sitting))
        yield f"minutes/sitting-{sitting.id}.json", iter([_line(minutes)])
    yield "seals.jsonl", _seal_lines(session, round_)
    yield "ballots.jsonl", _ballot_lines(session, round_)
    uploads = select(ImportBatch).where(ImportBatch.round_id == round_.id).order_by(ImportBatch.id)
    for batch in session.scalars(uploads).all():
        yield f"uploads/{batch.id}-{batch.kind}.xlsx", iter([batch.data])
    yield AUDIT, (line.encode() for line in export_audit(session, public_key))


def _record_lines(session: Session, round_: Round) -> Iterator[bytes]:
    query = select(Application).where(Application.round_id == round_.id).order_by(Application.id)
    for application in session.scalars(query.execution_options(yield_per=CHUNK)):
        yield _line(
            {
                "number": application.number,
                "record": application.record_json,
                "assessment": application.assessment_json,
                "ruled_valid": application.ruled_valid,
                "ruled_requirement": application.ruled_requirement,
                "fee_override": application.fee_override,
                "conclusion": conclusion_of(application),
                "rulings": [
                    [r.subject, r.decision, r.reason, r.account.display_name, r.made_at]
                    for r in application.rulings
                ],
                "recusals": [[r.expert_id, r.reason, r.declared_at] for r in application.recusals],
                "wishes": [[w.kind, w.start_at, w.end_at, w.asked_by] for w in application.wishes],
                "attendees": [[a.expert.name, a.purpose] for a in application.attendees],
                "defences": [_defence(defence) for defence in application.defences],
            }
        )


def _defence(defence: Defence) -> dict[str, Any]:
    return {
        "attempt": defence.attempt,
        "sitting": defence.sitting_id,
        "start_at": defence.start_at,
        "state": defence.state,
        "outcome": defence.outcome,
        "decided_at": defence.decided_at,
        "reopenings": [[r.kind, r.cause, r.reason, r.asked_at, r.granted] for r in defence.reopenings],
        "votes": [[r.id, r.number, r.rule, r.terms, r.tally, r.void_reason] for r in defence.ballot_rounds],
    }


def _expert_lines(session: Session, round_: Round) -> Iterator[bytes]:
    query = select(Expert).where(Expert.round_id == round_.id).order_by(Expert.id)
    fields = ("id", "number", "name", "unit", "level", "series", "specialties", "phone", "email")
    for expert in session.scalars(query):
        yield _line({name: getattr(expert, name) for name in (*fields, "unavailable_json")})


def _seal_lines(session: Session, round_: Round) -> Iterator[bytes]:
    query = select(Seal).join(Sitting, Sitting.id == Seal.sitting_id).where(Sitting.round_id == round_.id)
    for seal in session.scalars(query.order_by(Seal.sitting_id)):
        yield _line(
            {
                "sitting": seal.sitting_id,
                "statement": seal.statement,
                "signature": seal.signature,
                "public_key": seal.public_key,
                "sealed_at": seal.sealed_at,
            }
        )


def _ballot_lines(session: Session, round_: Round) -> Iterator[bytes]:
    """The counted ballots: of secret ones no voter is kept anywhere."""
    query = (
        select(Ballot)
        .join(BallotRound, BallotRound.id == Ballot.ballot_round_id)
        .join(Defence, Defence.id == BallotRound.defence_id)
        .join(Sitting, Sitting.id == Defence.sitting_id)
        .where(Sitting.round_id == round_.id)
        .order_by(Ballot.ballot_round_id, Ballot.id)
    )
    fields = ("ballot_round_id", "choice", "score_tenths", "veto_reason", "comment", "expert_id")
    for ballot in session.scalars(query):
        yield _line({name: getattr(ballot, name) for name in fields})


def _line(content: Any) -> bytes:
    # Moments as ISO 8601; the round trip turns them into text before the canonical form is made.
    plain = json.loads(json.dumps(content, ensure_ascii=False, default=_plain))
    return (canonical_json(plain) + "\n").encode()


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
