"""Papers of a sitting and of a round: what happened, in words, and nothing that a ballot must keep."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from held_sitting import REMARK, hold
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from defense.domain.document_kinds import KINDS, DocumentKind, DocumentRefused, Subject
from defense.domain.errors import NotFound
from defense.models import DeclaredRecusal, Round, Sitting
from defense.services.audit_check import parse_head, verify_audit
from defense.services.documents.contents import content_of
from defense.services.documents.samples import sample_content, shape_of
from defense.services.room.sealing import seal_sitting
from defense.services.transaction import prepare_engine
from tests.rooms import REASON, Room

SEAL_KEY = bytes(range(32))
OF_DAY = [kind for kind, words in KINDS.items() if words.subject is not Subject.APPLICATION]


@pytest.fixture
def room(published_sqlite: Path, tmp_path: Path) -> Iterator[Room]:
    """Everybody around one sitting."""
    engine = create_engine(f"sqlite:///{shutil.copy(published_sqlite, tmp_path / 'defence.sqlite3')}")
    prepare_engine(engine)
    yield Room(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def held(published_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A sitting that is nearly over; for tests that only read."""
    copy = shutil.copy(published_sqlite, tmp_path_factory.mktemp("held") / "defence.sqlite3")
    engine = create_engine(f"sqlite:///{copy}")
    prepare_engine(engine)
    room = Room(engine)
    hold(room)
    with room.sessions() as session:
        session.scalars(select(Round)).one().results_released_at = datetime(2021, 12, 1, 2, tzinfo=UTC)
        session.commit()
    yield room
    engine.dispose()


def paper(room: Room, kind: DocumentKind) -> dict[str, Any]:
    """The content of a paper of the room's sitting or round."""
    with room.sessions() as session:
        return content_of(session, kind, subject_of(room, session, kind))


def subject_of(room: Room, session: Session, kind: DocumentKind) -> int:
    if KINDS[kind].subject is Subject.SITTING:
        return room.sitting_id
    return session.scalars(select(Round.id)).one()


def fits(real: Any, sample: Any) -> bool:
    """Whether a shape is that of the sample; a list of the real one may be empty."""
    if isinstance(sample, dict):
        return (
            isinstance(real, dict)
            and real.keys() == sample.keys()
            and all(fits(real[key], sample[key]) for key in sample)
        )
    if isinstance(sample, list):
        return real is None or (isinstance(real, list) and fits(real[0], sample[0]))
    return bool(real == sample)


@pytest.mark.parametrize("kind", OF_DAY)
def test_contents_have_the_shape_of_their_sample(held: Room, kind: DocumentKind) -> None:
    content = paper(held, kind)
    assert fits(shape_of(content), shape_of(sample_content(kind)))
    assert json.loads(json.dumps(content)) == content  # plain values only


def test_samples_leave_nothing_out() -> None:
    for kind in DocumentKind:
        assert "None" not in str(shape_of(sample_content(kind)))


@pytest.mark.parametrize("kind", OF_DAY)
def test_no_paper_tells_how_a_member_voted(held: Room, kind: DocumentKind) -> None:
    """A member's name and a choice never stand in one object, and no key of a ballot stands anywhere."""
    names = [name for (name,) in held.rows("SELECT name FROM expert")]
    for line in leaves(paper(held, kind)):
        if any(name in line for name in names):
            assert not re.search("通过|否决|弃权|" + REASON, line), line


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if all(not isinstance(part, dict | list) for part in value.values()) and "outcome" not in value:
            yield " ".join(str(part) for part in value.values())
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part)
    elif isinstance(value, str):
        yield value


def test_defence_records_have_the_conclusion_that_counts(held: Room) -> None:
    passed, failed, absent, waiting = paper(held, DocumentKind.DEFENCE_RECORDS)["records"]
    assert (passed["outcome"], passed["decided"]) == ("通过", True)
    assert passed["tally"] == "应到4人，通过4，否决0，弃权0，未投0"
    assert passed["begun"].startswith("北京时间 ")
    assert "一票否决制" in passed["rule"]
    assert passed["recused"] == [held_name(held, "expert4")]
    assert "线路中断；恢复答辩" in passed["breaks"][0]
    assert (failed["outcome"], failed["veto_reasons"]) == ("否决", f"{REASON}×1")
    assert (absent["outcome"], absent["tally"]) == ("缺席", "")
    assert (waiting["outcome"], waiting["decided"], waiting["state"]) == ("", False, "候场")


