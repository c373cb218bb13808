"""The minutes of a sitting: every turn of a day stands in them, and to each reader what they may know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from defense.domain.errors import NotFound
from defense.domain.lifecycle import Move
from defense.models import DeclaredRecusal, Defence, Round
from defense.models.types import utc_now
from defense.services.access import Principal, principal_of
from defense.services.audit import sitting_chain
from defense.services.audit_check import parse_head, verify_audit
from defense.services.results import result_rows
from defense.services.room.conducting import go_on_with_clock, pause_clock
from defense.services.room.minutes import Minutes, minutes_of
from defense.services.room.minutes_parts import CandidateDetail, CandidateMinutes, VotingRound
from defense.services.room.reopening import ask_reopening, decide_reopening
from defense.services.room.sealing import seal_sitting
from defense.services.room.seals import public_key_of
from defense.services.room.sittings import require_watcher
from defense.services.transaction import begin_snapshot
from tests.rooms import TO_DISCUSSION, Room

SEAL_KEY = bytes(range(32))
READERS = ("secretary", "staff", "supervisor", "expert0", "expert1")


def read(room: Room, name: str = "supervisor") -> tuple[CandidateMinutes, ...]:
    """The candidates in the minutes as the named person reads them."""
    return minutes(room, name).candidates


def minutes(room: Room, name: str = "supervisor") -> Minutes:
    """The minutes as the named person reads them."""
    return room.act(
        name, lambda session, who: minutes_of(session, who, require_watcher(session, who, room.sitting_id))
    )


def detail_of(room: Room, number: int = 0, name: str = "supervisor") -> CandidateDetail:
    """A candidate's part, for somebody who may read it."""
    detail = read(room, name)[number].detail
    assert detail is not None
    return detail


def vote(room: Room, *choices: str, number: int = 0, remark: str | None = None) -> str:
    """Hear a candidate, vote and close; the round of voting."""
    ballot_round_id = room.call_and_open(number)
    for name, choice in zip(room.experts, choices, strict=False):
        room.vote(name, ballot_round_id, choice, comment=remark if name == "expert0" else None)
    room.close(ballot_round_id)
    return ballot_round_id


def vote_again(room: Room, number: int = 0, granted: bool = True) -> None:
    """A re-vote is asked for and decided."""
    id_ = room.act(
        "secretary",
        lambda session, who: (
            ask_reopening(session, who, room.defence_ids[number], "re_vote", "technical", "计票时停电").id
        ),
    )
    room.act("supervisor", lambda session, who: decide_reopening(session, who, id_, granted, "情况属实").id)


def without_times(round_: VotingRound) -> tuple[object, ...]:
    """What a round says of turnout and votes."""
    return (round_.status, round_.entitled, round_.present, round_.cast, round_.result, round_.named)


def test_a_vote_stands_with_its_rule_its_numbers_and_its_words(room: Room) -> None:
    vote(room, "veto", "pass", "abstain", remark="论文非本人完成")
    candidate = read(room)[0]
    assert (candidate.number, candidate.outcome) == (1, "failed")
    assert candidate.detail is not None
    assert [p.text.zh for p in candidate.detail.phases] == [
        *("签到", "入场陈述", "专家提问", "离场评议", "第 1 轮表决开始", "第 1 轮表决结束")
    ]
    (round_,) = candidate.detail.rounds
    assert (round_.seats, round_.entitled, round_.present, round_.cast) == (5, 5, 3, 3)
    assert "一票否决" in round_.rule.zh
    assert "规则版本" in round_.rule.zh
    assert round_.result is not None
    assert [round_.result[k] for k in ("passes", "vetoes", "abstentions", "unused")] == [1, 1, 1, 2]
    assert round_.veto_reasons == (("材料不实", 1),)
    assert round_.remarks == ("论文非本人完成",)
    assert round_.named == ()
    assert Counter(m.present for m in minutes(room).members) == {True: 3, False: 2}
    assert [m.is_head for m in minutes(room).members] == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("rule", "passes", "outcome"), [("two_thirds", 4, "passed"), ("two_thirds", 3, "failed")]
)
def test_two_thirds(room: Room, rule: str, passes: int, outcome: str) -> None:
    room.change_rules(panel_rule=rule)
    vote(room, *["pass"] * passes, *["veto"] * (5 - passes))
    assert read(room)[0].outcome == outcome
    assert "三分之二" in detail_of(room).rounds[0].rule.zh


