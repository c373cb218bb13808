"""Until when a round's personal data is kept; its export before deletion; its deletion by two people."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import Forbidden, IllegalState, InvalidInput
from defense.domain.identity import without_numbers
from defense.domain.lifecycle import FINAL_STATES, UNSEATED_STATES
from defense.domain.round_rules import BEIJING
from defense.domain.text import Text
from defense.integrations.attachments import LocalFolder
from defense.models import (
    Application,
    BallotRound,
    Defence,
    OutboxMessage,
    RetentionExport,
    Round,
    RoundErasure,
    Sitting,
    UpstreamDelivery,
)
from defense.models.types import utc_now
from defense.services.audit import record_audit
from defense.services.keeping.archive_cipher import encrypt_archive
from defense.services.keeping.archive_reading import open_archive
from defense.services.keeping.archive_writing import content_digest, write_archive
from defense.services.keeping.erasing import STEPS, erase_applications
from defense.services.keeping.erasing_files import erase_files, erase_stray_files
from defense.services.keeping.personal import require_personal, stated_reason
from defense.services.transaction import begin_snapshot, begin_write

USUAL_YEARS = 3
"""After the results were released, while staff set no other day: a habit of this service, not a law."""
DIGEST_TAIL = 8
"""So many last characters of the kept file's digest are typed in by whoever confirms the deletion."""
LAST_YEAR = 2999


@dataclass(frozen=True)
class RetentionView:
    """How a round stands."""

    round: Round
    keep_until: date | None
    """None while the results are not out and nobody set a day."""
    is_usual: bool
    """It follows from the release, nobody set it."""
    is_due: bool
    obstacles: tuple[Text, ...]
    """What stands in the way of the deletion; empty when it may be done."""
    exports: tuple[RetentionExport, ...]
    """Newest first."""
    erasure: RoundErasure | None


def keep_until_of(round_: Round) -> date | None:
    """The last day on which the data is kept: what staff set, else so many years after the release."""
    if round_.keep_until is not None or round_.results_released_at is None:
        return round_.keep_until
    day = round_.results_released_at.astimezone(BEIJING).date()
    try:
        return day.replace(year=day.year + USUAL_YEARS)
    except ValueError:  # 29 February
        return date(day.year + USUAL_YEARS, 3, 1)


def retention_of(session: Session, round_: Round, now: datetime) -> RetentionView:
    """How a round stands on a day."""
    until = keep_until_of(round_)
    exports = session.scalars(
        select(RetentionExport)
        .where(RetentionExport.round_id == round_.id)
        .order_by(RetentionExport.id.desc())
    ).all()
    return RetentionView(
        round_,
        until,
        round_.keep_until is None,
        until is not None and until < now.astimezone(BEIJING).date(),
        _obstacles(session, round_, until, now),
        tuple(exports),
        session.get(RoundErasure, round_.id),
    )


def set_keep_until(session: Session, round_: Round, day: date | None, reason: str, account_id: int) -> None:
    """Keep the data until another day, or, with None, as long as is usual. The caller commits.

    Raises
    ------
    Forbidden, InvalidInput
        No permission; no reason, or a day of no calendar in use.
    IllegalState
        The data is being deleted, or is gone.
    """
    require_personal(session, account_id)
    reason = without_numbers(stated_reason(reason))
    if day is not None and not 2000 <= day.year <= LAST_YEAR:
        raise InvalidInput(Text("请填写有效的保存期限日期。", "Give a possible day for the end."))
    refuse_erased(session, round_)
    if day == round_.keep_until:
        return
    round_.keep_until = day
    detail = {"keep_until": day.isoformat() if day else None, "reason": reason}
    record_audit(session, "retention.period_set", f"round:{round_.id}", detail, account_id)


