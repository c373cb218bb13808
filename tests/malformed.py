"""Messages that no page of ours sends, drawn by Hypothesis, and what they must leave untouched."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, inspect, text

from tests.frames import (
    BINARY,
    BROKEN,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Line,
    encode_frame,
    join,
    read_frame,
)
from tests.loops import run_async
from tests.many_sittings import Browser
from tests.rooms import REASON

BATCH = 24
"""Messages on one line: with a ping after each, fewer than the server takes for a flood."""
ANSWER_WITHIN_S = 10.0
UNSTABLE_TABLES = {"presence", "room_process"}
"""Who is connected is written there; everything else only changes when somebody may change it."""
PROBE = b"\x00probe"

Message = tuple[int, bytes, bool]
"""Opcode, payload, whether it is the whole of a message."""

_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["\x00", "' OR 1=1 --", "<b>", "𝄞", "enter", "a" * 2000, 10**400, 1e308]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=6,
)
_names = st.sampled_from(
    [
        *("enter", "cast_ballot", "clock", "connect", "disconnect", "message", "*", "ping", "error", ""),
        *("trigger_event", "hang_up", "on_enter", "__class__", "__init__", "news", "desk", "sitting_changed"),
        *("event_access", "watching", "hang_up_expired", "catch_all", "\x00", "enter\n"),
    ]
) | st.text(max_size=20)
_numbers = st.sampled_from(["", "0", "1", "99", "9" * 25, "-1", "1e9", "٣", " 1", "00"])
_spaces = st.sampled_from(["", "", "", "/,", "/admin,", "/?x=1,", "//,", "/a" * 50 + ","])


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _spoiled(round_ids: Sequence[str]) -> st.SearchStrategy[Any]:
    """A ballot with a field that is wrong, missing or somebody else's."""
    right = {
        "ballot_round_id": st.sampled_from([*round_ids, "0" * 32]),
        "choice": st.sampled_from(["pass", "veto", "abstain", "score"]),
        "veto_reason": st.sampled_from([REASON, None]),
        "comment": st.none() | st.text(max_size=20),
        "score_tenths": st.none() | st.integers(0, 1000),
        "key": st.sampled_from(["ab" * 16, "cd" * 32]),
    }
    wrong = st.dictionaries(st.sampled_from([*right, "pad", "expert_id"]), _json, min_size=1, max_size=3)
    ids = st.sampled_from(
        [*round_ids, *(id_[:-1] + "g" for id_ in round_ids), "0" * 31, round_ids[0].upper()]
    )
    return st.tuples(st.fixed_dictionaries({}, optional=right), wrong, ids).map(
        lambda drawn: drawn[0] | drawn[1] | ({"ballot_round_id": drawn[2]} if len(drawn[1]) == 1 else {})
    )


def messages(
    round_ids: Sequence[str], sitting_ids: Sequence[int], recorded: Sequence[str]
) -> st.SearchStrategy[Message]:
    """Some message; `recorded` are packets that somebody else's page has sent, or this one's long ago."""
    sitting = st.sampled_from([*sitting_ids, 0, -1, 2**31, 2**63, 10**30, True, "1", None, 1.0]) | _json
    arguments = st.one_of(
        st.tuples(_names, _json).map(list),
        st.tuples(st.just("enter"), sitting.map(lambda id_: {"sitting_id": id_})).map(list),
        st.tuples(st.just("cast_ballot"), _spoiled(round_ids)).map(list),
        st.lists(_json, max_size=3),
        _json,
    )
    event = st.tuples(st.just("42"), _spaces, _numbers, arguments.map(_compact))
    # A page's connection is made once and not closed by these, so that what follows meets an open door.
    other = st.tuples(
        st.sampled_from(
            ["43", "43", "44", "45", "451-", "46", "47", "4", "0", "2", "3", "5", "6", "9", "40"]
        ),
        _spaces,
        _numbers,
        arguments.map(_compact) | st.text(max_size=20),
    )
    depth = st.integers(1, 7000).map(lambda n: '42["enter",' + "[" * n + "]" * n + "]")
    texts = st.one_of(
        event.map("".join),
        event.map("".join),
        event.map("".join),
        other.map("".join),
        depth,
        st.text(max_size=60),
        st.sampled_from(list(recorded)),
        st.sampled_from(["42", "42[", "42{}", "42[]", '42["enter"', "42[null]", "41", "41/admin,", "1"]),
    )
    text_frames = texts.map(lambda said: (TEXT, said.encode("utf-8", "surrogatepass"), True))
    frames = st.tuples(
        st.sampled_from([TEXT, BINARY, CONTINUATION, PING, PONG, CLOSE, 3, 7, 11, 15]),
        st.binary(max_size=200),
        st.booleans(),
    )
    return st.one_of(*[text_frames] * 9, frames)


class Malice:
    """Somebody signed in who sends what they like.

    Parameters
    ----------
    log : of the server; no error may appear in it.
    """

    def __init__(self, url: str, browsers: Sequence[Browser], log: Path) -> None:
        self.url, self.browsers, self.log = url, browsers, log
        self.sent = self.lines = 0
        self._looked_at = log.stat().st_size

    def flood(self, drawn: st.SearchStrategy[Message], count: int, seed_: int) -> None:
        """Send at least so many messages, a batch to a line.

        Raises
        ------
        AssertionError
            The server did not answer, or logged an error; Hypothesis prints the batch.
        """

        @seed(seed_)
        @settings(
            max_examples=-(-count // BATCH),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        @given(st.lists(drawn, min_size=BATCH, max_size=BATCH))
        def send(batch: list[Message]) -> None:
            run_async(self._send(batch))
            self._check_log()

        while self.sent < count:
            send()

    async def _send(self, batch: Sequence[Message]) -> None:
        browser = self.browsers[self.lines % len(self.browsers)]
        left = list(batch)
        while left:
            line = await join(self.url, browser.cookie, browser.csrf_token)
            self.lines += 1
            async with asyncio.timeout(ANSWER_WITHIN_S):
                done = await _say(line, left)
            self.sent += done
            left = left[done:]
            line.cut()

    def _check_log(self) -> None:
        with self.log.open("rb") as log:
            log.seek(self._looked_at)
            new = log.read()
        self._looked_at += len(new)
        assert b"Traceback" not in new and b"rror" not in new, new.decode()[-3000:]


async def _say(line: Line, batch: Sequence[Message]) -> int:
    """Send one after the other until the server hangs up; how many it has taken.

    A ping after each is answered when the message has been dealt with: a client's frames are read in order.
    """
    for number, (opcode, payload, fin) in enumerate(batch, 1):
        try:
            line.writer.write(encode_frame(payload, opcode, fin))
            await line.send(PROBE + bytes([number]), PING)
            while (frame := await read_frame(line.reader)).payload != PROBE + bytes([number]):
                if frame.opcode == CLOSE:
                    return number
        except BROKEN:
            return number
    return len(batch)


def digests(engine: Engine) -> dict[str, str]:
    """A digest of each table's rows, in an order of their own."""
    found = {}
    with engine.connect() as connection:
        for table in sorted(set(inspect(engine).get_table_names()) - UNSTABLE_TABLES):
            rows = sorted(repr(tuple(row)) for row in connection.execute(text(f'SELECT * FROM "{table}"')))
            found[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found