def test_a_mean_score(room: Room) -> None:
    room.change_rules(panel_rule="mean_score")
    ballot_round_id = room.call_and_open()
    for name, tenths in zip(room.experts, (855, 700, 600, 500), strict=False):
        room.vote(name, ballot_round_id, "score", score_tenths=tenths)
    room.vote("expert4", ballot_round_id, "abstain")
    room.close(ballot_round_id)
    result = detail_of(room).rounds[0].result
    assert result is not None
    assert (result["mean"], result["sum_tenths"], result["scores"]) == ("66.3", 2655, 4)


@pytest.mark.parametrize(
    ("choices", "why"), [(["pass"], "1 票，少于规定的"), (["abstain"] * 5, "未形成有效结果")]
)
def test_an_invalid_round_tells_turnout_and_why(room: Room, choices: list[str], why: str) -> None:
    room.change_rules(secret_ballots=False)
    room.vote_all(first := room.call_and_open(), *choices)
    room.close(first)
    room.vote_all(second := room.open(), *["pass"] * 5)
    room.close(second)
    invalid, decided = detail_of(room).rounds
    assert without_times(invalid) == ("invalid", 5, len(choices), len(choices), None, ())
    assert invalid.why is not None
    assert why in invalid.why.zh
    assert (decided.number, decided.status, decided.why, len(decided.named)) == (2, "decided", None, 5)


def test_a_missing_ballot_that_the_rule_does_not_bear(room: Room) -> None:
    room.change_rules(absences="invalid", quorum_at_least=1, quorum_numerator=0)
    vote(room, "pass", "pass", "pass", "pass")
    why = detail_of(room).rounds[0].why
    assert why is not None
    assert "有人未投票" in why.zh


def test_a_recusal_breaks_off_a_round_and_shuts_the_part_to_its_member(room: Room) -> None:
    room.vote_all(first := room.call_and_open(), "veto", "pass")
    room.recuse("expert1", by="expert1")
    for name in ("expert0", "expert2", "expert3", "expert4"):
        if name == "expert0":
            second = room.open()
        room.vote(name, second)
    room.close(second)
    assert first != second
    detail = detail_of(room)
    broken, decided = detail.rounds
    assert without_times(broken) == ("broken_off", 5, 2, 2, None, ())
    assert broken.why is not None
    assert broken.why.en == "a member was recused during the vote"
    assert (decided.seats, decided.entitled, decided.cast) == (5, 4, 4)
    (of_day,) = [r for r in detail.recused if r.at]
    assert (of_day.reason, of_day.recorded_by) == ("师生关系", of_day.name)
    mine, *others = read(room, "expert1")
    assert (mine.outcome, mine.detail) == ("passed", None)
    assert all(other.detail for other in others)


def test_a_recusal_from_before_the_day_is_named(room: Room) -> None:
    with room.sessions() as session:
        application_id = room.defence_in(session).application_id
        expert_id, account_id = room.expert_id("expert2"), room.account_id("staff")
        session.add(
            DeclaredRecusal(
                application_id=application_id, expert_id=expert_id, reason="亲属", account_id=account_id
            )
        )
        session.commit()
    (recused,) = detail_of(room).recused
    assert (recused.at, recused.recorded_by) == (None, None)
    assert read(room, "expert2")[0].detail is None


def test_what_was_not_held_stands_with_its_reason(room: Room) -> None:
    room.move(Move.POSTPONE, 0)
    room.move(Move.MARK_ABSENT, 1)
    room.move(Move.WAIVE, 2)
    room.recuse("expert3", 3)
    room.move(Move.CANCEL, 3)
    told = minutes(room)
    assert [(i.number, i.move, i.reason) for i in told.incidents] == [
        (1, "postpone", "线路中断"),
        (2, "mark_absent", "线路中断"),
        (3, "waive", "线路中断"),
        (4, "cancel", "线路中断"),
    ]
    assert [c.outcome for c in told.candidates[:4]] == [None, "absent", "waived", "cancelled"]
    assert [i.reason for i in minutes(room, "expert3").incidents][2:] == ["线路中断", None]


def test_whoever_was_postponed_and_has_another_place_stays_in_the_minutes(room: Room) -> None:
    room.move(Move.POSTPONE, 0)
    with room.sessions() as session:
        defence = room.defence_in(session)
        elsewhere = session.query(Defence).filter(Defence.sitting_id != room.sitting_id).first()
        assert elsewhere is not None
        defence.sitting_id, defence.state = elsewhere.sitting_id, "waiting"
        session.commit()
    told = minutes(room)
    away = told.candidates[-1]
    assert (away.number, away.state, away.outcome) == (None, "postponed", None)
    assert [c.number for c in told.candidates[:-1]] == list(range(1, len(told.candidates)))
    assert [(i.number, i.name) for i in told.incidents] == [(None, away.name)]


