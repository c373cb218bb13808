"""Before a ballot closes, nobody is told anything that depends on how anybody voted.

The same room is run several times from one database; only the choices differ. Whatever anybody can ask for
or is told, and whatever is stored, must be the same, letter by letter, but for what is random or a time
(`tests.whole_service.RANDOM` says which and why).
"""

from __future__ import annotations

import difflib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from defense.app import create_app
from defense.extensions import db
from defense.models import Defence, ImportBatch, Invite, Round, Sitting
from defense.services.round_settings import change_settings, settings_of
from defense.services.timetable.publishing import published_schedule
from tests.conftest import People, introduce_people, make_settings
from tests.live import LiveServer, free_port
from tests.rooms import REASON, ballot
from tests.sockets import WAIT_S, close_ballot, open_ballot, rows
from tests.whole_service import Frames, addresses, answer_of, bytes_on_disk, exports, masked, tables_of

WORDS = "此人所答非所问，材料与本人经历不符。" * 11
BYTES_OF_A_BALLOT = 1600
CONDUCTORS = ("staff", "supervisor", "secretary")
VOTES = {
    "all pass": ["pass"] * 5,
    "vetoes": ["veto", "abstain", "veto", "veto", "pass"],
}
SCORES = {"all 100": [1000] * 5, "mixed": [0, None, 1, 599, 1000]}


@dataclass
class Told:
    """All that was told and stored in one run of a room, before its ballot closed."""

    pages: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    news: dict[str, list[str]] = field(default_factory=dict)
    tables: dict[str, list[str]] = field(default_factory=dict)
    log: str = ""
    envelope_lengths: set[int] = field(default_factory=set)
    disk: bytes = b""
    counted: dict[str, Any] = field(default_factory=dict)
    """The tally after closing, which shows that the runs did differ."""


@dataclass
class Stage:
    """A database from which the same room can be run again and again."""

    directory: Path
    people: People
    port: int
    addresses: dict[str, str]
    exports: dict[str, str]

    def run(self, directory: Path, choices: list[dict[str, Any]]) -> Told:
        """Open a ballot, let the experts vote like this, look everywhere, and close it."""
        shutil.copytree(self.directory, directory)
        people = self.people
        server = LiveServer(directory, self.port, people.sitting_id, people.defence_ids, people.links)
        server.start()
        try:
            return _Run(server, self).told(choices)
        finally:
            server.kill()


