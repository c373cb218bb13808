"""Reading the platform's applications: a page is one transaction, and the network is waited for in none.

One reader at a time is at work on a round: it claims the round's row, and a claim runs out should the
process die. Whatever is read twice does no harm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from defense.domain.record_parts import FeePayment
from defense.domain.text import Text
from defense.integrations.upstream import FailureKind, FeedPage, UpstreamClient, UpstreamFailure
from defense.models import Application, Round, RoundErasure, UpstreamFeed, UpstreamHold
from defense.services.audit import record_audit
from defense.services.imports.merging import ApplicationMerger
from defense.services.keeping.retention import refuse_erased
from defense.services.records.rulings import has_begun
from defense.services.transaction import begin_write
from defense.services.upstream.taking import ApplicationTaker, Taken, number_of

LEASE = timedelta(minutes=5)
"""Longer than a page can take by the client's patience; renewed with every page."""
INTERVAL = timedelta(minutes=10)
"""Between readings that nobody asked for."""
ABSENT, UNREADABLE = "absent", "unreadable"
_FAILED = Text(
    "读取时服务内部出错，本页未导入：请联系系统管理员查看日志。",
    "This service failed while it read; nothing of this page was taken in. Ask its administrator to look at "
    "the log.",
)


@dataclass(frozen=True)
class PullSummary:
    """What became of how many applications, and why the reading ended early if it did."""

    counts: Counter[str]
    error: Text | None = None
    is_busy: bool = False
    """Another reader was at work; nothing was done."""


def want_pull(session: Session, round_: Round, now: datetime) -> None:
    """Ask for a reading at the next turn of the errand."""
    feed_of(session, round_).wanted_at = now


def want_fees(session: Session, round_: Round, now: datetime) -> None:
    """Ask the platform who paid, at the next turn of the errand."""
    feed_of(session, round_).fees_wanted_at = now


def feed_of(session: Session, round_: Round) -> UpstreamFeed:
    """The row of a round's reading; made when there is none."""
    feed = session.get(UpstreamFeed, round_.id, with_for_update=True)
    if feed is None:
        feed = UpstreamFeed(round_id=round_.id, cursor="", counts={})
        session.add(feed)
        session.flush()
    return feed


def pull_due(
    session_factory: Callable[[], Session], client: UpstreamClient, now_fn: Callable[[], datetime]
) -> None:
    """Read the rounds that staff asked for, and those that were read before and are due again."""
    with session_factory() as session:
        erased = select(RoundErasure.round_id)
        rounds = select(Round.code).join(UpstreamFeed, UpstreamFeed.round_id == Round.id)
        rounds = rounds.where(Round.id.not_in(erased))
        due = or_(UpstreamFeed.wanted_at.is_not(None), UpstreamFeed.ended_at <= now_fn() - INTERVAL)
        to_read = session.scalars(rounds.where(due)).all()
        to_ask = session.scalars(rounds.where(UpstreamFeed.fees_wanted_at.is_not(None))).all()
    for code in to_read:
        pull_round(session_factory, client, code, now_fn)
    for code in to_ask:
        check_fees(session_factory, client, code, now_fn)


def pull_round(
    session_factory: Callable[[], Session],
    client: UpstreamClient,
    round_code: str,
    now_fn: Callable[[], datetime],
) -> PullSummary:
    """Take in what changed at the platform since the last reading.

    What was read stays read when the line or the platform fails in the middle: the next reading goes on
    after the last whole page.

    Raises
    ------
    IllegalState
        The personal data of the round was deleted, and must not come back.
    """
    counts: Counter[str] = Counter()
    cursor = _claim(session_factory, round_code, now_fn)
    if cursor is None:
        return PullSummary(counts, is_busy=True)
    error: Text | None = None
    try:
        for page in client.pages(round_code, cursor):
            counts += _take_page(session_factory, round_code, page, counts, now_fn())
    except UpstreamFailure as failure:
        error = failure.words
    except Exception:
        error = _FAILED
        raise
    finally:
        _let_go(session_factory, round_code, counts, error, now_fn())
    return PullSummary(counts, error)


