"""Accounts, passwords, personal links and sign-ins."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from defense.domain.errors import Forbidden, InvalidInput
from defense.domain.text import Text
from defense.models import AccessLink, Account, Application, AuditEntry, Expert, Feed, Invite, SignIn
from defense.models.types import utc_now
from defense.services.audit import record_audit
from defense.services.keeping.at_rest import derived_key
from defense.services.room.presence import hang_up_on

MIN_PASSWORD_LENGTH = 10
MAX_FAILURES, FAILURE_WINDOW = 10, timedelta(minutes=15)
TOO_MANY_FAILURES = Text(
    "登录失败次数过多，请 15 分钟后再试。", "Too many failed attempts; try again in 15 minutes."
)

_PRINCIPALS = (
    select(
        *(SignIn.id, Account.id, Account.role, Account.display_name),
        *(Account.expert_id, Account.application_id, Account.may_see_personal),
    )
    .join(Account, Account.id == SignIn.account_id)
    .outerjoin(AccessLink, AccessLink.id == SignIn.link_id)
    .where(
        SignIn.id.in_(bindparam("ids", expanding=True)),
        SignIn.ended_at.is_(None),
        SignIn.expires_at > bindparam("now"),
        Account.active,
        or_(
            SignIn.link_id.is_(None),
            and_(AccessLink.revoked_at.is_(None), AccessLink.expires_at > bindparam("now")),
        ),
    )
)

_hasher = PasswordHasher()
# Verified when a user name is unknown, so that the answer takes as long as for a known one.
_NOBODYS_HASH = _hasher.hash(secrets.token_hex(16))


class Role(StrEnum):
    """What a person may do here (domain.md "Roles"; the others come with their features)."""

    STAFF = "staff"
    SECRETARY = "secretary"
    SUPERVISOR = "supervisor"
    EXPERT = "expert"
    CANDIDATE = "candidate"


OFFICE_ROLES = (Role.STAFF, Role.SECRETARY, Role.SUPERVISOR)


@dataclass(frozen=True)
class Principal:
    """Who is asking, as the database says at this moment."""

    account_id: int
    role: Role
    display_name: str
    sign_in_id: str
    expert_id: int | None
    application_id: int | None
    may_see_personal: bool = False


def create_account(
    session: Session,
    role: Role,
    display_name: str,
    username: str,
    password: str | None,
    may_see_personal: bool | None = None,
) -> Account:
    """Make an account of the office (staff, secretary, supervisor).

    Parameters
    ----------
    may_see_personal : whether whole personal data is shown to it; None: to staff, as on the command line,
        where whoever makes the account has the whole database anyway.

    Raises
    ------
    InvalidInput
        The user name is taken, or the password is too short.
    """
    if may_see_personal is None:
        may_see_personal = role is Role.STAFF
    if session.scalar(select(Account.id).where(Account.username == username)) is not None:
        raise InvalidInput(
            Text(
                f"用户名“{username}”已被使用，请换一个。",
                f"The user name “{username}” is taken; choose another.",
            )
        )
    account = Account(
        role=role, display_name=display_name, username=username, may_see_personal=may_see_personal
    )
    session.add(account)
    session.flush()
    if password is not None:
        set_password(session, account, password)
    record_audit(session, "account.created", f"account:{account.id}", {"role": role, "username": username})
    return account


def set_password(session: Session, account: Account, password: str) -> None:
    """Hash and keep a password (argon2id)."""
    if len(password) < MIN_PASSWORD_LENGTH:
        raise InvalidInput(
            Text(
                f"密码至少 {MIN_PASSWORD_LENGTH} 个字符。",
                f"A password has at least {MIN_PASSWORD_LENGTH} characters.",
            )
        )
    account.password_hash = _hasher.hash(password)
    record_audit(session, "account.password_set", f"account:{account.id}", {}, account.id)


def change_password(session: Session, account: Account, current: str, new: str, sign_in_id: str) -> None:
    """Change one's own password; the account's other sign-ins end.

    Raises
    ------
    InvalidInput
        A password was set before and `current` is not it, or the new one is too short.
    """
    if account.password_hash is not None and not password_fits(account.password_hash, current):
        raise InvalidInput(Text("当前密码不正确。", "The present password is wrong."))
    set_password(session, account, new)
    end_sign_ins(session, account, keep=sign_in_id)


def find_password(session: Session, username: str) -> tuple[int | None, str]:
    """Whose account a user name is, and the digest to check a password against.

    For an unknown name the digest is one that nothing fits, so that the check takes as long.

    Raises
    ------
    Forbidden
        Too many failures on this account within a quarter of an hour.
    """
    account = session.scalar(select(Account).where(Account.username == username, Account.active))
    if account is None or account.password_hash is None:
        return None, _NOBODYS_HASH
    failures = session.scalar(
        select(func.count())
        .select_from(AuditEntry)
        .where(
            AuditEntry.action == "sign_in.failed",
            AuditEntry.subject == f"account:{account.id}",
            AuditEntry.at > utc_now() - FAILURE_WINDOW,
        )
    )
    if (failures or 0) >= MAX_FAILURES:
        raise Forbidden(TOO_MANY_FAILURES)
    return account.id, account.password_hash


def password_fits(digest: str, password: str) -> bool:
    """Check a password: a tenth of a second of pure computing, to be done outside every transaction."""
    try:
        return _hasher.verify(digest, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def sign_in_with_password(session: Session, account_id: int | None, fits: bool, hours: int) -> SignIn | None:
    """A new sign-in, or None; a failure on a known account is recorded, so the caller commits either way."""
    if account_id is None:
        return None
    if not fits:
        record_audit(session, "sign_in.failed", f"account:{account_id}", {})
        return None
    account = session.get_one(Account, account_id)
    return _start_sign_in(session, account, None, utc_now() + timedelta(hours=hours))


def candidate_account(session: Session, application: Application) -> Account:
    """The account of a candidate, made at first need."""
    return accounts_of(session, [application])[application]


def expert_account(session: Session, expert: Expert) -> Account:
    """The account of an expert, made at first need."""
    return accounts_of(session, [expert])[expert]


def accounts_of(
    session: Session, people: Iterable[Application | Expert]
) -> dict[Application | Expert, Account]:
    """The accounts of candidates and experts, read at once; missing ones are made at once too."""
    applications = {person.id: person for person in people if isinstance(person, Application)}
    experts = {person.id: person for person in people if isinstance(person, Expert)}
    found: dict[Application | Expert, Account] = {}
    for chunk in _chunks(sorted(applications)):
        for account in session.scalars(select(Account).where(Account.application_id.in_(chunk))):
            found[applications[account.application_id or 0]] = account
    for chunk in _chunks(sorted(experts)):
        for account in session.scalars(select(Account).where(Account.expert_id.in_(chunk))):
            found[experts[account.expert_id or 0]] = account
    for candidate in applications.values():
        if candidate not in found:
            found[candidate] = Account(
                role=Role.CANDIDATE, display_name=candidate.name, application_id=candidate.id
            )
    for expert in experts.values():
        if expert not in found:
            found[expert] = Account(role=Role.EXPERT, display_name=expert.name, expert_id=expert.id)
    session.add_all(found.values())
    session.flush()
    return found


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    """Few enough for one statement of any database."""
    return (ids[i : i + 500] for i in range(0, len(ids), 500))


def issue_link(session: Session, account: Account, expires_at: datetime) -> str:
    """A new personal link, as the path `/link/<token>`; the token is not kept and cannot be shown again."""
    token = secrets.token_urlsafe(32)
    session.add(AccessLink(account_id=account.id, token_digest=_token_digest(token), expires_at=expires_at))
    return f"/link/{token}"


def issue_invite_link(session: Session, invite: Invite, expires_at: datetime, secret_key: str) -> str:
    """The personal link of an invite's present revision, as a path; it dies with the revision."""
    path = invite_link(invite, secret_key)
    digest = _token_digest(path.rpartition("/")[2])
    session.add(
        AccessLink(account_id=invite.account_id, invite=invite, token_digest=digest, expires_at=expires_at)
    )
    return path


