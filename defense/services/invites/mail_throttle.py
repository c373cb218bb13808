"""How fast a domain may be written to: a rate for all senders together, and a rest when it asks for one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from defense.models import MailDomain

REST = timedelta(minutes=2)
"""After "too fast" (invites.md "Delivery": NetEase asks for two minutes)."""
BURST = 10
"""So many go at once before the rate holds."""


def held_back(session: Session, rates: Mapping[str, int], now: datetime) -> set[str]:
    """Domains to which nothing may go now."""
    busy = or_(MailDomain.resting_until > now, MailDomain.next_at > now)
    return {
        row.domain for row in session.scalars(select(MailDomain).where(busy)) if _is_held(row, rates, now)
    }


def admit(session: Session, domains: Sequence[str], rates: Mapping[str, int], now: datetime) -> list[bool]:
    """Which of these messages, one domain each, may go now; the admitted ones are counted.

    The rows of the domains stay locked until the caller commits, so that several senders keep one rate.
    """
    rows = _locked(session, set(domains))
    admitted = []
    for domain in domains:
        row = rows.get(domain)
        admitted.append(row is None or not _is_held(row, rates, now))
        if row is not None and admitted[-1] and domain in rates:
            row.next_at = max(row.next_at or now, now) + _interval(rates[domain])
    return admitted


def let_rest(session: Session, domain: str, words: str, now: datetime) -> None:
    """Leave a domain alone for a while, because its server asked for it."""
    know_domains(session, {domain})
    row = _locked(session, {domain})[domain]
    row.resting_until, row.last_answer = now + REST, words


def know_domains(session: Session, domains: Collection[str]) -> None:
    """Make rows for domains that have none, whoever else may be doing the same."""
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert
    for domain in sorted(domains):
        session.execute(insert(MailDomain).values(domain=domain).on_conflict_do_nothing())


def _locked(session: Session, domains: Collection[str]) -> dict[str, MailDomain]:
    rows = session.scalars(
        select(MailDomain)
        .where(MailDomain.domain.in_(domains))
        .order_by(MailDomain.domain)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.domain: row for row in rows}


def _is_held(row: MailDomain, rates: Mapping[str, int], now: datetime) -> bool:
    if row.resting_until is not None and row.resting_until > now:
        return True
    if row.domain not in rates or row.next_at is None:
        return False
    return row.next_at > now + _interval(rates[row.domain]) * (BURST - 1)


def _interval(rate: int) -> timedelta:
    return timedelta(minutes=1) / rate