def test_interruptions_with_what_was_decided(room: Room) -> None:
    for move in TO_DISCUSSION[:2]:
        room.move(move)
    room.move(Move.INTERRUPT)
    (lasting,) = detail_of(room).breaks
    assert (lasting.reason, lasting.end_at, lasting.decision) == ("线路中断", None, None)
    room.move(Move.RESUME)
    room.move(Move.INTERRUPT)
    room.move(Move.WAIVE)
    first, second = detail_of(room).breaks
    assert [b.decision.zh for b in (first, second) if b.decision] == ["恢复答辩", "申报人放弃"]
    assert first.end_at is not None
    assert first.start_at < first.end_at < second.start_at


def test_a_granted_re_vote_replaces_the_round_before(room: Room) -> None:
    room.change_rules(secret_ballots=False)
    vote(room, "veto", "pass", "pass")
    vote_again(room)
    (replaced,) = detail_of(room).rounds
    assert (replaced.replaced, replaced.veto_reasons, replaced.named) == (True, (), ())
    room.vote_all(second := room.open(), *["pass"] * 5)
    room.close(second)
    detail = detail_of(room)
    assert [r.replaced for r in detail.rounds] == [True, False]
    (request,) = detail.requests
    assert (request.kind, request.cause, request.reason) == ("re_vote", "technical", "计票时停电")
    assert (request.granted, request.decided_by, request.decision_reason) == (True, "赵监督", "情况属实")
    assert request.asked_by != request.decided_by


@pytest.mark.parametrize("secret", [True, False])
def test_ballots_by_name_are_for_head_and_supervisor(room: Room, secret: bool) -> None:
    room.change_rules(secret_ballots=secret)
    vote(room, "pass", "veto", "pass")
    named = {name: len(detail_of(room, 0, name).rounds[0].named) for name in READERS}
    head = next(n for n in room.experts if room.expert_id(n) == head_id(room))
    assert {n for n, count in named.items() if count} == (set() if secret else {"supervisor", head})
    assert set(named.values()) == ({0} if secret else {0, 3})


def head_id(room: Room) -> int:
    """The expert who heads the panel."""
    ((expert_id,),) = room.rows(
        "SELECT expert_id FROM sitting_member WHERE sitting_id = :id AND is_head", id=room.sitting_id
    )
    return int(expert_id)


@pytest.mark.parametrize("reader", READERS)
def test_an_open_ballot_tells_nothing(room: Room, reader: str) -> None:
    room.change_rules(secret_ballots=False)
    ballot_round_id = room.call_and_open()
    before = minutes(room, reader)
    assert (before.voting, before.head) == (True, None)
    room.vote_all(ballot_round_id, "veto", "pass", "abstain", "veto", "pass")
    assert minutes(room, reader) == before


def test_the_head_is_the_one_that_the_log_is_checked_against(room: Room) -> None:
    assert minutes(room).head is None
    vote(room, "pass", "pass", "pass")
    head = minutes(room).head
    assert head is not None
    assert head.chain == sitting_chain(room.sitting_id)
    assert minutes(room).check == f"flask verify-audit {head.option}"
    printed = parse_head(head.option.removeprefix("--head "))
    room.move(Move.CHECK_IN, 1)
    with room.sessions() as session:
        assert verify_audit(session, [printed]).whole
    assert minutes(room).head != head


def test_the_seal(room: Room) -> None:
    assert minutes(room).seal is None
    for number in range(len(room.defence_ids)):
        room.move(Move.MARK_ABSENT, number)
    room.act(
        "supervisor", lambda s, who: seal_sitting(s, who, room.sitting_id, SEAL_KEY, utc_now()).sitting_id
    )
    told = minutes(room)
    ((signature, sealed_at),) = room.rows("SELECT signature, sealed_at FROM seal")
    assert told.seal is not None
    assert (told.seal.sealed_by, told.seal.signature) == ("赵监督", signature)
    assert told.seal.sealed_at.strftime("%H:%M:%S") in str(sealed_at)
    assert told.seal.public_key == public_key_of(SEAL_KEY)
    heads = [parse_head(text) for text in told.check.split(" --head ")[1:]]
    assert [head.chain for head in heads] == [sitting_chain(room.sitting_id), "main"]
    with room.sessions() as session:
        assert verify_audit(session, heads, {told.seal.public_key}).whole