def export_round(
    sessions: Callable[[], Session],
    round_id: int,
    public_key: str,
    passphrase: str,
    reason: str,
    account_id: int,
    breathe: Callable[[], None] = lambda: None,
) -> bytes:
    """A round's archive, read back before it is handed out; its digest is kept and audited. It commits.

    Parameters
    ----------
    passphrase : encrypts it; empty for a plain zip file.

    Raises
    ------
    Forbidden, InvalidInput
        No permission; no reason, a passphrase that is too short.
    IllegalState
        The data is being deleted, or is gone.
    """
    with sessions() as session:
        begin_snapshot(session)
        require_personal(session, account_id)
        reason = without_numbers(stated_reason(reason))
        round_ = session.get_one(Round, round_id)
        refuse_erased(session, round_)
        data = write_archive(session, round_, public_key, breathe)
        content = content_digest(session, round_)
    if passphrase:
        data = encrypt_archive(data, passphrase)
    opened = open_archive(data, passphrase)
    digest = hashlib.sha256(data).hexdigest()
    with sessions() as session:
        begin_write(session)
        refuse_erased(session, session.get_one(Round, round_id))
        session.add(
            RetentionExport(
                round_id=round_id,
                digest=digest,
                content_digest=content,
                size=len(data),
                records=opened.records,
                is_encrypted=bool(passphrase),
                made_by_id=account_id,
            )
        )
        detail = {
            "reason": reason,
            "records": opened.records,
            "size": len(data),
            "encrypted": bool(passphrase),
            "digest": digest,
        }
        record_audit(session, "retention.exported", f"round:{round_id}", detail, account_id)
        session.commit()
    return data


def confirm_erasure(
    session: Session, round_: Round, digest_tail: str, reason: str, now: datetime, account_id: int
) -> None:
    """The second person's word; from now on the data is being deleted. The caller commits.

    Parameters
    ----------
    digest_tail : the last characters of the SHA-256 of the archive as it is kept, which shows that it is.

    Raises
    ------
    Forbidden
        No permission, or the one who exported it.
    InvalidInput
        No reason, or the digest of no archive.
    IllegalState
        Something stands in the way; the message says what.
    """
    require_personal(session, account_id)
    session.refresh(round_, with_for_update=True)
    refuse_erased(session, round_)
    reason, tail = without_numbers(stated_reason(reason)), digest_tail.strip().lower()
    view = retention_of(session, round_, now)
    if view.obstacles:
        zh, en = ("；".join(t.zh for t in view.obstacles), "; ".join(t.en for t in view.obstacles))
        raise IllegalState(Text(f"现在不能删除：{zh}。", f"Nothing can be deleted now: {en}."))
    kept = [export for export in view.exports if len(tail) >= DIGEST_TAIL and export.digest.endswith(tail)]
    if not kept:
        raise InvalidInput(
            Text(
                f"未找到摘要末 {DIGEST_TAIL} 位相符的存档。请对保存好的存档文件计算 SHA-256 后填写。",
                f"There is no archive whose digest ends so. Compute the SHA-256 of the archive as it is kept"
                f" and give its last {DIGEST_TAIL} characters.",
            )
        )
    export = kept[0]
    if export.made_by_id is None or export.made_by_id == account_id:
        raise Forbidden(
            Text(
                "删除须由导出存档者以外的人确认。",
                "The deletion is confirmed by somebody else than who made the archive.",
            )
        )
    if export.content_digest != content_digest(session, round_):
        raise IllegalState(
            Text(
                "导出之后数据有变动，请重新导出存档。",
                "The data has changed since that archive was made; export it again.",
            )
        )
    session.add(
        RoundErasure(round_id=round_.id, export_id=export.id, confirmed_by_id=account_id, confirmed_at=now)
    )
    detail = {"reason": reason, "digest": export.digest}
    record_audit(session, "retention.confirmed", f"round:{round_.id}", detail, account_id)


