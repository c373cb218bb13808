"""Feeds: calendars that a program reads at an address only its owner knows.

A person's feed holds their own events with their own links, so that whoever has its address can come in as
them; it is kept as a digest and ends when it is revoked, with its account, and with the person's last seat.
A panel's feed is for staff: it counts candidates, names nobody, and its links lead to pages that ask to sign
in. It ends with the account of whoever made it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from defense.domain.errors import IllegalState
from defense.domain.text import Text
from defense.integrations.calendar_feed import ListedEvent, build_feed
from defense.integrations.mail import parse_mailbox
from defense.integrations.notice_wordings import Audience, NoticeKind
from defense.integrations.notices import LOCATION, PanelNotice, render_panel_notice
from defense.models import (
    Account,
    CalendarObject,
    Defence,
    Expert,
    Feed,
    Invite,
    NamedAttendee,
    Panel,
    PanelMember,
    Round,
    Sitting,
    SittingMember,
)
from defense.models.types import utc_now
from defense.services.access import Role, invite_link, invite_link_is_live
from defense.services.audit import record_audit
from defense.services.invites.post import slot_of
from defense.services.invites.sitting_events import NOT_HEARD, count_heard, event_of, refresh_sitting_events
from defense.settings import Settings

READ_NOTED_EVERY = timedelta(hours=1)
_OWN_NAME = "视频答辩 · 我的日程 / Video defences"
_NO_SEAT = Text(
    "您目前不在任何答辩组，没有可订阅的日程。请联系评价中心。",
    "You sit on no panel at present, so there is no calendar to subscribe to. Ask the centre.",
)


def open_feed(session: Session, of: Account | Panel, by_account_id: int) -> str:
    """A new feed, as the path `/feeds/<token>.ics`; the former one of the same owner ends.

    The token (256 bits) is not kept and cannot be shown again. The caller commits.

    Raises
    ------
    IllegalState
        The person has no seat, or their account is closed.
    """
    if isinstance(of, Account) and not session.scalar(
        select(Account.id).where(Account.id == of.id, _is_on())
    ):
        raise IllegalState(_NO_SEAT)
    _revoke_live(session, of)
    token = secrets.token_urlsafe(32)
    feed = Feed(token_digest=_digest(token), created_by_id=by_account_id)
    if isinstance(of, Account):
        feed.account_id = of.id
    else:
        feed.panel_id = of.id
        refresh_sitting_events(session, utc_now(), of.id)
    session.add(feed)
    record_audit(session, "feed.opened", _subject(of), {}, by_account_id)
    return f"/feeds/{token}.ics"


def revoke_feed(session: Session, of: Account | Panel, by_account_id: int) -> None:
    """End the feed of a person or a panel, if there is one; the caller commits."""
    if _revoke_live(session, of):
        record_audit(session, "feed.revoked", _subject(of), {}, by_account_id)


def live_feed(session: Session, of: Account | Panel) -> Feed | None:
    """The feed that can be read at this moment."""
    return session.scalar(select(Feed).where(_of(of), _is_live()))


def find_feed(session: Session, token: str) -> Feed | None:
    """The live feed of a token. Unknown, revoked and ended ones take the same one query."""
    return session.scalar(select(Feed).where(Feed.token_digest == _digest(token), _is_live()))


def note_reading(session: Session, feed: Feed, now: datetime) -> None:
    """Remember that a feed was read; the caller, who began a transaction for writing, commits."""
    session.execute(
        update(Feed)
        .where(
            Feed.id == feed.id, or_(Feed.last_read_at.is_(None), Feed.last_read_at <= now - READ_NOTED_EVERY)
        )
        .values(last_read_at=now)
    )


def is_reading_to_note(feed: Feed, now: datetime) -> bool:
    """Whether the last noted reading is old enough to write a new one down."""
    return feed.last_read_at is None or feed.last_read_at <= now - READ_NOTED_EVERY


def calendar_of_feed(session: Session, feed: Feed, settings: Settings) -> bytes:
    """The calendar of a feed; as long as nothing changes, the same bytes."""
    organizer = parse_mailbox(settings.mail_from)
    if feed.panel_id is not None:
        panel = session.get_one(Panel, feed.panel_id)
        return build_feed(f"视频答辩 · {panel.name}", organizer, _sittings_of(session, panel, settings))
    account = session.get_one(Account, feed.account_id)
    return build_feed(_OWN_NAME, organizer, _events_of(session, account, settings))


def _sittings_of(session: Session, panel: Panel, settings: Settings) -> Iterator[ListedEvent]:
    events = session.scalars(
        select(CalendarObject)
        .join(Sitting, Sitting.id == CalendarObject.sitting_id)
        .where(
            Sitting.panel_id == panel.id, Sitting.cancelled.is_(False), CalendarObject.cancelled.is_(False)
        )
        .order_by(CalendarObject.start_at, CalendarObject.sitting_id)
    )
    return (event_of(event, settings) for event in events)


def _events_of(session: Session, account: Account, settings: Settings) -> Iterator[ListedEvent]:
    """What the person was invited to, as they were last told, as long as their place there is theirs."""
    invites = session.scalars(
        select(Invite)
        .where(Invite.account_id == account.id, Invite.cancelled.is_(False))
        .order_by(Invite.start_at, Invite.id)
    )
    for invite in invites.all():
        sitting = _sitting_of(session, account, invite)
        if sitting is not None:
            yield _own_event(session, account, invite, sitting, settings)


def _sitting_of(session: Session, account: Account, invite: Invite) -> Sitting | None:
    """Where an invite leads, unless its place has gone to somebody else and the mails are still to come."""
    if invite.defence_id is not None:
        defence = session.get_one(Defence, invite.defence_id)
        named = select(NamedAttendee.id).where(
            NamedAttendee.application_id == defence.application_id,
            NamedAttendee.expert_id == account.expert_id,
        )
        is_theirs = defence.state not in NOT_HEARD and session.scalar(named) is not None
        sitting = defence.sitting
    else:
        sitting = session.get_one(Sitting, invite.sitting_id)
        if account.expert_id is None:
            is_theirs = sitting.panel.secretary_id == account.id
        else:
            is_theirs = session.get(SittingMember, (sitting.id, account.expert_id)) is not None
    is_on = not sitting.cancelled and count_heard(session, sitting.id)
    return sitting if is_theirs and is_on else None


def _own_event(
    session: Session, account: Account, invite: Invite, sitting: Sitting, settings: Settings
) -> ListedEvent:
    """UID, SEQUENCE, DTSTAMP, times and words of the person's mail, so that both are one event."""
    link = settings.public_url
    if invite_link_is_live(session, invite):
        link += invite_link(invite, settings.secret_key)
    rules = session.get_one(Round, invite.round_id).rules
    notice = render_panel_notice(
        PanelNotice(
            audience=_audience(account, invite),
            kind=NoticeKind.INVITE,
            round_name=rules.name,
            name=account.expert.name if account.expert else account.display_name,
            panel=sitting.panel.name,
            slot=slot_of(invite),
            previous=None,
            written_at=invite.stamped_at,
            candidate_count=count_heard(session, sitting.id),
            link=link,
            telephones=rules.telephones,
            support_telephones=rules.support_telephones,
        )
    )
    return ListedEvent(
        uid=invite.uid,
        sequence=invite.sequence,
        stamped_at=invite.stamped_at,
        start_at=invite.start_at,
        end_at=invite.end_at,
        summary=notice.summary,
        description=notice.description,
        location=str(LOCATION),
        url=link,
    )


