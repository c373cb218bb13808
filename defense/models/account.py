"""Who may come in: accounts, personal links, sign-ins."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from defense.extensions import Model
from defense.models.types import UtcDateTime, random_id, utc_now

if TYPE_CHECKING:
    from defense.models.application import Application
    from defense.models.expert import Expert
    from defense.models.invite import Invite


class Account(Model):
    """A person who can sign in. Experts and candidates have one account each, bound to their record."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(20), index=True)
    display_name: Mapped[str] = mapped_column(String(100))
    username: Mapped[str | None] = mapped_column(String(100), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(200), default="")
    """Of the office only; experts and candidates are written to at the address in their record."""
    active: Mapped[bool] = mapped_column(default=True)
    may_see_personal: Mapped[bool] = mapped_column(default=False)
    """May look at whole ID numbers, telephone numbers and addresses, and take files with them."""
    expert_id: Mapped[int | None] = mapped_column(ForeignKey("expert.id"), unique=True)
    application_id: Mapped[int | None] = mapped_column(ForeignKey("application.id"), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

    expert: Mapped[Expert | None] = relationship()
    application: Mapped[Application | None] = relationship()


class AccessLink(Model):
    """A personal link. Only the digest of its token is kept: the database cannot sign anybody in."""

    __tablename__ = "access_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    invite_id: Mapped[int | None] = mapped_column(ForeignKey("invite.id"), index=True)
    """The invite that carried it; the link dies when that invite moves or is cancelled."""
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    account: Mapped[Account] = relationship()
    invite: Mapped[Invite | None] = relationship()


class SignIn(Model):
    """One browser that is signed in. The cookie names it; ending it here ends it everywhere."""

    __tablename__ = "sign_in"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=random_id)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    link_id: Mapped[int | None] = mapped_column(ForeignKey("access_link.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    account: Mapped[Account] = relationship()
    link: Mapped[AccessLink | None] = relationship()