def check_fees(
    session_factory: Callable[[], Session],
    client: UpstreamClient,
    round_code: str,
    now_fn: Callable[[], datetime],
) -> PullSummary:
    """Ask the platform about everybody whose fee is open; notes who has paid meanwhile.

    Source: domain.md row 25.
    """
    counts: Counter[str] = Counter()
    with session_factory() as session:
        unpaid = session.execute(
            select(Application.id, Application.number)
            .join(UpstreamHold, UpstreamHold.application_id == Application.id)
            .join(Round, Round.id == Application.round_id)
            .where(Round.code == round_code, Application.fee_paid.is_(False))
            .order_by(Application.number)
        ).all()
    error: Text | None = None
    try:
        for id_, number in unpaid:
            try:
                status = client.fee(round_code, number)
            except UpstreamFailure as failure:
                if failure.kind is FailureKind.UNREADABLE:
                    # What it says of one person stops nobody else's.
                    counts[UNREADABLE] += 1
                    error = failure.words
                    continue
                if failure.kind is not FailureKind.ABSENT:
                    raise
                counts[ABSENT] += 1
                continue
            with _writing(session_factory) as session:
                counts["paid"] += status.paid and _note_payment(session, id_, status.payment)
            counts["asked"] += 1
    except UpstreamFailure as failure:
        error = failure.words
    except Exception:
        error = _FAILED
        raise
    finally:
        with _writing(session_factory) as session:
            feed = feed_of(session, _round_named(session, round_code))
            feed.fees_wanted_at = None
            feed.error = error.to_json() if error else feed.error
    return PullSummary(counts, error)


def _claim(
    session_factory: Callable[[], Session], round_code: str, now_fn: Callable[[], datetime]
) -> str | None:
    """The cursor to begin at; None when somebody else is at work."""
    now = now_fn()
    with _writing(session_factory) as session:
        round_ = _round_named(session, round_code)
        refuse_erased(session, round_)
        feed = feed_of(session, round_)
        if feed.claimed_until is not None and feed.claimed_until > now:
            return None
        feed.claimed_until, feed.begun_at, feed.wanted_at = now + LEASE, now, None
        feed.counts, feed.error = {}, None
        return feed.cursor


def _take_page(
    session_factory: Callable[[], Session],
    round_code: str,
    page: FeedPage,
    so_far: Counter[str],
    now: datetime,
) -> Counter[str]:
    with _writing(session_factory) as session:
        round_ = _round_named(session, round_code)
        refuse_erased(session, round_)
        numbers = {number_of(item) for item in page.items}
        taker = ApplicationTaker(session, round_, numbers, now)
        taken = Counter(str(taker.take(item)) for item in page.items)
        feed = feed_of(session, round_)
        feed.cursor, feed.claimed_until = page.next_cursor, now + LEASE
        feed.counts = dict(so_far + taken)
        return taken


def _let_go(
    session_factory: Callable[[], Session],
    round_code: str,
    counts: Counter[str],
    error: Text | None,
    now: datetime,
) -> None:
    with _writing(session_factory) as session:
        round_ = _round_named(session, round_code)
        feed = feed_of(session, round_)
        feed.claimed_until, feed.ended_at, feed.counts = None, now, dict(counts)
        feed.error = error.to_json() if error else None
        # What changed nothing leaves no entry: it is read every few minutes.
        told = {kind.value: counts[kind] for kind in Taken if counts[kind] and kind is not Taken.SAME}
        if told:
            record_audit(session, "upstream.pulled", f"round:{round_.id}", told)


def _note_payment(session: Session, application_id: int, payment: FeePayment | None) -> bool:
    application = session.get_one(Application, application_id, with_for_update=True)
    refuse_erased(session, application.round)
    if application.fee_paid or has_begun(application.defences):
        return False
    record = replace(application.record, fee_paid=True, fee_payment=payment)
    ApplicationMerger(session, application.round, True, {application.number}).write(record, None)
    record_audit(session, "upstream.fee_paid", f"application:{application.id}", {})
    return True


def _round_named(session: Session, code: str) -> Round:
    return session.scalars(select(Round).where(Round.code == code)).one()


@contextmanager
def _writing(session_factory: Callable[[], Session]) -> Iterator[Session]:
    with session_factory() as session:
        begin_write(session)
        yield session
        session.commit()