def test_sealed_minutes_know_nothing_of_a_later_recusal(room: Room) -> None:
    for number in range(len(room.defence_ids)):
        room.move(Move.MARK_ABSENT if number else Move.POSTPONE, number)
    room.act(
        "supervisor", lambda s, who: seal_sitting(s, who, room.sitting_id, SEAL_KEY, utc_now()).sitting_id
    )
    before = minutes(room)
    room.recuse("expert2")
    assert minutes(room) == before
    assert read(room, "expert2")[0].detail is None


def test_whoever_still_waits_is_named_and_no_others(room: Room) -> None:
    everybody = tuple(range(1, len(room.defence_ids) + 1))
    assert [c.number for c in minutes(room).waiting] == list(everybody)
    vote(room, "pass", "pass", "pass")
    room.move(Move.POSTPONE, 1)
    room.move(Move.CHECK_IN, 2)
    waiting = minutes(room).waiting
    assert [(c.number, c.state) for c in waiting[:2]] == [(3, "checked_in"), (4, "waiting")]
    for number in range(2, len(room.defence_ids)):
        room.move(Move.MARK_ABSENT, number)
    assert minutes(room).waiting == ()


def test_each_time_the_clock_stood(room: Room) -> None:
    for move in TO_DISCUSSION[:2]:
        room.move(move)
    assert detail_of(room).pauses == ()
    clock(room, pause_clock)
    (lasting,) = detail_of(room).pauses
    assert (lasting.phase, lasting.end_at) == ("presenting", None)
    clock(room, go_on_with_clock)
    room.move(Move.BEGIN_QUESTIONS)
    clock(room, pause_clock)
    room.move(Move.BEGIN_DISCUSSION)
    first, second = detail_of(room).pauses
    assert [p.phase for p in (first, second)] == ["presenting", "questioning"]
    assert first.end_at is not None
    assert second.end_at is not None
    assert first.start_at < first.end_at < second.start_at < second.end_at
    assert detail_of(room, 1).pauses == ()


def clock(room: Room, change: Callable[[Session, Principal, int], Defence]) -> None:
    """The secretary stops the first candidate's clock, or lets it go on."""
    room.act("secretary", lambda session, who: change(session, who, room.defence_ids[0]).id)


def test_a_second_defence_names_the_request_that_it_rests_on(room: Room) -> None:
    vote(room, "veto", "pass", "pass")
    asked = room.act(
        "secretary",
        lambda s, who: (
            ask_reopening(s, who, room.defence_ids[0], "second_defence", "organiser", "组织方断电").id
        ),
    )
    (open_request,) = detail_of(room).requests
    assert (open_request.granted, open_request.decided_by) == (None, None)
    room.act("supervisor", lambda s, who: decide_reopening(s, who, asked, True, "同意").id)
    with room.sessions() as session:
        first = room.defence_in(session)
        session.add(
            Defence(
                application_id=first.application_id,
                attempt=2,
                sitting_id=room.sitting_id,
                start_at=first.start_at.replace(hour=9),
                end_at=first.end_at.replace(hour=9),
            )
        )
        session.commit()
    second = next(c for c in read(room) if c.detail and c.detail.attempt == 2)
    assert second.detail is not None
    request = second.detail.heard_again_by
    assert request is not None
    assert (request.kind, request.cause, request.reason) == ("second_defence", "organiser", "组织方断电")
    assert (request.granted, request.decided_by, request.decision_reason) == (True, "赵监督", "同意")
    before = next(c for c in read(room) if c.detail and c.detail.attempt == 1)
    assert (before.outcome, before.detail and before.detail.heard_again_by) == ("failed", None)


def test_minutes_and_results_are_of_one_moment(room: Room) -> None:
    """Read while the secretary closes a ballot: all of it is from before."""
    ballot_round_id = room.call_and_open()
    room.vote_all(ballot_round_id, "veto", "pass", "pass")
    with room.sessions() as session:
        begin_snapshot(session)
        who = principal_of(session, room.sign_ins["supervisor"])
        assert who is not None
        before = minutes_of(session, who, require_watcher(session, who, room.sitting_id))
        room.close(ballot_round_id)
        session.expire_all()
        assert minutes_of(session, who, require_watcher(session, who, room.sitting_id)) == before
        round_ = session.scalars(select(Round)).one()
        assert {row.conclusion for row in result_rows(session, round_)} & {"passed", "failed"} == set()
    assert minutes(room).candidates[0].outcome == "failed"


def test_nobody_else_reads_them(room: Room) -> None:
    with pytest.raises(NotFound):
        minutes(room, "candidate0")