def invite_link(invite: Invite, secret_key: str) -> str:
    """The path of that link, whether it is alive or not.

    It follows from the event, its revision and the service's secret key, so that reminders and feeds can show
    it again although the database keeps its digest only.
    """
    key = derived_key(secret_key, "invite link")
    token = hmac.digest(key, f"{invite.uid} {invite.sequence}".encode(), "sha256")
    return f"/link/{base64.urlsafe_b64encode(token).rstrip(b'=').decode()}"


def invite_link_is_live(session: Session, invite: Invite, now: datetime | None = None) -> bool:
    """Whether the link of the present revision still opens anything, now or at another moment."""
    live = select(AccessLink.id).where(
        AccessLink.invite_id == invite.id,
        AccessLink.revoked_at.is_(None),
        AccessLink.expires_at > (now or utc_now()),
    )
    return session.scalar(live.limit(1)) is not None


def revoke_invite_links(session: Session, invite: Invite, at: datetime) -> None:
    """Kill the links that an invite carried, and hang up on whoever came in by them."""
    came_in = (
        select(SignIn)
        .join(AccessLink)
        .where(AccessLink.invite_id == invite.id, AccessLink.revoked_at.is_(None), SignIn.ended_at.is_(None))
    )
    for sign_in in session.scalars(came_in).all():
        hang_up_on(session, sign_in.account_id, sign_in.id)
    session.execute(
        update(AccessLink)
        .where(AccessLink.invite_id == invite.id, AccessLink.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def revoke_account_links(session: Session, account: Account, by_account_id: int | None) -> None:
    """Kill every personal link of an account, and its feed, which would tell the next ones; sign-ins end."""
    session.execute(
        update(Feed)
        .where(Feed.account_id == account.id, Feed.revoked_at.is_(None))
        .values(revoked_at=utc_now())
    )
    session.execute(
        update(AccessLink)
        .where(AccessLink.account_id == account.id, AccessLink.revoked_at.is_(None))
        .values(revoked_at=utc_now())
    )
    record_audit(session, "link.revoked", f"account:{account.id}", {}, by_account_id)
    end_sign_ins(session, account)


def end_sign_ins(session: Session, account: Account, keep: str | None = None) -> None:
    """End an account's sign-ins but `keep`, and hang up on them."""
    live = session.scalars(select(SignIn).where(SignIn.account_id == account.id, SignIn.ended_at.is_(None)))
    for sign_in in live.all():
        if sign_in.id != keep:
            sign_in.ended_at = utc_now()
            hang_up_on(session, account.id, sign_in.id)


def sign_in_with_link(session: Session, token: str, hours: int) -> SignIn | None:
    """A new sign-in for the holder of a live link, else None. It never outlives the link."""
    link = session.scalar(select(AccessLink).where(AccessLink.token_digest == _token_digest(token)))
    if link is None or not _link_is_live(link) or not link.account.active:
        return None
    expires_at = min(link.expires_at, utc_now() + timedelta(hours=hours))
    return _start_sign_in(session, link.account, link, expires_at)


def principal_of(session: Session, sign_in_id: str | None) -> Principal | None:
    """Who this sign-in is, asked afresh: ended, expired, revoked or deactivated means nobody."""
    return principals_of(session, {sign_in_id}).get(sign_in_id) if sign_in_id else None


def principals_of(session: Session, sign_in_ids: Collection[str]) -> dict[str, Principal]:
    """Who these sign-ins are; one that is over is not among them."""
    rows = session.connection().execute(_PRINCIPALS, {"ids": sorted(sign_in_ids), "now": utc_now()})
    return {
        sign_in_id: Principal(account_id, Role(role), name, sign_in_id, expert_id, application_id, may)
        for sign_in_id, account_id, role, name, expert_id, application_id, may in rows
    }


def end_sign_in(session: Session, sign_in_id: str) -> None:
    """Log out: the cookie, and every copy of it, is worthless from now on."""
    sign_in = session.get(SignIn, sign_in_id)
    if sign_in is not None and sign_in.ended_at is None:
        sign_in.ended_at = utc_now()
        hang_up_on(session, sign_in.account_id, sign_in.id)


def _start_sign_in(
    session: Session, account: Account, link: AccessLink | None, expires_at: datetime
) -> SignIn:
    sign_in = SignIn(account_id=account.id, link_id=link.id if link else None, expires_at=expires_at)
    session.add(sign_in)
    session.flush()
    record_audit(
        session,
        "sign_in.started",
        f"account:{account.id}",
        {"by": "link", "link": link.id} if link else {"by": "password"},
        account.id,
    )
    return sign_in


def _link_is_live(link: AccessLink) -> bool:
    return link.revoked_at is None and link.expires_at > utc_now()


def _token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
