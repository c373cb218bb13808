"""The parts of the voting bench that need no server: frames, percentiles, routing, seeding."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import sessionmaker

from bench.voting import frames
from bench.voting.loads import percentile
from bench.voting.routing import worker_of
from bench.voting.seeding import Shape, seed
from bench.voting.servers import environment
from defense.app import create_app
from defense.extensions import db
from defense.models import Account, BallotRound, Defence, SittingMember, Voter
from defense.services.access import principal_of
from defense.services.room.views import shared_views
from defense.settings import Settings
from voting.room import parse_ballot

SEEN_WITH_NGINX = "1111222221121212212222211122122212122211"


def server_frame(packet: bytes) -> bytes:
    """A frame as RFC 6455 has it, written apart from the code under test."""
    if len(packet) < 126:
        return bytes([0x81, len(packet)]) + packet
    if len(packet) < 65_536:
        return bytes([0x81, 126, *divmod(len(packet), 256)]) + packet
    return bytes([0x81, 127]) + len(packet).to_bytes(8, "big") + packet


@given(st.lists(st.sampled_from([1, 2, 125, 126, 127, 1_600, 65_535, 65_536]), max_size=6), st.data())
def test_frames_come_out_however_the_line_cuts_them(lengths: list[int], data: st.DataObject) -> None:
    packets = [bytes([65 + n % 26]) * length for n, length in enumerate(lengths)]
    stream = b"".join(map(server_frame, packets))
    cut = data.draw(st.integers(0, len(stream)))
    first, rest = frames.decode(stream[:cut])
    second, left = frames.decode(rest + stream[cut:])
    assert (first + second, left) == (packets, b"")


def test_a_close_frame_is_no_packet() -> None:
    assert frames.decode(server_frame(b"2") + b"\x88\x02\x03\xe8") == ([b"2", frames.CLOSED], b"")


def test_a_frame_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="0x82"):
        frames.decode(b"\x82\x01x")


@pytest.mark.parametrize("length", [1, 125, 126, 4_000])
def test_a_client_frame_is_masked_and_tells_its_length(length: int) -> None:
    frame = frames.encode(b"x" * length)
    short = length < 126
    assert frame[:2] == bytes([0x81, 0x80 | (length if short else 126)])
    assert short or int.from_bytes(frame[2:4], "big") == length
    assert frame.endswith(bytes(4) + b"x" * length)


def test_a_ballot_is_one_the_service_reads_and_as_long_as_the_pages_make_it() -> None:
    frame = frames.ballot(7, "ab" * 16, "cd" * 16)
    packet = frame[8:]
    assert packet.startswith(b"427[")
    name, data = json.loads(packet[3:])
    assert name == "cast_ballot"
    assert parse_ballot(data).key == "cd" * 16
    assert len(json.dumps(data, separators=(",", ":"))) == frames.PAYLOAD_BYTES


@given(st.lists(st.integers(0, 1_000), min_size=1), st.sampled_from([0.01, 0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_is_the_least_value_that_so_many_stay_within(values: list[int], share: float) -> None:
    found = percentile(values, share)
    within = sum(value <= found for value in values)
    below = sum(value < found for value in values)
    assert found in values
    assert within >= share * len(values) - 1e-9
    assert below < share * len(values)


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_panels_go_where_nginx_sends_them() -> None:
    # Seen with nginx 1.22, asked for these sittings through the configuration of `flask nginx-config`.
    hosts = ["127.0.0.1:8001", "127.0.0.1:8002"]
    assert "".join(worker_of(sitting_id, hosts)[-1] for sitting_id in range(1, 41)) == SEEN_WITH_NGINX


def test_seeded_members_are_signed_in_and_may_vote(tmp_path: Path) -> None:
    shape = Shape(panels=2, members=3, rounds=2)
    settings = Settings.from_env(environment(tmp_path, 0))
    seats = seed(settings, shape)
    assert [seat.sitting_id for seat in seats] == [1, 1, 1, 2, 2, 2]
    app = create_app(settings)
    with app.app_context(), sessionmaker(db.engine)() as session:
        last = seats[-1]
        with app.test_request_context(headers={"Cookie": last.cookie}) as context:
            principal = principal_of(session, context.session["sign_in_id"])
        assert principal is not None
        members = select(SittingMember.expert_id).where(SittingMember.sitting_id == last.sitting_id)
        assert principal.expert_id in session.scalars(members).all()
        rounds = select(BallotRound.id).join(Defence).where(Defence.sitting_id == last.sitting_id)
        assert set(session.scalars(rounds)) == set(last.ballot_round_ids)
        assert session.scalar(select(func.count()).select_from(Voter)) == 2 * 3 * 2
        assert session.scalar(select(func.count()).select_from(Account)) == 1 + 2 * 3
        assert shared_views(session, [1])[1]["shared"]["ballot"]["id"] == seats[0].ballot_round_ids[0]
    with app.app_context():
        db.engine.dispose()
