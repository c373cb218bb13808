"""Accounts, links handed out by staff, and reading the audit log."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import IllegalState, InvalidInput
from defense.models import AccessLink, Account, AuditEntry, Disconnection
from defense.services import office
from defense.services.access import principal_of, revoke_account_links, sign_in_with_link
from defense.services.audit import record_audit
from defense.services.office import hand_out_link, open_office_account, read_audit, set_account_active


@pytest.fixture
def secretary(session: Session) -> Account:
    return open_office_account(session, "secretary", "  李 秘书 ", "li", "")


def test_a_link_signs_in_and_its_token_is_kept_nowhere(
    session: Session, staff: Account, secretary: Account
) -> None:
    path = hand_out_link(session, secretary, 14, staff.id)
    token = path.rsplit("/", 1)[1]
    signed_in = sign_in_with_link(session, token, 12)
    assert signed_in is not None
    assert signed_in.account_id == secretary.id
    entries = session.scalars(select(AuditEntry)).all()
    assert "link.issued" in [entry.action for entry in entries]
    assert token not in json.dumps([entry.detail for entry in entries])
    assert token not in [link.token_digest for link in session.scalars(select(AccessLink))]

    revoke_account_links(session, secretary, staff.id)
    session.expire_all()
    assert principal_of(session, signed_in.id) is None
    assert sign_in_with_link(session, token, 12) is None


def test_closing_an_account_ends_its_sign_ins_for_good(
    session: Session, staff: Account, secretary: Account
) -> None:
    token = hand_out_link(session, secretary, 14, staff.id).rsplit("/", 1)[1]
    signed_in = sign_in_with_link(session, token, 12)
    assert signed_in is not None
    set_account_active(session, secretary, False, staff.id)
    assert session.scalars(select(Disconnection.sign_in_id)).all() == [signed_in.id]
    assert principal_of(session, signed_in.id) is None
    with pytest.raises(IllegalState):
        hand_out_link(session, secretary, 14, staff.id)
    set_account_active(session, secretary, False, staff.id)
    assert len(session.scalars(select(Disconnection)).all()) == 1
    set_account_active(session, secretary, True, staff.id)
    assert principal_of(session, signed_in.id) is None


def test_nobody_closes_their_own_account(session: Session, staff: Account) -> None:
    with pytest.raises(IllegalState):
        set_account_active(session, staff, False, staff.id)
    assert staff.active


@pytest.mark.parametrize(
    "form",
    [
        ("expert", "张三", "zhang", ""),
        ("staff", "  ", "zhang", ""),
        ("staff", "张三", "", ""),
        ("staff", "张三", "zhang san", ""),
        ("staff", "张" * 101, "zhang", ""),
        ("staff", "张三", "zhang", "short"),
        ("staff", "张三", "staff", ""),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    session: Session, staff: Account, form: tuple[str, str, str, str]
) -> None:
    with pytest.raises(InvalidInput):
        open_office_account(session, *form)


def test_the_log_is_read_newest_first_in_pages_and_by_filter(
    session: Session, staff: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "AUDIT_PAGE_SIZE", 10)
    for n in range(25):
        record_audit(session, f"test.{n % 2}", f"thing:{n}", {}, staff.id)
    pages = [read_audit(session, "", "thing:", n).entries for n in (1, 2, 3)]
    assert [entry.subject for page in pages for entry, _name in page] == [
        f"thing:{n}" for n in range(24, -1, -1)
    ]
    assert {name for entry, name in pages[0]} == {"王工"}
    assert read_audit(session, "test.1", "", 1).found == 12
    assert read_audit(session, "", "%", 1).found == 0
    assert read_audit(session, "", "thing:", 99).page == 3
