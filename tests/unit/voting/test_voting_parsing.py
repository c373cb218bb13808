"""Ballots as they come from outside, and the receipts that are given for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voting.room import MAX_COMMENT_LENGTH, BallotRequest, MalformedBallot, ballot_receipt, parse_ballot
from voting.rules import Choice

GOOD = {
    "ballot_round_id": "0123456789abcdef" * 2,
    "choice": "veto",
    "veto_reason": "材料不实",
    "comment": "答非所问",
    "key": "ab" * 16,
}
# Every character there is, with those that no database keeps: NUL and halves of surrogate pairs.
any_text = st.text(st.characters(), max_size=60)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=8,
)
near_misses = st.fixed_dictionaries(
    {},
    optional={
        "ballot_round_id": st.just(GOOD["ballot_round_id"]) | st.from_regex(r"[0-9a-f]{30,34}") | junk,
        "choice": st.sampled_from([*Choice, "PASS", "passed", ""]) | junk,
        "veto_reason": any_text | junk,
        "comment": any_text | st.text(min_size=499, max_size=502) | junk,
        "key": st.just(GOOD["key"]) | st.from_regex(r"[0-9a-f]{31,66}") | junk,
    },
)
voters = st.integers(min_value=1, max_value=10**6)
good_ballots = st.builds(
    BallotRequest,
    ballot_round_id=st.from_regex(r"[0-9a-f]{32}", fullmatch=True),
    choice=st.sampled_from(Choice),
    veto_reason=st.none() | st.sampled_from(["材料不实", "其他"]),
    comment=st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20),
    key=st.from_regex(r"(?:[0-9a-f]{2}){16,32}", fullmatch=True),
)


@settings(derandomize=True, max_examples=600, deadline=None)
@given(data=junk | near_misses | near_misses.map(lambda over: GOOD | over))
def test_malformed_data_gives_one_kind_of_error(data: Any) -> None:
    try:
        request = parse_ballot(data)
    except MalformedBallot as error:
        assert str(error) in {"ballot", *GOOD}
        return
    # What is let through can be signed, kept in every database, and shown.
    assert len(ballot_receipt(request, 1)) == 64
    kept = f"{request.veto_reason}{request.comment}"
    assert "\x00" not in kept
    assert kept.encode()
    assert request.choice is Choice.VETO or request.veto_reason is None
    assert (request.choice is Choice.SCORE) is (request.score_tenths is not None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ballot_round_id", "0123456789ABCDEF" * 2),
        ("ballot_round_id", GOOD["ballot_round_id"] + "\n"),
        ("key", "ab" * 15),
        ("key", "ab" * 33),
        ("key", "ab" * 16 + "a"),
        ("choice", "Veto"),
        ("choice", ["veto"]),
        ("veto_reason", "x" * 51),
        ("comment", "x" * (MAX_COMMENT_LENGTH + 1)),
        ("comment", "half a pair \ud83d"),
        ("comment", "nul \x00"),
        ("veto_reason", "unit separator \x1f"),
    ],
)
def test_the_error_names_the_field(field: str, value: object) -> None:
    with pytest.raises(MalformedBallot) as refused:
        parse_ballot(GOOD | {field: value})
    assert str(refused.value) == field


def test_several_lines_and_all_scripts_are_welcome_in_a_comment() -> None:
    words = "第一行\n第二行\tئۇيغۇر 😀"
    assert parse_ballot(GOOD | {"comment": words}).comment == words


def test_a_full_comment_with_line_breaks_fits_as_a_form_sends_it() -> None:
    words = "\n".join(["词"] * (MAX_COMMENT_LENGTH // 2)) + "词"
    assert len(words) == MAX_COMMENT_LENGTH
    assert parse_ballot(GOOD | {"comment": words.replace("\n", "\r\n")}).comment == words


PLAIN = {"ballot_round_id": GOOD["ballot_round_id"], "key": GOOD["key"]}


@pytest.mark.parametrize("choice", ["pass", "abstain"])
def test_any_ballot_may_carry_a_remark_and_only_a_veto_a_reason(choice: str) -> None:
    """A remark that only vetoes could carry would tell by its being there, whatever it says."""
    ballot = PLAIN | {"choice": choice, "veto_reason": "", "comment": "words", "score_tenths": None}
    assert parse_ballot(ballot).comment == "words"
    with pytest.raises(MalformedBallot, match="veto_reason"):
        parse_ballot(ballot | {"veto_reason": "其他"})


def test_what_fills_a_ballot_up_is_no_part_of_it() -> None:
    assert parse_ballot(GOOD | {"pad": "x" * 1000}) == parse_ballot(GOOD)


@pytest.mark.parametrize(
    ("fields", "tenths"),
    [
        ({"score_tenths": 0}, 0),
        ({"score_tenths": 1000}, 1000),
        ({"score": "85.5"}, 855),
        ({"score": " 60 "}, 600),
        ({"score": "100.0"}, 1000),
        ({"score_tenths": 599, "score": "100"}, 599),
    ],
)
def test_a_score_is_read_in_tenths(fields: dict[str, Any], tenths: int) -> None:
    assert parse_ballot(PLAIN | {"choice": "score"} | fields).score_tenths == tenths


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"score_tenths": 1001},
        {"score_tenths": -1},
        {"score_tenths": True},
        {"score_tenths": 85.5},
        {"score_tenths": "855"},
        {"score": "100.1"},
        {"score": "85.55"},
        {"score": "8,5"},
        {"score": "８５"},
        {"score": "1e2"},
        {"score": 85},
    ],
)
def test_what_is_no_score_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(MalformedBallot, match="score_tenths"):
        parse_ballot(PLAIN | {"choice": "score"} | fields)
    with pytest.raises(MalformedBallot, match="score_tenths"):
        parse_ballot(PLAIN | {"choice": "pass", "score_tenths": 600})


@settings(derandomize=True, max_examples=200, deadline=None)
@given(one=good_ballots, other=good_ballots, voter=voters, other_voter=voters)
def test_one_receipt_for_one_ballot(
    one: BallotRequest, other: BallotRequest, voter: int, other_voter: int
) -> None:
    same = (one, voter) == (other, other_voter)
    assert (ballot_receipt(one, voter) == ballot_receipt(other, other_voter)) is same
    assert ballot_receipt(replace(one), voter) == ballot_receipt(one, voter)


@pytest.mark.parametrize(
    "change",
    [
        {"choice": Choice.PASS},
        {"veto_reason": "其他"},
        {"veto_reason": None},
        {"comment": None},
        {"comment": "答非所问。"},
        {"key": "cd" * 16},
        {"key": "ab" * 17},
        {"ballot_round_id": "f" * 32},
        # The same words, cut differently.
        {"veto_reason": "材料不实答非", "comment": "所问"},
    ],
)
def test_any_other_field_gives_another_receipt(change: dict[str, Any]) -> None:
    request = parse_ballot(GOOD)
    assert ballot_receipt(replace(request, **change), 7) != ballot_receipt(request, 7)
    assert ballot_receipt(request, 8) != ballot_receipt(request, 7)


def test_a_stored_receipt_cannot_be_tried_against_the_possible_ballots() -> None:
    """Whoever reads the database knows the round and the voter; the key stays in the voter's browser."""
    request, voter = parse_ballot({**GOOD, "choice": "pass", "veto_reason": "", "comment": ""}), 7
    stored = ballot_receipt(request, voter)
    known = [request.ballot_round_id, "00" * 16, f"{voter:032x}", f"{voter:02x}" * 16]
    guesses = {
        ballot_receipt(replace(request, choice=choice, key=key), voter) for choice in Choice for key in known
    }
    assert stored not in guesses
    # Without the key the receipt says nothing: each key gives each choice another one.
    assert ballot_receipt(replace(request, key="01" * 16), voter) != stored
