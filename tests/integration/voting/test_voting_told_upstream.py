"""What the platform is told of a vote: the numbers and the rule, and nothing of who wrote what."""

from __future__ import annotations

import json

from sqlalchemy import select, update

from defense.models import Defence, Round, UpstreamDelivery, UpstreamHold
from defense.models.types import utc_now
from tests.rooms import Room


def test_a_ballot_closed_after_the_release_is_told_in_numbers(room: Room) -> None:
    with room.sessions() as session:
        application_id = session.get_one(Defence, room.defence_ids[0]).application_id
        session.add(UpstreamHold(application_id=application_id, etag="v1"))
        session.execute(update(Round).values(results_released_at=utc_now()))
        session.commit()
    ballot_round_id = room.call_and_open()
    room.vote_all(ballot_round_id, "pass", "pass", "pass", "pass")
    room.vote("expert4", ballot_round_id, "veto", comment="附言不外传")
    room.close(ballot_round_id)
    with room.sessions() as session:
        delivery = session.scalars(select(UpstreamDelivery)).one()
        body = delivery.body_json
        assert delivery.application_id == application_id
    assert (body["conclusion"], body["outcome"], body["attempt"]) == ("failed", "failed", 1)
    assert (body["rule"], body["rule_version"]) == ("one_vote_veto", 1)
    numbers = {"seats": 5, "present": 5, "passes": 4, "vetoes": 1, "abstentions": 0, "unused": 0}
    assert body["tally"].items() >= numbers.items()
    assert "附言" not in json.dumps(body, ensure_ascii=False)
    assert not body["tally"].keys() & {"comments", "veto_reasons"}
