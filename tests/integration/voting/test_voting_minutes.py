"""The minutes of a sitting: every turn of a day stands in them, and to each reader what they may know."""

from __future__ import annotations

from collections import Counter

import pytest

from defense.domain.errors import NotFound
from defense.domain.lifecycle import Move
from defense.models import DeclaredRecusal, Defence, Seal
from defense.models.types import utc_now
from defense.services.audit import sitting_chain
from defense.services.audit_check import parse_head, verify_audit
from defense.services.minutes import Minutes, minutes_of
from defense.services.minutes_parts import CandidateDetail, CandidateMinutes, VotingRound
from defense.services.reopening import ask_reopening, decide_reopening
from defense.services.sittings import require_watcher
from tests.rooms import TO_DISCUSSION, Room

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
    printed = parse_head(head.check.removeprefix("flask verify-audit --head "))
    room.move(Move.CHECK_IN, 1)
    with room.sessions() as session:
        assert verify_audit(session, [printed]).whole
    assert minutes(room).head != head


def test_the_seal(room: Room) -> None:
    assert minutes(room).seal is None
    sealed_by_id, now = room.account_id("supervisor"), utc_now()
    with room.sessions() as session:
        session.add(
            Seal(
                sitting_id=room.sitting_id,
                chain_seq=1,
                chain_digest="0" * 64,
                statement="{}",
                signature="ab" * 64,
                public_key="cd" * 32,
                sealed_by_id=sealed_by_id,
                sealed_at=now,
            )
        )
        session.commit()
    seal = minutes(room).seal
    assert seal is not None
    assert (seal.sealed_by, seal.sealed_at) == ("赵监督", now)
    assert (seal.signature, seal.public_key) == ("ab" * 64, "cd" * 32)


def test_nobody_else_reads_them(room: Room) -> None:
    with pytest.raises(NotFound):
        minutes(room, "candidate0")
