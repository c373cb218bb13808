"""Fills a platform with invented applications whose records are whole."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random

from defense.domain.application import ApplicationRecord
from defense.domain.record_json import record_to_json
from defense.domain.record_parts import (
    PROOF_TEXT,
    Achievement,
    Attachment,
    AuditStep,
    Degree,
    Employment,
    FeePayment,
    Submission,
    UnitOpinion,
)
from defense.domain.round_rules import RoundRules
from defense.integrations.sample_data import write_sample_data
from defense.integrations.workbooks import read_applications
from sandbox.store import Store

_STAGES = ("基层单位", "主管单位", "自治区职称社会化评价中心")
_OPINION = "本单位已对提供的申报材料逐一审核，真实、完整、有效，同意推荐"


def fill(store: Store, rules: RoundRules, applications: int, seed: int) -> int:
    """Put invented applications of a round into the store; returns how many a reader can read.

    The same arguments give the same records, so filling again changes nothing.
    """
    with tempfile.TemporaryDirectory() as directory:
        first_day = (rules.filing_closes_at + timedelta(days=45)).date()
        write_sample_data(Path(directory), applications, seed, first_day, rules)
        reading = read_applications((Path(directory) / "applications.xlsx").read_bytes(), rules)
    for row in reading.rows:
        record = _whole(row.record, Random(f"{seed}:{row.record.number}"))  # noqa: S311 - no secret
        for attachment in record.attachments:
            store.put_attachment(attachment.upstream_id, attachment.name, _file_of(attachment.upstream_id))
        store.put(rules.code, record_to_json(record))
    return len(reading.rows)


def _whole(record: ApplicationRecord, rng: Random) -> ApplicationRecord:
    """The record with the details that a workbook does not have."""
    filed, begun = record.submitted_at, rng.randrange(1995, 2006)
    graduated = date(begun, 6, 30)
    audited = [filed + timedelta(days=2 * step + 1) for step in range(len(_STAGES))]
    steps = tuple(
        AuditStep(stage, record.unit if step == 0 else stage, "王审核", audited[step], True, "同意")
        for step, stage in enumerate(_STAGES)
    )
    earlier = tuple(
        Submission(filed - timedelta(days=days), filed - timedelta(days=days - 1), "扫描件不清晰，请重新上传")
        for days in range(3 * (record.submission_count - 1), 0, -3)
    )
    wording = f"同意推荐{record.name}同志申报{record.series}{record.specialty}专业高级专业技术任职资格"
    return replace(
        record,
        ethnicity=rng.choice(("汉族", "维吾尔族", "哈萨克族", "回族")),
        political_status=rng.choice(("中共党员", "群众")),
        professional_years=filed.year - begun,
        degrees=(
            Degree(
                "新疆大学", record.specialty, "本科", graduated, f"10755{begun}05{rng.randrange(10**6):06}"
            ),
        ),
        employments=(Employment(date(begun, 7, 1), None, record.unit, "专业技术人员"),),
        achievement_items=(
            Achievement("重点项目", date(2018, 3, 1), date(2020, 10, 31), "主持", record.achievements),
        ),
        submissions=(*earlier, Submission(filed)),
        audit_steps=steps if record.formal_review_passed else steps[:-1],
        recommending_opinion=UnitOpinion(record.unit, _OPINION, record.publicity.end),
        supervising_opinion=UnitOpinion("主管单位", wording, (filed - timedelta(days=1)).date()),
        fee_payment=FeePayment(audited[-1].date(), "本人", f"N{rng.randrange(10**8):08}")
        if record.fee_paid
        else None,
        attachments=tuple(_uploaded(a, record.number, place) for place, a in enumerate(record.attachments)),
    )


def _uploaded(stated: Attachment, number: str, place: int) -> Attachment:
    id_ = f"{number}-{place + 1}"
    data = _file_of(id_)
    return replace(
        stated,
        name=f"{PROOF_TEXT[stated.kind].zh}.pdf",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        upstream_id=id_,
    )


def _file_of(id_: str) -> bytes:
    """A page without anything on it but the file's number in a comment."""
    head = f"%PDF-1.4\n% invented attachment {id_}\n".encode()
    return head + (
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
        b"trailer<</Root 1 0 R>>\n%%EOF\n"
    )
