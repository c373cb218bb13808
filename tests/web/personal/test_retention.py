"""A round's personal data: kept until a day, exported and read back, deleted by two people."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from defense.extensions import db
from defense.models import (
    Account,
    Application,
    AuditEntry,
    Ballot,
    Defence,
    Expert,
    ImportBatch,
    OutboxMessage,
    Reopening,
    Round,
    RoundErasure,
    Ruling,
    Seal,
    Sitting,
)
from defense.models.types import utc_now
from defense.services.access import Role, create_account, issue_link
from defense.services.audit_check import verify_audit
from defense.services.keeping import retention
from defense.services.keeping.archive_reading import open_archive
from defense.services.keeping.retention import finish_erasures
from defense.services.room.seals import trusted_keys
from tests.conftest import People
from tests.finished_round import RELEASED_AT, end_round, finish_round
from tests.room_pages import all_pages

Enter = Callable[[str], FlaskClient]
Database = Callable[[Callable[[Session], Any]], Any]
PAGE = "/rounds/2021/retention"
PASSPHRASE = "一个足够长的存档口令，共十六字。"
WHY = {"reason": "保存期限已到"}


@pytest.fixture
def over(published_app: Flask, people: People, enter: Enter) -> FlaskClient:
    """The round is over and due; the browser of who exports."""
    finish_round(published_app, people, enter)
    return enter("staff")


@pytest.fixture
def second(published_app: Flask, database: Database) -> FlaskClient:
    """A browser of a second member of staff who may see personal data."""

    def link(session: Session) -> str:
        account = create_account(session, Role.STAFF, "李工", "li", None)
        return issue_link(session, account, utc_now() + timedelta(days=1))

    client = published_app.test_client()
    assert client.get(database(link)).status_code == 302
    return client


def export(client: FlaskClient, passphrase: str = "") -> bytes:
    form = {**WHY, "passphrase": passphrase, "again": passphrase}
    answer = client.post(f"{PAGE}/archive", data=form)
    assert answer.status_code == 200, answer.text
    return bytes(answer.data)


def deletion(data: bytes) -> dict[str, str]:
    return {**WHY, "digest": hashlib.sha256(data).hexdigest()[-8:], "code": "2021"}


def personal_data(session: Session) -> dict[str, bytes]:
    """Whatever must be gone, by what it is."""
    found = {}
    for application in session.scalars(select(Application)):
        record = application.record_json
        for field in ("name", "id_number", "phone", "email"):
            found[f"{application.number} {field}"] = str(record[field]).encode()
            found[f"{application.number} {field} in JSON"] = ascii(record[field])[1:-1].encode()
    for expert in session.scalars(select(Expert)):
        found[f"{expert.number} phone"] = expert.phone.encode()
        found[f"{expert.number} email"] = expert.email.encode()
    # The names of experts stay; a candidate may bear the name of one.
    stays = {value.encode() for expert in session.scalars(select(Expert)) for value in (expert.name,)}
    stays |= {ascii(name.decode())[1:-1].encode() for name in stays}
    return {what: value for what, value in found.items() if value and value not in stays}


def speak_of_names(session: Session) -> None:
    """Staff wrote names where a reason is asked for; one of the requests is decided and spent."""
    account_id = session.scalars(select(Account.id).where(Account.username == "staff")).one()
    for defence in session.scalars(select(Defence).where(Defence.sitting_id.in_(select(Seal.sitting_id)))):
        application = defence.application
        reason = f"{application.name} {application.phone} 来电"
        application.rulings.append(
            Ruling(subject="fee", decision="waived", reason=reason, account_id=account_id)
        )
        other = session.scalars(select(Account.id).where(Account.id != account_id)).first()
        asked = {"kind": "re_vote", "cause": "technical", "reason": "断线", "asked_by_id": account_id}
        decided = {"decided_by_id": other, "decided_at": utc_now(), "granted": True, "spent_at": utc_now()}
        defence.reopenings.append(Reopening(**asked, **decided))


def on_disk(app: Flask) -> bytes:
    directory = Path(app.extensions["settings"].instance_dir)
    files = sorted(directory.glob("defence.sqlite3*"))
    return b"".join(path.read_bytes() for path in files)


def evidence(session: Session) -> dict[str, list[Any]]:
    queries = {
        "ballots": "SELECT * FROM ballot ORDER BY id",
        "rounds": "SELECT id, tally, closed_at, rule, terms FROM ballot_round ORDER BY id",
        "seals": "SELECT * FROM seal",
        "defences": "SELECT id, application_id, state, outcome FROM defence ORDER BY id",
        "heads": "SELECT chain, digest FROM audit_head WHERE chain <> 'main'",
        "applications": "SELECT number, series, specialty, level, valid, requirement FROM application",
    }
    return {name: [tuple(row) for row in session.execute(text(query))] for name, query in queries.items()}


def test_the_whole_way_leaves_no_byte_and_the_evidence_verifies(
    published_app: Flask, over: FlaskClient, second: FlaskClient, database: Database, people: People
) -> None:
    database(speak_of_names)
    gone, before = database(personal_data), database(evidence)
    pages = list(all_pages(published_app, people))
    conclusions = over.get("/rounds/2021/results").text.count("不通过")
    data = export(over, PASSPHRASE)
    opened = open_archive(data, PASSPHRASE)
    assert opened.records == len(before["applications"])
    assert len(before["ballots"]) == 3 and len(before["seals"]) == 1 and len(gone) > 150
    assert sum(value in on_disk(published_app) for value in gone.values()) > 50, "it was there"
    assert second.post(f"{PAGE}/deletion", data=deletion(data)).status_code == 302
    assert "已删除" in over.get(PAGE).text

    assert database(evidence) == before
    keys = trusted_keys(published_app.extensions["settings"])
    check = database(lambda s: verify_audit(s, public_keys=keys))
    assert check.whole and len(check.seals) == 1
    disk = on_disk(published_app)
    assert [what for what, value in gone.items() if value in disk] == []
    left = database(lambda s: [(a.name, a.unit, a.record.name, a.record.phone) for a in s.scalars(_all())])
    assert set(left) == {(number, "", number, "") for number, *_rest in before["applications"]}
    assert over.get("/rounds/2021/results").text.count("不通过") == conclusions
    answers = {page: over.get(page) for page in pages}
    assert {answer.status_code for answer in answers.values()} <= {200, 302, 403, 404}
    assert sum(answer.status_code == 200 for answer in answers.values()) > 20


def _all() -> Any:
    return select(Application)


@pytest.mark.parametrize("steps", [0, 3, 6])
def test_a_deletion_cut_in_half_is_finished_by_the_next_call(
    published_app: Flask,
    over: FlaskClient,
    second: FlaskClient,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    steps: int,
) -> None:
    gone, done = database(personal_data), 0

    def crash() -> None:
        nonlocal done
        done += 1
        if done > steps:
            raise KeyboardInterrupt("the power went")

    data = export(over)
    monkeypatch.setattr("defense.services.keeping.erasing.CHUNK", 10)
    monkeypatch.setattr("defense.web.retention._breathe", crash)
    with pytest.raises(KeyboardInterrupt):
        second.post(f"{PAGE}/deletion", data=deletion(data))
    assert database(lambda s: s.scalars(select(RoundErasure)).one().finished_at) is None
    assert "正在删除" in over.get(PAGE).text
    assert over.post(f"{PAGE}/archive", data=WHY).status_code == 409
    with published_app.app_context():
        folder = published_app.extensions["attachment_folder"]
        assert finish_erasures(sessionmaker(db.engine), folder) == ["2021"]
        assert finish_erasures(sessionmaker(db.engine), folder) == []
        published_app.extensions["log_eraser"].erase()
    disk = on_disk(published_app)
    assert [what for what, value in gone.items() if value in disk] == []
    erased = select(AuditEntry).where(AuditEntry.action == "retention.erased")
    assert len(database(lambda s: s.scalars(erased).all())) == 1


def test_who_exported_does_not_confirm(over: FlaskClient, database: Database) -> None:
    data = export(over)
    assert over.post(f"{PAGE}/deletion", data=deletion(data)).status_code == 403
    assert database(lambda s: s.scalars(select(RoundErasure)).all()) == []
    digest = hashlib.sha256(data).hexdigest()
    for page in ("/audit", "/rounds/2021/personal", PAGE):
        text = over.get(page).text
        assert digest[:12] in text and digest[-8:] not in text, "whoever confirms reads it off the file"


def test_a_careless_confirmation_is_refused(
    over: FlaskClient, second: FlaskClient, database: Database
) -> None:
    form = deletion(export(over))
    for change in ({"digest": ""}, {"digest": "0" * 8}, {"code": "2022"}, {"reason": " "}, {"digest": "f"}):
        assert second.post(f"{PAGE}/deletion", data={**form, **change}).status_code == 422, change
    assert database(lambda s: s.scalars(select(RoundErasure)).all()) == []


def _not_released(session: Session) -> None:
    session.scalars(select(Round)).one().results_released_at = None


def _kept_longer(session: Session) -> None:
    round_ = session.scalars(select(Round)).one()
    round_.results_released_at, round_.keep_until = RELEASED_AT, utc_now().date() + timedelta(days=1)


def _somebody_waits(session: Session) -> None:
    session.scalars(select(Round)).one().keep_until = None
    sealed = select(Seal.sitting_id)
    session.scalars(select(Defence).where(Defence.sitting_id.not_in(sealed))).all()[-1].state = "waiting"


def _a_sitting_to_come(session: Session) -> None:
    end_round(session)
    session.scalars(select(Sitting)).all()[-1].end_at = utc_now() + timedelta(days=1)


def _a_letter_waits(session: Session) -> None:
    for sitting in session.scalars(select(Sitting)):
        sitting.end_at = RELEASED_AT
    session.scalars(select(OutboxMessage)).all()[-1].state = "queued"


def test_a_round_that_is_not_over_and_due_cannot_be_deleted(
    over: FlaskClient, second: FlaskClient, database: Database
) -> None:
    form = deletion(export(over))
    told = {
        "尚未公布": _not_released,
        "期限未到": _kept_longer,
        "表决未结束": _somebody_waits,
        "答辩或表决未结束": _a_sitting_to_come,
        "待发送": _a_letter_waits,
    }
    for words, change in told.items():
        database(change)
        answer = second.post(f"{PAGE}/deletion", data=form)
        assert answer.status_code == 409 and words in answer.text, words
        assert words in second.get(PAGE).text
    assert database(lambda s: s.scalars(select(RoundErasure)).all()) == []
    database(end_round)
    assert second.post(f"{PAGE}/deletion", data=form).status_code == 302, "and then it can"


def test_a_change_after_the_export_wants_a_new_one(
    over: FlaskClient, second: FlaskClient, database: Database
) -> None:
    form = deletion(export(over))
    database(lambda s: setattr(s.get_one(Application, 1), "ruled_valid", True))
    answer = second.post(f"{PAGE}/deletion", data=form)
    assert answer.status_code == 409 and "重新导出" in answer.text
    assert second.post(f"{PAGE}/deletion", data=deletion(export(over))).status_code == 302


def test_nothing_comes_back_by_an_import_and_nothing_left_is_judged_again(
    over: FlaskClient, second: FlaskClient, database: Database, tmp_path: Path
) -> None:
    uploaded = select(ImportBatch).where(ImportBatch.kind == "applications")
    workbook = database(lambda s: s.scalars(uploaded).one().data)
    assert second.post(f"{PAGE}/deletion", data=deletion(export(over))).status_code == 302
    (tmp_path / "a.xlsx").write_bytes(workbook)
    with (tmp_path / "a.xlsx").open("rb") as file:
        answer = over.post("/rounds/2021/import", data={"kind": "applications", "workbook": (file, "a.xlsx")})
    assert answer.status_code == 409
    assert database(lambda s: s.scalars(select(Application.name)).first()).startswith("XJ")
    before = database(evidence)
    assert over.post("/rounds/2021/findings/check").status_code == 409
    assert database(evidence) == before


def test_the_day_is_set_with_a_reason_and_audited(enter: Enter, database: Database) -> None:
    staff = enter("staff")
    assert staff.post(PAGE, data={"keep_until": "2031-12-31", "reason": ""}).status_code == 422
    assert staff.post(PAGE, data={"keep_until": "31.12.2031", **WHY}).status_code == 422
    assert staff.post(PAGE, data={"keep_until": "2031-12-31", **WHY}).status_code == 302
    assert "2031-12-31" in staff.get(PAGE).text
    set_ = select(AuditEntry.detail).where(AuditEntry.action == "retention.period_set")
    entry = database(lambda s: s.scalars(set_).one())
    assert entry == {"keep_until": "2031-12-31", **WHY}
    for role in ("supervisor", "secretary", "expert0", "candidate0"):
        assert enter(role).post(PAGE, data={"keep_until": "", **WHY}).status_code == 403


def test_without_the_permission_nothing_is_exported_or_deleted(
    over: FlaskClient, second: FlaskClient, database: Database
) -> None:
    form = deletion(export(over))

    def forbid(session: Session) -> None:
        for account in session.scalars(select(Account)):
            account.may_see_personal = False

    database(forbid)
    assert over.post(f"{PAGE}/archive", data=WHY).status_code == 403
    assert second.post(f"{PAGE}/deletion", data=form).status_code == 403
    assert second.post(PAGE, data={"keep_until": "", **WHY}).status_code == 403


def test_passphrases_that_differ_or_are_short_export_nothing(over: FlaskClient, database: Database) -> None:
    for form in ({"passphrase": PASSPHRASE, "again": "x"}, {"passphrase": "short", "again": "short"}):
        assert over.post(f"{PAGE}/archive", data={**WHY, **form}).status_code == 422
    assert over.post(f"{PAGE}/archive", data={"reason": ""}).status_code == 422
    exported = select(AuditEntry).where(AuditEntry.action == "retention.exported")
    assert database(lambda s: s.scalars(exported).all()) == []


def test_an_archive_that_does_not_read_back_is_not_handed_out(
    over: FlaskClient, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    write = retention.write_archive

    def damaged(*args: Any) -> bytes:
        data = bytearray(write(*args))
        data[len(data) // 2] ^= 1
        return bytes(data)

    monkeypatch.setattr(retention, "write_archive", damaged)
    assert over.post(f"{PAGE}/archive", data=WHY).status_code == 422
    assert database(lambda s: s.scalars(select(Ballot.id)).all()) != []
    assert "已导出的存档" not in over.get(PAGE).text
