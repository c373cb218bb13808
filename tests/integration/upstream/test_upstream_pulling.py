"""Reading the platform: everything once, changes by the rule, lies and faults told, nothing half-written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.domain.errors import IllegalState, InvalidInput
from defense.extensions import db
from defense.integrations.upstream import UpstreamClient
from defense.integrations.upstream.client import Timing
from defense.models import (
    Account,
    Application,
    AuditEntry,
    RetentionExport,
    Round,
    RoundErasure,
    UpstreamDifference,
    UpstreamFault,
    UpstreamFeed,
    UpstreamHold,
)
from defense.services.access import Role, create_account
from defense.services.records.rulings import override_fee
from defense.services.rounds import ensure_round
from defense.services.transaction import begin_write
from defense.services.upstream.differences import accept_difference, keep_ours, open_differences
from defense.services.upstream.pulling import (
    INTERVAL,
    PullSummary,
    check_fees,
    pull_due,
    pull_round,
    want_fees,
    want_pull,
)
from defense.services.upstream.refetch import refetch
from defense.services.upstream.taking import ApplicationTaker
from defense.settings import UpstreamAccess
from sandbox.store import Item
from tests.upstream_platform import Platform

NOW = datetime(2021, 10, 20, 3, tzinfo=UTC)
QUICK = Timing(connect_s=1, read_s=0.5, patience_s=5, attempts=6, first_pause_s=0.01)


class Office:
    """A round with a member of staff, and the platform it reads."""

    def __init__(self, platform: Platform) -> None:
        self.platform, self.now = platform, NOW
        self.sessions = sessionmaker(db.engine)
        access = UpstreamAccess(platform.url, platform.auth, platform.client_id, platform.secret)
        self.client = UpstreamClient(access, QUICK)
        with self.sessions() as session:
            begin_write(session)
            ensure_round(session, "2021")
            self.staff_id = create_account(session, Role.STAFF, "王工", "staff", None).id
            session.commit()

    def pull(self) -> PullSummary:
        self.now += timedelta(minutes=1)
        return pull_round(self.sessions, self.client, "2021", lambda: self.now)

    def act(self, work: Callable[[Session, Round], Any]) -> Any:
        """One transaction of a clerk."""
        with self.sessions() as session:
            begin_write(session)
            answer = work(session, session.scalars(select(Round)).one())
            session.commit()
            return answer

    def rely_on(self, number: str) -> None:
        """Somebody rules on the application."""
        self.act(lambda s, r: override_fee(s, self.find(s, number), True, "先行安排", self.staff_id))

    def settle(self, decide: Callable[..., bool], reason: str = "已核对") -> bool:
        def work(session: Session, round_: Round) -> bool:
            (row,) = open_differences(session, round_)
            return decide(session, round_, row.difference.id, reason, self.now, self.staff_id)

        settled: bool = self.act(work)
        return settled

    def find(self, session: Session, number: str) -> Application:
        return session.scalars(select(Application).where(Application.number == number)).one()

    def records(self) -> dict[str, dict[str, Any]]:
        with self.sessions() as session:
            return {a.number: a.record_json for a in session.scalars(select(Application))}

    def hold(self, number: str) -> tuple[str, bool]:
        with self.sessions() as session:
            hold = session.get_one(UpstreamHold, self.find(session, number).id)
            return hold.etag, hold.is_different

    def audited(self, action: str) -> list[dict[str, Any]]:
        with self.sessions() as session:
            query = select(AuditEntry.detail).where(AuditEntry.action == action).order_by(AuditEntry.seq)
            return list(session.scalars(query))


@pytest.fixture
def office(app: Flask, platform: Platform) -> Iterator[Office]:
    with app.app_context():
        yield Office(platform)


def test_everything_comes_in_once_and_is_judged(office: Office) -> None:
    summary = office.pull()
    assert summary.error is None
    assert office.records() == office.platform.records()
    assert summary.counts == {"new": len(office.records())}
    with office.sessions() as session:
        assert all(a.assessment.findings for a in session.scalars(select(Application)))
    assert office.pull().counts == {}
    assert len(office.audited("upstream.pulled")) == 1


def test_a_change_applies_until_somebody_relies_on_the_record(office: Office) -> None:
    office.pull()
    free, ruled = sorted(office.records())[:2]
    office.rely_on(ruled)
    etag = office.platform.change(free, unit="新疆农业大学")
    office.platform.change(ruled, unit="新疆农业大学", phone="13900001111")
    assert office.pull().counts == {"changed": 1, "different": 1}
    assert office.records()[free]["unit"] == "新疆农业大学"
    assert office.hold(free) == (etag, False)
    assert office.records()[ruled]["unit"] != "新疆农业大学"
    assert office.hold(ruled)[1]
    (told,) = office.audited("upstream.differs")
    assert told["fields"] == "手机号码、工作单位"
    with office.sessions() as session:
        (row,) = open_differences(session, session.scalars(select(Round)).one())
        assert [change.label.zh for change in row.changes] == ["手机号码", "工作单位"]
        assert row.changes[0].after.zh == "139****1111"


@pytest.mark.parametrize("decide", [accept_difference, keep_ours])
def test_staff_accept_or_keep_once_and_say_why(office: Office, decide: Callable[..., bool]) -> None:
    office.pull()
    number = min(office.records())
    office.rely_on(number)
    ours = office.records()[number]
    etag = office.platform.change(number, unit="新疆农业大学")
    office.pull()
    with pytest.raises(InvalidInput, match="reason"):
        office.settle(decide, " ")
    difference_id = office.act(lambda s, r: open_differences(s, r)[0].difference.id)
    assert office.settle(decide)
    again = (difference_id, "再点一次", office.now, office.staff_id)
    assert not office.act(lambda s, r: decide(s, r, *again)), "a doubled click"
    theirs = office.platform.records()[number]
    assert office.records()[number] == (theirs if decide is accept_difference else ours)
    assert office.hold(number) == (etag, False)
    assert office.pull().counts == {}
    assert len(office.audited("upstream.settled")) == 1


def test_a_newer_version_takes_the_place_of_an_undecided_one(office: Office) -> None:
    office.pull()
    number = min(office.records())
    office.rely_on(number)
    before = office.records()[number]["unit"]
    for unit in ("甲单位", "乙单位"):
        office.platform.change(number, unit=unit)
        office.pull()
    with office.sessions() as session:
        states = session.scalars(select(UpstreamDifference.settled_as).order_by(UpstreamDifference.id)).all()
    assert states == ["overtaken", None]
    office.platform.change(number, unit=before)
    assert office.pull().counts == {"same": 1}
    assert not office.hold(number)[1]


@pytest.mark.parametrize("status", ["returned", "withdrawn"])
def test_what_is_taken_back_becomes_invalid_only_by_a_ruling(office: Office, status: str) -> None:
    office.pull()
    number, other = sorted(office.records())[:2]
    office.platform.change(number, status=status)
    office.platform.inside.store.put("2021", office.records()[other] | {"number": "XJ202199999"}, status)
    assert office.pull().counts["different"] == 1
    assert "XJ202199999" not in office.records(), "was never approved"
    office.settle(accept_difference, "本人撤回")
    with office.sessions() as session:
        application = office.find(session, number)
        assert not application.effective_valid
        assert application.rulings[-1].reason == "本人撤回"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"series": "农业系列"}, "没有该系列"),
        ({"specialty": "天文"}, "没有该专业"),
        ({"level": "junior"}, "“申报级别”的内容不可用"),
        ({"submitted_at": "2021-09-15T12:00:00"}, "缺少时区"),
        ({"name": ""}, "“姓名”为空"),
        ({"unit": "某" * 300}, "超过200字"),
        ({"publicity": {"start": "2021-02-30", "end": None, "objection_open": False}}, "“公示”"),
        ({"degrees": [{"school": "x"}]}, "“学历学位”"),
        ({"submitted_at": "9999-12-31T23:59:59-12:00"}, "年份不合理"),
        ({"present_title_on": "0001-01-01"}, "年份不合理"),
    ],
)
def test_what_cannot_be_taken_in_is_told_with_its_place_and_stops_nothing(
    office: Office, fields: dict[str, Any], words: str
) -> None:
    number = min(office.platform.records())
    right = {name: office.platform.records()[number][name] for name in fields}
    office.platform.change(number, **fields)
    summary = office.pull()
    assert (summary.counts["faulty"], summary.counts["new"]) == (1, len(office.platform.records()) - 1)
    with office.sessions() as session:
        fault = session.scalars(select(UpstreamFault)).one()
        assert fault.number == number and words in fault.words["zh"]
    office.platform.change(number, **right)
    assert office.pull().counts == {"new": 1}
    with office.sessions() as session:
        assert session.scalars(select(UpstreamFault)).all() == []


def test_what_was_read_before_the_line_broke_stays_and_the_rest_follows(office: Office) -> None:
    office.client._timing = replace(QUICK, attempts=1)
    office.client.pages = lambda code, cursor: UpstreamClient.pages(office.client, code, cursor, 5)  # type: ignore[method-assign, assignment, misc]
    office.platform.set_faults(seed=4, cut=0.4)
    summaries = [office.pull() for _ in range(12)]
    assert any(summary.error for summary in summaries)
    office.platform.set_faults()
    office.pull()
    assert office.records() == office.platform.records()


def test_a_platform_that_lies_about_its_pages_ends_with_a_message(office: Office) -> None:
    office.platform.set_lies(repeat_cursor=True, total=3)
    summary = office.pull()
    assert summary.error is not None and "游标重复" in summary.error.zh
    assert office.records() == office.platform.records()
    with office.sessions() as session:
        feed = session.scalars(select(UpstreamFeed)).one()
        assert feed.error == summary.error.to_json() and feed.claimed_until is None


def test_two_readers_do_no_harm_and_a_dead_one_is_replaced(office: Office) -> None:
    office.pull()
    office.act(
        lambda s, r: setattr(s.get(UpstreamFeed, r.id), "claimed_until", office.now + timedelta(minutes=4))
    )
    assert office.pull().is_busy
    office.now += timedelta(minutes=4)
    assert not office.pull().is_busy


def test_the_errand_reads_what_was_asked_for_and_what_is_due(office: Office) -> None:
    pull_due(office.sessions, office.client, lambda: office.now)
    assert office.records() == {}, "nobody has ever asked for it"
    office.act(lambda s, r: want_pull(s, r, office.now))
    pull_due(office.sessions, office.client, lambda: office.now)
    assert office.records() == office.platform.records()
    number = min(office.records())
    office.platform.change(number, unit="甲单位")
    pull_due(office.sessions, office.client, lambda: office.now + INTERVAL / 2)
    assert office.records()[number]["unit"] != "甲单位"
    pull_due(office.sessions, office.client, lambda: office.now + INTERVAL)
    assert office.records()[number]["unit"] == "甲单位"


def test_who_has_paid_meanwhile_is_noted(office: Office) -> None:
    number = min(office.platform.records())
    office.platform.change(number, fee_paid=False, fee_payment=None)
    office.pull()
    paid = {"paid_on": "2021-10-21", "payer": "乌鲁木齐市人社局", "receipt_number": "N7"}
    office.platform.change(number, fee_paid=True, fee_payment=paid)
    summary = check_fees(office.sessions, office.client, "2021", lambda: office.now)
    assert summary.counts["paid"] == 1
    record = office.records()[number]
    assert (record["fee_paid"], record["fee_payment"]) == (True, paid)
    with office.sessions() as session:
        application = office.find(session, number)
        assert application.fee_paid
        assert "fee_unpaid" not in {f.code for f in application.assessment.findings}


@pytest.mark.parametrize("number", ["\ud800", " V4 ", "V2/../x", "V3?x=1#", "a\0b", ""])
def test_a_number_that_cannot_be_kept_stops_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    first, plain = min(office.platform.records()), Item.to_json

    def spoilt(item: Item) -> dict[str, Any]:
        told = plain(item)
        return told | {"record": told["record"] | {"number": number}} if item.number == first else told

    monkeypatch.setattr(Item, "to_json", spoilt)
    counts = office.pull().counts
    assert (counts["faulty"], counts["new"]) == (1, len(office.platform.records()) - 1)


@pytest.mark.parametrize(
    "lie",
    [
        {"payer": {"a": [1]}},
        {"receipt_number": "\ud800"},
        {"paid_on": "2021-13-45"},
        {"paid_on": 20210901},
        {"payer": "某" * 500},
    ],
)
def test_a_lie_about_one_fee_is_told_and_stops_nobody_else_s(
    office: Office, monkeypatch: pytest.MonkeyPatch, lie: dict[str, Any]
) -> None:
    liar, payer = sorted(office.platform.records())[:2]
    for number in (liar, payer):
        office.platform.change(number, fee_paid=False, fee_payment=None)
    office.pull()
    paid = {"paid_on": "2021-10-21", "payer": "乌鲁木齐市人社局", "receipt_number": "N7"}
    for number in (liar, payer):
        office.platform.change(number, fee_paid=True, fee_payment=paid)
    plain = UpstreamClient._json
    monkeypatch.setattr(
        office.client,
        "_json",
        lambda path: plain(office.client, path) | (lie if f"{liar}/fee" in path else {}),
    )
    office.act(lambda s, r: want_fees(s, r, office.now))
    summary = check_fees(office.sessions, office.client, "2021", lambda: office.now)
    assert (summary.counts["paid"], summary.counts["unreadable"]) == (1, 1)
    assert summary.error is not None and "接口约定" in summary.error.zh
    assert [office.records()[number]["fee_paid"] for number in (liar, payer)] == [False, True]
    with office.sessions() as session:
        assert session.scalars(select(UpstreamFeed)).one().fees_wanted_at is None


def test_a_failure_of_our_own_is_on_the_page_and_lets_the_next_reading_begin(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(ApplicationTaker, "take", lambda self, item: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            office.pull()
    with office.sessions() as session:
        feed = session.scalars(select(UpstreamFeed)).one()
        assert feed.error is not None and "内部出错" in feed.error["zh"] and feed.claimed_until is None
    office.pull()
    assert office.records() == office.platform.records()


def test_nothing_comes_back_into_a_round_that_is_erased_meanwhile(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = min(office.platform.records())
    office.platform.change(number, fee_paid=False, fee_payment=None)
    office.pull()
    before = office.records()[number]
    paid = {"paid_on": "2021-10-21", "payer": "乌鲁木齐市人社局", "receipt_number": "N7"}
    office.platform.change(number, fee_paid=True, fee_payment=paid, unit="新单位")
    plain = UpstreamClient._json

    def erase(path: str) -> dict[str, Any]:
        answer = plain(office.client, path)
        office.act(_erase)
        return answer

    monkeypatch.setattr(office.client, "_json", erase)
    with pytest.raises(IllegalState):
        check_fees(office.sessions, office.client, "2021", lambda: office.now)
    with office.sessions() as session:
        application_id = office.find(session, number).id
    refetch(office.sessions, office.client, application_id)
    assert office.records()[number] == before


def _erase(session: Session, round_: Round) -> None:
    if session.get(RoundErasure, round_.id) is None:
        account_id = session.scalars(select(Account.id)).first()
        digest = "00" * 32
        export = RetentionExport(
            round_id=round_.id, digest=digest, content_digest=digest, size=1, records=1, is_encrypted=False
        )
        session.add(export)
        session.flush()
        session.add(RoundErasure(round_id=round_.id, export_id=export.id, confirmed_by_id=account_id))


def test_a_number_that_now_means_somebody_else_waits_for_staff(office: Office) -> None:
    office.pull()
    first, second = sorted(office.platform.records())[:2]
    other = office.platform.records()[second]
    office.platform.change(first, id_number=other["id_number"], name=other["name"])
    before = office.records()[first]
    assert office.pull().counts["different"] == 1
    assert office.records()[first] == before
    with office.sessions() as session:
        (row,) = open_differences(session, session.scalars(select(Round)).one())
        assert row.is_of_another_person
    assert office.settle(accept_difference)
    assert office.records()[first]["id_number"] == other["id_number"]