def finish_erasures(
    sessions: Callable[[], Session], folder: LocalFolder, breathe: Callable[[], None] = lambda: None
) -> list[str]:
    """Carry out what was confirmed, also what an earlier call was cut off in; the codes of rounds now done.

    Parameters
    ----------
    folder : where this installation keeps files of attachments.

    Each step is a transaction of its own. The caller empties SQLite's write-ahead log afterwards.
    """
    with sessions() as session:
        waiting = session.scalars(
            select(RoundErasure.round_id).where(RoundErasure.finished_at.is_(None)).order_by("round_id")
        ).all()
    return [_erase(sessions, round_id, folder, breathe) for round_id in waiting]


def is_erased(session: Session, round_: Round) -> bool:
    """Whether the round's data is gone or going."""
    return session.get(RoundErasure, round_.id) is not None


def rounds_by_code(session: Session) -> Sequence[Round]:
    """All rounds, oldest first."""
    return session.scalars(select(Round).order_by(Round.code)).all()


def _erase(
    sessions: Callable[[], Session], round_id: int, folder: LocalFolder, breathe: Callable[[], None]
) -> str:
    with sessions() as session:
        erase_files(session, session.get_one(Round, round_id), folder)
    for step in STEPS:
        with sessions() as session:
            begin_write(session)
            step(session, session.get_one(Round, round_id))
            session.commit()
        breathe()
    more = True
    while more:
        with sessions() as session:
            begin_write(session)
            more = erase_applications(session, session.get_one(Round, round_id))
            session.commit()
        breathe()
    with sessions() as session:
        erase_stray_files(session, folder)
    with sessions() as session:
        begin_write(session)
        erasure = session.get_one(RoundErasure, round_id, with_for_update=True)
        if erasure.finished_at is None:
            erasure.finished_at = utc_now()
            detail = {"records": erasure.export.records, "digest": erasure.export.digest}
            record_audit(session, "retention.erased", f"round:{round_id}", detail, erasure.confirmed_by_id)
        code = session.get_one(Round, round_id).code
        session.commit()
    return code


def _obstacles(session: Session, round_: Round, until: date | None, now: datetime) -> tuple[Text, ...]:
    found = []
    if round_.results_released_at is None:
        found.append(Text("结果尚未公布", "the results are not released"))
    if until is None or until >= now.astimezone(BEIJING).date():
        day = until.isoformat() if until else "—"
        found.append(Text(f"保存期限未到（{day}）", f"the retention period is not over ({day})"))
    if _goes_on(session, round_, now):
        found.append(Text("仍有答辩或表决未结束", "a defence or a vote is not over"))
    waiting = select(OutboxMessage.id).where(
        OutboxMessage.round_id == round_.id, OutboxMessage.state == "queued"
    )
    if session.scalar(waiting.limit(1)) is not None:
        found.append(Text("仍有邮件待发送", "letters are waiting to be sent"))
    untold = select(UpstreamDelivery.id).where(
        UpstreamDelivery.round_id == round_.id, UpstreamDelivery.state.in_(("queued", "waiting"))
    )
    if session.scalar(untold.limit(1)) is not None:
        found.append(Text("仍有结果待报送平台", "the platform is still to be told of something"))
    return tuple(found)


def _goes_on(session: Session, round_: Round, now: datetime) -> bool:
    of_round = Defence.application_id.in_(select(Application.id).where(Application.round_id == round_.id))
    over = (*FINAL_STATES, *UNSEATED_STATES)
    asked = (
        select(Defence.id).where(of_round, Defence.state.not_in(over)),
        select(Sitting.id).where(Sitting.round_id == round_.id, ~Sitting.cancelled, Sitting.end_at > now),
        select(BallotRound.id).join(Defence).where(of_round, BallotRound.closed_at.is_(None)),
    )
    return any(session.scalar(query.limit(1)) is not None for query in asked)


def refuse_erased(session: Session, round_: Round) -> None:
    """Stop what makes no sense, or would bring personal data back, once a round's data is gone or going.

    Raises
    ------
    IllegalState
        It is.
    """
    if is_erased(session, round_):
        raise IllegalState(
            Text(
                "本批次的个人信息已删除或正在删除。",
                "The personal data of this round is deleted, or is being deleted.",
            )
        )
