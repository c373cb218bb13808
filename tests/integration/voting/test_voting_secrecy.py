"""What the database, and every answer, tells about who voted how: with secret ballots nothing."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text

from defense.models import Round
from defense.services.results import result_rows
from tests.rooms import Room

WAYS = {
    "all pass": ("pass",) * 5,
    "all veto": ("veto",) * 5,
    "first vetoes": ("veto", "pass", "pass", "abstain", "pass"),
    "all abstain": ("abstain",) * 5,
}


@dataclass
class Vetoed:
    """A secret round of voting, closed: the first and the fourth expert vetoed."""

    id: str
    envelope_ids: set[str]
    """As they were while the round was open."""


@pytest.fixture
def vetoed(room: Room) -> Vetoed:
    ballot_round_id = room.call_and_open()
    room.vote("expert0", ballot_round_id, "veto", comment="one")
    room.vote("expert1", ballot_round_id, "pass")
    room.vote("expert2", ballot_round_id, "abstain")
    room.vote("expert3", ballot_round_id, "veto", comment="two")
    assert _ballot_ids(room) == []
    before = {envelope_id for (envelope_id,) in room.rows("SELECT id FROM ballot_envelope")}
    room.close(ballot_round_id)
    return Vetoed(ballot_round_id, before)


def _ballot_ids(room: Room) -> list[str]:
    return [ballot_id for (ballot_id,) in room.rows("SELECT id FROM ballot")]


def test_no_table_joins_a_voter_and_a_choice(room: Room, vetoed: Vetoed) -> None:
    columns = {column["name"]: column for column in inspect(room.engine).get_columns("ballot")}
    fields = {"choice", "score_tenths", "veto_reason", "comment", "expert_id"}
    assert set(columns) == {"id", "ballot_round_id", *fields}
    assert room.rows("SELECT DISTINCT expert_id FROM ballot") == [(None,)]
    receipts = {receipt for (receipt,) in room.rows("SELECT receipt FROM voter WHERE receipt IS NOT NULL")}
    assert len(receipts) == 4
    assert not receipts & set(_ballot_ids(room))
    # Besides the round itself, no value of a ballot stands anywhere else.
    ballot_values = {value for row in room.rows("SELECT id, comment FROM ballot") for value in row if value}
    for table in inspect(room.engine).get_table_names():
        if table in ("ballot", "ballot_round", "audit_entry"):
            continue
        cells = {str(cell) for row in room.rows(f'SELECT * FROM "{table}"') for cell in row}
        assert not ballot_values & cells, table


def test_ballots_have_new_ids_and_their_envelopes_are_gone_after_closing(room: Room, vetoed: Vetoed) -> None:
    after = _ballot_ids(room)
    assert len(after) == len(vetoed.envelope_ids) == 4
    assert not set(after) & vetoed.envelope_ids
    assert room.rows("SELECT count(*) FROM ballot_envelope") == [(0,)]


def test_the_order_on_disk_is_not_the_order_of_voting(room: Room) -> None:
    """Rounds with the same order of votes: stored, they show more than one order."""
    orders = set()
    assert len(room.defence_ids) >= 5
    for number in range(len(room.defence_ids)):
        ballot_round_id = room.call_and_open(number)
        room.vote_all(ballot_round_id, "veto", "pass", "abstain", "pass", "pass")
        room.close(ballot_round_id)
        rows = room.rows("SELECT choice FROM ballot WHERE ballot_round_id = :id", id=ballot_round_id)
        orders.add(tuple(choice for (choice,) in rows))
    # Twenty orders are equally likely; five times the same has a chance of 1 in 160,000.
    assert len(orders) > 1


def test_the_audit_log_knows_who_voted_and_never_what(room: Room, vetoed: Vetoed) -> None:
    entries = room.rows("SELECT action, account_id, detail FROM audit_entry WHERE action LIKE 'ballot.%'")
    cast = [_json(detail) for action, _, detail in entries if action == "ballot.cast"]
    assert cast == [{"ballot_round": vetoed.id}] * 4
    (closed,) = [_json(detail) for action, _, detail in entries if action == "ballot.closed"]
    assert (closed["tally"]["vetoes"], closed["tally"]["cast"]) == (2, 4)


def test_an_invalid_round_leaves_no_split_where_people_look(room: Room) -> None:
    ballot_round_id = room.call_and_open()
    room.vote_all(ballot_round_id, "abstain", "pass")
    room.close(ballot_round_id)
    turnout = {"verdict": "invalid", "entitled": len(room.experts), "cast": 2}
    assert room.shared()["defences"][0]["tally"] == turnout
    ((detail,),) = room.rows("SELECT detail FROM audit_entry WHERE action = 'ballot.closed'")
    told = _json(detail)
    assert (told["ballot_round"], told["tally"]) == (ballot_round_id, turnout)
    assert not {"veto", "pass", "passes", "vetoes"} & set(json.dumps(told).replace('"', " ").split())


def test_named_ballots_keep_their_names(room: Room) -> None:
    room.change_rules(secret_ballots=False)
    ballot_round_id = room.call_and_open()
    room.vote_all(ballot_round_id, "pass", "veto", "abstain")
    room.close(ballot_round_id)
    named = room.rows("SELECT choice FROM ballot ORDER BY expert_id")
    entitled = room.rows("SELECT expert_id FROM voter WHERE receipt IS NOT NULL ORDER BY expert_id")
    voters = room.rows("SELECT expert_id FROM ballot ORDER BY expert_id")
    assert voters == entitled
    assert sorted(named) == [("abstain",), ("pass",), ("veto",)]


@pytest.mark.parametrize("way", sorted(set(WAYS) - {"all pass"}))
def test_before_closing_nobody_is_told_more_by_one_way_of_voting_than_by_another(
    room: Room, way: str
) -> None:
    """The same room, two candidates: all pass on one, another way on the other; every payload is alike."""
    told = []
    for number, choices in enumerate((WAYS["all pass"], WAYS[way])):
        ballot_round_id = room.call_and_open(number)
        payloads = [_everything_told(room, number)]
        for name, choice in zip(room.experts, choices, strict=True):
            room.vote(name, ballot_round_id, choice)
            payloads.append(_everything_told(room, number))
        told.append(payloads)
        room.close(ballot_round_id)
    assert told[0] == told[1]
    assert '"voted": 5' in told[0][-1]


def _everything_told(room: Room, number: int) -> str:
    """Snapshots of everyone, the broadcast and the results, without what differs between two candidates."""
    watchers = [name for name in room.sign_ins if not name.startswith("candidate")]
    payloads: list[Any] = [
        room.desk.enter(room.sign_ins[name], room.sitting_id).snapshot.to_json() for name in watchers
    ]
    payloads.append(room.desk.news_of([room.sitting_id])[room.sitting_id])
    for payload in payloads:
        (mine,) = [d for d in payload["shared"]["defences"] if d["id"] == room.defence_ids[number]]
        payload["shared"]["defences"] = mine | {"id": "this", "number": "this"}
        payload["shared"]["ballot"]["defence_id"] = "this"
        payload["seq"] = "rises"
    with room.sessions() as session:
        row = next(
            row
            for row in result_rows(session, session.get_one(Round, 1))
            if row.defence and row.defence.id == room.defence_ids[number]
        )
        payloads.append([row.conclusion, row.defence.outcome if row.defence else "", row.ballot_round])
    return re.sub(r"[0-9a-f]{32,64}", "random", json.dumps(payloads))


def test_a_snapshot_is_personal_only_in_its_own_part(room: Room) -> None:
    ballot_round_id = room.call_and_open()
    receipt = room.vote("expert0", ballot_round_id)
    snapshots = {
        name: room.desk.enter(sign_in, room.sitting_id).snapshot
        for name, sign_in in room.sign_ins.items()
        if not name.startswith("candidate")
    }
    assert len({json.dumps([s.seq, s.shared]) for s in snapshots.values()}) == 1
    own = {name: (s.own["may_vote"], s.own["receipt"]) for name, s in snapshots.items()}
    assert own == {
        **dict.fromkeys(("staff", "supervisor", "secretary"), (False, None)),
        **dict.fromkeys(room.experts, (True, None)),
        "expert0": (True, receipt),
    }


def test_the_disk_keeps_no_order_of_voting(room: Room, engine: Engine, vetoed: Vetoed) -> None:
    """PostgreSQL: the rows lie in the order of their ids; SQLite: nothing is left of the first writing."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            on_disk = connection.execute(text("SELECT id FROM ballot ORDER BY ctid")).scalars().all()
        assert list(on_disk) == sorted(on_disk)
        return
    assert engine.url.database is not None
    with engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    stored = Path(engine.url.database).read_bytes()
    assert all(ballot_id.encode() in stored for ballot_id in _ballot_ids(room))
    assert [old for old in vetoed.envelope_ids if old.encode() in stored] == []


def _json(detail: Any) -> Any:
    return json.loads(detail) if isinstance(detail, str) else detail
