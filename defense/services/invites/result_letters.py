"""Letters to the candidates when the centre releases the results."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.people import Period
from defense.domain.result import CONCLUSION_TEXT, Conclusion
from defense.domain.vocabulary import LEVEL_TEXT, Level
from defense.integrations.mail import Mailbox
from defense.integrations.notice_wordings import Audience, NoticeKind
from defense.integrations.notices import ResultNotice, render_result_notice
from defense.models import AccessLink, Account, Invite, Round
from defense.services.access import accounts_of, invite_link
from defense.services.invites.post import Addressee, LetterKind, PostOffice, reachable_address
from defense.services.invites.wordings import wordings_of
from defense.services.results import ResultRow, result_rows
from defense.settings import Settings


def queue_result_letters(session: Session, round_: Round, settings: Settings, now: datetime) -> int:
    """Tell every candidate whose defence is decided their conclusion, once; returns how many letters.

    The letter says what their own page says from now on, and nothing of votes. The caller, who releases the
    results in the same transaction, commits.
    """
    post = PostOffice(session, settings, now)
    decided = [row for row in result_rows(session, round_) if _is_told(row)]
    accounts = accounts_of(session, [row.application for row in decided])
    links = _live_links(session, round_, settings, now)
    wording = wordings_of(session, round_).get((Audience.CANDIDATE, NoticeKind.RESULT))
    rules, queued = round_.rules, 0
    for row in decided:
        candidate, defence = row.application, row.defence
        address = reachable_address(candidate.email, post.organizer)
        if address is None or defence is None:
            continue
        notice = ResultNotice(
            round_name=rules.name,
            name=candidate.name,
            series=candidate.series,
            specialty=candidate.specialty,
            level=LEVEL_TEXT[Level(candidate.level)],
            panel=defence.sitting.panel.name,
            slot=Period(defence.start_at, defence.end_at),
            conclusion=CONCLUSION_TEXT[row.conclusion],
            written_at=now,
            link=links.get(defence.id, ""),
            telephones=rules.telephones,
            support_telephones=rules.support_telephones,
        )
        letter = post.queue(
            LetterKind.RESULT,
            Addressee(round_.id, accounts[candidate].id, Mailbox(candidate.name, address)),
            render_result_notice(notice, wording),
            # A second decision after a reopening is news; the same one told again is not.
            once_key=f"result:{candidate.id}:{defence.id}:{row.conclusion}",
        )
        queued += letter is not None
    return queued


def _live_links(session: Session, round_: Round, settings: Settings, now: datetime) -> dict[int, str]:
    """Defence → the candidate's personal link, where it still opens their page."""
    invites = session.scalars(
        select(Invite)
        .join(Invite.account)
        .join(AccessLink, AccessLink.invite_id == Invite.id)
        .where(
            Invite.round_id == round_.id,
            Invite.defence_id.is_not(None),
            Account.application_id.is_not(None),
            AccessLink.revoked_at.is_(None),
            AccessLink.expires_at > now,
        )
    )
    return {
        invite.defence_id: settings.public_url + invite_link(invite, settings.secret_key)
        for invite in invites
        if invite.defence_id is not None
    }


def _is_told(row: ResultRow) -> bool:
    has_outcome = row.defence is not None and row.defence.outcome is not None
    return has_outcome and row.conclusion is not Conclusion.PENDING