class _Run:
    def __init__(self, server: LiveServer, stage: Stage) -> None:
        self.server, self.stage, self.result = server, stage, Told()
        names = [name for name in server.links if not name.startswith("candidate")]
        self.http = {name: server.sign_in(name) for name in (*names, "candidate0")}
        self.sockets = {name: Frames(server, self.http[name]) for name in names}

    def told(self, choices: list[dict[str, Any]]) -> Told:
        self._gather()
        ballot_round_id = open_ballot(self.server, self.http["secretary"])
        for socket in self.sockets.values():
            socket.wait_for('"voted":0')
        for i, choice in enumerate(choices):
            self._vote(i, ballot_round_id, choice)
            for socket in self.sockets.values():
                socket.wait_for(f'"voted":{i + 1}')
            for name in CONDUCTORS:
                self.sockets[name].wait_for('"voted":true', times=i + 1)
            if i in (0, len(choices) - 1):
                self._look(f"{i + 1} voted")
        self._take_exports()
        self._look_behind(ballot_round_id)
        close_ballot(self.server, self.http["secretary"], ballot_round_id)
        ((tally,),) = rows(self.server, "SELECT tally FROM ballot_round WHERE id = ?", ballot_round_id)
        self.result.counted = json.loads(tally)
        return self.result

    def _gather(self) -> None:
        """Everybody comes in; the telling of who has come is not what is compared."""
        for socket in self.sockets.values():
            socket.ask("enter", {"sitting_id": self.server.sitting_id})
        experts = [name for name in self.sockets if name.startswith("expert")]
        for name in CONDUCTORS:
            self.sockets[name].wait_for('"present":true', times=len(experts))
        for socket in self.sockets.values():
            socket.heard.clear()

    def _vote(self, number: int, ballot_round_id: str, choice: dict[str, Any]) -> None:
        """By socket, by script or by form, in turns; then the same again, and another, which is refused."""
        name = f"expert{number}"
        data = ballot(ballot_round_id, key=f"{number:032x}") | choice
        other = data | choice_of("abstain") | {"key": "f" * 32}
        for sent in (data, data, other):
            if number % 3 == 0:
                self.result.answers.append(masked(self.sockets[name].ask("cast_ballot", padded(sent))))
                continue
            http, address = self.http[name], f"{self.server.url}/sittings/{self.server.sitting_id}/ballots"
            body: dict[str, Any] = {"json": padded(sent)} if number % 3 == 1 else {"data": form_of(sent)}
            answer = http.post(address, timeout=WAIT_S, allow_redirects=False, **body)
            self.result.answers.append(answer_of(answer))
            # What a page would say next, such as a notice, comes once and to this browser only.
            self.result.answers.append(answer_of(http.get(f"{self.server.url}/sittings", timeout=WAIT_S)))

    def _look(self, moment: str) -> None:
        anybody = {**self.http, "nobody": requests.Session()}
        for name, http in anybody.items():
            for endpoint, address in self.stage.addresses.items():
                answer = http.get(self.server.url + address, timeout=WAIT_S, allow_redirects=False)
                assert answer.status_code < 500, (name, endpoint)
                self.result.pages[f"{moment}: {name} asks {endpoint}"] = answer_of(answer)
        for name, socket in self.sockets.items():
            for event, data in (("enter", {"sitting_id": self.server.sitting_id}), ("clock", {})):
                self.result.pages[f"{moment}: {name} sends {event}"] = masked(socket.ask(event, data))

    def _take_exports(self) -> None:
        for name in ("staff", "supervisor"):
            for endpoint, address in self.stage.exports.items():
                answer = self.http[name].post(self.server.url + address, timeout=WAIT_S)
                assert answer.status_code < 500, (name, endpoint)
                self.result.pages[f"all voted: {name} takes {endpoint}"] = answer_of(answer)

    def _look_behind(self, ballot_round_id: str) -> None:
        told = self.result
        told.news = {name: socket.told() for name, socket in self.sockets.items()}
        told.tables = tables_of(self.server.directory / "defence.sqlite3")
        told.log = masked((self.server.directory / "server.log").read_text())
        told.disk = bytes_on_disk(self.server.directory)
        lengths = "SELECT length(content) FROM ballot_envelope WHERE ballot_round_id = ?"
        told.envelope_lengths = {length for (length,) in rows(self.server, lengths, ballot_round_id)}
        assert rows(self.server, "SELECT count(*) FROM ballot") == [(0,)]


def padded(data: dict[str, Any]) -> dict[str, Any]:
    """A ballot as the page's script sends it: always of the same length."""
    short = BYTES_OF_A_BALLOT - len(json.dumps(data | {"pad": ""}))
    return data | {"pad": "0" * short}


def form_of(data: dict[str, Any]) -> dict[str, str]:
    """A ballot as the page's form sends it without scripts."""
    fields = {name: str(value) for name, value in data.items() if value and name != "score_tenths"}
    if (tenths := data["score_tenths"]) is not None:
        fields["score"] = f"{tenths // 10}.{tenths % 10}"
    return fields


def choice_of(vote: str | int | None) -> dict[str, Any]:
    """A vote or a score, as fields of a ballot; vetoes and noughts with the longest remark."""
    if isinstance(vote, str):
        fields: dict[str, Any] = {"choice": vote, "score_tenths": None}
    else:
        fields = {"choice": "abstain" if vote is None else "score", "score_tenths": vote}
    outspoken = vote in ("veto", 0)
    return fields | {
        "veto_reason": REASON if vote == "veto" else None,
        "comment": WORDS[:200] if outspoken else None,
    }