def held_name(room: Room, expert: str) -> str:
    return str(room.rows("SELECT name FROM expert WHERE id = :id", id=room.expert_id(expert))[0][0])


def test_who_was_postponed_is_on_no_sheet_and_keeps_the_others_their_numbers(held: Room) -> None:
    attendance = paper(held, DocumentKind.ATTENDANCE)["candidates"]
    assert held.defence(1).state == "postponed"
    assert [row["order"] for row in attendance] == [1, 3, 4, 5]


def test_minutes_tell_every_vote_and_what_vouches_for_them(held: Room) -> None:
    minutes = paper(held, DocumentKind.MINUTES)
    votes = minutes["candidates"][0]["votes"]
    assert [vote["number"] for vote in votes] == [1, 2, 3]
    assert votes[0]["result"] == "表决无效：已投 1 票，少于规定的 3 票"
    assert "不再计" in votes[1]["result"]
    assert votes[1]["remarks"] == []  # of a vote that no longer counts
    assert minutes["candidates"][2]["votes"][0]["remarks"] == [REMARK]
    assert "计票时停电" in minutes["candidates"][0]["requests"][0]
    assert [(i["decided"], i["reason"]) for i in minutes["incidents"]] == [
        ("延期", "线路中断"),
        ("缺席", "线路中断"),
    ]
    assert minutes["audit_head"]["recorded"]
    assert not minutes["seal"]["sealed"]
    head = parse_head(minutes["check"].split("--head ")[1])
    with held.sessions() as session:
        assert verify_audit(session, [head]).whole


def test_the_summary_counts_everybody_once(held: Room) -> None:
    summary = paper(held, DocumentKind.SUMMARY)
    totals = summary["totals"]
    parts = ("held", "absent", "waived", "cancelled", "pending")
    assert totals["candidates"] == sum(totals[part] for part in parts)
    assert totals["candidates"] == sum(len(panel["rows"]) for panel in summary["panels"])
    assert (totals["passed"], totals["failed"], totals["absent"]) == (1, 1, 1)
    assert summary["as_of"] == summary["made_at"]
    assert summary["panels"][-1]["panel"] == "尚未安排答辩"  # who was postponed
    assert [row["outcome"] for row in summary["panels"][-1]["rows"]] == ["待定"]
    held_panel = next(p for p in summary["panels"] if p["counts"]["held"])
    assert held_panel["rows"][1]["tally"] == "通过1，否决1，弃权1，未投2"
    assert held_panel["rows"][1]["conclusion"] == "不通过"


def test_the_public_list_is_masked_and_has_only_who_passed(held: Room) -> None:
    rows = paper(held, DocumentKind.PUBLIC_LIST)["rows"]
    assert len(rows) == 1
    assert all(row["result"] == "通过" and "*" in row["name"] for row in rows)
    assert all(re.fullmatch(r"\d{4}\*{10}\d{3}[\dX]", row["id_number"]) for row in rows)
    whole = str(paper(held, DocumentKind.PUBLIC_LIST))
    for name, record in held.rows("SELECT name, record_json FROM application"):
        assert name not in whole
        assert json.loads(record)["id_number"] not in whole


def test_the_period_of_the_public_list_is_of_working_days(held: Room) -> None:
    """From Thursday 2 December 2021, the day after the release, to Wednesday the 8th."""
    content = paper(held, DocumentKind.PUBLIC_LIST)
    assert (content["period_start"], content["period_end"]) == ("2021年12月2日", "2021年12月8日")


def test_no_public_list_before_the_release(room: Room) -> None:
    with pytest.raises(DocumentRefused) as refused:
        paper(room, DocumentKind.PUBLIC_LIST)
    assert "尚未公布" in refused.value.text.zh


def test_incidents_in_the_order_in_which_they_happened(held: Room) -> None:
    register = paper(held, DocumentKind.INCIDENTS)
    kinds = [row["kind"] for row in register["rows"]]
    assert kinds == ["中断", "回避", "表决无效", "重新表决", "延期", "缺席"]
    assert [row["order"] for row in register["rows"]] == list(range(1, 7))
    broken, recused, _invalid, again, *_ = register["rows"]
    assert "恢复答辩" in broken["handling"]
    assert held_name(held, "expert4") in recused["handling"]
    assert again["reason"] == "技术原因：计票时停电"
    assert again["handling"].endswith("批准")
    assert all(row["recorded_by"] and "北京时间" in row["clocks"] for row in register["rows"])


