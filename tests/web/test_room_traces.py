"""What is left on the disk when a secret ballot has been closed, and when a mail has been sent."""

from __future__ import annotations

import re
from base64 import b64encode
from email import message_from_bytes

from tests.live import LiveServer
from tests.rooms import ballot
from tests.sockets import RoomSocket, close_ballot, open_ballot, rows, wait_for


def bytes_on_disk(server: LiveServer) -> bytes:
    files = sorted(server.directory.glob("defence.sqlite3*"))
    assert len(files) >= 2, "database and write-ahead log"
    return b"".join(path.read_bytes() for path in files)


def test_no_file_keeps_the_ballots_as_they_arrived(live: LiveServer) -> None:
    """Each ballot came in one commit with its voter: the log of it must not outlive the closing."""
    secretary = live.sign_in("secretary")
    ballot_round_id = open_ballot(live, secretary)
    for i, choice in enumerate(("pass", "veto", "pass")):
        expert = RoomSocket(live, live.sign_in(f"expert{i}"))
        assert expert.call("cast_ballot", ballot(ballot_round_id, choice, key=f"{i:032x}"))["ok"]
        expert.close()
    arrived = [row[0].encode() for row in rows(live, "SELECT id FROM ballot_envelope")]
    assert len(arrived) == 3 and all(id_ in bytes_on_disk(live) for id_ in arrived)
    close_ballot(live, secretary, ballot_round_id)
    left = bytes_on_disk(live)
    assert len(rows(live, "SELECT id FROM ballot")) == 3
    assert not [id_ for id_ in arrived if id_ in left]


def test_a_sent_mail_leaves_no_link_in_the_database(live: LiveServer) -> None:
    waiting = "SELECT count(*) FROM outbox_message WHERE state = 'queued'"
    wait_for(lambda: rows(live, waiting)[0][0] == 0, limit_s=60)
    letters = [message_from_bytes(path.read_bytes()) for path in (live.directory / "outbox").glob("*.eml")]
    texts = [str(part.get_payload(decode=True)) for letter in letters for part in letter.get_payload()]
    tokens = {token.encode() for text in texts for token in re.findall(r"/link/([\w-]{40,})", text)}
    assert len(tokens) >= 10
    on_disk = bytes_on_disk(live)
    assert not [token for token in tokens if token in on_disk or b64encode(token)[:30] in on_disk]