def _audience(account: Account, invite: Invite) -> Audience:
    if account.expert_id is None:
        return Audience.SECRETARY
    return Audience.PANELIST if invite.defence_id is None else Audience.ATTENDEE


def _revoke_live(session: Session, of: Account | Panel) -> bool:
    """End what is live; of two people who do so at once the second waits for the first."""
    owner = Account if isinstance(of, Account) else Panel
    session.execute(select(owner.id).where(owner.id == of.id).with_for_update())
    ended = session.execute(
        update(Feed)
        .where(_of(of), Feed.revoked_at.is_(None))
        .values(revoked_at=utc_now())
        .returning(Feed.id)
        .execution_options(synchronize_session=False)
    )
    return bool(ended.all())


def _of(of: Account | Panel) -> ColumnElement[bool]:
    return Feed.account_id == of.id if isinstance(of, Account) else Feed.panel_id == of.id


def _is_live() -> ColumnElement[bool]:
    """Not revoked, and whoever it stands on is still here."""
    maker = aliased(Account)
    personal = exists().where(Account.id == Feed.account_id, _is_on())
    of_panel = exists().where(maker.id == Feed.created_by_id, maker.active, maker.role == Role.STAFF)
    return and_(Feed.revoked_at.is_(None), or_(personal, and_(Feed.panel_id.is_not(None), of_panel)))


def _is_on() -> ColumnElement[bool]:
    """An active secretary, or an expert with a seat or a candidate who needs them."""
    seats = [
        exists().where(table.expert_id == Expert.id) for table in (PanelMember, SittingMember, NamedAttendee)
    ]
    seated = Account.expert_id.in_(select(Expert.id).where(or_(*seats)))
    return and_(
        Account.active, or_(Account.role == Role.SECRETARY, and_(Account.role == Role.EXPERT, seated))
    )


def _subject(of: Account | Panel) -> str:
    return f"account:{of.id}" if isinstance(of, Account) else f"panel:{of.id}"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