@pytest.fixture
def stage(tmp_path: Path, published_sqlite: Path) -> Callable[..., Stage]:
    def make(**settings: Any) -> Stage:
        directory = tmp_path / "stage"
        directory.mkdir()
        shutil.copy(published_sqlite, directory / "defence.sqlite3")
        app = create_app(make_settings(directory))
        with app.app_context():
            with sessionmaker(db.engine)() as session:
                people = introduce_people(session)
                round_ = session.scalars(select(Round)).one()
                change_settings(session, round_, replace(settings_of(round_), **settings), 1)
                ids = _ids(session, round_, people)
                session.commit()
            db.engine.dispose()
        return Stage(directory, people, free_port(), addresses(app, ids), exports(app, ids))

    return make


def _ids(session: Session, round_: Round, people: People) -> dict[str, object]:
    """What the addresses of pages name: the round and the sitting that is run, with its first candidate."""
    sitting = session.get_one(Sitting, people.sitting_id)
    defence = session.get_one(Defence, people.defence_ids[0])
    schedule = published_schedule(session, round_)
    assert schedule is not None
    slot = next(slot for slot in schedule.slots if slot.application_id == defence.application_id)
    return {
        "code": round_.code,
        "sitting_id": sitting.id,
        "defence_id": defence.id,
        "application_id": defence.application_id,
        "panel_id": sitting.panel_id,
        "expert_id": sitting.members[0].expert_id,
        "half_day_id": slot.half_day_id,
        "schedule_id": schedule.id,
        "batch_id": session.scalars(select(ImportBatch.id)).first(),
        "kind": "experts",
        "document_kind": "defence-records",
        "subject_id": sitting.id,
        "screen_key": sitting.screen_key,
        "letter": "candidate.invite",
        "invite_id": session.scalars(select(Invite.id).where(Invite.defence_id == defence.id)).first(),
    }


@pytest.mark.parametrize(
    ("settings", "ways"),
    [
        ({"secret_ballots": True}, VOTES),
        ({"secret_ballots": False}, VOTES),
        ({"secret_ballots": True, "panel_rule": "mean_score"}, SCORES),
    ],
    ids=["secret", "named", "scores"],
)
def test_nothing_told_or_stored_depends_on_how_people_vote(
    stage: Callable[..., Stage], tmp_path: Path, settings: dict[str, Any], ways: dict[str, list[Any]]
) -> None:
    room = stage(**settings)
    runs = {
        way: room.run(tmp_path / way.replace(" ", "-"), [choice_of(vote) for vote in votes])
        for way, votes in ways.items()
    }
    first, *others = runs.values()
    assert len(first.pages) > 300 and len(first.tables) > 20
    for other in others:
        assert other.counted != first.counted, "the runs did not differ at all"
        assert differences(first.pages, other.pages) == ""
        assert differences(numbered(first.answers), numbered(other.answers)) == ""
        assert differences(first.news, other.news) == ""
        assert differences(first.tables, other.tables) == ""
        assert other.log == first.log
    assert len(set.union(*(run.envelope_lengths for run in runs.values()))) == 1
    for run in runs.values():
        assert WORDS[:20].encode() not in run.disk, "a remark lies open in a file"
        assert json.dumps(WORDS[:20])[1:-1].encode() not in run.disk


def differences(one: dict[str, Any], other: dict[str, Any]) -> str:
    """What differs, by name, with the first lines of difference."""
    found = [f"only in one: {name}" for name in one.keys() ^ other.keys()]
    for name in sorted(one.keys() & other.keys()):
        if one[name] != other[name]:
            lines = difflib.unified_diff(_lines(one[name]), _lines(other[name]), lineterm="", n=0)
            found += [name, *list(lines)[2:12]]
    return "\n".join(found)


def numbered(answers: list[str]) -> dict[str, str]:
    return {f"answer {i}": answer for i, answer in enumerate(answers)}


def _lines(told: str | list[str]) -> list[str]:
    return told.splitlines() if isinstance(told, str) else told