def test_a_round_without_incidents_has_a_register_that_says_so(room: Room) -> None:
    with room.sessions() as session:
        session.query(DeclaredRecusal).delete()
        session.commit()
    register = paper(room, DocumentKind.INCIDENTS)
    assert (register["total"], register["rows"], register["counts"]) == (0, [], [])


def test_ballot_papers_are_for_those_who_are_not_decided(held: Room, room: Room) -> None:
    assert len(paper(room, DocumentKind.BALLOT_PAPERS)["papers"]) == len(room.defence_ids)
    papers = paper(held, DocumentKind.BALLOT_PAPERS)["papers"]
    assert [each["order"] for each in papers] == [5]


def test_a_recused_member_gets_no_paper(room: Room) -> None:
    room.recuse("expert1", 0)
    first, second, *_ = paper(room, DocumentKind.BALLOT_PAPERS)["papers"]
    assert (first["copies"], first["recused"]) == (4, 1)
    assert (second["copies"], second["recused"]) == (5, 0)


def test_papers_follow_the_rule_of_the_round(room: Room) -> None:
    room.change_rules(panel_rule="mean_score", secret_ballots=False)
    papers = paper(room, DocumentKind.BALLOT_PAPERS)
    assert papers["scored"]
    assert not papers["secret"]
    assert papers["choices"] == ["弃权"]
    assert "不低于 60 分" in papers["rule"]


def test_named_ballots_stay_with_head_and_supervisor(room: Room) -> None:
    """The page of the minutes names them to these two; a paper goes from hand to hand."""
    room.change_rules(secret_ballots=False)
    hold(room)
    for kind in (DocumentKind.MINUTES, DocumentKind.DEFENCE_RECORDS, DocumentKind.SUMMARY):
        for line in leaves(paper(room, kind)):
            assert not ("专家" in line and re.search("否决$", line))
        assert "记名投票" in str(paper(room, DocumentKind.MINUTES))
    test_no_paper_tells_how_a_member_voted(room, DocumentKind.MINUTES)


def test_while_a_ballot_is_open(room: Room) -> None:
    """No minutes; and what else is printed does not change with the ballots that come in."""
    ballot_round_id = room.call_and_open()
    kinds = (DocumentKind.DEFENCE_RECORDS, DocumentKind.SUMMARY, DocumentKind.INCIDENTS)
    before = [without_time(paper(room, kind)) for kind in kinds]
    room.vote("expert0", ballot_round_id, "veto")
    assert [without_time(paper(room, kind)) for kind in kinds] == before
    assert before[0]["records"][0]["state"] == "表决"
    assert not before[0]["records"][0]["decided"]
    with pytest.raises(DocumentRefused) as refused:
        paper(room, DocumentKind.MINUTES)
    assert "表决正在进行" in refused.value.text.zh


def without_time(content: dict[str, Any]) -> dict[str, Any]:
    return {key: part for key, part in content.items() if key not in ("made_at", "as_of", "made_on")}


def test_sealed_minutes_carry_the_seal(room: Room) -> None:
    for number in range(len(room.defence_ids)):
        room.move("mark_absent", number)
    room.act(
        "supervisor",
        lambda session, who: seal_sitting(
            session, who, room.sitting_id, SEAL_KEY, datetime(2021, 11, 22, 6, tzinfo=UTC)
        ),
    )
    seal = paper(room, DocumentKind.MINUTES)["seal"]
    assert seal["sealed"]
    assert "14:00（新疆时间 12:00）" in seal["at"]
    assert seal["entry"].startswith("链 main")


def test_a_cancelled_sitting_has_no_papers(room: Room) -> None:
    with room.sessions() as session:
        session.get_one(Sitting, room.sitting_id).cancelled = True
        for kind in (DocumentKind.ATTENDANCE, DocumentKind.MINUTES):
            with pytest.raises(NotFound):
                content_of(session, kind, room.sitting_id)


@pytest.mark.parametrize("kind", DocumentKind)
@pytest.mark.parametrize("subject_id", [10**9, 2**80, -1, 0])
def test_of_nothing_there_is_no_paper(held: Room, kind: DocumentKind, subject_id: int) -> None:
    with held.sessions() as session, pytest.raises(NotFound):
        content_of(session, kind, subject_id)
